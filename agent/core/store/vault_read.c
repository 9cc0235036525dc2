/* SPDX-License-Identifier: Apache-2.0 */
/* The rows of a vault on their way up: opened and checked. */
#include <stdlib.h>
#include <string.h>

#include "core/store/integrity_state.h"
#include "core/store/records_parts.h"

void vault_wrap_id(struct err *err, const char *what, const uint8_t id[SEAL_ID_BYTES])
{
	char hex[2 * SEAL_ID_BYTES + 1];

	records_to_hex(id, SEAL_ID_BYTES, hex);
	err_wrap(err, "%s %s", what, hex);
}

struct record_address vault_address(const struct vault *vault, uint32_t key_id,
	enum store_table table, const uint8_t id[SEAL_ID_BYTES])
{
	struct record_address address = { .key_id = key_id, .table = (uint8_t)table };

	memcpy(address.store_id, vault->store_id, SEAL_ID_BYTES);
	memcpy(address.id, id, SEAL_ID_BYTES);
	return address;
}

int vault_open_row(const struct vault *vault, enum store_table table,
	const uint8_t id[SEAL_ID_BYTES], const uint8_t *sealed, size_t sealed_length,
	uint8_t *plain, size_t room, size_t *length, struct err *err)
{
	struct record_address address;
	const uint8_t *key;
	uint32_t key_id;
	int result;

	if (!vault->ring)
		return err_set(err, TACIT_LOCKED, "the store is locked");
	result = record_key_id(sealed, sealed_length, &key_id, err);
	if (result < 0)
		return result;
	key = keyring_key(vault->ring, key_id);
	if (!key)
		return err_set(err, TACIT_CORRUPT, "it asks for a key the store does not have");
	address = vault_address(vault, key_id, table, id);
	return record_open(key, &address, sealed, sealed_length, plain, room, length, err);
}

size_t vault_plain_room(size_t sealed_length)
{
	return record_padded_size(sealed_length);
}

int vault_open_value(const struct vault *vault, const uint8_t value_id[SEAL_ID_BYTES],
	const uint8_t *sealed, size_t sealed_length, uint8_t *plain, size_t room, size_t *length,
	struct err *err)
{
	int result = vault_open_row(
		vault, STORE_VALUES, value_id, sealed, sealed_length, plain, room, length, err);

	if (result < 0)
		err_wrap(err, "open value");
	return result;
}

struct copy {
	const struct vault *vault;
	uint8_t *bytes;
	size_t length;
};

static int copy_row(void *arg, const uint8_t id[STORE_ID_BYTES], const uint8_t *bytes,
	size_t length, struct err *err)
{
	struct copy *copy = arg;
	const struct vault *vault = copy->vault;

	/* What does not open needs no word here: nobody will open it. */
	if (vault->integrity && !integrity_row_ok(vault, STORE_VALUES, id, bytes, length) &&
		integrity_judge(vault, vault->integrity, STORE_VALUES, id, bytes, length) !=
			VAULT_DAMAGED)
		return err_set(err, TACIT_CORRUPT, "it is not the one of this generation");
	copy->bytes = malloc(length ? length : 1);
	if (!copy->bytes)
		return err_set(err, TACIT_LIMIT, "out of memory");
	memcpy(copy->bytes, bytes, length);
	copy->length = length;
	return 0;
}

int vault_load_value(struct vault *vault, const uint8_t value_id[SEAL_ID_BYTES], uint8_t **sealed,
	size_t *sealed_length, struct err *err)
{
	struct copy copy = { .vault = vault };
	int result = vault->engine->get(vault->store, STORE_VALUES, value_id, copy_row, &copy, err);

	if (result < 0) {
		vault_wrap_id(err, "load value", value_id);
		return result;
	}
	*sealed = copy.bytes;
	*sealed_length = copy.length;
	return 0;
}
