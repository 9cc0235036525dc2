/* SPDX-License-Identifier: Apache-2.0 */
#include "seal/record.h"

#include <sodium.h>
#include <string.h>

#include "seal/internal.h"

#define RECORD_VERSION 1
#define RECORD_LABEL "tacit-record-key"

/* Offsets of FORMAT.md, "Records". */
#define AT_VERSION 4
#define AT_ALGORITHM 5
#define AT_STORE 8
#define AT_KEY_ID 24
#define AT_NONCE 28
#define AT_CIPHER (AT_NONCE + SEAL_NONCE_BYTES)
#define OVERHEAD (AT_CIPHER + SEAL_TAG_BYTES)
#define LENGTH_BYTES 4 /* behind the padding: the length without it */

/* What the associated data adds to the header: where the record belongs. */
#define ASSOCIATED_BYTES (AT_NONCE + 1 + SEAL_ID_BYTES)

/* Far above a value (1 MiB), far below where a size could overflow. */
#define PLAIN_MAX (16u << 20)

static const uint8_t magic[4] = { 't', 'a', 'c', 'r' };

_Static_assert(SEAL_NONCE_BYTES == crypto_aead_xchacha20poly1305_ietf_NPUBBYTES, "nonce");
_Static_assert(SEAL_TAG_BYTES == crypto_aead_xchacha20poly1305_ietf_ABYTES, "tag");
_Static_assert(SEAL_KEY_BYTES == crypto_aead_xchacha20poly1305_ietf_KEYBYTES, "key");

/* The size class of `length` bytes: 64, 256, 1K, 4K, 16K, 64K, 256K, 1M, then whole megabytes. */
static size_t bucket(size_t length)
{
	const size_t step = (size_t)1 << 20;
	size_t size = 64;

	while (size < length && size < step)
		size *= 4;
	return size >= length ? size : (length + step - 1) / step * step;
}

size_t record_sealed_size(size_t length)
{
	return OVERHEAD + bucket(length) + LENGTH_BYTES;
}

size_t record_padded_size(size_t sealed_length)
{
	return sealed_length > OVERHEAD ? sealed_length - OVERHEAD : 0;
}

static void put_u32(uint8_t *at, uint32_t value)
{
	for (int i = 0; i < 4; i++)
		at[i] = (uint8_t)(value >> 8 * i);
}

static uint32_t get_u32(const uint8_t *at)
{
	return at[0] | (uint32_t)at[1] << 8 | (uint32_t)at[2] << 16 | (uint32_t)at[3] << 24;
}

/* The header that a record at `address` has, and behind it the rest of the associated data. */
static void associate(const struct record_address *address, uint8_t associated[ASSOCIATED_BYTES])
{
	memset(associated, 0, ASSOCIATED_BYTES);
	memcpy(associated, magic, sizeof magic);
	associated[AT_VERSION] = RECORD_VERSION;
	associated[AT_ALGORITHM] = SEAL_ALGORITHM;
	memcpy(associated + AT_STORE, address->store_id, SEAL_ID_BYTES);
	put_u32(associated + AT_KEY_ID, address->key_id);
	associated[AT_NONCE] = address->table;
	memcpy(associated + AT_NONCE + 1, address->id, SEAL_ID_BYTES);
}

int record_seal_with_nonce(const uint8_t key[SEAL_KEY_BYTES], const struct record_address *address,
	const uint8_t nonce[SEAL_NONCE_BYTES], const void *plain, size_t length, uint8_t *sealed,
	struct err *err)
{
	uint8_t associated[ASSOCIATED_BYTES], derived[SEAL_KEY_BYTES];
	size_t padded_length = bucket(length) + LENGTH_BYTES;
	uint8_t *padded;

	if (length > PLAIN_MAX)
		return err_set(err, TACIT_TOO_LARGE, "a record has at most %u bytes", PLAIN_MAX);
	padded = seal_alloc(padded_length);
	if (!padded)
		return err_set(err, TACIT_LIMIT, "no memory can be locked");
	memset(padded, 0, padded_length);
	if (length)
		memcpy(padded, plain, length);
	put_u32(padded + padded_length - LENGTH_BYTES, (uint32_t)length);
	associate(address, associated);
	memcpy(sealed, associated, AT_NONCE);
	memcpy(sealed + AT_NONCE, nonce, SEAL_NONCE_BYTES);
	seal_derive(key, RECORD_LABEL, address->table, address->id, derived);
	crypto_aead_xchacha20poly1305_ietf_encrypt(sealed + AT_CIPHER, NULL, padded, padded_length,
		associated, sizeof associated, NULL, nonce, derived);
	seal_wipe(derived, sizeof derived);
	seal_free(padded);
	return 0;
}

int record_seal(const uint8_t key[SEAL_KEY_BYTES], const struct record_address *address,
	const void *plain, size_t length, uint8_t *sealed, struct err *err)
{
	uint8_t nonce[SEAL_NONCE_BYTES];

	seal_random(nonce, sizeof nonce);
	return record_seal_with_nonce(key, address, nonce, plain, length, sealed, err);
}

static int check_head(const uint8_t *sealed, size_t sealed_length, struct err *err)
{
	if (sealed_length <= OVERHEAD + LENGTH_BYTES)
		return err_set(err, TACIT_CORRUPT, "shorter than any record");
	if (memcmp(sealed, magic, sizeof magic) || !sealed[AT_VERSION])
		return err_set(err, TACIT_CORRUPT, "not a record");
	if (sealed[AT_VERSION] > RECORD_VERSION)
		return err_set(err, TACIT_NEWER, "record of format %u; this tacit knows up to %u",
			sealed[AT_VERSION], RECORD_VERSION);
	return 0;
}

int record_key_id(const uint8_t *sealed, size_t sealed_length, uint32_t *key_id, struct err *err)
{
	int result = check_head(sealed, sealed_length, err);

	if (!result)
		*key_id = get_u32(sealed + AT_KEY_ID);
	return result;
}

/* Where the padding begins; TACIT_CORRUPT when a sealer of ours cannot have written it. */
static int find_length(const uint8_t *padded, size_t padded_length, size_t *length, struct err *err)
{
	size_t room = padded_length - LENGTH_BYTES;
	size_t found = get_u32(padded + room);

	if (bucket(found) != room)
		return err_set(err, TACIT_CORRUPT, "its padding is off");
	for (size_t i = found; i < room; i++)
		if (padded[i])
			return err_set(err, TACIT_CORRUPT, "its padding is off");
	*length = found;
	return 0;
}

int record_open(const uint8_t key[SEAL_KEY_BYTES], const struct record_address *address,
	const uint8_t *sealed, size_t sealed_length, uint8_t *plain, size_t room, size_t *length,
	struct err *err)
{
	uint8_t associated[ASSOCIATED_BYTES], derived[SEAL_KEY_BYTES];
	size_t padded_length = record_padded_size(sealed_length);
	int result = check_head(sealed, sealed_length, err);

	if (result < 0)
		return result;
	if (room < padded_length)
		return err_set(err, TACIT_INTERNAL, "no room for the padding");
	associate(address, associated);
	if (memcmp(sealed, associated, AT_NONCE))
		return err_set(err, TACIT_CORRUPT, "it belongs to another store, key or format");
	/* The derived key is on the stack and wiped: locking memory takes longer than opening. */
	seal_derive(key, RECORD_LABEL, address->table, address->id, derived);
	result = crypto_aead_xchacha20poly1305_ietf_decrypt(plain, NULL, NULL, sealed + AT_CIPHER,
		sealed_length - AT_CIPHER, associated, sizeof associated, sealed + AT_NONCE,
		derived);
	seal_wipe(derived, sizeof derived);
	if (result < 0) {
		seal_wipe(plain, padded_length);
		return err_set(err, TACIT_CORRUPT, "authentication failed");
	}
	result = find_length(plain, padded_length, length, err);
	if (result < 0)
		seal_wipe(plain, padded_length);
	else
		memset(plain + padded_length - LENGTH_BYTES, 0, LENGTH_BYTES);
	return result;
}
