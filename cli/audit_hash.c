/* SPDX-License-Identifier: Apache-2.0 */
/* A keyed hash of a value: of a secret's, which is recorded, or of one that was found somewhere, to
 * see whether it is one of ours. */
#include <string.h>

#include "cli/bundle.h"
#include "cli/run.h"
#include "cli/transfer.h"
#include "cli/value.h"

/* Taken as a secret's value is. */
static int hash_found(struct session *session, json_t **answer, struct err *err)
{
	const struct value_source source = { .file = "-" };
	struct value value;
	int status = value_take(&source, &value, err);

	if (status < 0)
		return status;
	if (value.trimmed)
		session_note(session, "the newline at its end is not counted");
	status = transfer_send(session, TACIT_API_PREFIX "/audit/hash", "hash", value.bytes,
		value.length, answer, err);
	value_free(&value);
	return status;
}

static int hash_secret(struct session *session, const char *name, json_t **answer, struct err *err)
{
	const char *version = session->invocation->values[OPTION_VERSION];
	char path[CLIENT_PATH_MAX];
	unsigned long number = 0;
	int status = bundle_check_one(name, err);

	if (!status)
		status = session_number(session, OPTION_VERSION, 1, UINT32_MAX, &number, err);
	if (!status)
		status = client_path(path, err, "audit", "hash", NULL);
	if (!status)
		status = client_query(path, "secret", name, err);
	if (!status && version)
		status = client_query(path, "version", version, err);
	return status < 0 ? status : session_post(session, path, NULL, NULL, 0, answer, err);
}

int audit_hash(struct session *session, struct err *err)
{
	const char *name = session->invocation->words[0];
	_json_ json_t *answer = NULL;
	int status;

	if (!strcmp(name, "-") && session->invocation->values[OPTION_VERSION])
		return err_set(err, TACIT_INVALID, "option '--version' goes with a secret's name");
	status = !strcmp(name, "-") ? hash_found(session, &answer, err)
				    : hash_secret(session, name, &answer, err);
	if (status < 0)
		return status;
	if (session->json)
		session_print_json(answer);
	else
		session_print_clean(member_text(answer, "hash"));
	return 0;
}
