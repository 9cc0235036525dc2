/* SPDX-License-Identifier: Apache-2.0 */
/* How the agent is: asked, and waited for. */
#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "cli/help.h"
#include "cli/run.h"
#include "cli/status.h"
#include "cli/survey.h"

#define NS_PER_S 1000000000u
#define NS_PER_MS 1000000u
#define WAIT_MAX_S 86400
#define POLL_NS (50 * NS_PER_MS)
#define ANSWER_LEAST_MS                                                                            \
	500 /* an answer that is on its way when the time is over is still taken                   \
	     */

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
		if (result ? result != -TACIT_UNAVAILABLE : status_code(*status) == TACIT_OK)
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

/* For people. A list that cannot be had is no reason not to say how the agent is. */
static void print(struct session *session, const json_t *status)
{
	_json_ json_t *secrets = NULL;
	struct err why;

	if (status_code(status) == TACIT_OK &&
		session_get(session, "/v1/secrets", &secrets, &why) < 0)
		session_note(session, "the secrets are not shown: %s", why.text);
	status_print(status, secrets, session->invocation->values[OPTION_ALL]);
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
		print(session, status);
	session->exit = status_code(status);
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
	status_print(status, NULL, false);
	putchar('\n');
	return help_words(NULL, NULL, 0, err);
}
