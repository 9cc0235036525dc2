/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/opener.h"

#include <string.h>
#include <unistd.h>

#include "base/hook.h"
#include "cli/opener_take.h"
#include "cli/transfer.h"

/* What the command line can say. Of a credential and a command core needs no bytes. */
static const struct kind {
	enum option option;
	const char *word;
	opener_take_fn *make, *take;
	bool input_of_new, input_of_known; /* '-' may stand for it */
} kinds[] = {
	{ OPTION_KEY_FILE, "key_file", opener_take_key_file, opener_take_key_file, false, false },
	{ OPTION_NEW_KEY_FILE, "key_file", opener_new_key_file, NULL, false, false },
	{ OPTION_PASSPHRASE, "passphrase", opener_new_passphrase, opener_take_passphrase, true,
		true },
	{ OPTION_CREDENTIAL, "credential", NULL, NULL, false, false },
	{ OPTION_COMMAND, "command", NULL, NULL, false, false },
	{ OPTION_RECOVERY, "recovery", opener_new_recovery, opener_take_recovery, false, true },
};

#define KINDS (sizeof kinds / sizeof kinds[0])

/* The one kind that is said, or NULL; TACIT_INVALID when there are more. */
static int find_kind(const struct session *session, const struct kind **kind, struct err *err)
{
	*kind = NULL;
	for (size_t i = 0; i < KINDS; i++) {
		if (!session->invocation->values[kinds[i].option])
			continue;
		if (*kind)
			return err_set(err, TACIT_INVALID,
				"'--%s' and '--%s' are two ways to open the store; say one",
				option_table[(*kind)->option].name,
				option_table[kinds[i].option].name);
		*kind = &kinds[i];
	}
	return 0;
}

/* A word that is not '-' may be the passphrase itself, and is not shown. */
static int check_word(const char *word, bool input, struct err *err)
{
	if (!word || (input && !strcmp(word, "-")))
		return 0;
	if (!strcmp(word, "-"))
		return err_set(err, TACIT_INVALID,
			"'-' is standard input with a passphrase, or with a recovery key that "
			"there is: say which");
	return err_set(err, TACIT_INVALID,
		"what opens the store is never taken from the command line (where others and the "
		"shell's history see it); leave it out to be asked, or pass it by '-'");
}

static int take(const struct session *session, opener_take_fn *from, const char *word,
	struct opener *opener, struct err *err)
{
	int status;

	opener->bytes = seal_alloc(OPENER_ROOM);
	if (!opener->bytes)
		return err_set(err, TACIT_LIMIT, "no locked memory; raise 'ulimit -l'");
	status = from(session, word, opener, err);
	if (status < 0)
		opener_free(opener);
	return status;
}

int opener_new(
	const struct session *session, const char *word, struct opener *opener, struct err *err)
{
	const struct kind *kind;
	int status = find_kind(session, &kind, err);

	*opener = (struct opener){ 0 };
	if (!status)
		status = check_word(word, kind && kind->input_of_new, err);
	if (status < 0)
		return status;
	if (!kind)
		return err_set(err, TACIT_INVALID,
			"say what shall open the store: --passphrase, --key-file FILE, "
			"--new-key-file FILE, --credential, --command NAME or --recovery");
	opener->kind = kind->word;
	opener->program = session->invocation->values[OPTION_COMMAND];
	if (opener->program && hook_check_program(opener->program, err) < 0)
		return err_wrap(err, "option '--command'");
	return kind->make ? take(session, kind->make, word, opener, err) : 0;
}

int opener_known(
	const struct session *session, const char *word, struct opener *opener, struct err *err)
{
	const struct kind *kind;
	int status = find_kind(session, &kind, err);

	*opener = (struct opener){ 0 };
	if (!status)
		status = check_word(word, kind && kind->input_of_known, err);
	if (status < 0 || !kind)
		return status;
	opener->kind = kind->word;
	return take(session, kind->take, word, opener, err);
}

int opener_ask_passphrase(struct opener *opener, struct err *err)
{
	*opener = (struct opener){ .kind = "passphrase" };
	return take(NULL, opener_take_passphrase, NULL, opener, err);
}

int opener_make_recovery(struct opener *opener, struct err *err)
{
	*opener = (struct opener){ .kind = "recovery" };
	return take(NULL, opener_new_recovery, NULL, opener, err);
}

int opener_send(struct session *session, const char *path, const char *context,
	const struct opener *opener, const char *label, json_t **json, struct err *err)
{
	char target[CLIENT_PATH_MAX];
	int status = 0;

	snprintf(target, sizeof target, "%s", path);
	if (opener->kind)
		status = client_query(target, "kind", opener->kind, err);
	if (!status && opener->program)
		status = client_query(target, "program", opener->program, err);
	if (!status && label)
		status = client_query(target, "label", label, err);
	if (status < 0)
		return status;
	return opener->bytes ? transfer_send(session, target, context, opener->bytes,
				       opener->length, json, err)
			     : session_post(session, target, NULL, NULL, 0, json, err);
}

void opener_unmake(const struct session *session, const struct opener *opener, enum tacit_code code)
{
	if (!opener->made)
		return;
	if (code == TACIT_UNAVAILABLE)
		session_note(session, "%s was kept: its key may have been taken", opener->made);
	else
		unlink(opener->made);
}

void opener_free(struct opener *opener)
{
	seal_free(opener->bytes);
	opener->bytes = NULL;
}
