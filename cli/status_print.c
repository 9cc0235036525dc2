/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/status.h"

#include <string.h>
#include <time.h>

#include "base/paths.h"
#include "cli/moment.h"
#include "cli/session.h"
#include "cli/table.h"

#define US_PER_MS 1000
#define US_SHOWN 100 /* one decimal of a millisecond */

/* The states of the agent: how they look, and what `tacit status` exits with. */
static const struct state {
	const char *word;
	const char *colour;
	enum tacit_code code;
	const char *hint;
} states[] = {
	{ "serving", "\033[32m", TACIT_OK, NULL },
	{ "locked", "\033[33m", TACIT_LOCKED, "tacit unlock" },
	{ "failed", "\033[31m", TACIT_INTERNAL, NULL },
};

static const struct state *find_state(const json_t *status)
{
	const char *word = member_text(status, "state");
	const size_t count = sizeof states / sizeof states[0];

	for (size_t i = 0; i < count; i++)
		if (!strcmp(states[i].word, word))
			return &states[i];
	return &states[count - 1];
}

enum tacit_code status_code(const json_t *status)
{
	return find_state(status)->code;
}

static void print_headline(const json_t *status)
{
	const struct state *state = find_state(status);
	const char *reason = member_text(status, "reason");
	bool colour = session_colour(stdout);
	time_t since = moment_parse(member_text(status, "serving_since"));
	char span[MOMENT_TEXT_MAX], line[2048];

	printf("tacit is %s%s%s", colour ? state->colour : "", state->word,
		colour ? "\033[0m" : "");
	snprintf(line, sizeof line, "%s%.1500s", *reason ? ": " : "", reason);
	if (status_code(status) == TACIT_OK && since != (time_t)-1) {
		moment_span(since, time(NULL), span);
		snprintf(line, sizeof line, " for %s", span);
	}
	report_clean(line);
	fputs(line, stdout);
	/* The reason may know better what to do. */
	if (state->hint && !strstr(reason, "'tacit "))
		printf("; run '%s'", state->hint);
	putchar('\n');
}

void status_line(const char *label, const char *text)
{
	if (!*text)
		return;
	printf("  %-10s", label);
	session_print_clean(text);
}

static void print_counts(const json_t *status)
{
	static const struct {
		const char *name, *noun;
	} counted[] = { { "secrets", "secret" }, { "grants", "grant" }, { "consumers", "consumer" },
		{ "open_handles", "open file" } };
	unsigned long long starts = member_number(status, "core_starts");
	size_t length = 0;
	char line[160];

	if (json_is_integer(json_object_get(status, "secrets"))) {
		for (size_t i = 0; i < sizeof counted / sizeof counted[0]; i++) {
			unsigned long long count = member_number(status, counted[i].name);

			length += (size_t)snprintf(line + length, sizeof line - length,
				"%s%llu %s%s", i ? ", " : "", count, counted[i].noun,
				count == 1 ? "" : "s");
		}
		status_line("holds", line);
	}
	if (starts > 1) {
		snprintf(line, sizeof line, "core %llu times, %llu requests resumed, %llu resent",
			starts, member_number(status, "requests_resumed"),
			member_number(status, "requests_resent"));
		status_line("started", line);
	}
	if (json_is_false(json_object_get(status, "memory_locked")))
		status_line("warning", "memory is not locked: values may reach the swap");
}

/* An engine that is configured and not installed has no answer either, and needs no alarm. */
static void print_engines(const json_t *status)
{
	const json_t *engine;
	char line[PATH_FULL_MAX + 32];
	size_t i;

	json_array_foreach (json_object_get(status, "engines"), i, engine) {
		const char *state = member_text(engine, "state");

		snprintf(line, sizeof line, "%s: %s", member_text(engine, "socket"),
			strcmp(state, "down") ? state : "no answer");
		status_line("engine", line);
	}
}

/* Who says which container it is: the weaker way names its weakness. */
static void print_identity(const json_t *status)
{
	unsigned long long known = member_number(status, "known_containers");
	char line[80];

	if (!strcmp(member_text(status, "identity"), "path-only"))
		status_line("identity",
			"by container id alone (engine none): any container that is "
			"given a directory reads it");
	if (strcmp(member_text(status, "identity"), "engines"))
		return;
	snprintf(line, sizeof line, "by engines, %llu container%s known", known,
		known == 1 ? "" : "s");
	status_line("identity", line);
	print_engines(status);
}

static void ms_text(const json_t *object, const char *name, char text[32])
{
	unsigned long long us = member_number(object, name);

	snprintf(text, 32, "%llu.%llu ms", us / US_PER_MS, us % US_PER_MS / US_SHOWN);
}

/* Opens that had to wait for an engine's word on who is reading. */
static void print_parked(const json_t *status)
{
	const json_t *parked = json_object_get(status, "parked");
	unsigned long long now = member_number(parked, "now");
	unsigned long long total = member_number(parked, "total");
	unsigned long long refused = member_number(parked, "refused");
	char mean[32], longest[32], line[200];

	if (!now && !total && !refused)
		return;
	ms_text(parked, "mean_us", mean);
	ms_text(parked, "longest_us", longest);
	snprintf(line, sizeof line,
		"%llu now; %llu open%s waited %s on average, %s at most; %llu refused", now, total,
		total == 1 ? "" : "s", mean, longest, refused);
	status_line("parked", line);
}

static void print_stale(const json_t *status)
{
	size_t count = 0, i;
	const json_t *entry;
	struct table table;

	table_start(&table, "  CONTAINER", "CONSUMER", NULL);
	json_array_foreach (json_object_get(status, "containers"), i, entry) {
		if (strcmp(member_text(entry, "mount"), "stale"))
			continue;
		count++;
		table_cell(&table, "  %s", member_text(entry, "container"));
		table_cell(&table, "%s", member_text(entry, "consumer"));
	}
	if (count) {
		printf("\n%zu container%s the mount of an agent that is gone; run 'tacit "
		       "repair'\n",
			count, count == 1 ? " holds" : "s hold");
		table_print(&table, stdout);
	}
	table_free(&table);
}

void status_print(const json_t *status, const json_t *secrets, bool all)
{
	const json_t *stopped = json_object_get(status, "stopped_containers");

	print_headline(status);
	status_line("version", member_text(status, "version"));
	status_line("mount", member_text(status, "mount"));
	status_print_store(status);
	print_identity(status);
	print_parked(status);
	print_counts(status);
	status_print_itself(status);
	print_stale(status);
	status_print_failing(status);
	if (json_integer_value(stopped) > 0)
		printf("\n%llu container%s with secrets ha%s stopped; run 'tacit repair'\n",
			member_number(status, "stopped_containers"),
			json_integer_value(stopped) == 1 ? "" : "s",
			json_integer_value(stopped) == 1 ? "s" : "ve");
	status_print_secrets(secrets, status, all);
	status_print_advice(status);
}
