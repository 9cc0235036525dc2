/* SPDX-License-Identifier: Apache-2.0 */
/* What the agent does by itself, and what of it does not go well: which, why, and what to do. */
#include <stdio.h>
#include <time.h>

#include "cli/moment.h"
#include "cli/session.h"
#include "cli/status.h"
#include "cli/table.h"

static const json_t *find(const json_t *status, const char *object, const char *list)
{
	return json_object_get(json_object_get(status, object), list);
}

static size_t add(char *line, size_t room, size_t used, size_t count, const char *what)
{
	if (!count || used >= room)
		return used;
	return used + (size_t)snprintf(line + used, room - used, ", %zu %s", count, what);
}

void status_print_itself(const json_t *status)
{
	unsigned long long scheduled =
		member_number(json_object_get(status, "rotations"), "scheduled");
	unsigned long long pending = member_number(json_object_get(status, "hooks"), "pending");
	size_t failing = json_array_size(find(status, "hooks", "failing")), used;
	char line[160];

	if (scheduled) {
		used = (size_t)snprintf(line, sizeof line, "%llu secret%s by itself", scheduled,
			scheduled == 1 ? "" : "s");
		used = add(line, sizeof line, used,
			json_array_size(find(status, "rotations", "overdue")), "overdue");
		add(line, sizeof line, used, json_array_size(find(status, "rotations", "failing")),
			"failing");
		status_line("rotates", line);
	}
	if (pending || failing) {
		used = (size_t)snprintf(line, sizeof line, "%llu to be run", pending);
		add(line, sizeof line, used, failing, "failing");
		status_line("hooks", line);
	}
}

/* "in 5 minutes" is as much as anybody needs; what is past is about to be. */
static void next_cell(struct table *table, const json_t *entry, time_t now)
{
	time_t next = moment_parse(member_text(entry, "next_attempt_at"));
	char span[MOMENT_TEXT_MAX];

	if (next == (time_t)-1) {
		table_cell(table, "-");
		return;
	}
	moment_span(now, next, span);
	table_cell(table, "in %s", span);
}

static void print_failing(const json_t *list)
{
	size_t count = json_array_size(list), i;
	time_t now = time(NULL);
	const json_t *entry;
	struct table table;

	if (!count)
		return;
	printf("\n%zu rotation%s failing, and until done the old value is read; mend the reason, "
	       "then "
	       "'tacit secret schedule SECRET --now'\n",
		count, count == 1 ? " is" : "s are");
	table_start(&table, "  SECRET", "STEP", "ATTEMPTS", "LAST", "NEXT", "REASON", NULL);
	json_array_foreach (list, i, entry) {
		char last[MOMENT_TEXT_MAX];

		moment_ago(member_text(entry, "last_attempt_at"), now, last);
		table_cell(&table, "  %s", member_text(entry, "secret"));
		table_cell(&table, "%s", member_text(entry, "step"));
		table_cell(&table, "%llu", member_number(entry, "attempts"));
		table_cell(&table, "%s", last);
		next_cell(&table, entry, now);
		table_cell(&table, "%s", member_text(entry, "reason"));
	}
	table_print(&table, stdout);
	table_free(&table);
}

static void print_overdue(const json_t *list)
{
	size_t count = json_array_size(list), i;
	time_t now = time(NULL);
	const json_t *entry;
	struct table table;

	if (!count)
		return;
	printf("\n%zu rotation%s overdue; 'tacit secret inspect SECRET' says how far it is\n",
		count, count == 1 ? " is" : "s are");
	table_start(&table, "  SECRET", "DUE", NULL);
	json_array_foreach (list, i, entry) {
		char since[MOMENT_TEXT_MAX];

		moment_ago(member_text(entry, "since"), now, since);
		table_cell(&table, "  %s", member_text(entry, "secret"));
		table_cell(&table, "%s", since);
	}
	table_print(&table, stdout);
	table_free(&table);
}

static void print_hooks(const json_t *list)
{
	size_t count = json_array_size(list), i;
	const json_t *entry;
	struct table table;

	if (!count)
		return;
	printf("\n%zu hook%s failing: the consumer may still use the old value; mend the reason, "
	       "or "
	       "reload it by hand\n",
		count, count == 1 ? " is" : "s are");
	table_start(&table, "  CONSUMER", "FILE", "HOOK", "ATTEMPTS", "REASON", NULL);
	json_array_foreach (list, i, entry) {
		table_cell(&table, "  %s", member_text(entry, "consumer"));
		table_cell(&table, "%s", member_text(entry, "file"));
		table_cell(&table, "%s", member_text(entry, "on_rotate"));
		table_cell(&table, "%llu", member_number(entry, "attempts"));
		table_cell(&table, "%s", member_text(entry, "reason"));
	}
	table_print(&table, stdout);
	table_free(&table);
}

void status_print_failing(const json_t *status)
{
	print_failing(find(status, "rotations", "failing"));
	print_overdue(find(status, "rotations", "overdue"));
	print_hooks(find(status, "hooks", "failing"));
}
