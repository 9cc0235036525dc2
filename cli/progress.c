/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/progress.h"

#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "base/clock.h"
#include "cli/size.h"

#define NS_PER_S 1000000000u
#define SHOW_AFTER_NS NS_PER_S
#define DRAW_EACH_NS (NS_PER_S / 10)
#define WIDTH_DEFAULT 80 /* of a terminal that does not say */
#define BAR_MAX 40       /* a longer one says no more */
#define BAR_LEAST 8      /* a shorter one says nothing */

void progress_start(struct progress *progress, const char *what)
{
	if (progress->depth++)
		return;
	progress->since = clock_monotonic_ns();
	progress_phase(progress, what, PROGRESS_WHEEL);
}

void progress_phase(struct progress *progress, const char *what, enum progress_unit unit)
{
	progress->what = what;
	progress->unit = unit;
	progress->phase = clock_monotonic_ns();
	progress->done = progress->total = 0;
}

static size_t terminal_width(void)
{
	struct winsize size;

	if (ioctl(STDERR_FILENO, TIOCGWINSZ, &size) < 0 || !size.ws_col)
		return WIDTH_DEFAULT;
	return size.ws_col;
}

/* How much of it is done; what grew meanwhile is not more than all. */
static double portion(const struct progress *progress)
{
	double part = (double)progress->done / (double)progress->total;

	return part < 1 ? part : 1;
}

/* "45%", "12.3 of 27.0 MiB, 8.1 MiB/s": what stands behind the bar. */
static void numbers(const struct progress *progress, uint64_t now, char *text, size_t room)
{
	char done[SIZE_TEXT_MAX], total[SIZE_TEXT_MAX], rate[SIZE_TEXT_MAX];
	uint64_t elapsed = now > progress->phase ? now - progress->phase : 0;
	double seconds = (double)elapsed / NS_PER_S;
	int used = 0;

	if (progress->total)
		used = snprintf(text, room, "%3u%%", (unsigned int)(portion(progress) * 100));
	if (progress->unit != PROGRESS_BYTES)
		return;
	size_format(progress->done, done);
	size_format(progress->total, total);
	size_format(seconds > 0 ? (uint64_t)((double)progress->done / seconds) : 0, rate);
	snprintf(text + used, room - (size_t)used, "%s%s%s%s, %s/s", used ? "  " : "", done,
		used ? " of " : "", used ? total : "", rate);
}

/* "[=====>    ]" of `room` characters. */
static void bar(const struct progress *progress, size_t room, char *text)
{
	size_t inner = room - 2;
	size_t full = (size_t)(portion(progress) * (double)inner);

	memset(text, ' ', room);
	memset(text + 1, '=', full);
	if (full < inner)
		text[1 + full] = '>';
	text[0] = '[';
	text[room - 1] = ']';
	text[room] = '\0';
}

void progress_line(
	const struct progress *progress, uint64_t now, size_t width, char line[PROGRESS_LINE_MAX])
{
	static const char wheel[] = "|/-\\";
	char behind[4 * SIZE_TEXT_MAX] = "", shown[BAR_MAX + 1] = "";
	size_t room, used = strlen(progress->what) + 2;

	if (width >= PROGRESS_LINE_MAX)
		width = PROGRESS_LINE_MAX - 1;
	if (progress->unit != PROGRESS_WHEEL)
		numbers(progress, now, behind, sizeof behind);
	used += strlen(behind) + 2;
	room = width > used ? width - used : 0;
	if (progress->unit != PROGRESS_WHEEL && progress->total && room >= BAR_LEAST)
		bar(progress, room < BAR_MAX ? room : BAR_MAX, shown);
	if (progress->unit == PROGRESS_WHEEL)
		snprintf(line, width + 1, "%c %s", wheel[progress->drawn % 4], progress->what);
	else
		snprintf(line, width + 1, "%s  %s%s%s", progress->what, shown, *shown ? "  " : "",
			behind);
}

void progress_tick(struct progress *progress)
{
	char line[PROGRESS_LINE_MAX];
	uint64_t now = clock_monotonic_ns();

	if (progress->quiet || !progress->depth || now - progress->since < SHOW_AFTER_NS ||
		(progress->drawn && now - progress->drawn_at < DRAW_EACH_NS) ||
		!isatty(STDERR_FILENO))
		return;
	/* One column less: a full line would wrap on some terminals. */
	progress_line(progress, now, terminal_width() - 1, line);
	fprintf(stderr, "\r%s\033[K", line);
	fflush(stderr);
	progress->drawn++;
	progress->drawn_at = now;
}

void progress_set(struct progress *progress, uint64_t done, uint64_t total)
{
	progress->done = done;
	progress->total = total;
	progress_tick(progress);
}

void progress_end(struct progress *progress)
{
	if (--progress->depth)
		return;
	if (progress->drawn)
		fputs("\r\033[K", stderr);
	progress->drawn = 0;
}
