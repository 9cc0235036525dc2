/* SPDX-License-Identifier: Apache-2.0 */
/* The verbs that make a version of a secret another: current, previous, next. */
#include "cli/await.h"
#include "cli/bundle.h"
#include "cli/run.h"
#include "cli/schedule.h"
#include "cli/secret_send.h"
#include "cli/template.h"

void secret_print_changed(struct session *session, const json_t *secret, const char *done)
{
	const char *name = session->invocation->words[0];
	unsigned long long previous = member_number(secret, "previous");
	const char *until = member_text(secret, "previous_until");

	if (session->json) {
		session_print_json(secret);
		return;
	}
	if (session->quiet) {
		puts(name);
		return;
	}
	printf("%s %s (version %llu, %llu bytes); every open from now on reads it", done, name,
		member_number(secret, "version"), member_number(secret, "size"));
	if (*until)
		printf("; version %llu is the previous one until %s", previous, until);
	putchar('\n');
}

/* What was done is said before anybody is waited for; as JSON it is one answer. */
static int print_and_wait(
	struct session *session, json_t *secret, const char *done, struct err *err)
{
	_json_ json_t *behind = NULL, *secrets = NULL;
	int status;

	if (!session->json) {
		secret_print_changed(session, secret, done);
		fflush(stdout);
	}
	secrets = json_pack("[{s:s,s:I}]", "secret", session->invocation->words[0], "version",
		(json_int_t)member_number(secret, "version"));
	status = await_readers(session, secrets, &behind, err);
	await_show(session, secret, behind, status);
	return status;
}

/* With a rotator it is the agent that rotates: the world has to agree. */
static int rotate(struct session *session, json_t **secret, struct err *err)
{
	int status;

	if (session->invocation->values[OPTION_ROTATOR])
		return schedule_rotate(session, secret, err);
	status = secret_send_value(session, "rotate", "versions", secret, err);
	return status ? status : schedule_add(session, "rotated", secret, err);
}

int secret_rotate(struct session *session, struct err *err)
{
	bool waits = session->invocation->values[OPTION_AWAIT];
	_json_ json_t *secret = NULL;
	int status = await_check(session, OPTION_AWAIT, err);

	if (!status)
		status = template_check(session, err);
	if (!status && bundle_is_meant(session->invocation->words[0]))
		return bundle_rotate(session, err);
	if (!status)
		status = schedule_check(session, err);
	if (!status)
		status = rotate(session, &secret, err);
	if (status < 0)
		return status;
	if (session->invocation->values[OPTION_ROTATOR] && !waits) {
		schedule_print_due(session, secret);
		return 0;
	}
	return print_and_wait(session, secret, "rotated", err);
}

int secret_stage(struct session *session, struct err *err)
{
	_json_ json_t *secret = NULL;
	const char *name = session->invocation->words[0];
	int status = secret_send_value(session, "stage", "stage", &secret, err);

	if (status < 0)
		return status;
	if (session->json)
		session_print_json(secret);
	else if (session->quiet)
		puts(name);
	else
		printf("staged version %llu of %s; next: tacit secret promote %s\n",
			member_number(secret, "next"), name, name);
	return 0;
}

/* POST to `segment` of the secret, without a body; `to` is a version, or NULL. */
static int post(struct session *session, const char *segment, const char *to, json_t **secret,
	struct err *err)
{
	const char *name = session->invocation->words[0];
	char path[CLIENT_PATH_MAX];
	int status = bundle_check_one(name, err);

	if (!status)
		status = client_path(path, err, "secrets", name, segment, NULL);
	if (!status)
		status = secret_add_overlap(session, path, err);
	if (!status && to)
		status = client_query(path, "version", to, err);
	return status ? status : session_post(session, path, NULL, NULL, 0, secret, err);
}

int secret_promote(struct session *session, struct err *err)
{
	_json_ json_t *secret = NULL;
	int status = await_check(session, OPTION_AWAIT, err);

	if (!status)
		status = post(session, "promote", NULL, &secret, err);
	if (status < 0) {
		report_hint(err, TACIT_NOT_FOUND, "'tacit secret stage' makes one");
		return status;
	}
	return print_and_wait(session, secret, "promoted", err);
}

int secret_rollback(struct session *session, struct err *err)
{
	_json_ json_t *secret = NULL;
	unsigned long number = 0;
	int status = session_number(session, OPTION_TO, 1, UINT32_MAX, &number, err);

	if (!status)
		status = post(
			session, "rollback", session->invocation->values[OPTION_TO], &secret, err);
	if (status < 0) {
		report_hint(err, TACIT_NOT_FOUND, "'tacit secret history' lists those kept");
		return status;
	}
	secret_print_changed(session, secret, "rolled back");
	return 0;
}

int secret_retire(struct session *session, struct err *err)
{
	_json_ json_t *secret = NULL;
	const char *name = session->invocation->words[0];
	int status = post(session, "retire", NULL, &secret, err);

	if (status < 0)
		return status;
	if (session->json)
		session_print_json(secret);
	else if (session->quiet)
		puts(name);
	else
		printf("%s has no previous version any more; version %llu is the current one\n",
			name, member_number(secret, "version"));
	return 0;
}
