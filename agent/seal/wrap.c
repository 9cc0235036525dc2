/* SPDX-License-Identifier: Apache-2.0 */
#include <sodium.h>
#include <string.h>

#include "seal/internal.h"

#define WRAP_VERSION 1
#define WRAP_LABEL "tacit-wrap-key-1"
#define CHECK_LABEL "tacit-wrap-check"

/* Offsets of FORMAT.md, "Wraps". */
#define AT_VERSION 4
#define AT_ALGORITHM 5
#define AT_KIND 6
#define AT_ID 8
#define AT_CHECK 24
#define CHECK_BYTES 16
#define AT_NONCE WRAP_HEAD_BYTES
#define AT_CIPHER (AT_NONCE + SEAL_NONCE_BYTES)

static const uint8_t magic[4] = { 't', 'a', 'c', 'w' };

static void make_head(const uint8_t key[SEAL_KEY_BYTES], enum wrap_kind kind,
	const uint8_t id[SEAL_ID_BYTES], uint8_t head[WRAP_HEAD_BYTES])
{
	uint8_t check[SEAL_KEY_BYTES];

	memset(head, 0, WRAP_HEAD_BYTES);
	memcpy(head, magic, sizeof magic);
	head[AT_VERSION] = WRAP_VERSION;
	head[AT_ALGORITHM] = SEAL_ALGORITHM;
	head[AT_KIND] = (uint8_t)kind;
	memcpy(head + AT_ID, id, SEAL_ID_BYTES);
	seal_derive(key, CHECK_LABEL, (uint8_t)kind, id, check);
	memcpy(head + AT_CHECK, check, CHECK_BYTES);
	seal_wipe(check, sizeof check);
}

void wrap_seal_with_nonce(const uint8_t key[SEAL_KEY_BYTES], enum wrap_kind kind,
	const uint8_t id[SEAL_ID_BYTES], const uint8_t nonce[SEAL_NONCE_BYTES], const void *plain,
	size_t length, uint8_t *wrapped)
{
	uint8_t derived[SEAL_KEY_BYTES];

	make_head(key, kind, id, wrapped);
	memcpy(wrapped + AT_NONCE, nonce, SEAL_NONCE_BYTES);
	seal_derive(key, WRAP_LABEL, (uint8_t)kind, id, derived);
	crypto_aead_xchacha20poly1305_ietf_encrypt(wrapped + AT_CIPHER, NULL, plain, length,
		wrapped, WRAP_HEAD_BYTES, NULL, nonce, derived);
	seal_wipe(derived, sizeof derived);
}

void wrap_seal(const uint8_t key[SEAL_KEY_BYTES], enum wrap_kind kind,
	const uint8_t id[SEAL_ID_BYTES], const void *plain, size_t length, uint8_t *wrapped)
{
	uint8_t nonce[SEAL_NONCE_BYTES];

	seal_random(nonce, sizeof nonce);
	wrap_seal_with_nonce(key, kind, id, nonce, plain, length, wrapped);
}

static int check_head(const uint8_t expected[WRAP_HEAD_BYTES], const uint8_t *wrapped,
	size_t wrapped_length, size_t length, struct err *err)
{
	if (wrapped_length <= AT_VERSION || memcmp(wrapped, magic, sizeof magic) ||
		!wrapped[AT_VERSION])
		return err_set(err, TACIT_CORRUPT, "not a wrapped key");
	if (wrapped[AT_VERSION] > WRAP_VERSION)
		return err_set(err, TACIT_NEWER, "key of format %u; this tacit knows up to %u",
			wrapped[AT_VERSION], WRAP_VERSION);
	if (wrapped_length != length + WRAP_OVERHEAD)
		return err_set(err, TACIT_CORRUPT, "a wrapped key of another size");
	if (memcmp(wrapped, expected, AT_CHECK))
		return err_set(
			err, TACIT_CORRUPT, "it belongs to another store, slot, kind or format");
	if (sodium_memcmp(wrapped + AT_CHECK, expected + AT_CHECK, CHECK_BYTES))
		return err_set(err, TACIT_WRONG_KEY, "it was made for another key");
	return 0;
}

int wrap_open(const uint8_t key[SEAL_KEY_BYTES], enum wrap_kind kind,
	const uint8_t id[SEAL_ID_BYTES], const uint8_t *wrapped, size_t wrapped_length, void *plain,
	size_t length, struct err *err)
{
	uint8_t head[WRAP_HEAD_BYTES], derived[SEAL_KEY_BYTES];
	int result;

	seal_wipe(plain, length);
	make_head(key, kind, id, head);
	result = check_head(head, wrapped, wrapped_length, length, err);
	if (result < 0)
		return result;
	seal_derive(key, WRAP_LABEL, (uint8_t)kind, id, derived);
	result = crypto_aead_xchacha20poly1305_ietf_decrypt(plain, NULL, NULL, wrapped + AT_CIPHER,
		wrapped_length - AT_CIPHER, head, sizeof head, wrapped + AT_NONCE, derived);
	seal_wipe(derived, sizeof derived);
	if (result < 0) {
		seal_wipe(plain, length);
		return err_set(err, TACIT_CORRUPT, "authentication failed");
	}
	return 0;
}
