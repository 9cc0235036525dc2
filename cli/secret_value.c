/* SPDX-License-Identifier: Apache-2.0 */
/* The verbs through which a value passes. */
#include <inttypes.h>
#include <string.h>
#include <unistd.h>

#include "base/files.h"
#include "cli/bundle.h"
#include "cli/duration.h"
#include "cli/run.h"
#include "cli/schedule.h"
#include "cli/secret_send.h"
#include "cli/template.h"
#include "cli/transfer.h"
#include "cli/value.h"

/* "create:" and the longest name. */
#define CONTEXT_MAX (16 + TACIT_SECRET_NAME_MAX + 1)

int secret_source(const struct session *session, struct value_source *source, struct err *err)
{
	const struct invocation *invocation = session->invocation;
	const char *alphabet = invocation->values[OPTION_ALPHABET];
	unsigned long generate = 0;
	int status = session_number(session, OPTION_GENERATE, 1, TACIT_VALUE_MAX, &generate, err);

	if (status < 0)
		return status;
	*source = (struct value_source){
		.generate = generate,
		.alphabet = alphabet ? seal_alphabet_by_name(alphabet) : SEAL_ALPHANUMERIC,
		.keep_newline = invocation->values[OPTION_KEEP_NEWLINE],
	};
	if (alphabet && (!generate || source->alphabet == SEAL_ALPHABETS))
		return err_set(err, TACIT_INVALID,
			"option '--alphabet' says of what '--generate N' makes a value: "
			"alphanumeric, password, hex or base64");
	return 0;
}

static int read_source(
	const struct session *session, struct value_source *source, char *prompted, struct err *err)
{
	const struct invocation *invocation = session->invocation;
	int status = bundle_check_one(invocation->words[0], err);

	if (!status)
		status = secret_source(session, source, err);
	if (status < 0)
		return status;
	if (invocation->count > 2)
		return err_set(err, TACIT_INVALID,
			"too many arguments: a secret has one value; NAME/ is a bundle, whose "
			"values are MEMBER=FILE");
	source->file = invocation->count > 1 ? invocation->words[1] : NULL;
	source->prompted = prompted;
	snprintf(prompted, CONTEXT_MAX, "value of %s", invocation->words[0]);
	if (source->generate && source->file)
		return err_set(err, TACIT_INVALID,
			"--generate and a FILE are two values; give one of them");
	return 0;
}

void secret_note_newline(const struct session *session)
{
	session_note(session,
		"the newline at the end was not made part of the value; '--keep-newline' keeps "
		"it");
}

static int take_value(const struct session *session, struct value *value, struct err *err)
{
	struct value_source source;
	char prompted[CONTEXT_MAX];
	int status = read_source(session, &source, prompted, err);

	if (!status)
		status = value_take(&source, value, err);
	if (!status && value->trimmed)
		secret_note_newline(session);
	return status;
}

int secret_add_overlap(const struct session *session, char path[CLIENT_PATH_MAX], struct err *err)
{
	const char *text = session->invocation->values[OPTION_OVERLAP];
	uint64_t seconds = 0;
	char digits[DURATION_TEXT_MAX];
	struct err inner;

	if (!text)
		return 0;
	if (duration_parse(text, &seconds, &inner) < 0)
		return err_set(err, TACIT_INVALID, "option '--overlap': %s", inner.text);
	snprintf(digits, sizeof digits, "%" PRIu64, seconds);
	return client_query(path, "overlap", digits, err);
}

int secret_send_value(struct session *session, const char *verb, const char *segment,
	json_t **secret, struct err *err)
{
	const char *name = session->invocation->words[0];
	char path[CLIENT_PATH_MAX], context[CONTEXT_MAX];
	struct value value = { 0 };
	int status;

	if (template_is_meant(session))
		return template_send(session, verb, segment, secret, err);
	status = take_value(session, &value, err);
	snprintf(context, sizeof context, "%s:%s", verb, name);
	if (!status)
		status = client_path(path, err, "secrets", name, segment, NULL);
	if (!status)
		status = secret_add_overlap(session, path, err);
	if (!status)
		status = transfer_send(
			session, path, context, value.bytes, value.length, secret, err);
	value_free(&value);
	return status;
}

/* The secret as it is, in the shape in which a new one is answered. */
static int find_secret(struct session *session, json_t **secret, struct err *err)
{
	struct value_source source;
	char path[CLIENT_PATH_MAX], prompted[CONTEXT_MAX];
	int status = read_source(session, &source, prompted, err);

	if (!status)
		status = client_path(path, err, "secrets", session->invocation->words[0], NULL);
	if (!status)
		status = session_get(session, path, secret, err);
	if (!status)
		json_object_del(*secret, "granted_to");
	return status;
}

/* Somebody else may create it between the question and the request: that is no failure either. */
static int create_if_absent(
	struct session *session, json_t **secret, bool *existed, struct err *err)
{
	int status = find_secret(session, secret, err);

	*existed = !status;
	if (status != -TACIT_NOT_FOUND)
		return status;
	status = secret_send_value(session, "create", NULL, secret, err);
	if (status != -TACIT_EXISTS)
		return status;
	*existed = true;
	return find_secret(session, secret, err);
}

static int create(struct session *session, json_t **secret, bool *existed, struct err *err)
{
	int status = session->invocation->values[OPTION_IF_ABSENT]
			     ? create_if_absent(session, secret, existed, err)
			     : secret_send_value(session, "create", NULL, secret, err);

	return status || *existed ? status : schedule_add(session, "created", secret, err);
}

int secret_create(struct session *session, struct err *err)
{
	_json_ json_t *secret = NULL;
	const char *name = session->invocation->words[0];
	bool existed = false;
	int status = template_check(session, err);

	if (!status && bundle_is_meant(name))
		return bundle_create(session, err);
	if (!status)
		status = schedule_check(session, err);
	if (!status)
		status = create(session, &secret, &existed, err);
	if (status < 0) {
		report_hint(err, TACIT_EXISTS,
			"'tacit secret rotate' gives an existing secret a new value");
		return status;
	}
	if (session->json)
		session_print_json(secret);
	else if (session->quiet)
		puts(name);
	else if (existed)
		printf("%s exists (version %llu) and was left as it is\n", name,
			member_number(secret, "version"));
	else
		printf("created %s (version %llu, %llu bytes); next: tacit grant add %s CONSUMER\n",
			name, member_number(secret, "version"), member_number(secret, "size"),
			name);
	return 0;
}

/* Past stdio, whose buffer would keep a copy. */
static int write_value(const uint8_t *bytes, size_t length, struct err *err)
{
	int status = file_write_fd(STDOUT_FILENO, bytes, length, err);

	if (!status && isatty(STDOUT_FILENO))
		status = file_write_fd(STDOUT_FILENO, "\n", 1, err);
	return status;
}

int secret_reveal(struct session *session, struct err *err)
{
	const char *name = session->invocation->words[0];
	const char *version = session->invocation->values[OPTION_VERSION];
	char path[CLIENT_PATH_MAX], context[CONTEXT_MAX];
	unsigned long number = 0;
	uint8_t *bytes = NULL;
	size_t length = 0;
	int status = bundle_check_one(name, err);

	if (!status)
		status = session_number(session, OPTION_VERSION, 1, UINT32_MAX, &number, err);
	if (!status)
		status = client_path(path, err, "secrets", name, "reveal", NULL);
	if (!status && version)
		status = client_query(path, "version", version, err);
	if (status < 0)
		return status;
	snprintf(context, sizeof context, "reveal:%s", name);
	status = transfer_receive(session, path, context, &bytes, &length, err);
	if (!status)
		status = write_value(bytes, length, err);
	seal_free(bytes);
	return status;
}
