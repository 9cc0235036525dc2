/* SPDX-License-Identifier: Apache-2.0 */
/* The key slots on their way down. Each change is prepared in memory, whole, and then written in
 * one transaction: slots, their list and the keyring are of one root key in the store at any time.
 */
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "core/store/integrity_state.h"
#include "core/store/vault_slots.h"

#define HEADER_AT_VERSION 4

/* A change: the slots as they are, and as they will be. */
struct change {
	struct vault *vault;
	struct vault_slots *before;
	struct vault_slots *after;
	bool new_keyring;
	uint8_t keyring[KEYRING_SEALED_BYTES]; /* when there is a new one */
};

static void change_end(struct change *change)
{
	free(change->before);
	free(change->after);
}
#define _change_ __attribute__((cleanup(change_end)))

static int open_keyring(
	struct vault *vault, const uint8_t *root, struct keyring *ring, struct err *err)
{
	uint8_t sealed[KEYRING_SEALED_BYTES];
	size_t length;
	int result = vault->engine->get_meta(
		vault->store, VAULT_KEYRING, sealed, sizeof sealed, &length, err);

	return result < 0 ? result : keyring_open(root, vault->store_id, sealed, length, ring, err);
}

/* Only the store's root key vouches: with another one every slot would look forged. */
static int check_root(struct vault *vault, const uint8_t *root, struct err *err)
{
	struct keyring *ring;
	int result;

	if (!vault->ring)
		return err_set(err, TACIT_LOCKED, "the store is locked");
	ring = seal_alloc(sizeof *ring);
	result = ring ? open_keyring(vault, root, ring, err)
		      : err_set(err, TACIT_LIMIT, "no memory can be locked");
	seal_free(ring);
	return result;
}

static int read_change(struct change *change, struct vault *vault, struct err *err)
{
	int result = vault_read_slots(vault, &change->before, err);

	change->vault = vault;
	if (result < 0)
		return result;
	change->after = malloc(sizeof *change->after);
	if (!change->after)
		return err_set(err, TACIT_LIMIT, "out of memory");
	*change->after = *change->before;
	return 0;
}

static int change_begin(
	struct change *change, struct vault *vault, const uint8_t *root, struct err *err)
{
	int result = check_root(vault, root, err);

	if (!result)
		result = read_change(change, vault, err);
	if (!result && change->before->first_layout)
		result = err_set(err, TACIT_INVALID,
			"the store's key slots have the first layout: convert them with the "
			"store's key file, and then try again");
	return result;
}

static int write_header(struct vault *vault, struct err *err)
{
	uint8_t bytes[STORE_META_MAX];
	size_t length;
	int result = vault->engine->get_meta(
		vault->store, VAULT_HEADER, bytes, sizeof bytes, &length, err);

	if (result < 0)
		return result;
	/* vault_attach() has seen that it is a header. */
	bytes[HEADER_AT_VERSION] = VAULT_HEADER_VERSION;
	return integrity_put_meta(vault, VAULT_HEADER, bytes, length, err);
}

static int write_change(const struct change *change, struct err *err)
{
	struct vault *vault = change->vault;
	/* The list vouches for them. */
	int result =
		vault_write_slots(vault->engine, vault->store, change->before, change->after, err);

	if (!result)
		result = integrity_put_meta(
			vault, VAULT_SLOTS, change->after->list, change->after->list_length, err);
	if (!result && change->new_keyring)
		result = integrity_put_meta(
			vault, VAULT_KEYRING, change->keyring, sizeof change->keyring, err);
	if (!result && change->before->first_layout)
		result = write_header(vault, err);
	return result;
}

/* Make the list of the new slots under `root`, and commit everything. */
static int change_commit(struct change *change, const uint8_t *root, struct err *err)
{
	struct vault *vault = change->vault;
	int result;

	slot_list_make(vault->store_id, change->after->rows, root, change->after->list);
	change->after->list_length = SLOT_LIST_BYTES;
	change->after->first_layout = false;
	result = vault_begin(vault, err);
	if (result < 0)
		return result;
	result = write_change(change, err);
	/* Slots and keyrings that were replaced do not stay in the log. */
	vault->written = VAULT_CHECKPOINT_BYTES;
	if (!result)
		result = vault_commit(vault, err);
	if (result < 0)
		vault_rollback(vault);
	return result;
}

static int free_number(const struct vault_slots *slots, struct err *err)
{
	for (int number = 1; number <= SLOT_NUMBERS; number++)
		if (!slots->rows[number - 1].length)
			return number;
	return err_set(err, TACIT_LIMIT, "a store has at most %d key slots", SLOT_NUMBERS);
}

static int add_row(struct change *change, const uint8_t *root, struct slot_about *about,
	const uint8_t *key, struct err *err)
{
	int number = free_number(change->before, err);

	if (number < 0)
		return number;
	about->number = (uint8_t)number;
	about->created_ns = clock_realtime_ns();
	seal_random(about->id, sizeof about->id);
	return slot_make(
		change->vault->store_id, about, key, root, &change->after->rows[number - 1], err);
}

int vault_add_slot(struct vault *vault, const uint8_t root[SEAL_KEY_BYTES],
	struct slot_about *about, const uint8_t key[SEAL_KEY_BYTES], struct err *err)
{
	_change_ struct change change = { 0 };
	int result = change_begin(&change, vault, root, err);

	if (!result)
		result = add_row(&change, root, about, key, err);
	return result ? result : change_commit(&change, root, err);
}

/* Put `next` into every slot that `root` vouches for. */
static int rewrap_slots(
	struct change *change, const uint8_t *root, const uint8_t *next, struct err *err)
{
	size_t sound = 0;

	for (size_t i = 0; i < SLOT_NUMBERS; i++) {
		struct slot_row *row = &change->after->rows[i];
		struct err why;
		int result = row->length
				     ? slot_rewrap(change->vault->store_id, row, root, next, &why)
				     : -TACIT_CORRUPT;

		if (result < 0 && result != -TACIT_CORRUPT)
			return err_set(err, why.code, "%s", why.text);
		sound += !result;
	}
	return sound ? 0
		     : err_set(err, TACIT_INVALID,
			       "no sound key slot would be left: add another one first");
}

static int rewrap_keyring(struct change *change, const uint8_t *next, struct err *err)
{
	change->new_keyring = true;
	return keyring_seal(
		next, change->vault->store_id, change->vault->ring, change->keyring, err);
}

static int rotate(struct change *change, const uint8_t *root, const uint8_t *next, struct err *err)
{
	int result = rewrap_slots(change, root, next, err);

	if (!result)
		result = rewrap_keyring(change, next, err);
	return result ? result : change_commit(change, next, err);
}

int vault_rotate_root(struct vault *vault, const uint8_t root[SEAL_KEY_BYTES],
	const uint8_t next[SEAL_KEY_BYTES], struct err *err)
{
	_change_ struct change change = { 0 };
	int result = change_begin(&change, vault, root, err);

	return result ? result : rotate(&change, root, next, err);
}

/* Take the slot away; that one is left is for rewrap_slots() to see. */
static int take_row(struct change *change, uint8_t number, const uint8_t *id, struct err *err)
{
	struct slot_row *row;
	struct slot_about about;

	if (!number || number > SLOT_NUMBERS || !change->before->rows[number - 1].length)
		return err_set(err, TACIT_NOT_FOUND, "there is no such key slot");
	row = &change->after->rows[number - 1];
	if (id && (slot_read(change->vault->store_id, row, &about, NULL) < 0 ||
			  memcmp(about.id, id, SEAL_ID_BYTES)))
		return err_set(err, TACIT_STALE, "key slot %u is another one by now", number);
	row->length = 0;
	return 0;
}

int vault_remove_slot(struct vault *vault, const uint8_t root[SEAL_KEY_BYTES],
	const uint8_t next[SEAL_KEY_BYTES], uint8_t number, const uint8_t *id, struct err *err)
{
	_change_ struct change change = { 0 };
	int result = change_begin(&change, vault, root, err);

	if (!result)
		result = take_row(&change, number, id, err);
	return result ? result : rotate(&change, root, next, err);
}

static int convert(struct change *change, const uint8_t *key, uint8_t *root, struct err *err)
{
	const struct vault_slots *before = change->before;
	struct slot_about about = { .kind = SLOT_KEY_FILE };
	int result;

	if (before->list_length != SLOT_FIRST_BYTES)
		return err_set(err, TACIT_INVALID, "the store has more than one key slot");
	result = slot_open_first(
		key, change->vault->store_id, before->list, before->list_length, root, err);
	if (!result)
		result = check_root(change->vault, root, err);
	if (!result)
		result = add_row(change, root, &about, key, err);
	return result ? result : change_commit(change, root, err);
}

int vault_convert_slots(struct vault *vault, const uint8_t key[SEAL_KEY_BYTES], struct err *err)
{
	_change_ struct change change = { 0 };
	uint8_t *root;
	int result = read_change(&change, vault, err);

	if (result < 0 || !change.before->first_layout)
		return result;
	root = seal_alloc(SEAL_KEY_BYTES);
	result = root ? convert(&change, key, root, err)
		      : err_set(err, TACIT_LIMIT, "no memory can be locked");
	seal_free(root);
	return result;
}
