/* SPDX-License-Identifier: Apache-2.0 */
#include "core/store/vault.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/pack.h"
#include "core/store/vault_state.h"

#define HEADER "header"
#define SLOTS "slots"
#define KEYRING "keyring"
#define LOCKED "locked"

#define HEADER_VERSION 1
#define HEADER_BYTES 32
#define SLOTS_MAX 16 /* unlock keys of one store */

_Static_assert(SLOTS_MAX *SLOT_BYTES <= STORE_META_MAX, "the slots fit a meta row");
_Static_assert(SEAL_ID_BYTES == STORE_ID_BYTES, "one size of ids");

static const char magic[4] = { 't', 'a', 'c', 'm' };

static int pack_header(const uint8_t store_id[SEAL_ID_BYTES], struct pack *to, struct err *err)
{
	pack_bytes(to, magic, sizeof magic);
	pack_u32(to, HEADER_VERSION);
	pack_bytes(to, store_id, SEAL_ID_BYTES);
	pack_u64(to, clock_realtime_ns());
	return to->failed ? err_set(err, TACIT_LIMIT, "out of memory") : 0;
}

static int read_header(struct vault *vault, struct err *err)
{
	uint8_t bytes[HEADER_BYTES], found[sizeof magic];
	struct unpack from = { .at = bytes };
	uint32_t version;
	int result =
		vault->engine->get_meta(vault->store, HEADER, bytes, sizeof bytes, &from.left, err);

	if (result < 0)
		return result;
	unpack_bytes(&from, found, sizeof found);
	version = unpack_u32(&from);
	if (from.failed || memcmp(found, magic, sizeof magic) || !version)
		return err_set(err, TACIT_CORRUPT, "the store has no valid header");
	if (version > HEADER_VERSION)
		return err_set(err, TACIT_NEWER, "store of format %u; this tacit knows up to %u",
			version, HEADER_VERSION);
	unpack_bytes(&from, vault->store_id, SEAL_ID_BYTES);
	unpack_u64(&from);
	if (!unpack_done(&from))
		return err_set(err, TACIT_CORRUPT, "the store has no valid header");
	return 0;
}

static int read_locked(struct vault *vault, struct err *err)
{
	uint8_t byte;
	size_t length;
	int result = vault->engine->get_meta(vault->store, LOCKED, &byte, 1, &length, err);

	if (result < 0)
		return result;
	if (length != 1 || byte > 1)
		return err_set(err, TACIT_CORRUPT, "the store's lock is neither on nor off");
	vault->written_locked = byte;
	return 0;
}

/* The keys of a new store, sealed: what goes into its meta rows. */
struct new_keys {
	uint8_t store_id[SEAL_ID_BYTES];
	uint8_t slot[SLOT_BYTES];
	uint8_t keyring[KEYRING_SEALED_BYTES];
};

static int make_keys(const uint8_t key[SEAL_KEY_BYTES], struct new_keys *made, struct err *err)
{
	struct keyring *ring = seal_alloc(sizeof *ring);
	uint8_t *root = seal_alloc(SEAL_KEY_BYTES);
	int result;

	if (ring && root) {
		seal_random(made->store_id, sizeof made->store_id);
		seal_random(root, SEAL_KEY_BYTES);
		keyring_start(ring);
		slot_seal(key, made->store_id, root, made->slot);
		result = keyring_seal(root, made->store_id, ring, made->keyring, err);
	} else {
		result = err_set(err, TACIT_LIMIT, "no memory can be locked");
	}
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
		result = engine->put_meta(store, SLOTS, made->slot, sizeof made->slot, err);
	if (!result)
		result = engine->put_meta(store, KEYRING, made->keyring, sizeof made->keyring, err);
	if (!result)
		result = engine->put_meta(store, LOCKED, &unlocked, 1, err);
	if (!result)
		result = engine->put_meta(store, HEADER, header.bytes, header.length, err);
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
	int result = engine->get_meta(store, HEADER, bytes, sizeof bytes, &length, err);

	if (!result)
		return err_set(err, TACIT_EXISTS, "there is a store already");
	if (result != -TACIT_NOT_FOUND)
		return result;
	result = engine->each(store, STORE_RECORDS, found_row, NULL, err);
	return result ? result : engine->each(store, STORE_VALUES, found_row, NULL, err);
}

int vault_create(const struct store_engine *engine, const char *dir,
	const uint8_t key[SEAL_KEY_BYTES], struct err *err)
{
	struct new_keys made;
	struct store *store;
	struct err exists;
	int result = make_keys(key, &made, err);

	if (result < 0)
		return result;
	result = engine->create(dir, &exists);
	if (result < 0 && result != -TACIT_EXISTS)
		return err_set(err, exists.code, "%s", exists.text);
	result = engine->open(dir, &store, err);
	if (result < 0)
		return result;
	result = check_empty(engine, store, err);
	if (!result)
		result = write_keys(engine, store, &made, err);
	engine->close(store);
	return result;
}

int vault_attach(
	const struct store_engine *engine, const char *dir, struct vault **vault, struct err *err)
{
	struct vault *made = calloc(1, sizeof *made);
	int result;

	if (!made)
		return err_set(err, TACIT_LIMIT, "out of memory");
	made->engine = engine;
	made->written = VAULT_CHECKPOINT_BYTES;
	result = engine->open(dir, &made->store, err);
	if (!result)
		result = read_header(made, err);
	if (!result)
		result = read_locked(made, err);
	if (result < 0)
		vault_close(made);
	else
		*vault = made;
	return result;
}

void vault_close(struct vault *vault)
{
	if (!vault)
		return;
	vault_forget(vault);
	if (vault->store) {
		vault_rollback(vault);
		/* So that store.db alone is the whole store; if it fails, the log keeps the rest.
		 */
		vault->engine->checkpoint(vault->store, NULL);
		vault->engine->close(vault->store);
	}
	free(vault);
}

int vault_resume(struct vault *vault, const uint8_t root[SEAL_KEY_BYTES], struct err *err)
{
	uint8_t sealed[KEYRING_SEALED_BYTES];
	struct keyring *ring;
	size_t length;
	int result =
		vault->engine->get_meta(vault->store, KEYRING, sealed, sizeof sealed, &length, err);

	if (result == -TACIT_NOT_FOUND)
		return err_set(err, TACIT_CORRUPT, "the store has no keyring");
	if (result < 0)
		return result;
	ring = seal_alloc(sizeof *ring);
	if (!ring)
		return err_set(err, TACIT_LIMIT, "no memory can be locked");
	result = keyring_open(root, vault->store_id, sealed, length, ring, err);
	/* A vault that is open keeps its ring: another thread may be reading in it. */
	if (result < 0 || vault->ring)
		seal_free(ring);
	else
		vault->ring = ring;
	return result;
}

/* Ask each slot whether it is for `key`. A damaged one is no reason to pass over the others. */
static int find_root(struct vault *vault, const uint8_t key[SEAL_KEY_BYTES],
	uint8_t root[SEAL_KEY_BYTES], struct err *err)
{
	uint8_t slots[SLOTS_MAX * SLOT_BYTES];
	struct err worst = { .code = TACIT_WRONG_KEY,
		.text = "the key opens no slot of this store" };
	size_t length;
	int result =
		vault->engine->get_meta(vault->store, SLOTS, slots, sizeof slots, &length, err);

	if (result == -TACIT_NOT_FOUND || (!result && (!length || length % SLOT_BYTES)))
		return err_set(err, TACIT_CORRUPT, "the store has no valid key slots");
	if (result < 0)
		return result;
	for (size_t at = 0; at < length; at += SLOT_BYTES) {
		struct err refused;

		result = slot_open(key, vault->store_id, slots + at, SLOT_BYTES, root, &refused);
		if (!result)
			return 0;
		if (result != -TACIT_WRONG_KEY)
			worst = refused;
	}
	return err_set(err, worst.code, "%s", worst.text);
}

int vault_unlock(struct vault *vault, const uint8_t key[SEAL_KEY_BYTES],
	uint8_t root[SEAL_KEY_BYTES], struct err *err)
{
	int result = find_root(vault, key, root, err);

	if (!result)
		result = vault_resume(vault, root, err);
	if (result < 0)
		seal_wipe(root, SEAL_KEY_BYTES);
	return result;
}

void vault_forget(struct vault *vault)
{
	seal_free(vault->ring);
	vault->ring = NULL;
}

bool vault_is_open(const struct vault *vault)
{
	return vault->ring;
}

int vault_write_locked(struct vault *vault, bool locked, struct err *err)
{
	const struct store_engine *engine = vault->engine;
	const uint8_t byte = locked;
	int result;

	if (vault->changing)
		return err_set(err, TACIT_BUSY, "a change of the store is under way");
	result = engine->begin(vault->store, err);
	if (!result)
		result = engine->put_meta(vault->store, LOCKED, &byte, 1, err);
	if (!result)
		result = engine->commit(vault->store, err);
	if (result < 0)
		engine->rollback(vault->store);
	else
		vault->written_locked = locked;
	return result;
}

bool vault_is_written_locked(const struct vault *vault)
{
	return vault->written_locked;
}
