/* SPDX-License-Identifier: Apache-2.0 */
/* What the store knows of the audit log, in a meta row of its own: its key, made once and never
 * changed, and how far the log was when that was last written down. It is sealed with a data key,
 * so whoever has the log and not the store's key reads nothing; a row that was taken away is damage
 * of the store as any other. */
#include <string.h>

#include "base/pack.h"
#include "core/store/integrity_state.h"

/* In the address: of no table, since meta rows have none. */
#define AUDIT_TABLE ((enum store_table)0)
#define AUDIT_PLAIN (SEAL_KEY_BYTES + 8 + 8 + VAULT_LINK_BYTES)
#define AUDIT_SEALED_MAX 512 /* AUDIT_PLAIN in its bucket, with room to spare */

static const uint8_t audit_id[SEAL_ID_BYTES] = VAULT_AUDIT;

/* Into `plain` of AUDIT_PLAIN bytes of locked memory, zeros behind what there is. */
static int open_row(const struct vault *vault, const uint8_t *sealed, size_t length, uint8_t *plain,
	struct err *err)
{
	size_t room = record_padded_size(length), size = 0;
	uint8_t *padded = seal_alloc(room);
	int result;

	if (!padded)
		return err_set(err, TACIT_LIMIT, "no memory can be locked");
	result = vault_open_row(
		vault, AUDIT_TABLE, audit_id, sealed, length, padded, room, &size, err);
	if (!result && size != SEAL_KEY_BYTES && size != AUDIT_PLAIN)
		result = err_set(err, TACIT_CORRUPT, "it has another length");
	memset(plain, 0, AUDIT_PLAIN);
	if (!result)
		memcpy(plain, padded, size);
	seal_free(padded);
	return result;
}

/* As open_row(). */
static int get_row(struct vault *vault, uint8_t *plain, struct err *err)
{
	uint8_t sealed[AUDIT_SEALED_MAX];
	size_t length;
	int result = vault->engine->get_meta(
		vault->store, VAULT_AUDIT, sealed, sizeof sealed, &length, err);

	return result < 0 ? result : open_row(vault, sealed, length, plain, err);
}

/* Within a change. */
static int put_row(struct vault *vault, const uint8_t *plain, size_t length, struct err *err)
{
	struct record_address address =
		vault_address(vault, vault->ring->active, AUDIT_TABLE, audit_id);
	uint8_t sealed[AUDIT_SEALED_MAX];
	size_t size = record_sealed_size(length);
	int result;

	_Static_assert(sizeof sealed <= STORE_META_MAX, "it fits a meta row");
	if (size > sizeof sealed)
		return err_set(err, TACIT_INTERNAL, "a sealed key has %zu bytes", size);
	result = record_seal(keyring_key(vault->ring, vault->ring->active), &address, plain, length,
		sealed, err);
	return result < 0 ? result : integrity_put_meta(vault, VAULT_AUDIT, sealed, size, err);
}

static int make_key(struct vault *vault, uint8_t *key, struct err *err)
{
	int result = vault_begin(vault, err);

	if (result < 0)
		return result;
	seal_random(key, SEAL_KEY_BYTES);
	result = put_row(vault, key, SEAL_KEY_BYTES, err);
	if (!result)
		result = vault_commit(vault, err);
	if (result < 0) {
		vault_rollback(vault);
		seal_wipe(key, SEAL_KEY_BYTES);
	}
	return result;
}

static void read_place(const uint8_t *plain, struct vault_log_place *place)
{
	struct unpack from = { .at = plain + SEAL_KEY_BYTES, .left = AUDIT_PLAIN - SEAL_KEY_BYTES };

	place->file = unpack_u64(&from);
	place->number = unpack_u64(&from);
	unpack_bytes(&from, place->link, sizeof place->link);
}

int vault_audit_key(struct vault *vault, uint8_t key[SEAL_KEY_BYTES], struct vault_log_place *place,
	struct err *err)
{
	uint8_t *plain;
	int result;

	if (!vault->ring)
		return err_set(err, TACIT_LOCKED, "the store is locked");
	plain = seal_alloc(AUDIT_PLAIN);
	if (!plain)
		return err_set(err, TACIT_LIMIT, "no memory can be locked");
	memset(plain, 0, AUDIT_PLAIN);
	result = get_row(vault, plain, err);
	if (result == -TACIT_NOT_FOUND)
		result = make_key(vault, plain, err);
	if (!result) {
		memcpy(key, plain, SEAL_KEY_BYTES);
		read_place(plain, place);
	}
	seal_free(plain);
	return result < 0 ? err_wrap(err, "key of the audit log") : 0;
}

int vault_put_log_place(struct vault *vault, const struct vault_log_place *place, struct err *err)
{
	uint8_t *plain = seal_alloc(AUDIT_PLAIN);
	struct pack to;
	int result = plain ? get_row(vault, plain, err)
			   : err_set(err, TACIT_LIMIT, "no memory can be locked");

	if (!result) {
		to = (struct pack){ .bytes = plain + SEAL_KEY_BYTES,
			.room = AUDIT_PLAIN - SEAL_KEY_BYTES };
		pack_u64(&to, place->file);
		pack_u64(&to, place->number);
		pack_bytes(&to, place->link, sizeof place->link);
		result = put_row(vault, plain, AUDIT_PLAIN, err);
	}
	seal_free(plain);
	return result;
}

void vault_store_id(const struct vault *vault, uint8_t id[SEAL_ID_BYTES])
{
	memcpy(id, vault->store_id, SEAL_ID_BYTES);
}
