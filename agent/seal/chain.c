/* SPDX-License-Identifier: Apache-2.0 */
#include "seal/chain.h"

#include <sodium.h>
#include <string.h>

#include "seal/internal.h"

#define LOG_LABEL "tacit-audit-log1"
#define FILE_LABEL "tacit-audit-file"
#define NEXT_LABEL "tacit-audit-next"
#define STEP_LABEL "tacit-audit-step"
#define SEAL_LABEL "tacit-audit-seal"

_Static_assert(CHAIN_OVERHEAD == SEAL_NONCE_BYTES + SEAL_TAG_BYTES, "overhead");

static const uint8_t nothing[SEAL_ID_BYTES];

void chain_begin(struct chain *chain, const uint8_t key[SEAL_KEY_BYTES],
	const uint8_t id[SEAL_ID_BYTES], uint64_t file)
{
	uint8_t log[SEAL_KEY_BYTES], which[SEAL_ID_BYTES] = { 0 };

	for (int i = 0; i < 8; i++)
		which[i] = (uint8_t)(file >> 8 * i);
	seal_derive(key, LOG_LABEL, 0, id, log);
	seal_derive(log, FILE_LABEL, 0, which, chain->step);
	seal_wipe(log, sizeof log);
}

static void replace_step(struct chain *chain, const char *label)
{
	uint8_t next[SEAL_KEY_BYTES];

	seal_derive(chain->step, label, 0, nothing, next);
	memcpy(chain->step, next, sizeof next);
	seal_wipe(next, sizeof next);
}

void chain_carry_on(struct chain *chain)
{
	replace_step(chain, NEXT_LABEL);
}

/* The item has been written or looked at: its key goes, its link is kept. */
static void advance(struct chain *chain, const void *head, size_t head_length,
	const uint8_t *sealed, size_t sealed_length)
{
	crypto_generichash_state hash;

	replace_step(chain, STEP_LABEL);
	crypto_generichash_init(&hash, NULL, 0, CHAIN_LINK_BYTES);
	crypto_generichash_update(&hash, head, head_length);
	crypto_generichash_update(&hash, sealed, sealed_length);
	crypto_generichash_final(&hash, chain->link, CHAIN_LINK_BYTES);
}

/* The nonce is random although each key seals once: what was torn by a crash is sealed again by the
 * same key, and both may be found on the disk. */
void chain_seal(struct chain *chain, const void *head, size_t head_length, const void *plain,
	size_t length, uint8_t *sealed)
{
	uint8_t key[SEAL_KEY_BYTES];

	seal_derive(chain->step, SEAL_LABEL, 0, nothing, key);
	seal_random(sealed, SEAL_NONCE_BYTES);
	crypto_aead_xchacha20poly1305_ietf_encrypt(sealed + SEAL_NONCE_BYTES, NULL, plain, length,
		head, head_length, NULL, sealed, key);
	seal_wipe(key, sizeof key);
	advance(chain, head, head_length, sealed, length + CHAIN_OVERHEAD);
}

int chain_open(struct chain *chain, const void *head, size_t head_length, const uint8_t *sealed,
	size_t sealed_length, void *plain, struct err *err)
{
	uint8_t key[SEAL_KEY_BYTES];
	int result;

	if (sealed_length < CHAIN_OVERHEAD)
		return err_set(err, TACIT_CORRUPT, "shorter than any item");
	seal_derive(chain->step, SEAL_LABEL, 0, nothing, key);
	result = crypto_aead_xchacha20poly1305_ietf_decrypt(plain, NULL, NULL,
		sealed + SEAL_NONCE_BYTES, sealed_length - SEAL_NONCE_BYTES, head, head_length,
		sealed, key);
	seal_wipe(key, sizeof key);
	advance(chain, head, head_length, sealed, sealed_length);
	if (result < 0) {
		seal_wipe(plain, sealed_length - CHAIN_OVERHEAD);
		return err_set(err, TACIT_CORRUPT, "authentication failed");
	}
	return 0;
}

void chain_check(const void *bytes, size_t length, uint8_t check[CHAIN_CHECK_BYTES])
{
	crypto_generichash(check, CHAIN_CHECK_BYTES, bytes, length, NULL, 0);
}
