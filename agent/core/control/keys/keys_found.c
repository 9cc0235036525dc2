/* SPDX-License-Identifier: Apache-2.0 */
/* Opening a store by what is there when nobody is: each source that a slot of it speaks of, in the
 * order of the trouble they are. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "core/control/keys/key_source.h"
#include "core/control/keys/keys.h"

/* What the slots say that they are opened by. Nobody vouches for them yet. */
struct found {
	bool kind[SLOT_KINDS];
	unsigned int commands;
	struct slot_about command[SLOT_NUMBERS];
};

struct attempt {
	struct core *core;
	struct vault *vault;
	uint8_t *key, *root;
	uint64_t deadline_ns;
	struct err why; /* nothing opened it so far: all that was tried */
};

static int note_slot(void *arg, const struct vault_slot *slot, struct err *err)
{
	struct found *found = arg;

	(void)err;
	/* Of one that cannot be read the vault says what is wrong with it when it is asked. */
	found->kind[slot->status ? SLOT_KEY_FILE : slot->about.kind] = true;
	if (!slot->status && slot->about.kind == SLOT_COMMAND)
		found->command[found->commands++] = slot->about;
	return 0;
}

/* What the store itself says, that it is damaged or old, weighs more than that a key is not there.
 */
static bool is_of_the_store(enum tacit_code code)
{
	return code == TACIT_CORRUPT || code == TACIT_STALE || code == TACIT_NEWER ||
	       code == TACIT_IO || code == TACIT_LIMIT;
}

static void note_failure(struct attempt *attempt, const struct err *err)
{
	size_t length = strlen(attempt->why.text);

	if (!attempt->why.code ||
		(is_of_the_store(err->code) && !is_of_the_store(attempt->why.code)))
		attempt->why.code = err->code;
	snprintf(attempt->why.text + length, sizeof attempt->why.text - length, "%s%s",
		length ? "; " : "", err->text);
}

/* A key was got, or not; what it is called. */
static bool opens(struct attempt *attempt, int status, const char *name, struct err *err)
{
	if (status == 0) {
		status = keys_open_by_key(
			attempt->core, attempt->vault, attempt->key, attempt->root, err);
		if (status < 0 && !is_of_the_store(err->code))
			err_wrap(err, "%s", name);
	}
	seal_wipe(attempt->key, SEAL_KEY_BYTES);
	if (status < 0)
		note_failure(attempt, err);
	return status == 0;
}

static bool try_key_file(struct attempt *attempt, struct err *err)
{
	char name[PATH_FULL_MAX + CONFIG_PATH_MAX + 16];

	snprintf(name, sizeof name, "key file %s%s", attempt->core->root,
		attempt->core->config.key_file);
	return opens(attempt, key_file_read(attempt->core, attempt->key, err), name, err);
}

static bool try_credential(struct attempt *attempt, struct err *err)
{
	return opens(
		attempt, key_credential_read(attempt->core, attempt->key, err), "credential", err);
}

static bool try_command(struct attempt *attempt, const struct slot_about *about, struct err *err)
{
	int status =
		key_program_unwrap(attempt->core, about, attempt->key, attempt->deadline_ns, err);
	char name[ERR_TEXT_MAX];

	snprintf(name, sizeof name, "the program of key slot %u", about->number);
	if (status < 0)
		err_wrap(err, "%s", name);
	return opens(attempt, status, name, err);
}

static bool try_all(struct attempt *attempt, const struct found *found)
{
	struct err err;
	bool opened = found->kind[SLOT_KEY_FILE] && try_key_file(attempt, &err);

	if (!opened)
		opened = found->kind[SLOT_CREDENTIAL] && try_credential(attempt, &err);
	for (unsigned int i = 0; !opened && i < found->commands; i++)
		opened = try_command(attempt, &found->command[i], &err);
	return opened;
}

/* No slot is opened by anything that could be here: an operator has to. */
static int wait_for_operator(const struct found *found, struct err *err)
{
	bool recovery = !found->kind[SLOT_PASSPHRASE];

	return err_set(err, TACIT_LOCKED,
		"the store is opened by %s, which is nowhere on this host: 'tacit unlock --%s'",
		recovery ? "a recovery key" : "a passphrase", recovery ? "recovery" : "passphrase");
}

static int open_by(struct attempt *attempt, struct err *err)
{
	_free_ struct found *found = calloc(1, sizeof *found);
	int status;

	if (!found)
		return err_set(err, TACIT_LIMIT, "out of memory");
	status = vault_each_slot(attempt->vault, NULL, note_slot, found, err);
	if (status < 0)
		return status;
	/* A store without slots says so itself. */
	if (!found->kind[SLOT_PASSPHRASE] && !found->kind[SLOT_RECOVERY] && !found->commands)
		found->kind[SLOT_KEY_FILE] |= !found->kind[SLOT_CREDENTIAL];
	if (try_all(attempt, found))
		return 0;
	return attempt->why.code ? err_set(err, attempt->why.code, "%s", attempt->why.text)
				 : wait_for_operator(found, err);
}

int keys_no_store(struct err *err)
{
	return err_set(err, TACIT_NOT_FOUND, "there is no store: 'tacit store create' makes one");
}

int keys_open_by_found(struct core *core, struct vault *vault, uint8_t key[SEAL_KEY_BYTES],
	uint8_t root[SEAL_KEY_BYTES], struct err *err)
{
	struct attempt attempt = { .core = core,
		.vault = vault,
		.key = key,
		.root = root,
		.deadline_ns = clock_monotonic_ns() + KEY_PROGRAMS_NS };

	return open_by(&attempt, err);
}
