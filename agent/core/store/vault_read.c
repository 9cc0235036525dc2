/* SPDX-License-Identifier: Apache-2.0 */
/* The rows of a vault on their way up: opened and checked. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/store/records.h"
#include "core/store/vault_state.h"

#define HEX_ROOM (2 * SEAL_ID_BYTES + 1)

static void hex_of(const uint8_t id[SEAL_ID_BYTES], char text[HEX_ROOM])
{
	for (size_t i = 0; i < SEAL_ID_BYTES; i++)
		snprintf(text + 2 * i, 3, "%02x", id[i]);
}

struct record_address vault_address(const struct vault *vault, uint32_t key_id,
	enum store_table table, const uint8_t id[SEAL_ID_BYTES])
{
	struct record_address address = { .key_id = key_id, .table = (uint8_t)table };

	memcpy(address.store_id, vault->store_id, SEAL_ID_BYTES);
	memcpy(address.id, id, SEAL_ID_BYTES);
	return address;
}

/* Open a row of `table`. No I/O; reads what never changes in an open vault. */
static int open_row(const struct vault *vault, enum store_table table,
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
	int result = open_row(
		vault, STORE_VALUES, value_id, sealed, sealed_length, plain, room, length, err);

	if (result < 0)
		err_wrap(err, "open value");
	return result;
}

/* A walk over the records: what to call, and locked memory for one record at a time. */
struct walk {
	struct vault *vault;
	vault_secret_fn *on_secret;
	vault_grant_fn *on_grant;
	void *arg;
	struct walk_room {
		union {
			struct secret_record secret;
			struct grant_record grant;
		};
		uint8_t plain[RECORDS_PACKED_MAX + 64]; /* the record with its padding */
	} * room;
};

static int name_row(const uint8_t id[SEAL_ID_BYTES], struct err *err, int result)
{
	char hex[HEX_ROOM];

	hex_of(id, hex);
	err_wrap(err, "record %s", hex);
	return result;
}

static int walk_row(void *arg, const uint8_t id[STORE_ID_BYTES], const uint8_t *bytes,
	size_t length, struct err *err)
{
	struct walk *walk = arg;
	struct walk_room *room = walk->room;
	size_t used;
	int result;

	if (record_padded_size(length) > sizeof room->plain)
		return name_row(id, err, err_set(err, TACIT_CORRUPT, "longer than any record"));
	result = open_row(walk->vault, STORE_RECORDS, id, bytes, length, room->plain,
		sizeof room->plain, &used, err);
	if (result < 0)
		return name_row(id, err, result);
	if (records_kind(room->plain, used) == RECORD_GRANT) {
		result = records_unpack_grant(id, room->plain, used, &room->grant, err);
		return result < 0 ? name_row(id, err, result)
				  : walk->on_grant(walk->arg, &room->grant, err);
	}
	result = records_unpack_secret(id, room->plain, used, &room->secret, err);
	return result < 0 ? name_row(id, err, result)
			  : walk->on_secret(walk->arg, &room->secret, err);
}

int vault_each(struct vault *vault, vault_secret_fn *on_secret, vault_grant_fn *on_grant, void *arg,
	struct err *err)
{
	struct walk walk = { vault, on_secret, on_grant, arg, NULL };
	int result;

	if (!vault->ring)
		return err_set(err, TACIT_LOCKED, "the store is locked");
	walk.room = seal_alloc(sizeof *walk.room);
	if (!walk.room)
		return err_set(err, TACIT_LIMIT, "no memory can be locked");
	result = vault->engine->each(vault->store, STORE_RECORDS, walk_row, &walk, err);
	seal_free(walk.room);
	return result;
}

struct copy {
	uint8_t *bytes;
	size_t length;
};

static int copy_row(void *arg, const uint8_t id[STORE_ID_BYTES], const uint8_t *bytes,
	size_t length, struct err *err)
{
	struct copy *copy = arg;

	(void)id;
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
	struct copy copy = { 0 };
	int result = vault->engine->get(vault->store, STORE_VALUES, value_id, copy_row, &copy, err);

	if (result < 0) {
		char hex[HEX_ROOM];

		hex_of(value_id, hex);
		err_wrap(err, "load value %s", hex);
		return result;
	}
	*sealed = copy.bytes;
	*sealed_length = copy.length;
	return 0;
}
