/* SPDX-License-Identifier: Apache-2.0 */
/* The agent's processes: replaced, and ended. Both answer before it is done, so both wait. */
#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "cli/run.h"

#define DONE_NS 10000000000u /* a start takes well under a second; then the log must be read */
#define POLL_NS 50000000

static void pause_poll(struct session *session)
{
	nanosleep(&(struct timespec){ .tv_nsec = POLL_NS }, NULL);
	progress_tick(&session->progress);
}

static int wait_replaced(
	struct session *session, unsigned long long starts, json_t **agent, struct err *err)
{
	uint64_t deadline = clock_monotonic_ns() + DONE_NS;

	while (clock_monotonic_ns() < deadline) {
		int status = session_status(session, agent, err);

		if (status < 0 && status != -TACIT_UNAVAILABLE)
			return status;
		if (!status && member_number(*agent, "core_starts") > starts)
			return 0;
		json_decref(*agent);
		*agent = NULL;
		pause_poll(session);
	}
	return err_set(err, TACIT_INTERNAL,
		"the agent was not replaced within 10 s and goes on as it was; its log says why");
}

int lifecycle_upgrade(struct session *session, struct err *err)
{
	_json_ json_t *before = NULL, *answer = NULL, *after = NULL;
	int status = session_status(session, &before, err);

	if (!status)
		status = session_post(
			session, TACIT_API_PREFIX "/upgrade", NULL, NULL, 0, &answer, err);
	if (status < 0)
		return status;
	progress_start(&session->progress, "waiting for the new processes");
	status = wait_replaced(session, member_number(before, "core_starts"), &after, err);
	progress_end(&session->progress);
	if (status < 0)
		return status;
	if (session->json)
		session_print_json(after);
	else if (session->quiet)
		session_print_clean(member_text(after, "version"));
	else
		printf("upgraded: %s, was %s; %s\n", member_text(after, "version"),
			member_text(before, "version"), member_text(after, "state"));
	return 0;
}

/* Gone, or the deadline passed: systemd may have started it again meanwhile. */
static bool wait_gone(struct session *session)
{
	uint64_t deadline = clock_monotonic_ns() + DONE_NS;

	while (clock_monotonic_ns() < deadline) {
		_json_ json_t *agent = NULL;
		struct err err;

		if (session_status(session, &agent, &err) == -TACIT_UNAVAILABLE)
			return true;
		pause_poll(session);
	}
	return false;
}

int lifecycle_stop(struct session *session, struct err *err)
{
	_json_ json_t *answer = NULL;
	bool force = session->invocation->values[OPTION_FORCE], gone;
	int status = session_post(session,
		force ? TACIT_API_PREFIX "/stop?force=1" : TACIT_API_PREFIX "/stop", NULL, NULL, 0,
		&answer, err);

	if (status < 0) {
		report_hint(err, TACIT_BUSY,
			"stop those containers first, or use 'tacit stop --force' and restart them "
			"afterwards");
		return status;
	}
	progress_start(&session->progress, "waiting for the agent to end");
	gone = wait_gone(session);
	progress_end(&session->progress);
	if (session->json)
		session_print_json(answer);
	else if (!session->quiet)
		puts(gone ? "stopped" : "stopping; the agent still answers");
	return 0;
}
