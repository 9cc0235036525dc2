/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/audit_row.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

#include "cli/moment.h"
#include "cli/session.h"

#define WIDTH_LEAST 60 /* of a narrower terminal lines do wrap */
#define WIDTH_MOST 180 /* more only draws columns apart */
#define WIDTH_NONE 130 /* columns of what is no terminal begin where they would in this one */
#define WIDTH_DEFAULT 80
#define GAP 2
#define TIME_WIDTH 8
#define WHAT_WIDTH 15 /* "consumer-freeze" */
#define WHAT_NARROW 12
#define WIDE 100            /* a terminal that has room for all of WHAT */
#define CONTAINER_DIGITS 12 /* as docker shows them */
#define FIELD_MAX 640       /* the longest secret, or consumer and container, and more */

#define RED "\033[31m"
#define YELLOW "\033[33m"
#define DIM "\033[2m"
#define PLAIN "\033[0m"

enum column { TIME, WHAT, SECRET, WHO, PROCESS, OUTCOME, COLUMNS };

/* Of what the first two leave of the width, in per cent. */
static const struct {
	const char *head;
	unsigned int share;
} columns[COLUMNS] = {
	[TIME] = { "TIME", 0 },
	[WHAT] = { "WHAT", 0 },
	[SECRET] = { "SECRET", 25 },
	[WHO] = { "CONSUMER", 34 },
	[PROCESS] = { "PROCESS", 22 },
	[OUTCOME] = { "OUTCOME", 19 },
};

struct row {
	char cell[COLUMNS][FIELD_MAX];
	const char *colour;
};

static bool is_utf8(void)
{
	static const char *const names[] = { "LC_ALL", "LC_CTYPE", "LANG" };

	for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
		const char *value = getenv(names[i]);

		if (value && *value)
			return strcasestr(value, "utf-8") || strcasestr(value, "utf8");
	}
	return false;
}

void audit_view_start(struct audit_view *view)
{
	struct winsize size = { 0 };

	*view = (struct audit_view){ .colour = session_colour(stdout), .utf8 = is_utf8() };
	if (!isatty(STDOUT_FILENO))
		return;
	ioctl(STDOUT_FILENO, TIOCGWINSZ, &size);
	view->width = size.ws_col ? size.ws_col : WIDTH_DEFAULT;
}

static size_t width_of(const struct audit_view *view, enum column column)
{
	size_t width = view->width ? view->width : WIDTH_NONE;
	size_t what = width < WIDE ? WHAT_NARROW : WHAT_WIDTH;

	if (column <= WHAT)
		return column == TIME ? TIME_WIDTH : what;
	if (width < WIDTH_LEAST)
		width = WIDTH_LEAST;
	if (width > WIDTH_MOST)
		width = WIDTH_MOST;
	return (width - TIME_WIDTH - what - GAP * (COLUMNS - 1)) * columns[column].share / 100;
}

/* Shorten a cell to `width`; `tail` bytes at its end are kept, if there is room for more. */
static void cut(const struct audit_view *view, char cell[FIELD_MAX], size_t width, size_t tail)
{
	const char *mark = view->utf8 ? "\u2026" : "..";
	size_t length = strlen(cell), taken = view->utf8 ? 1 : 2, kept;
	char end[FIELD_MAX];

	if (!view->width || length <= width)
		return;
	if (tail + taken + 1 > width)
		tail = 0;
	kept = width - taken - tail;
	memcpy(end, cell + length - tail, tail + 1);
	snprintf(cell + kept, FIELD_MAX - kept, "%s%s", mark, end);
}

/* A cell, and blanks up to the next one. A mark of three bytes is one character. */
static void put(const struct audit_view *view, const char *cell, enum column column, FILE *to)
{
	size_t shown = 0, width = width_of(view, column) + GAP;

	for (const char *at = cell; *at; at++)
		shown += (*at & 0xc0) != 0x80;
	if (column == COLUMNS - 1)
		fputs(cell, to);
	else
		fprintf(to, "%s%*s", cell, shown + GAP < width ? (int)(width - shown) : GAP, "");
}

/* The name that a process gave itself: nothing in it may look like what stands beside it. */
static void put_comm(char *cell, size_t room, const char *comm)
{
	size_t used = 0;

	for (; *comm && used + 1 < room; comm++)
		if ((*comm & 0xc0) != 0x80) /* one character is one '?' */
			cell[used++] =
				isascii(*comm) && (isalnum(*comm) || strchr("._:@/+-", *comm))
					? *comm
					: '?';
	cell[used] = '\0';
}

static void put_process(char cell[FIELD_MAX], const json_t *record)
{
	const json_t *operator= json_object_get(record, "operator_uid");
	char comm[64];

	if (json_is_integer(operator)) {
		snprintf(cell, FIELD_MAX, "operator %lld", (long long)json_integer_value(operator));
		return;
	}
	put_comm(comm, sizeof comm, member_text(record, "comm_untrusted"));
	if (member_number(record, "pid"))
		snprintf(cell, FIELD_MAX, "%s(%llu) uid %llu", comm, member_number(record, "pid"),
			member_number(record, "uid"));
}

static void put_outcome(char cell[FIELD_MAX], const json_t *record, bool denied)
{
	const char *outcome = member_text(record, "outcome"), *rule = member_text(record, "rule");
	unsigned long long count = member_number(record, "count");
	size_t used;

	snprintf(cell, FIELD_MAX, "%s%s%s", denied && *rule ? rule : outcome, *rule ? " " : "",
		denied && *rule ? outcome : rule);
	used = strlen(cell);
	if (count > 1)
		snprintf(cell + used, FIELD_MAX - used, " x%llu", count);
}

static void fill(const struct audit_view *view, const json_t *record, struct row *row)
{
	const char *kind = member_text(record, "kind"), *id = member_text(record, "container");
	unsigned long long version = member_number(record, "version");
	bool denied = !strcmp(kind, "denial"), read = !strcmp(kind, "read");
	char tail[32] = "";

	row->colour = denied ? RED : !strcmp(kind, "change") ? YELLOW : read ? "" : DIM;
	snprintf(row->cell[WHAT], FIELD_MAX, "%s",
		denied ? "denied"
		: read ? "read"
		       : member_text(record, "act"));
	if (version)
		snprintf(tail, sizeof tail, "@%llu", version);
	snprintf(row->cell[SECRET], FIELD_MAX, "%s%s", member_text(record, "secret"), tail);
	snprintf(row->cell[WHO], FIELD_MAX, "%s%s%.*s", member_text(record, "consumer"),
		*id ? " " : "", CONTAINER_DIGITS, id);
	put_process(row->cell[PROCESS], record);
	put_outcome(row->cell[OUTCOME], record, denied);
	for (int i = 0; i < COLUMNS; i++) {
		report_clean(row->cell[i]);
		cut(view, row->cell[i], width_of(view, (enum column)i),
			i == SECRET ? strlen(tail) : 0);
	}
}

static void put_row(const struct audit_view *view, const struct row *row, FILE *to)
{
	bool colour = view->colour && *row->colour;

	if (colour)
		fputs(row->colour, to);
	for (int i = 0; i < COLUMNS; i++)
		put(view, row->cell[i], (enum column)i, to);
	fprintf(to, "%s\n", colour ? PLAIN : "");
}

static void put_head(struct audit_view *view, FILE *to)
{
	struct row row = { .colour = "" };

	if (view->begun)
		return;
	view->begun = true;
	for (int i = 0; i < COLUMNS; i++)
		snprintf(row.cell[i], FIELD_MAX, "%s", columns[i].head);
	put_row(view, &row, to);
}

/* The time of day into the row; the date above it, when it is another. */
static void put_time(struct audit_view *view, const json_t *record, struct row *row, FILE *to)
{
	time_t when = moment_parse(member_text(record, "time"));
	char date[AUDIT_ROW_DATE_MAX];
	struct tm parts;

	snprintf(row->cell[TIME], FIELD_MAX, "-");
	if (when == (time_t)-1 || !localtime_r(&when, &parts))
		return;
	strftime(row->cell[TIME], FIELD_MAX, "%H:%M:%S", &parts);
	if (!strftime(date, sizeof date, "%Y-%m-%d", &parts) || !strcmp(date, view->date))
		return;
	memcpy(view->date, date, sizeof date);
	fprintf(to, "%s%s%s\n", view->colour ? DIM : "", date, view->colour ? PLAIN : "");
}

void audit_row_print(struct audit_view *view, const json_t *record, FILE *to)
{
	const char *trouble = member_text(record, "trouble");
	struct row row = { .colour = "" };
	char line[FIELD_MAX];

	put_head(view, to);
	if (*trouble) {
		snprintf(line, sizeof line, "the log is damaged: %s", trouble);
		report_clean(line);
		fprintf(to, "%s%s%s\n", view->colour ? RED : "", line, view->colour ? PLAIN : "");
		return;
	}
	put_time(view, record, &row, to);
	fill(view, record, &row);
	put_row(view, &row, to);
}
