/* SPDX-License-Identifier: Apache-2.0 */
/* The verbs that make a version of a secret another: current, previous, next. */
#include "base/names.h"
#include "cli/await.h"
#include "cli/run.h"
#include "cli/secret_send.h"

/* What became of the secret: a line for people, which begins with `done` and its name. */
static void print_secret(struct session *session, const json_t *secret, const char *done)
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
	bool waits = session->invocation->values[OPTION_AWAIT];
	_json_ json_t *behind = NULL;
	int status;

	if (!session->json) {
		print_secret(session, secret, done);
		fflush(stdout);
	}
	status = await_readers(session, session->invocation->words[0],
		member_number(secret, "version"), &behind, err);
	if (session->json) {
		if (waits)
			json_object_set(secret, "behind", behind);
		print_secret(session, secret, done);
	} else if (session->quiet) {
		session_print_members(behind, "name");
	} else if (waits && status == 0) {
		puts("every running container has read it");
	} else {
		await_print(behind);
	}
	return status;
}

int secret_rotate(struct session *session, struct err *err)
{
	_json_ json_t *secret = NULL;
	int status = await_check(session, err);

	if (!status)
		status = secret_send_value(session, "rotate", "versions", &secret, err);
	return status < 0 ? status : print_and_wait(session, secret, "rotated", err);
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
	int status = name_check_secret(name, err);

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
	int status = await_check(session, err);

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
	print_secret(session, secret, "rolled back");
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
