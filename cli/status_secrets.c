/* SPDX-License-Identifier: Apache-2.0 */
/* Each secret in a line: how old it is, what becomes of it next, who read it last. Those that need
 * a hand come first, then those that the agent rotates soonest, then the oldest. */
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

#include "cli/duration.h"
#include "cli/moment.h"
#include "cli/session.h"
#include "cli/status.h"
#include "cli/table.h"
#include "cli/template.h"

#define ROWS_LEAST 5   /* however low the terminal is */
#define LINES_OTHER 19 /* of a status without trouble, and the prompt after it */
#define LINES_LIST 3   /* around a list of what does not go well */
#define RED "\033[31m"
#define YELLOW "\033[33m"

static const char *schedule_text(const json_t *secret, const char *name)
{
	return member_text(json_object_get(secret, "schedule"), name);
}

/* Lower comes first. */
static int rank(const json_t *secret)
{
	static const char *const states[] = { "failing", "overdue", "running", "waiting" };
	const int count = sizeof states / sizeof *states;
	const char *state = schedule_text(secret, "state");
	int i = 0;

	while (i < count && strcmp(states[i], state))
		i++;
	/* What is rotated when it is asked for alone is not waiting. */
	return i == count - 1 && !*schedule_text(secret, "next_at") ? count : i;
}

/* Times of the API sort as texts do. */
static int compare(const void *a, const void *b)
{
	const json_t *left = *(const json_t *const *)a, *right = *(const json_t *const *)b;
	int order = rank(left) - rank(right);

	if (!order)
		order = strcmp(schedule_text(left, "next_at"), schedule_text(right, "next_at"));
	if (!order)
		order = strcmp(member_text(left, "rotated_at"), member_text(right, "rotated_at"));
	return order ? order : strcmp(member_text(left, "name"), member_text(right, "name"));
}

static void put_span(struct table *table, const char *before, time_t from, time_t to)
{
	char text[DURATION_TEXT_MAX];

	duration_format(to > from ? (uint64_t)(to - from) : 0, 1, text);
	table_cell(table, "%s%s", before, text);
}

static void put_age(struct table *table, const json_t *secret, time_t now)
{
	time_t since = moment_parse(member_text(secret, "rotated_at"));

	if (since == (time_t)-1)
		table_cell(table, "-");
	else
		put_span(table, "", since, now);
}

static void put_next(struct table *table, const json_t *secret, time_t now)
{
	static const char *const colours[] = { RED, YELLOW };
	time_t next = moment_parse(schedule_text(secret, "next_at"));
	int order = rank(secret);
	char made[TEMPLATE_LINE_MAX];

	template_line(secret, made);
	if (*made)
		table_cell(table, "%s", made);
	else if (order < 3)
		table_cell(table, "%s", schedule_text(secret, "state"));
	else if (next != (time_t)-1)
		put_span(table, "in ", now, next);
	else
		table_cell(table, "-");
	if (order < 2 && session_colour(stdout))
		table_colour(table, colours[order]);
}

static void put_reader(struct table *table, const json_t *secret, time_t now)
{
	char ago[MOMENT_TEXT_MAX];

	moment_ago(member_text(secret, "last_read_at"), now, ago);
	if (*member_text(secret, "last_reader"))
		table_cell(table, "%s, %s", member_text(secret, "last_reader"), ago);
	else
		table_cell(table, "-");
}

static void put_row(struct table *table, const json_t *secret, time_t now)
{
	table_cell(table, "  %s", member_text(secret, "name"));
	table_cell(table, "%llu", member_number(secret, "version"));
	put_age(table, secret, now);
	put_next(table, secret, now);
	put_reader(table, secret, now);
}

/* What is printed of one list of what does not go well. */
static size_t lines_of(const json_t *status, const char *object, const char *list)
{
	size_t count = json_array_size(json_object_get(json_object_get(status, object), list));

	return count ? count + LINES_LIST : 0;
}

/* How many rows there is room for: on a terminal so many that the whole status is seen at once. */
static size_t room(const json_t *status, size_t count, bool all)
{
	size_t others = LINES_OTHER + lines_of(status, "rotations", "failing") +
			lines_of(status, "rotations", "overdue") +
			lines_of(status, "hooks", "failing");
	struct winsize size = { 0 };

	if (all || !isatty(STDOUT_FILENO) || ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) < 0 ||
		!size.ws_row)
		return count;
	return size.ws_row > others + ROWS_LEAST ? size.ws_row - others : ROWS_LEAST;
}

/* The secrets in the order of the table. NULL: no memory. */
static const json_t **sorted(const json_t *list, size_t count)
{
	const json_t **secrets = calloc(count + 1, sizeof *secrets);

	for (size_t i = 0; secrets && i < count; i++)
		secrets[i] = json_array_get(list, i);
	if (secrets)
		qsort(secrets, count, sizeof *secrets, compare);
	return secrets;
}

void status_print_secrets(const json_t *list, const json_t *status, bool all)
{
	size_t count = json_array_size(list), shown = 0, most = room(status, count, all);
	const json_t **secrets = sorted(list, count);
	time_t now = time(NULL);
	struct table table;

	if (!count || !secrets) {
		free(secrets);
		return;
	}
	table_start(&table, "  NAME", "VERSION", "AGE", "NEXT ROTATION", "LAST READER", NULL);
	/* What needs a hand is shown in any case. */
	for (; shown < count && (shown < most || rank(secrets[shown]) < 2); shown++)
		put_row(&table, secrets[shown], now);
	putchar('\n');
	table_print(&table, stdout);
	table_free(&table);
	if (shown < count)
		printf("  and %zu more; 'tacit status --all' shows them\n", count - shown);
	free(secrets);
}
