/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "base/pack.h"
#include "seal/internal.h"
#include "seal/slot.h"

_Static_assert(KEYRING_PLAIN_BYTES == 8 + KEYRING_KEYS_MAX * (4 + SEAL_KEY_BYTES), "a keyring");

void keyring_start(struct keyring *ring)
{
	memset(ring, 0, sizeof *ring);
	ring->active = 1;
	ring->count = 1;
	ring->keys[0].id = 1;
	seal_random(ring->keys[0].key, SEAL_KEY_BYTES);
}

const uint8_t *keyring_key(const struct keyring *ring, uint32_t id)
{
	for (uint32_t i = 0; i < ring->count; i++)
		if (ring->keys[i].id == id)
			return ring->keys[i].key;
	return NULL;
}

static uint8_t *put_u32(uint8_t *at, uint32_t value)
{
	for (int i = 0; i < 4; i++)
		*at++ = (uint8_t)(value >> 8 * i);
	return at;
}

void keyring_pack(const struct keyring *ring, uint8_t plain[KEYRING_PLAIN_BYTES])
{
	uint8_t *at = put_u32(put_u32(plain, ring->active), ring->count);

	memset(at, 0, KEYRING_PLAIN_BYTES - 8);
	for (uint32_t i = 0; i < ring->count; i++) {
		at = put_u32(at, ring->keys[i].id);
		memcpy(at, ring->keys[i].key, SEAL_KEY_BYTES);
		at += SEAL_KEY_BYTES;
	}
}

int keyring_seal(const uint8_t root[SEAL_KEY_BYTES], const uint8_t store_id[SEAL_ID_BYTES],
	const struct keyring *ring, uint8_t sealed[KEYRING_SEALED_BYTES], struct err *err)
{
	uint8_t *plain = seal_alloc(KEYRING_PLAIN_BYTES);

	if (!plain)
		return err_set(err, TACIT_LIMIT, "no memory can be locked");
	keyring_pack(ring, plain);
	wrap_seal(root, WRAP_KEYRING, store_id, plain, KEYRING_PLAIN_BYTES, sealed);
	seal_free(plain);
	return 0;
}

static int unpack_ring(const uint8_t *plain, struct keyring *ring, struct err *err)
{
	struct unpack from = { .at = plain, .left = KEYRING_PLAIN_BYTES };
	uint32_t last = 0;

	ring->active = unpack_u32(&from);
	ring->count = unpack_u32(&from);
	if (!ring->count || ring->count > KEYRING_KEYS_MAX)
		return err_set(err, TACIT_CORRUPT, "it counts %u keys", ring->count);
	for (uint32_t i = 0; i < ring->count; i++) {
		ring->keys[i].id = unpack_u32(&from);
		unpack_bytes(&from, ring->keys[i].key, SEAL_KEY_BYTES);
		if (ring->keys[i].id <= last)
			return err_set(err, TACIT_CORRUPT, "its keys are not in order");
		last = ring->keys[i].id;
	}
	if (!keyring_key(ring, ring->active))
		return err_set(err, TACIT_CORRUPT, "it has no active key");
	return 0;
}

int keyring_open(const uint8_t root[SEAL_KEY_BYTES], const uint8_t store_id[SEAL_ID_BYTES],
	const uint8_t *sealed, size_t length, struct keyring *ring, struct err *err)
{
	uint8_t *plain = seal_alloc(KEYRING_PLAIN_BYTES);
	int result;

	memset(ring, 0, sizeof *ring);
	if (!plain)
		return err_set(err, TACIT_LIMIT, "no memory can be locked");
	result = wrap_open(
		root, WRAP_KEYRING, store_id, sealed, length, plain, KEYRING_PLAIN_BYTES, err);
	if (!result)
		result = unpack_ring(plain, ring, err);
	seal_free(plain);
	if (result < 0) {
		seal_wipe(ring, sizeof *ring);
		err_wrap(err, "open keyring");
	}
	return result;
}
