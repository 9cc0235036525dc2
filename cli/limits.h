/* SPDX-License-Identifier: Apache-2.0 */
/* How a grant is less than a plain one, in a few words: "0440 1000:1000, 6d23h left, 1 of 3 reads
 * left, version 2". */
#ifndef TACIT_CLI_LIMITS_H
#define TACIT_CLI_LIMITS_H

#include <jansson.h>
#include <time.h>

#define LIMITS_TEXT_MAX 192 /* every limit at once, with its longest numbers */

/* `grant` is an entry of GET /v1/grants. The text is empty when nothing limits it. Pure. */
void limits_text(const json_t *grant, time_t now, char text[LIMITS_TEXT_MAX]);

#endif
