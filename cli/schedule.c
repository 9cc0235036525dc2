/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/schedule.h"

#include <string.h>

#include "base/cleanup.h"
#include "base/hook.h"
#include "cli/bundle.h"
#include "cli/duration.h"
#include "cli/secret_send.h"

#define GENERATE_MAX 4096 /* characters of a value that the agent makes by itself */

void schedule_text(const json_t *schedule, char text[SCHEDULE_TEXT_MAX])
{
	unsigned long long every = member_number(schedule, "every_seconds");
	const char *rotator = member_text(schedule, "rotator");
	const char *state = member_text(schedule, "state");
	char span[DURATION_TEXT_MAX];

	if (!json_is_object(schedule)) {
		snprintf(text, SCHEDULE_TEXT_MAX, "-");
		return;
	}
	duration_format(every, 2, span);
	if (every)
		snprintf(text, SCHEDULE_TEXT_MAX, "every %s%s%.63s", span, *rotator ? " by " : "",
			rotator);
	else
		snprintf(text, SCHEDULE_TEXT_MAX, "%s%.63s%swhen asked", *rotator ? "by " : "",
			rotator, *rotator ? " " : "");
	if (*state && strcmp(state, "waiting"))
		snprintf(text + strlen(text), SCHEDULE_TEXT_MAX - strlen(text), ", %.15s", state);
}

static int set_seconds(const struct session *session, enum option option, const char *key,
	json_t *body, struct err *err)
{
	const char *text = session->invocation->values[option];
	uint64_t seconds;
	struct err inner;

	if (!text)
		return 0;
	if (duration_parse(text, &seconds, &inner) < 0)
		return err_set(err, TACIT_INVALID, "option '--%s': %s", option_table[option].name,
			inner.text);
	json_object_set_new(body, key, json_integer((json_int_t)seconds));
	return 0;
}

static int set_value(const struct session *session, json_t *body, struct err *err)
{
	unsigned long generate = 0;
	struct value_source source;
	int status = secret_source(session, &source, err);

	if (!status)
		status = session_number(session, OPTION_GENERATE, 1, GENERATE_MAX, &generate, err);
	if (status < 0)
		return status;
	if (!generate)
		return err_set(err, TACIT_INVALID,
			"the agent makes the new values: say of how many characters by "
			"'--generate N'");
	json_object_set_new(body, "generate", json_integer((json_int_t)generate));
	json_object_set_new(body, "alphabet", json_string(seal_alphabet_name(source.alphabet)));
	return 0;
}

static int set_rotator(const struct session *session, json_t *body, struct err *err)
{
	const char *rotator = session->invocation->values[OPTION_ROTATOR];
	struct err inner;

	if (!rotator)
		return 0;
	if (hook_check_program(rotator, &inner) < 0)
		return err_set(err, TACIT_INVALID,
			"option '--rotator' takes the name of a program in /etc/tacit/rotators.d: "
			"%s",
			inner.text);
	json_object_set_new(body, "rotator", json_string(rotator));
	return 0;
}

/* The body of POST /v1/secrets/{secret}/schedule. */
static int make_schedule(const struct session *session, json_t *body, struct err *err)
{
	int status = bundle_check_one(session->invocation->words[0], err);

	if (!status)
		status = set_value(session, body, err);
	if (!status)
		status = set_seconds(session, OPTION_EVERY, "every_seconds", body, err);
	if (!status)
		status = set_seconds(session, OPTION_OVERLAP, "overlap_seconds", body, err);
	return status ? status : set_rotator(session, body, err);
}

int schedule_post(struct session *session, const json_t *body, json_t **secret, struct err *err)
{
	_free_ char *text = json_dumps(body, JSON_COMPACT);
	char path[CLIENT_PATH_MAX];
	json_t *answer = NULL;
	int status = text ? bundle_check_one(session->invocation->words[0], err)
			  : err_set(err, TACIT_INTERNAL, "no memory for a request");

	if (!status)
		status = bundle_path(path, session->invocation->words[0], "schedule", err);
	if (!status)
		status = session_post(
			session, path, TACIT_JSON_TYPE, text, strlen(text), &answer, err);
	if (status < 0)
		return status;
	json_decref(*secret);
	*secret = answer;
	return 0;
}

int schedule_set(struct session *session, json_t **secret, struct err *err)
{
	_json_ json_t *body = json_object();
	int status = make_schedule(session, body, err);

	return status ? status : schedule_post(session, body, secret, err);
}

static bool wanted(const struct session *session)
{
	return session->invocation->values[OPTION_EVERY] ||
	       session->invocation->values[OPTION_ROTATOR];
}

int schedule_check(const struct session *session, struct err *err)
{
	_json_ json_t *body = json_object();

	return wanted(session) ? make_schedule(session, body, err) : 0;
}

int schedule_add(struct session *session, const char *done, json_t **secret, struct err *err)
{
	struct err inner;

	if (!wanted(session) || !schedule_set(session, secret, &inner))
		return 0;
	return err_set(err, inner.code,
		"it is %s, but not scheduled: %.200s; 'tacit secret schedule' does it", done,
		inner.text);
}

int schedule_get(struct session *session, json_t **secret, struct err *err)
{
	char path[CLIENT_PATH_MAX];
	json_t *answer = NULL;
	int status = bundle_path(path, session->invocation->words[0], NULL, err);

	if (!status)
		status = session_get(session, path, &answer, err);
	if (status < 0)
		return status;
	json_object_del(answer, "granted_to");
	json_decref(*secret);
	*secret = answer;
	return 0;
}
