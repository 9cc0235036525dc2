/* SPDX-License-Identifier: Apache-2.0 */
/* The keys of a store, each under the one above it:
 *
 *   unlock key (a key file) -> slot -> root key -> keyring (data keys by number) -> record
 *
 * Several slots may wrap one root key, so unlock keys come and go without touching a record. A slot
 * and a keyring commit to their key by a check value: a wrong key is told from damaged bytes, and
 * no key is found by trying. Pure functions over bytes; thread-safe. */
#ifndef TACIT_SEAL_SLOT_H
#define TACIT_SEAL_SLOT_H

#include "seal/seal.h"

#define SLOT_BYTES 112
#define KEYRING_KEYS_MAX                                                                           \
	16 /* data keys at once: a rotation needs two, the rest is room to be slow */
#define KEYRING_SEALED_BYTES 664

/* The data keys. Belongs in seal_alloc() memory. `keys` is ascending by id, ids begin at 1. */
struct keyring {
	uint32_t active; /* the id of the key that new records are sealed with */
	uint32_t count;  /* 1 to KEYRING_KEYS_MAX */
	struct {
		uint32_t id;
		uint8_t key[SEAL_KEY_BYTES];
	} keys[KEYRING_KEYS_MAX];
};

/* Wrap the root key of the store `store_id` under an unlock key. */
void slot_seal(const uint8_t unlock[SEAL_KEY_BYTES], const uint8_t store_id[SEAL_ID_BYTES],
	const uint8_t root[SEAL_KEY_BYTES], uint8_t slot[SLOT_BYTES]);

/* The root key of a slot. TACIT_WRONG_KEY when `unlock` is not this slot's, TACIT_CORRUPT,
 * TACIT_NEWER. `root` is zero on failure. */
int slot_open(const uint8_t unlock[SEAL_KEY_BYTES], const uint8_t store_id[SEAL_ID_BYTES],
	const uint8_t *slot, size_t length, uint8_t root[SEAL_KEY_BYTES], struct err *err);

/* A keyring of one new, random data key. */
void keyring_start(struct keyring *ring);

/* The key numbered `id`, a part of `ring`; NULL when it is not there. */
const uint8_t *keyring_key(const struct keyring *ring, uint32_t id);

/* TACIT_LIMIT when no memory can be locked for the plaintext. */
int keyring_seal(const uint8_t root[SEAL_KEY_BYTES], const uint8_t store_id[SEAL_ID_BYTES],
	const struct keyring *ring, uint8_t sealed[KEYRING_SEALED_BYTES], struct err *err);

/* TACIT_WRONG_KEY when `root` is another store's, TACIT_CORRUPT, TACIT_NEWER, TACIT_LIMIT. `ring`
 * is zero on failure. */
int keyring_open(const uint8_t root[SEAL_KEY_BYTES], const uint8_t store_id[SEAL_ID_BYTES],
	const uint8_t *sealed, size_t length, struct keyring *ring, struct err *err);

#endif
