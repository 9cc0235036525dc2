/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "cli/help.h"
#include "cli/moment.h"
#include "cli/run.h"
#include "cli/survey.h"
#include "cli/table.h"

#define NS_PER_S 1000000000u
#define NS_PER_MS 1000000u
#define WAIT_MAX_S 86400
#define POLL_NS (50 * NS_PER_MS)
#define ANSWER_LEAST_MS                                                                            \
	500 /* an answer that is on its way when the time is over is still taken                   \
	     */

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

static bool is_serving(const json_t *status)
{
	return find_state(status)->code == TACIT_OK;
}

/* A request takes no longer than what is left of the wait; without one, what any request may. */
static void set_timeout(struct session *session, uint64_t now, uint64_t deadline)
{
	uint64_t left_ms = now < deadline ? (deadline - now) / NS_PER_MS : 0;

	if (!session->invocation->values[OPTION_WAIT] || left_ms > CLIENT_WHOLE_MS)
		left_ms = CLIENT_WHOLE_MS;
	client_set_timeout(
		session->client, left_ms < ANSWER_LEAST_MS ? ANSWER_LEAST_MS : (long)left_ms);
}

/* Ask until it serves, through "not there" and "locked", to the deadline; then what was last said
 * is the answer. */
static int wait_serving(
	struct session *session, unsigned long seconds, json_t **status, struct err *err)
{
	uint64_t now = clock_monotonic_ns(), deadline = now + seconds * NS_PER_S;
	int result = session_client(session, err);

	for (; !result; now = clock_monotonic_ns()) {
		set_timeout(session, now, deadline);
		result = session_status(session, status, err);
		if (result ? result != -TACIT_UNAVAILABLE : is_serving(*status))
			return result;
		if (clock_monotonic_ns() + POLL_NS >= deadline)
			return result;
		json_decref(*status);
		*status = NULL;
		result = 0;
		nanosleep(&(struct timespec){ .tv_nsec = POLL_NS }, NULL);
		progress_tick(&session->progress);
	}
	return result;
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
	if (is_serving(status) && since != (time_t)-1) {
		moment_span(since, time(NULL), span);
		snprintf(line, sizeof line, " for %s", span);
	}
	report_clean(line);
	fputs(line, stdout);
	if (state->hint && !strstr(reason, state->hint))
		printf("; run '%s'", state->hint);
	putchar('\n');
}

static void print_line(const char *label, const char *text)
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
		print_line("holds", line);
	}
	if (starts > 1) {
		snprintf(line, sizeof line, "core %llu times, %llu requests resumed, %llu resent",
			starts, member_number(status, "requests_resumed"),
			member_number(status, "requests_resent"));
		print_line("started", line);
	}
	if (json_is_false(json_object_get(status, "memory_locked")))
		print_line("warning", "memory is not locked: values may reach the swap");
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

static void print_status(const json_t *status)
{
	const json_t *stopped = json_object_get(status, "stopped_containers");

	print_headline(status);
	print_line("version", member_text(status, "version"));
	print_line("mount", member_text(status, "mount"));
	print_line("store", member_text(status, "store"));
	print_line("key file", member_text(status, "key_file"));
	print_counts(status);
	print_stale(status);
	if (json_integer_value(stopped) > 0)
		printf("\n%llu container%s with secrets ha%s stopped; run 'tacit repair'\n",
			member_number(status, "stopped_containers"),
			json_integer_value(stopped) == 1 ? "" : "s",
			json_integer_value(stopped) == 1 ? "s" : "ve");
}

static void count_stopped(struct session *session, json_t *status)
{
	_json_ json_t *rows = json_array();
	json_int_t count = 0;
	const json_t *row;
	size_t i;

	survey_containers(session, status, rows);
	json_array_foreach (rows, i, row)
		count += !strcmp(member_text(row, "why"), "stopped");
	json_object_set_new(status, "stopped_containers", json_integer(count));
}

int status_show(struct session *session, struct err *err)
{
	_json_ json_t *status = NULL;
	unsigned long seconds = 0;
	int result = session_number(session, OPTION_WAIT, 0, WAIT_MAX_S, &seconds, err);

	if (result < 0)
		return result;
	progress_start(&session->progress, "waiting for the agent to serve");
	result = wait_serving(session, seconds, &status, err);
	progress_end(&session->progress);
	if (result < 0)
		return result;
	if (session->invocation->values[OPTION_ENGINES])
		count_stopped(session, status);
	if (session->json)
		session_print_json(status);
	else if (session->quiet)
		session_print_clean(member_text(status, "state"));
	else
		print_status(status);
	session->exit = find_state(status)->code;
	return 0;
}

/* `tacit` alone explains itself; an agent that is not there is part of the answer. */
int status_bare(struct session *session, struct err *err)
{
	_json_ json_t *status = NULL;
	struct err own;

	if (session_status(session, &status, &own) < 0) {
		report_error(stdout, "status", &own);
		putchar('\n');
		return help_words(NULL, NULL, 0, err);
	}
	print_status(status);
	putchar('\n');
	return help_words(NULL, NULL, 0, err);
}
