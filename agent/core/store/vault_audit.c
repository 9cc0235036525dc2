/* SPDX-License-Identifier: Apache-2.0 */
/* The key of the audit log, in a meta row of its own: sealed with a data key, so whoever has the
 * log and not the store's key reads nothing. It is made once and never changed; a row that was
 * taken away is damage of the store as any other. */
#include <string.h>

#include "core/store/integrity_state.h"

/* In the address: of no table, since meta rows have none. */
#define AUDIT_TABLE ((enum store_table)0)
#define AUDIT_SEALED_MAX 256 /* 32 bytes in their smallest bucket, with room to spare */

static const uint8_t audit_id[SEAL_ID_BYTES] = VAULT_AUDIT;

static int open_key(const struct vault *vault, const uint8_t *sealed, size_t length,
	uint8_t key[SEAL_KEY_BYTES], struct err *err)
{
	size_t room = record_padded_size(length), size = 0;
	uint8_t *plain = seal_alloc(room);
	int result;

	if (!plain)
		return err_set(err, TACIT_LIMIT, "no memory can be locked");
	result = vault_open_row(
		vault, AUDIT_TABLE, audit_id, sealed, length, plain, room, &size, err);
	if (!result && size != SEAL_KEY_BYTES)
		result = err_set(err, TACIT_CORRUPT, "it has another length");
	if (!result)
		memcpy(key, plain, SEAL_KEY_BYTES);
	seal_free(plain);
	return result;
}

static int make_key(struct vault *vault, uint8_t key[SEAL_KEY_BYTES], struct err *err)
{
	struct record_address address =
		vault_address(vault, vault->ring->active, AUDIT_TABLE, audit_id);
	uint8_t sealed[AUDIT_SEALED_MAX];
	size_t length = record_sealed_size(SEAL_KEY_BYTES);
	int result;

	_Static_assert(sizeof sealed <= STORE_META_MAX, "it fits a meta row");
	if (length > sizeof sealed)
		return err_set(err, TACIT_INTERNAL, "a sealed key has %zu bytes", length);
	result = vault_begin(vault, err);
	if (result < 0)
		return result;
	seal_random(key, SEAL_KEY_BYTES);
	result = record_seal(keyring_key(vault->ring, vault->ring->active), &address, key,
		SEAL_KEY_BYTES, sealed, err);
	if (!result)
		result = integrity_put_meta(vault, VAULT_AUDIT, sealed, length, err);
	if (!result)
		result = vault_commit(vault, err);
	if (result < 0) {
		vault_rollback(vault);
		seal_wipe(key, SEAL_KEY_BYTES);
	}
	return result;
}

int vault_audit_key(struct vault *vault, uint8_t key[SEAL_KEY_BYTES], struct err *err)
{
	uint8_t sealed[AUDIT_SEALED_MAX];
	size_t length;
	int result;

	if (!vault->ring)
		return err_set(err, TACIT_LOCKED, "the store is locked");
	result = vault->engine->get_meta(
		vault->store, VAULT_AUDIT, sealed, sizeof sealed, &length, err);
	if (!result)
		result = open_key(vault, sealed, length, key, err);
	else if (result == -TACIT_NOT_FOUND)
		result = make_key(vault, key, err);
	return result < 0 ? err_wrap(err, "key of the audit log") : 0;
}

void vault_store_id(const struct vault *vault, uint8_t id[SEAL_ID_BYTES])
{
	memcpy(id, vault->store_id, SEAL_ID_BYTES);
}
