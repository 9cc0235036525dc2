/* SPDX-License-Identifier: Apache-2.0 */
/* Any bytes as an anchor, and a good anchor with some of its bytes changed and its MAC made good:
 * what is taken packs to the same bytes again, and nothing is taken whose MAC is not. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "core/store/anchor.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length);

static const uint8_t store_id[SEAL_ID_BYTES] = "an id of a store";

#define BODY (ANCHOR_BYTES - SETMAC_BYTES)

static void try_anchor(const struct keyring *ring, const uint8_t *bytes, size_t length)
{
	uint8_t again[ANCHOR_BYTES];
	struct anchor anchor;

	if (anchor_unpack(bytes, length, ring, store_id, &anchor, NULL) < 0)
		return;
	if (length != ANCHOR_BYTES || !keyring_key(ring, anchor.key_id))
		abort();
	anchor_pack(&anchor, ring, store_id, again);
	/* But for what is reserved, and the MAC over it. */
	if (memcmp(again, bytes, 28) || memcmp(again + 32, bytes + 32, BODY - 32))
		abort();
}

static void make_good(const struct keyring *ring, uint8_t bytes[ANCHOR_BYTES])
{
	uint8_t key[SEAL_KEY_BYTES];

	setmac_key(ring->keys[0].key, store_id, key);
	setmac(key, SETMAC_ANCHOR, 0, store_id, bytes, BODY, bytes + BODY);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length)
{
	struct keyring ring = { .active = 1, .count = 1, .keys = { { .id = 1 } } };
	struct anchor anchor = { .key_id = 1, .generation = 7 };
	uint8_t changed[ANCHOR_BYTES];

	if (seal_start(NULL) < 0)
		abort();
	memset(ring.keys[0].key, 7, SEAL_KEY_BYTES);
	try_anchor(&ring, bytes, length);
	anchor_pack(&anchor, &ring, store_id, changed);
	for (size_t i = 0; i + 1 < length; i += 2)
		changed[bytes[i] % ANCHOR_BYTES] ^= bytes[i + 1];
	try_anchor(&ring, changed, sizeof changed);
	make_good(&ring, changed);
	try_anchor(&ring, changed, sizeof changed);
	return 0;
}
