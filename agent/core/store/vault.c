/* SPDX-License-Identifier: Apache-2.0 */
#include "core/store/vault.h"

#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/pack.h"
#include "core/store/integrity_state.h"

#define HEADER_BYTES 32
#define CLOCK_BYTES 8

_Static_assert(SEAL_ID_BYTES == STORE_ID_BYTES, "one size of ids");

static int read_header(struct vault *vault, uint32_t *made, struct err *err)
{
	uint8_t bytes[HEADER_BYTES], found[4];
	struct unpack from = { .at = bytes };
	uint32_t version;
	int result = vault->engine->get_meta(
		vault->store, VAULT_HEADER, bytes, sizeof bytes, &from.left, err);

	if (result < 0)
		return result;
	unpack_bytes(&from, found, sizeof found);
	version = unpack_u32(&from);
	if (from.failed || memcmp(found, VAULT_MAGIC, sizeof found) || !version)
		return err_set(err, TACIT_CORRUPT, "the store has no valid header");
	if (version > VAULT_HEADER_VERSION)
		return err_set(err, TACIT_NEWER, "store of format %u; this tacit knows up to %u",
			version, VAULT_HEADER_VERSION);
	*made = version;
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
	int result = vault->engine->get_meta(vault->store, VAULT_LOCKED, &byte, 1, &length, err);

	if (result < 0 && result != -TACIT_NOT_FOUND)
		return result;
	if (result < 0 || length != 1 || byte > 1)
		return err_set(err, TACIT_CORRUPT, "the store's lock is neither on nor off");
	vault->written_locked = byte;
	return 0;
}

/* Stores had no clock at first, and have none before anything is written with a time. */
static int read_clock(struct vault *vault, struct err *err)
{
	uint8_t bytes[CLOCK_BYTES];
	struct unpack from = { .at = bytes };
	int result = vault->engine->get_meta(
		vault->store, VAULT_CLOCK, bytes, sizeof bytes, &from.left, err);

	if (result == -TACIT_NOT_FOUND)
		return 0;
	if (result < 0)
		return result;
	vault->clock_ns = unpack_u64(&from);
	if (!unpack_done(&from))
		return err_set(err, TACIT_CORRUPT, "the store's clock is no time");
	return 0;
}

/* What is in a store that `open` opens at `path`. */
static int attach(const struct store_engine *engine,
	int (*open)(const char *path, struct store **store, struct err *err), const char *path,
	struct vault **vault, struct err *err)
{
	struct vault *made = calloc(1, sizeof *made);
	uint32_t version;
	int result;

	if (!made)
		return err_set(err, TACIT_LIMIT, "out of memory");
	made->engine = engine;
	made->written = VAULT_CHECKPOINT_BYTES;
	result = open(path, &made->store, err);
	if (!result)
		result = read_header(made, &version, err);
	if (!result)
		result = read_locked(made, err);
	if (!result)
		result = read_clock(made, err);
	if (result < 0)
		vault_close(made);
	else
		*vault = made;
	return result;
}

int vault_attach(
	const struct store_engine *engine, const char *dir, struct vault **vault, struct err *err)
{
	return attach(engine, engine->open, dir, vault, err);
}

int vault_attach_copy(
	const struct store_engine *engine, const char *path, struct vault **vault, struct err *err)
{
	return attach(engine, engine->open_copy, path, vault, err);
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
	free(vault->anchor_path);
	free(vault);
}

int vault_resume(struct vault *vault, const uint8_t root[SEAL_KEY_BYTES], struct err *err)
{
	uint8_t sealed[KEYRING_SEALED_BYTES];
	struct keyring *ring;
	size_t length;
	int result = vault->engine->get_meta(
		vault->store, VAULT_KEYRING, sealed, sizeof sealed, &length, err);

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
	if (!result && !vault->integrity)
		result = integrity_open(vault, err);
	if (result < 0 && !vault->integrity)
		vault_forget(vault);
	return result;
}

void vault_forget(struct vault *vault)
{
	integrity_close(vault);
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
		result = engine->put_meta(vault->store, VAULT_LOCKED, &byte, 1, err);
	if (!result)
		result = engine->commit(vault->store, err);
	if (result < 0)
		engine->rollback(vault->store);
	else
		vault->written_locked = locked;
	return vault_note_change(vault, result, err);
}

int vault_note_change(struct vault *vault, int result, const struct err *err)
{
	if (!result) {
		if (vault->refusal.code)
			log_info("the store can be written to again");
		vault->refusal = (struct err){ 0 };
	} else if (result == -TACIT_IO && !vault->refusal.code) {
		err_set(&vault->refusal, TACIT_IO, "%s", err ? err->text : "the disk refused");
		log_error("the store is read-only until the disk takes a change: %s",
			vault->refusal.text);
	}
	return result;
}

const struct err *vault_refusal(const struct vault *vault)
{
	return &vault->refusal;
}

int vault_heal(struct vault *vault, struct err *err)
{
	int result = vault->integrity ? integrity_need_anchor(vault, err) : 0;

	return result < 0 ? result : vault_write_locked(vault, vault->written_locked, err);
}

bool vault_can_change(const struct vault *vault)
{
	return vault->ring && vault->integrity && !vault->integrity->damage_count &&
	       !vault->refusal.code;
}

bool vault_is_written_locked(const struct vault *vault)
{
	return vault->written_locked;
}

uint64_t vault_clock(const struct vault *vault)
{
	return vault->clock_ns;
}
