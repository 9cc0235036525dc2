/* SPDX-License-Identifier: Apache-2.0 */
/* The making of a store: its keys, sealed, in the meta rows of an empty one. */
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/pack.h"
#include "core/store/vault_state.h"

static int pack_header(const uint8_t store_id[SEAL_ID_BYTES], struct pack *to, struct err *err)
{
	pack_bytes(to, VAULT_MAGIC, strlen(VAULT_MAGIC));
	pack_u32(to, VAULT_HEADER_VERSION);
	pack_bytes(to, store_id, SEAL_ID_BYTES);
	pack_u64(to, clock_realtime_ns());
	return to->failed ? err_set(err, TACIT_LIMIT, "out of memory") : 0;
}

/* The keys of a new store, sealed: what goes into its meta rows. */
struct new_keys {
	uint8_t store_id[SEAL_ID_BYTES];
	uint8_t keyring[KEYRING_SEALED_BYTES];
	struct vault_slots slots;
};

static int seal_keys(const uint8_t *key, struct slot_about *about, uint8_t *root,
	struct keyring *ring, struct new_keys *made, struct err *err)
{
	int result;

	seal_random(made->store_id, sizeof made->store_id);
	seal_random(root, SEAL_KEY_BYTES);
	keyring_start(ring);
	about->number = 1;
	about->created_ns = clock_realtime_ns();
	seal_random(about->id, sizeof about->id);
	result = slot_make(made->store_id, about, key, root, &made->slots.rows[0], err);
	if (result < 0)
		return result;
	slot_list_make(made->store_id, made->slots.rows, root, made->slots.list);
	made->slots.list_length = SLOT_LIST_BYTES;
	return keyring_seal(root, made->store_id, ring, made->keyring, err);
}

static int make_keys(
	const uint8_t *key, struct slot_about *about, struct new_keys *made, struct err *err)
{
	struct keyring *ring = seal_alloc(sizeof *ring);
	uint8_t *root = seal_alloc(SEAL_KEY_BYTES);
	int result = ring && root ? seal_keys(key, about, root, ring, made, err)
				  : err_set(err, TACIT_LIMIT, "no memory can be locked");

	seal_free(ring);
	seal_free(root);
	return result;
}

static int write_keys(const struct store_engine *engine, struct store *store,
	const struct new_keys *made, struct err *err)
{
	struct pack header = { 0 };
	const uint8_t unlocked = 0;
	int result = pack_header(made->store_id, &header, err);

	if (!result)
		result = engine->begin(store, err);
	if (!result)
		result = vault_write_slots(engine, store, NULL, &made->slots, err);
	if (!result)
		result = engine->put_meta(
			store, VAULT_SLOTS, made->slots.list, made->slots.list_length, err);
	if (!result)
		result = engine->put_meta(
			store, VAULT_KEYRING, made->keyring, sizeof made->keyring, err);
	if (!result)
		result = engine->put_meta(store, VAULT_LOCKED, &unlocked, 1, err);
	if (!result)
		result = engine->put_meta(store, VAULT_HEADER, header.bytes, header.length, err);
	if (!result)
		result = engine->commit(store, err);
	if (result < 0)
		engine->rollback(store);
	pack_free(&header);
	return result;
}

static int found_row(void *arg, const uint8_t id[STORE_ID_BYTES], const uint8_t *bytes,
	size_t length, struct err *err)
{
	(void)arg;
	(void)id;
	(void)bytes;
	(void)length;
	return err_set(err, TACIT_EXISTS, "there is a store already");
}

/* A store without header and rows is one whose making was cut short: it may be made again. */
static int check_empty(const struct store_engine *engine, struct store *store, struct err *err)
{
	uint8_t bytes[STORE_META_MAX];
	size_t length;
	int result = engine->get_meta(store, VAULT_HEADER, bytes, sizeof bytes, &length, err);

	if (!result)
		return err_set(err, TACIT_EXISTS, "there is a store already");
	if (result != -TACIT_NOT_FOUND)
		return result;
	result = engine->each(store, STORE_RECORDS, found_row, NULL, err);
	return result ? result : engine->each(store, STORE_VALUES, found_row, NULL, err);
}

static int create(const struct store_engine *engine, const char *dir, const struct new_keys *made,
	struct err *err)
{
	struct store *store;
	struct err exists;
	int result = engine->create(dir, &exists);

	if (result < 0 && result != -TACIT_EXISTS)
		return err_set(err, exists.code, "%s", exists.text);
	result = engine->open(dir, &store, err);
	if (result < 0)
		return result;
	result = check_empty(engine, store, err);
	if (!result)
		result = write_keys(engine, store, made, err);
	engine->close(store);
	return result;
}

int vault_create_with(const struct store_engine *engine, const char *dir, struct slot_about *about,
	const uint8_t key[SEAL_KEY_BYTES], struct err *err)
{
	_free_ struct new_keys *made = calloc(1, sizeof *made);
	int result = made ? make_keys(key, about, made, err)
			  : err_set(err, TACIT_LIMIT, "out of memory");

	return result < 0 ? result : create(engine, dir, made, err);
}

int vault_create(const struct store_engine *engine, const char *dir,
	const uint8_t key[SEAL_KEY_BYTES], struct err *err)
{
	struct slot_about about = { .kind = SLOT_KEY_FILE };

	return vault_create_with(engine, dir, &about, key, err);
}
