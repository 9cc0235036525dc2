/* SPDX-License-Identifier: Apache-2.0 */
#include "seal/findhash.h"

#include <sodium.h>
#include <string.h>

#include "seal/internal.h"

#define LABEL_START "tacit-find-start"
#define LABEL_WHOLE "tacit-find-whole"

void findhash_begin(struct findhash *hash, const uint8_t key[SEAL_KEY_BYTES])
{
	static const uint8_t nothing[SEAL_ID_BYTES];
	uint8_t derived[SEAL_KEY_BYTES];

	seal_derive(key, LABEL_START, 0, nothing, derived);
	memcpy(hash->start, derived, sizeof hash->start);
	seal_derive(key, LABEL_WHOLE, 0, nothing, hash->whole);
	seal_wipe(derived, sizeof derived);
}

uint64_t findhash_start(const struct findhash *hash, const void *value)
{
	return seal_hash64(hash->start, value, FINDHASH_START);
}

void findhash_whole(const struct findhash *hash, const void *value, size_t length,
	uint8_t whole[FINDHASH_BYTES])
{
	crypto_generichash(whole, FINDHASH_BYTES, value, length, hash->whole, sizeof hash->whole);
}
