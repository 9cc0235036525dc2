/* SPDX-License-Identifier: Apache-2.0 */
/* A stream cut into lines, in bounded memory. Pure but for what is kept between two pieces. */
#ifndef TACIT_ENGINE_LINES_H
#define TACIT_ENGINE_LINES_H

#include <stdbool.h>
#include <stddef.h>

#define LINES_MAX 65536 /* bytes of a line; an event carries the labels of its container */

/* All zero bytes: at the start of a stream. */
struct lines {
	char text[LINES_MAX]; /* the line so far */
	size_t length;
	bool too_long; /* it is being skipped */
};

/* Called with each whole line, without its end. `line` lives until it
 * returns, and may be changed. */
typedef void lines_found(void *context, char *line, size_t length);

/* Take the next bytes of the stream. Lines longer than LINES_MAX are left out: how many of them
 * began to be, is returned. Empty lines are no lines. */
size_t lines_feed(
	struct lines *lines, const char *bytes, size_t length, lines_found *found, void *context);

#endif
