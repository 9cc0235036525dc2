/* SPDX-License-Identifier: Apache-2.0 */
/* Finding stored values in texts without having them: who keeps a value tells, under a key that who
 * searches has chosen for the one search, a hash of its first bytes (cheap: taken at every place of
 * a text) and one of all of it (certain). Values of fewer than FINDHASH_START bytes are not found
 * this way. Pure, thread-safe. */
#ifndef TACIT_SEAL_FINDHASH_H
#define TACIT_SEAL_FINDHASH_H

#include "seal/seal.h"

#define FINDHASH_START 8  /* bytes of a value that the first hash is of */
#define FINDHASH_BYTES 32 /* of the whole hash */

/* The two keys that are derived from the search's. The owner wipes it. */
struct findhash_key {
	uint8_t start[16];
	uint8_t whole[SEAL_KEY_BYTES];
};

void findhash_expand(struct findhash_key *key, const uint8_t search[SEAL_KEY_BYTES]);
/* SipHash-2-4 of the first FINDHASH_START bytes. */
uint64_t findhash_start(const struct findhash_key *key, const void *value);
/* BLAKE2b-256 of all of it. */
void findhash_whole(const struct findhash_key *key, const void *value, size_t length,
	uint8_t whole[FINDHASH_BYTES]);

#endif
