/* SPDX-License-Identifier: Apache-2.0 */
/* The key slots on their way up: read, listed, checked, asked for the root key. */
#include "core/store/vault_slots.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "core/store/vault_state.h"

#define ROW_NAME_MAX 16 /* "slot-16" */

_Static_assert(SLOT_ROW_MAX <= STORE_META_MAX, "a slot fits a meta row");
_Static_assert(SLOT_NUMBERS *SLOT_FIRST_BYTES <= STORE_META_MAX, "as do those of the first layout");

static void row_name(unsigned int number, char name[ROW_NAME_MAX])
{
	snprintf(name, ROW_NAME_MAX, "slot-%u", number);
}

/* A row that is too long for a slot is damaged, as one byte is. */
static int read_row(struct vault *vault, unsigned int number, struct slot_row *row, struct err *err)
{
	uint8_t bytes[STORE_META_MAX];
	char name[ROW_NAME_MAX];
	struct err why;
	int result;

	row_name(number, name);
	row->number = (uint8_t)number;
	result = vault->engine->get_meta(
		vault->store, name, bytes, sizeof bytes, &row->length, &why);
	if (result == -TACIT_NOT_FOUND)
		row->length = 0;
	else if (result == -TACIT_CORRUPT || (!result && row->length > SLOT_ROW_MAX))
		row->length = 1;
	else if (result < 0)
		return err_set(err, why.code, "%s", why.text);
	else
		memcpy(row->bytes, bytes, row->length);
	return 0;
}

static int read_all(struct vault *vault, struct vault_slots *slots, struct err *err)
{
	struct err why;
	int result = vault->engine->get_meta(vault->store, VAULT_SLOTS, slots->list,
		sizeof slots->list, &slots->list_length, &why);

	/* Without a list that can be read the slots are still there. */
	if (result == -TACIT_NOT_FOUND || result == -TACIT_CORRUPT)
		slots->list_length = 0;
	else if (result < 0)
		return err_set(err, why.code, "%s", why.text);
	slots->first_layout = slots->list_length && slots->list_length % SLOT_FIRST_BYTES == 0;
	for (unsigned int number = 1; number <= SLOT_NUMBERS; number++) {
		result = read_row(vault, number, &slots->rows[number - 1], err);
		if (result < 0)
			return result;
		/* Whatever the list is: a store of the first layout has none of these. */
		if (slots->rows[number - 1].length)
			slots->first_layout = false;
	}
	return 0;
}

int vault_read_slots(struct vault *vault, struct vault_slots **slots, struct err *err)
{
	struct vault_slots *read = calloc(1, sizeof *read);
	int result = read ? read_all(vault, read, err) : err_set(err, TACIT_LIMIT, "out of memory");

	if (result < 0)
		free(read);
	else
		*slots = read;
	return result;
}

int vault_write_slots(const struct store_engine *engine, struct store *store,
	const struct vault_slots *before, const struct vault_slots *slots, struct err *err)
{
	static const struct slot_row none;

	for (unsigned int number = 1; number <= SLOT_NUMBERS; number++) {
		const struct slot_row *row = &slots->rows[number - 1];
		const struct slot_row *was = before ? &before->rows[number - 1] : &none;
		char name[ROW_NAME_MAX];
		int result;

		if (row->length == was->length && !memcmp(row->bytes, was->bytes, row->length))
			continue;
		row_name(number, name);
		result = engine->put_meta(store, name, row->bytes, row->length, err);
		if (result < 0)
			return result;
	}
	return 0;
}

/* The n-th slot of the first layout says nothing of itself. */
static int each_first(
	const struct vault_slots *slots, vault_slot_fn *on_slot, void *arg, struct err *err)
{
	struct vault_slot slot = { .about = { .kind = SLOT_KEY_FILE } };

	for (size_t i = 0; i < slots->list_length / SLOT_FIRST_BYTES; i++) {
		int result;

		slot.about.number = (uint8_t)(i + 1);
		result = on_slot(arg, &slot, err);
		if (result)
			return result;
	}
	return 0;
}

static int each_row(const struct vault *vault, const struct vault_slots *slots, const uint8_t *root,
	vault_slot_fn *on_slot, void *arg, struct err *err)
{
	for (size_t i = 0; i < SLOT_NUMBERS; i++) {
		const struct slot_row *row = &slots->rows[i];
		struct vault_slot slot;
		int result;

		if (!row->length)
			continue;
		slot.status = slot_read(vault->store_id, row, &slot.about, NULL);
		if (!slot.status && root)
			slot.status = slot_check(vault->store_id, row, root, NULL);
		if (slot.status)
			slot.about = (struct slot_about){ .number = row->number };
		result = on_slot(arg, &slot, err);
		if (result)
			return result;
	}
	return 0;
}

int vault_each_slot(struct vault *vault, const uint8_t *root, vault_slot_fn *on_slot, void *arg,
	struct err *err)
{
	_free_ struct vault_slots *slots = NULL;
	int result = vault_read_slots(vault, &slots, err);

	if (result < 0)
		return result;
	return slots->first_layout ? each_first(slots, on_slot, arg, err)
				   : each_row(vault, slots, root, on_slot, arg, err);
}

int vault_check_slots(struct vault *vault, const uint8_t root[SEAL_KEY_BYTES], struct err *err)
{
	_free_ struct vault_slots *slots = NULL;
	int result = vault_read_slots(vault, &slots, err);

	if (result < 0 || slots->first_layout)
		return result;
	for (size_t i = 0; i < SLOT_NUMBERS && !result; i++)
		if (slots->rows[i].length)
			result = slot_check(vault->store_id, &slots->rows[i], root, err);
	return result ? result
		      : slot_list_check(vault->store_id, slots->rows, root, slots->list,
				slots->list_length, err);
}

/* What one slot after the other is asked with, and why none opened: the worst of what they said,
 * for a damaged one is no reason to pass over the others, nor to call the key a wrong one. */
struct asking {
	struct vault *vault;
	const uint8_t *key;     /* for any slot; NULL: */
	const void *passphrase; /* for those of this kind */
	size_t length;
	uint8_t *root;
	struct err worst;
};

static bool opens(struct asking *asking, const struct err *why, int result)
{
	if (result < 0 && result != -TACIT_WRONG_KEY)
		asking->worst = *why;
	return !result;
}

/* A root key that does not open the keyring was the store's once. */
static bool leads_to_keyring(struct asking *asking, unsigned int number)
{
	struct err why;
	int result = vault_resume(asking->vault, asking->root, &why);

	if (result == -TACIT_WRONG_KEY)
		result = err_set(&why, TACIT_CORRUPT,
			"key slot %u was put back from an older copy of the store", number);
	return opens(asking, &why, result);
}

static bool ask_row(struct asking *asking, const struct slot_row *row)
{
	const uint8_t *store_id = asking->vault->store_id;
	uint8_t *made = NULL;
	struct slot_about about;
	struct err why;
	int result = slot_read(store_id, row, &about, &why);

	if (result < 0) {
		asking->worst = why;
		err_wrap(&asking->worst, "key slot %u", row->number);
		return false;
	}
	if (!asking->key) {
		if (about.kind != SLOT_PASSPHRASE)
			return false;
		made = seal_alloc(SEAL_KEY_BYTES);
		result = made ? passphrase_key(asking->passphrase, asking->length, about.salt,
					&about.cost, made, &why)
			      : err_set(&why, TACIT_LIMIT, "no memory can be locked");
	}
	if (!result)
		result = slot_unlock(store_id, row, made ? made : asking->key, asking->root, &why);
	seal_free(made);
	return opens(asking, &why, result) && leads_to_keyring(asking, row->number);
}

static bool ask_first(struct asking *asking, const struct vault_slots *slots)
{
	for (size_t at = 0; at < slots->list_length && asking->key; at += SLOT_FIRST_BYTES) {
		struct err why;
		int result = slot_open_first(asking->key, asking->vault->store_id, slots->list + at,
			SLOT_FIRST_BYTES, asking->root, &why);

		if (opens(asking, &why, result) &&
			leads_to_keyring(asking, (unsigned int)(at / SLOT_FIRST_BYTES) + 1))
			return true;
	}
	return false;
}

static bool ask_all(struct asking *asking, const struct vault_slots *slots)
{
	size_t there = 0;

	if (slots->first_layout)
		return ask_first(asking, slots);
	for (size_t i = 0; i < SLOT_NUMBERS; i++) {
		if (!slots->rows[i].length)
			continue;
		if (ask_row(asking, &slots->rows[i]))
			return true;
		there++;
	}
	if (!there)
		err_set(&asking->worst, TACIT_CORRUPT, "the store has no key slots");
	return false;
}

/* A key is called a wrong one where every slot was asked: a store whose pages do not belong
 * together may have lost the one it opens. */
static void blame_pages(struct asking *asking)
{
	struct err why;

	if (asking->worst.code != TACIT_WRONG_KEY ||
		asking->vault->engine->check(asking->vault->store, &why) != -TACIT_CORRUPT)
		return;
	err_set(&asking->worst, TACIT_CORRUPT,
		"the key opens none of the key slots that can be found, and the store is damaged: "
		"%s",
		why.text);
}

static int ask(struct asking *asking, struct err *err)
{
	_free_ struct vault_slots *slots = NULL;
	int result = vault_read_slots(asking->vault, &slots, err);

	if (!result && ask_all(asking, slots))
		return 0;
	if (!result)
		blame_pages(asking);
	seal_wipe(asking->root, SEAL_KEY_BYTES);
	return result ? result : err_set(err, asking->worst.code, "%s", asking->worst.text);
}

int vault_unlock(struct vault *vault, const uint8_t key[SEAL_KEY_BYTES],
	uint8_t root[SEAL_KEY_BYTES], struct err *err)
{
	struct asking asking = { .vault = vault,
		.key = key,
		.root = root,
		.worst = { TACIT_WRONG_KEY, "the key opens no slot of this store" } };

	return ask(&asking, err);
}

int vault_unlock_passphrase(struct vault *vault, const void *passphrase, size_t length,
	uint8_t root[SEAL_KEY_BYTES], struct err *err)
{
	struct asking asking = { .vault = vault,
		.passphrase = passphrase,
		.length = length,
		.root = root,
		.worst = { TACIT_WRONG_KEY, "the passphrase opens no slot of this store" } };

	return ask(&asking, err);
}
