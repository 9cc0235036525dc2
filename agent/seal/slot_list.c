/* SPDX-License-Identifier: Apache-2.0 */
#include <sodium.h>
#include <string.h>

#include "seal/internal.h"

#define LIST_VERSION 1
#define LIST_LABEL "tacit-slots-list"
#define HEAD_BYTES 8
#define TAG_BYTES (SLOT_LIST_BYTES - HEAD_BYTES)

static const uint8_t magic[4] = { 't', 'a', 'c', 'l' };

void slot_list_make(const uint8_t store_id[SEAL_ID_BYTES], const struct slot_row rows[SLOT_NUMBERS],
	const uint8_t root[SEAL_KEY_BYTES], uint8_t list[SLOT_LIST_BYTES])
{
	uint8_t key[SEAL_KEY_BYTES], hash[SEAL_KEY_BYTES];
	crypto_generichash_state state;

	memset(list, 0, SLOT_LIST_BYTES);
	memcpy(list, magic, sizeof magic);
	list[4] = LIST_VERSION;
	seal_derive(root, LIST_LABEL, 0, store_id, key);
	crypto_generichash_init(&state, key, sizeof key, TAG_BYTES);
	crypto_generichash_update(&state, list, HEAD_BYTES);
	for (size_t i = 0; i < SLOT_NUMBERS; i++) {
		crypto_generichash(hash, sizeof hash, rows[i].bytes, rows[i].length, NULL, 0);
		crypto_generichash_update(&state, hash, sizeof hash);
	}
	crypto_generichash_final(&state, list + HEAD_BYTES, TAG_BYTES);
	seal_wipe(&state, sizeof state);
	seal_wipe(key, sizeof key);
}

int slot_list_check(const uint8_t store_id[SEAL_ID_BYTES], const struct slot_row rows[SLOT_NUMBERS],
	const uint8_t root[SEAL_KEY_BYTES], const uint8_t *list, size_t length, struct err *err)
{
	uint8_t expected[SLOT_LIST_BYTES];

	if (length < HEAD_BYTES || memcmp(list, magic, sizeof magic) || !list[4])
		return err_set(err, TACIT_CORRUPT, "not a list of key slots");
	if (list[4] > LIST_VERSION)
		return err_set(err, TACIT_NEWER,
			"key slots of format %u; this tacit knows up to %u", list[4], LIST_VERSION);
	slot_list_make(store_id, rows, root, expected);
	if (length != sizeof expected || sodium_memcmp(list, expected, sizeof expected))
		return err_set(err, TACIT_CORRUPT,
			"a key slot was deleted, changed or put back by somebody without the root "
			"key");
	return 0;
}
