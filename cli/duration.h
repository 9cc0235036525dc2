/* SPDX-License-Identifier: Apache-2.0 */
/* Spans of time as they are written on a command line: "90s", "2h", "1d12h". Pure functions. */
#ifndef TACIT_CLI_DURATION_H
#define TACIT_CLI_DURATION_H

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

#define DURATION_MAX_S 315360000 /* ten years: what lives longer does not expire */
#define DURATION_TEXT_MAX 24     /* two parts of twenty digits would fit */

/* `text` as whole seconds, 1 to DURATION_MAX_S. Each part is a number and one of w d h m s; several
 * go from the larger unit to the smaller one. Anything else is TACIT_INVALID with what a duration
 * is, and *seconds is left alone. */
int duration_parse(const char *text, uint64_t *seconds, struct err *err);

/* The other way, for people, in at most `parts` units that follow each other, rounded to the
 * smallest of them: 5025 is "1h24m" in two and "1h" in one. Days are the largest, and "0s" is the
 * least. */
void duration_format(uint64_t seconds, unsigned int parts, char text[DURATION_TEXT_MAX]);

#endif
