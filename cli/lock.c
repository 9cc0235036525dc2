/* SPDX-License-Identifier: Apache-2.0 */
/* The key: taken away, and given back. */
#include <string.h>
#include <unistd.h>

#include "cli/opener.h"
#include "cli/run.h"

#define UNLOCK_PATH TACIT_API_PREFIX "/unlock"
#define TRIES 3 /* a person types wrong now and then; the agent slows who guesses */

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

static int send_opener(
	struct session *session, const struct opener *opener, json_t **answer, struct err *err)
{
	return opener_send(session, UNLOCK_PATH, "unlock", opener, NULL, answer, err);
}

/* Failures after which a passphrase may still open it. */
static bool another_may_open(int status)
{
	return status == -TACIT_WRONG_KEY || status == -TACIT_NOT_FOUND ||
	       status == -TACIT_LOCKED || status == -TACIT_UNAVAILABLE;
}

static bool has_slot(struct session *session, const char *kind)
{
	_json_ json_t *keys = NULL;
	const json_t *slot;
	size_t i;

	if (session_get(session, TACIT_API_PREFIX "/keys", &keys, NULL) < 0)
		return false;
	json_array_foreach (json_object_get(keys, "slots"), i, slot)
		if (!strcmp(member_text(slot, "kind"), kind))
			return true;
	return false;
}

static int ask_passphrase(struct session *session, json_t **answer, struct err *err)
{
	int status = -TACIT_WRONG_KEY;

	for (int tries = 0; tries < TRIES && status == -TACIT_WRONG_KEY; tries++) {
		struct opener opener;

		if (tries)
			session_note(session, "that passphrase does not open the store");
		status = opener_ask_passphrase(&opener, err);
		if (status < 0)
			return status;
		status = send_opener(session, &opener, answer, err);
		opener_free(&opener);
	}
	return status;
}

/* By itself it was not: `status` and `err` say why. */
static int unlock_otherwise(struct session *session, int status, json_t **answer, struct err *err)
{
	if (!another_may_open(status))
		return status;
	if (has_slot(session, "passphrase") && isatty(STDIN_FILENO)) {
		session_note_text(session, err->text);
		return ask_passphrase(session, answer, err);
	}
	report_hint(
		err, TACIT_NOT_FOUND, "put it back, or give another: tacit unlock --key-file FILE");
	report_hint(err, err->code,
		"open it with --passphrase, --recovery or --key-file FILE; 'tacit key ls' says "
		"what opens it");
	return status;
}

int lock_unlock(struct session *session, struct err *err)
{
	const struct invocation *invocation = session->invocation;
	_json_ json_t *answer = NULL;
	struct opener opener;
	int status = opener_known(
		session, invocation->count ? invocation->words[0] : NULL, &opener, err);

	if (status < 0)
		return status;
	status = send_opener(session, &opener, &answer, err);
	opener_free(&opener);
	report_hint(err, TACIT_BUSY, "each wrong one makes the next wait longer");
	if (status < 0 && !opener.kind)
		status = unlock_otherwise(session, status, &answer, err);
	if (!status)
		say(session, answer,
			"unlocked; run 'tacit repair' for containers that stopped meanwhile");
	return status;
}
