/* SPDX-License-Identifier: Apache-2.0 */
/* A line on standard error for what takes longer than a second, on a terminal only: a wheel, or a
 * bar when it is known how much there is to do. */
#ifndef TACIT_CLI_PROGRESS_H
#define TACIT_CLI_PROGRESS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define PROGRESS_LINE_MAX 256 /* a wider terminal is not filled */

enum progress_unit {
	PROGRESS_WHEEL,   /* nobody knows how much there is */
	PROGRESS_PORTION, /* per cent alone */
	PROGRESS_BYTES    /* per cent, sizes and the rate */
};

struct progress {
	bool quiet;
	unsigned int depth; /* starts without their end; 0: nothing is under way */
	const char *what;   /* borrowed, of the outermost start, or of progress_phase() since */
	uint64_t since;     /* clock_monotonic_ns() of the outermost start */
	uint64_t phase;     /* and of what is under way now: rates are from here */
	uint64_t drawn_at;
	unsigned int drawn;
	enum progress_unit unit;
	uint64_t done, total; /* of PROGRESS_BYTES total may be 0: it is not known */
};

/* Begin. Starts nest: the outermost is what is shown, until its own end. */
void progress_start(struct progress *progress, const char *what);
/* What is under way is now `what`, nothing of which is done; the second is not waited for anew. */
void progress_phase(struct progress *progress, const char *what, enum progress_unit unit);
/* How far it is; draws when it is time to. */
void progress_set(struct progress *progress, uint64_t done, uint64_t total);
/* Draw when a second has passed, and no more than ten times a second. */
void progress_tick(struct progress *progress);
/* Erase what was drawn. */
void progress_end(struct progress *progress);

/* The line as it is at `now`, of at most `width` characters. Pure. */
void progress_line(
	const struct progress *progress, uint64_t now, size_t width, char line[PROGRESS_LINE_MAX]);

#endif
