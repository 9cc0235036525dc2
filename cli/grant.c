/* SPDX-License-Identifier: Apache-2.0 */
/* Grants are given, and taken back. */
#include <string.h>
#include <time.h>

#include "base/access.h"
#include "base/cleanup.h"
#include "base/clock.h"
#include "base/hook.h"
#include "base/names.h"
#include "cli/bundle.h"
#include "cli/duration.h"
#include "cli/limits.h"
#include "cli/run.h"
#include "cli/snippet.h"
#include "cli/template.h"

#define ID_MAX (UINT32_MAX - 1) /* the last one means "nobody" to the kernel */
#define MODE_MAX 0777
#define MODE_LEAST 0001

static int check_names(const struct session *session, const char *file, struct err *err)
{
	const char *secret = session->invocation->words[0];
	int status = bundle_check_secrets(secret, err);

	if (!status)
		status = name_check_consumer(session->invocation->words[1], err);
	if (status < 0 || !file)
		return status;
	return bundle_is_meant(secret) ? name_check_file(file, err) : name_check_granted(file, err);
}

static int set_number(const struct session *session, enum option option, unsigned long low,
	unsigned long high, json_t *grant, struct err *err)
{
	unsigned long number = 0;
	int status = session_number(session, option, low, high, &number, err);

	if (!status && session->invocation->values[option])
		json_object_set_new(
			grant, option_table[option].name, json_integer((json_int_t)number));
	return status;
}

static int set_numbers(const struct session *session, json_t *grant, struct err *err)
{
	static const struct {
		enum option option;
		unsigned long low, high;
	} numbers[] = {
		{ OPTION_UID, 0, ID_MAX },
		{ OPTION_GID, 0, ID_MAX },
		{ OPTION_READS, 1, GRANT_READS_MAX },
		{ OPTION_VERSION, 1, UINT32_MAX },
	};
	int status = 0;

	for (size_t i = 0; !status && i < sizeof numbers / sizeof numbers[0]; i++)
		status = set_number(
			session, numbers[i].option, numbers[i].low, numbers[i].high, grant, err);
	return status;
}

/* A moment is told from a duration by the words it is made of: only a moment has dashes. */
static int set_expiry(const struct session *session, json_t *grant, struct err *err)
{
	const char *text = session->invocation->values[OPTION_EXPIRES];
	uint64_t seconds = 0, moment;
	struct err inner;

	if (!text)
		return 0;
	if (strchr(text, '-')) {
		if (clock_parse(text, &moment, NULL) < 0)
			return err_set(err, TACIT_INVALID,
				"option '--expires' takes a time in UTC, as 2026-12-31T00:00:00Z, "
				"or a duration, as 2h");
		json_object_set_new(grant, "expires_at", json_string(text));
		return 0;
	}
	if (duration_parse(text, &seconds, &inner) < 0)
		return err_set(err, TACIT_INVALID,
			"option '--expires': %s; a time in UTC is 2026-12-31T00:00:00Z",
			inner.text);
	json_object_set_new(grant, "expires_in", json_integer((json_int_t)seconds));
	return 0;
}

static int set_mode(const struct session *session, json_t *grant, struct err *err)
{
	unsigned long mode = 0;
	char digits[8];
	int status = session_number(session, OPTION_MODE, MODE_LEAST, MODE_MAX, &mode, err);

	snprintf(digits, sizeof digits, "%04lo", mode);
	if (mode)
		json_object_set_new(grant, "mode", json_string(digits));
	return status;
}

static int set_hook(const struct session *session, json_t *grant, struct err *err)
{
	const char *text = session->invocation->values[OPTION_ON_ROTATE];
	struct hook hook;
	struct err inner;

	if (!text)
		return 0;
	if (hook_parse(text, &hook, &inner) < 0)
		return err_set(err, TACIT_INVALID, "option '--on-rotate': %s", inner.text);
	json_object_set_new(grant, "on_rotate", json_string(text));
	return 0;
}

/* The body of POST /v1/grants: what was not said is not sent. */
static int make_grant(const struct session *session, json_t *grant, struct err *err)
{
	const char *const *values = session->invocation->values;
	int status = check_names(session, values[OPTION_AS], err);

	if (status < 0)
		return status;
	json_object_set_new(grant, "secret", json_string(session->invocation->words[0]));
	json_object_set_new(grant, "consumer", json_string(session->invocation->words[1]));
	if (values[OPTION_AS])
		json_object_set_new(grant, "file", json_string(values[OPTION_AS]));
	if (values[OPTION_NEWLINE])
		json_object_set_new(grant, "newline", json_true());
	if (values[OPTION_MAIN_PROCESS])
		json_object_set_new(grant, "main_process", json_true());
	if (values[OPTION_WITH_PREVIOUS])
		json_object_set_new(grant, "with_previous", json_true());
	status = set_numbers(session, grant, err);
	if (!status)
		status = set_mode(session, grant, err);
	if (!status)
		status = set_expiry(session, grant, err);
	return status ? status : set_hook(session, grant, err);
}

/* Of a bundle the answer is the grants of its members, which differ in nothing else. */
static void print_grants(const struct session *session, const json_t *answer)
{
	const json_t *grant = json_is_array(answer) ? json_array_get(answer, 0) : answer;
	const char *secret = json_is_array(answer) ? session->invocation->words[0]
						   : member_text(grant, "secret");
	char limits[LIMITS_TEXT_MAX];

	limits_text(grant, time(NULL), limits);
	snippet_print(member_text(grant, "consumer"), member_text(grant, "file"),
		member_text(grant, "path"), secret, limits, stdout);
}

static void show_added(const struct session *session, const json_t *answer)
{
	if (session->json)
		session_print_json(answer);
	else if (!session->quiet)
		print_grants(session, answer);
	else if (json_is_array(answer))
		session_print_members(answer, "path");
	else
		session_print_clean(member_text(answer, "path"));
}

int grant_add(struct session *session, struct err *err)
{
	_json_ json_t *body = json_object(), *grant = NULL;
	_free_ char *text = NULL;
	int status = make_grant(session, body, err);

	if (!status)
		status = template_ensure(session, err);
	if (status < 0)
		return status;
	text = json_dumps(body, JSON_COMPACT);
	if (!text)
		return err_set(err, TACIT_INTERNAL, "no memory for a request");
	status = session_post(session, TACIT_API_PREFIX "/grants", TACIT_JSON_TYPE, text,
		strlen(text), &grant, err);
	if (status < 0) {
		report_hint(err, TACIT_EXISTS,
			"'tacit grant rm' takes it back, 'tacit apply' changes it");
		return status;
	}
	show_added(session, grant);
	return 0;
}

int grant_rm(struct session *session, struct err *err)
{
	const char *secret = session->invocation->words[0];
	const char *consumer = session->invocation->words[1];
	const char *file = session->invocation->values[OPTION_AS];
	_json_ json_t *answer = NULL;
	char path[CLIENT_PATH_MAX] = TACIT_API_PREFIX "/grants";
	int status = check_names(session, file, err);

	if (!status)
		status = client_query(path, "secret", secret, err);
	if (!status)
		status = client_query(path, "consumer", consumer, err);
	if (!status && file)
		status = client_query(path, "file", file, err);
	if (!status)
		status = session_delete(session, path, &answer, err);
	if (status < 0)
		return status;
	if (session->json)
		session_print_json(answer);
	else if (!session->quiet)
		printf("%s no longer reads %s\n", consumer, secret);
	return 0;
}
