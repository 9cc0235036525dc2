/* SPDX-License-Identifier: Apache-2.0 */
#include "seal/setmac.h"

#include <sodium.h>
#include <string.h>

#include "seal/internal.h"

#define LABEL "tacit-integrity-"
#define HEAD_BYTES (2 + SEAL_ID_BYTES) /* of, part, which */

void setmac_key(const uint8_t data_key[SEAL_KEY_BYTES], const uint8_t store_id[SEAL_ID_BYTES],
	uint8_t key[SEAL_KEY_BYTES])
{
	seal_derive(data_key, LABEL, 0, store_id, key);
}

void setmac(const uint8_t key[SEAL_KEY_BYTES], enum setmac_of of, uint8_t part,
	const uint8_t which[SEAL_ID_BYTES], const void *bytes, size_t length,
	uint8_t mac[SETMAC_BYTES])
{
	crypto_generichash_state state;
	uint8_t head[HEAD_BYTES] = { (uint8_t)of, part };

	memcpy(head + 2, which, SEAL_ID_BYTES);
	crypto_generichash_init(&state, key, SEAL_KEY_BYTES, SETMAC_BYTES);
	crypto_generichash_update(&state, head, sizeof head);
	crypto_generichash_update(&state, bytes, length);
	crypto_generichash_final(&state, mac, SETMAC_BYTES);
	seal_wipe(&state, sizeof state);
}

void setmac_tag(const uint8_t key[SEAL_KEY_BYTES], enum setmac_of of, uint8_t part,
	const uint8_t which[SEAL_ID_BYTES], const void *bytes, size_t length,
	uint8_t tag[SETMAC_TAG_BYTES])
{
	uint8_t mac[SETMAC_BYTES];

	setmac(key, of, part, which, bytes, length, mac);
	memcpy(tag, mac, SETMAC_TAG_BYTES);
}

bool setmac_equal(const uint8_t one[SETMAC_BYTES], const uint8_t other[SETMAC_BYTES])
{
	return !sodium_memcmp(one, other, SETMAC_BYTES);
}
