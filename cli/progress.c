/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/progress.h"

#include <stdio.h>
#include <unistd.h>

#include "base/clock.h"

#define SHOW_AFTER_NS 1000000000u

void progress_start(struct progress *progress, const char *what)
{
	if (progress->depth++)
		return;
	progress->what = what;
	progress->since = clock_monotonic_ns();
}

void progress_tick(void *with)
{
	static const char wheel[] = "|/-\\";
	struct progress *progress = with;

	if (progress->quiet || !progress->depth || !isatty(STDERR_FILENO) ||
		clock_monotonic_ns() - progress->since < SHOW_AFTER_NS)
		return;
	fprintf(stderr, "\r%c %s", wheel[progress->drawn++ % 4], progress->what);
	fflush(stderr);
}

void progress_end(struct progress *progress)
{
	if (--progress->depth)
		return;
	if (progress->drawn)
		fputs("\r\033[K", stderr);
	progress->drawn = 0;
}
