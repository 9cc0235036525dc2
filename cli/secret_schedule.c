/* SPDX-License-Identifier: Apache-2.0 */
/* The agent rotates a secret by itself: when it shall, and whether it has. */
#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "cli/await.h"
#include "cli/moment.h"
#include "cli/run.h"
#include "cli/schedule.h"
#include "cli/secret_send.h"

#define NS_PER_S UINT64_C(1000000000)
#define POLL_NS 100000000u

/* How far a rotation is that began when the secret was `before`: 1 done, 0 under way, -code over
 * without success: it has been tried since, and will not be again before `until`. */
static int judge(const json_t *before, const json_t *secret, time_t until, struct err *err)
{
	const json_t *was = json_object_get(before, "schedule");
	const json_t *is = json_object_get(secret, "schedule");
	time_t next;

	if (strcmp(member_text(is, "step"), "idle"))
		return json_is_object(is) ? 0
					  : err_set(err, TACIT_NOT_FOUND,
						    "it was taken off its schedule meanwhile");
	if (member_number(secret, "version") != member_number(before, "version"))
		return 1;
	next = moment_parse(member_text(is, "next_at"));
	if (strcmp(member_text(is, "state"), "failing") || (next != (time_t)-1 && next <= until) ||
		!strcmp(member_text(is, "last_attempt_at"), member_text(was, "last_attempt_at")))
		return 0;
	return err_set(err, TACIT_BUSY,
		"the rotation failed: %.200s; the value is as it was, and 'tacit secret schedule "
		"--now' tries again",
		member_text(is, "reason"));
}

static int wait_for(struct session *session, const json_t *before, uint64_t seconds,
	json_t **secret, struct err *err)
{
	uint64_t deadline = clock_monotonic_ns() + seconds * NS_PER_S;
	time_t until = time(NULL) + (time_t)seconds;

	for (;;) {
		int status = schedule_get(session, secret, err);

		if (!status)
			status = judge(before, *secret, until, err);
		if (status > 0 || (status < 0 && status != -TACIT_UNAVAILABLE))
			return status > 0 ? 0 : status;
		if (clock_monotonic_ns() + POLL_NS >= deadline)
			return status ? status
				      : err_set(err, TACIT_BUSY,
						"the rotation is not done within %llu s; it goes "
						"on: 'tacit status' says how far it is",
						(unsigned long long)seconds);
		nanosleep(&(struct timespec){ .tv_nsec = POLL_NS }, NULL);
		progress_tick(&session->progress);
	}
}

/* Due now; and when `waits`, *secret is what it then is. */
static int rotate_now(struct session *session, bool waits, json_t **secret, struct err *err)
{
	_json_ json_t *body = json_pack("{s:b}", "now", 1), *before = NULL;
	uint64_t seconds = 0;
	int status = await_seconds(session, &seconds, err);

	if (!status)
		status = schedule_get(session, &before, err);
	if (!status)
		status = schedule_post(session, body, secret, err);
	if (status < 0 || !waits)
		return status;
	progress_start(&session->progress, "waiting for the rotation");
	status = wait_for(session, before, seconds, secret, err);
	progress_end(&session->progress);
	return status;
}

int schedule_rotate(struct session *session, json_t **secret, struct err *err)
{
	int status = session->invocation->count > 1
			     ? err_set(err, TACIT_INVALID,
				       "with --rotator the agent makes the value; leave FILE out")
			     : schedule_set(session, secret, err);

	if (status < 0)
		return status;
	return rotate_now(session, session->invocation->values[OPTION_AWAIT], secret, err);
}

void schedule_print_due(const struct session *session, const json_t *secret)
{
	const char *name = session->invocation->words[0];

	if (session->json)
		session_print_json(secret);
	else if (session->quiet)
		puts(name);
	else
		printf("%s is being rotated; 'tacit secret inspect %s' shows how far it is\n", name,
			name);
}

static int check_acts(const struct session *session, struct err *err)
{
	static const enum option said[] = { OPTION_EVERY, OPTION_GENERATE, OPTION_ALPHABET,
		OPTION_ROTATOR, OPTION_OVERLAP };
	const char *const *values = session->invocation->values;
	bool wanted = values[OPTION_EVERY] || values[OPTION_ROTATOR];
	bool alone = values[OPTION_NOW] || values[OPTION_OFF];
	size_t others = values[OPTION_NOW] && values[OPTION_OFF];

	for (size_t i = 0; i < sizeof said / sizeof said[0]; i++)
		others += values[said[i]] != NULL;
	if (alone && others)
		return err_set(err, TACIT_INVALID,
			"--now, --off and a schedule are three things; give one of them");
	if (values[OPTION_DONE] && !values[OPTION_NOW])
		return err_set(err, TACIT_INVALID,
			"option '--wait' waits for what '--now' begins; give both");
	if (!alone && !wanted)
		return err_set(err, TACIT_INVALID,
			"a schedule says '--every TIME', '--rotator NAME' or both; '--now' rotates "
			"what has one, '--off' ends it");
	return await_check(session, OPTION_DONE, err);
}

static void print_schedule(const struct session *session, const json_t *secret)
{
	const char *name = session->invocation->words[0];
	const json_t *schedule = json_object_get(secret, "schedule");
	const char *next = member_text(schedule, "next_at");
	char text[SCHEDULE_TEXT_MAX], line[SCHEDULE_TEXT_MAX + TACIT_SECRET_NAME_MAX + 160];

	schedule_text(schedule, text);
	if (session->json)
		session_print_json(secret);
	else if (session->quiet)
		puts(name);
	else if (!json_is_object(schedule))
		printf("the agent rotates %s no more\n", name);
	else {
		snprintf(line, sizeof line, "the agent rotates %s %s; %s%.40s", name, text,
			*next ? "next at " : "'tacit secret schedule --now' asks", next);
		session_print_clean(line);
	}
}

static int act(struct session *session, json_t **secret, struct err *err)
{
	_json_ json_t *off = json_pack("{s:b}", "off", 1);
	bool waits = session->invocation->values[OPTION_DONE];
	int status;

	if (session->invocation->values[OPTION_OFF])
		return schedule_post(session, off, secret, err);
	if (!session->invocation->values[OPTION_NOW])
		return schedule_set(session, secret, err);
	status = rotate_now(session, waits, secret, err);
	if (status < 0)
		report_hint(
			err, TACIT_NOT_FOUND, "'tacit secret schedule --every' makes a schedule");
	return status;
}

int secret_schedule(struct session *session, struct err *err)
{
	_json_ json_t *secret = NULL;
	int status = check_acts(session, err);

	if (!status)
		status = act(session, &secret, err);
	if (status < 0)
		return status;
	if (!session->invocation->values[OPTION_NOW])
		print_schedule(session, secret);
	else if (session->invocation->values[OPTION_DONE])
		secret_print_changed(session, secret, "rotated");
	else
		schedule_print_due(session, secret);
	return 0;
}
