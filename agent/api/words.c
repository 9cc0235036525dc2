/* SPDX-License-Identifier: Apache-2.0 */
#include "api/words.h"

#include <string.h>

#include "base/hook.h"

static const char *const kinds[KEY_KINDS] = {
	[KEY_OF_FILE] = "key_file",
	[KEY_OF_PASSPHRASE] = "passphrase",
	[KEY_OF_CREDENTIAL] = "credential",
	[KEY_OF_COMMAND] = "command",
	[KEY_OF_RECOVERY] = "recovery",
};

static const char *const accepts[ACCEPTS] = {
	[ACCEPT_DROP] = "drop",
	[ACCEPT_ADOPT] = "adopt",
	[ACCEPT_ROLLBACK] = "rollback",
};

/* The place of a word among `count`, the first of which is none; 0: it is not there. */
static uint32_t find(const char *const *words, uint32_t count, struct piece value)
{
	for (uint32_t i = 1; i < count; i++)
		if (target_is(value, words[i]))
			return i;
	return 0;
}

int words_take_kind(struct frame_request *request, struct piece value, struct err *err)
{
	request->key_kind = find(kinds, KEY_KINDS, value);
	return request->key_kind ? 0
				 : err_set(err, TACIT_INVALID,
					   "kind is key_file, passphrase, credential, command or "
					   "recovery");
}

int words_take_label(struct frame_request *request, struct piece value, struct err *err)
{
	if (target_decode(value, request->label, sizeof request->label, NULL) < 0)
		return err_set(err, TACIT_INVALID,
			"label is at most %d characters of printable ASCII", TACIT_LABEL_MAX);
	return 0;
}

int words_take_program(struct frame_request *request, struct piece value, struct err *err)
{
	int status = target_decode(value, request->program, sizeof request->program, err);

	return status < 0 ? status : hook_check_program(request->program, err);
}

int words_take_how(struct frame_request *request, struct piece value, struct err *err)
{
	request->accept = find(accepts, ACCEPTS, value);
	return request->accept ? 0 : err_set(err, TACIT_INVALID, "how is drop, adopt or rollback");
}

int words_check(const struct frame_request *request, struct err *err)
{
	if (request->key_kind == KEY_OF_COMMAND && request->verb != VERB_UNLOCK &&
		request->verb != VERB_STORE_RESTORE_END && !request->program[0])
		return err_set(err, TACIT_INVALID, "kind=command goes with program=NAME of keys.d");
	if (request->program[0] && request->key_kind != KEY_OF_COMMAND)
		return err_set(err, TACIT_INVALID, "program goes with kind=command alone");
	return 0;
}
