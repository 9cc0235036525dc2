/* SPDX-License-Identifier: Apache-2.0 */
/* A line on standard error for what takes longer than a second, on a terminal only. */
#ifndef TACIT_CLI_PROGRESS_H
#define TACIT_CLI_PROGRESS_H

#include <stdbool.h>
#include <stdint.h>

struct progress {
	bool quiet;
	unsigned int depth; /* starts without their end; 0: nothing is under way */
	const char *what;   /* borrowed, of the outermost start */
	uint64_t since;     /* clock_monotonic_ns() of it */
	unsigned int drawn;
};

/* Begin. Starts nest: the outermost is what is shown, until its own end. */
void progress_start(struct progress *progress, const char *what);
/* Draw when a second has passed. Takes a struct progress, as client_on_wait() does. */
void progress_tick(void *progress);
/* Erase what was drawn. */
void progress_end(struct progress *progress);

#endif
