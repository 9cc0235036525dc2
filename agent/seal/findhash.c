/* SPDX-License-Identifier: Apache-2.0 */
#include "seal/findhash.h"

#include <sodium.h>
#include <string.h>

#include "seal/internal.h"

#define LABEL_START "tacit-find-start"
#define LABEL_WHOLE "tacit-find-whole"

void findhash_expand(struct findhash_key *key, const uint8_t search[SEAL_KEY_BYTES])
{
	static const uint8_t nothing[SEAL_ID_BYTES];
	uint8_t derived[SEAL_KEY_BYTES];

	seal_derive(search, LABEL_START, 0, nothing, derived);
	memcpy(key->start, derived, sizeof key->start);
	seal_derive(search, LABEL_WHOLE, 0, nothing, key->whole);
	seal_wipe(derived, sizeof derived);
}

uint64_t findhash_start(const struct findhash_key *key, const void *value)
{
	return seal_hash64(key->start, value, FINDHASH_START);
}

void findhash_whole(const struct findhash_key *key, const void *value, size_t length,
	uint8_t whole[FINDHASH_BYTES])
{
	crypto_generichash(whole, FINDHASH_BYTES, value, length, key->whole, sizeof key->whole);
}
