/* SPDX-License-Identifier: Apache-2.0 */
/* The key: taken away, and given back. */
#include "cli/input.h"
#include "cli/run.h"
#include "cli/transfer.h"
#include "seal/keyfile.h"

static void say(const struct session *session, const json_t *answer, const char *sentence)
{
	if (session->json)
		session_print_json(answer);
	else if (session->quiet)
		session_print_clean(member_text(answer, "state"));
	else
		puts(sentence);
}

int lock_lock(struct session *session, struct err *err)
{
	_json_ json_t *answer = NULL;
	int status = session_post(session, TACIT_API_PREFIX "/lock", NULL, NULL, 0, &answer, err);

	if (!status)
		say(session, answer, "locked; nothing is read until 'tacit unlock'");
	return status;
}

static int read_text(const char *path, char *text, size_t *length, struct err *err)
{
	int status = input_read("key file", path, text, KEYFILE_TEXT_MAX, length, err);

	if (status == -TACIT_TOO_LARGE)
		return err_set(err, TACIT_INVALID, "key file: too long; 'tacitd' writes them");
	if (status < 0)
		report_hint(err, err->code, "give the path of a key file that 'tacitd' made");
	return status;
}

/* The text is judged here, so that a wrong file is named as such and goes nowhere. */
static int send_key(struct session *session, const char *path, char *text, uint8_t *key,
	json_t **answer, struct err *err)
{
	size_t length = 0;
	int status = read_text(path, text, &length, err);

	if (!status)
		status = keyfile_parse(text, length, key, err);
	return status ? status
		      : transfer_send(session, TACIT_API_PREFIX "/unlock", "unlock", text, length,
				answer, err);
}

int lock_unlock(struct session *session, struct err *err)
{
	const char *path = session->invocation->values[OPTION_KEY_FILE];
	_json_ json_t *answer = NULL;
	char *text;
	int status;

	if (!path) {
		status = session_post(
			session, TACIT_API_PREFIX "/unlock", NULL, NULL, 0, &answer, err);
		if (status == -TACIT_NOT_FOUND)
			report_hint(err, TACIT_NOT_FOUND,
				"put it back, or give another: tacit unlock --key-file FILE");
	} else {
		text = seal_alloc(KEYFILE_TEXT_MAX + 1 + SEAL_KEY_BYTES);
		if (!text)
			return err_set(err, TACIT_LIMIT, "no locked memory; raise 'ulimit -l'");
		status = send_key(
			session, path, text, (uint8_t *)text + KEYFILE_TEXT_MAX + 1, &answer, err);
		seal_free(text);
	}
	if (!status)
		say(session, answer,
			"unlocked; run 'tacit repair' for containers that stopped meanwhile");
	return status;
}
