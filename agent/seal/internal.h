/* SPDX-License-Identifier: Apache-2.0 */
/* Private to seal/ and its tests: one derivation for every key, and sealing with a nonce that the
 * caller chose. A nonce used twice under one key gives both plaintexts away: outside the test
 * vectors nothing calls the *_with_nonce functions but their random-nonce namesakes. */
#ifndef TACIT_SEAL_INTERNAL_H
#define TACIT_SEAL_INTERNAL_H

#include "seal/record.h"
#include "seal/seal.h"
#include "seal/slot.h"

#define SEAL_ALGORITHM 1 /* XChaCha20-Poly1305-IETF: the only one of format version 1 */
#define SEAL_NONCE_BYTES 24
#define SEAL_TAG_BYTES 16
#define SEAL_LABEL_BYTES 16
#define SEAL_CONTEXT_BYTES 17 /* one byte that says what, 16 that say which */

/* BLAKE2b-256 keyed with `key` over label | what | which: a key for one purpose alone. `label` has
 * exactly 16 bytes, so no two inputs are alike. The caller wipes `derived`. */
void seal_derive(const uint8_t key[SEAL_KEY_BYTES], const char *label, uint8_t what,
	const uint8_t which[SEAL_ID_BYTES], uint8_t derived[SEAL_KEY_BYTES]);

/* As record_seal(). */
int record_seal_with_nonce(const uint8_t key[SEAL_KEY_BYTES], const struct record_address *address,
	const uint8_t nonce[SEAL_NONCE_BYTES], const void *plain, size_t length, uint8_t *sealed,
	struct err *err);

/* A key or keys under another key (FORMAT.md, "Wraps"). `id` is the store's, or of the wraps within
 * a key slot the slot's. */
#define WRAP_HEAD_BYTES 40 /* associated data: magic ... key check */
#define WRAP_OVERHEAD (WRAP_HEAD_BYTES + SEAL_NONCE_BYTES + SEAL_TAG_BYTES)

enum wrap_kind {
	WRAP_SLOT_KEY = 1, /* the root key under an unlock key: slots of the first layout */
	WRAP_KEYRING,      /* the data keys under the root key */
	WRAP_SLOT_SECRET,  /* a slot's secret key and share under its unlock key */
	WRAP_SLOT_ROOT,    /* the root key under what is agreed with a slot's public key */
	WRAP_SLOT_VOUCHER  /* a slot's share and the hash of the slot under the root key */
};

/* Seal `length` bytes into `wrapped` of length + WRAP_OVERHEAD bytes. */
void wrap_seal_with_nonce(const uint8_t key[SEAL_KEY_BYTES], enum wrap_kind kind,
	const uint8_t id[SEAL_ID_BYTES], const uint8_t nonce[SEAL_NONCE_BYTES], const void *plain,
	size_t length, uint8_t *wrapped);
void wrap_seal(const uint8_t key[SEAL_KEY_BYTES], enum wrap_kind kind,
	const uint8_t id[SEAL_ID_BYTES], const void *plain, size_t length, uint8_t *wrapped);

/* Open into `plain` of exactly `length` bytes. TACIT_WRONG_KEY when the key is another than it was
 * sealed under, TACIT_CORRUPT, TACIT_NEWER. Nothing is left in `plain` on failure. */
int wrap_open(const uint8_t key[SEAL_KEY_BYTES], enum wrap_kind kind,
	const uint8_t id[SEAL_ID_BYTES], const uint8_t *wrapped, size_t wrapped_length, void *plain,
	size_t length, struct err *err);

/* The plaintext of a keyring: u32 active | u32 count | KEYRING_KEYS_MAX times (u32 id | key), one
 * size however many keys there are. */
#define KEYRING_PLAIN_BYTES (KEYRING_SEALED_BYTES - WRAP_OVERHEAD)
void keyring_pack(const struct keyring *ring, uint8_t plain[KEYRING_PLAIN_BYTES]);

/* Offsets in a slot's row, FORMAT.md, "Key slots": from its beginning, */
#define SLOT_AT_VERSION 4
#define SLOT_AT_ALGORITHM 5
#define SLOT_AT_KIND 6
#define SLOT_AT_NUMBER 7
#define SLOT_AT_STORE 8
#define SLOT_AT_ID 24
#define SLOT_HEAD_BYTES 48

/* and from the beginning of its tail, which has one size. */
#define SLOT_SECRET_BYTES 64  /* X25519 secret key | share */
#define SLOT_VOUCHER_BYTES 64 /* share | hash of the row before the voucher */
#define SLOT_AT_PUBLIC 0
#define SLOT_AT_SECRET 32
#define SLOT_AT_EPHEMERAL (SLOT_AT_SECRET + WRAP_OVERHEAD + SLOT_SECRET_BYTES)
#define SLOT_AT_ROOT (SLOT_AT_EPHEMERAL + 32)
#define SLOT_AT_VOUCHER (SLOT_AT_ROOT + WRAP_OVERHEAD + SEAL_KEY_BYTES)
#define SLOT_AT_SUM (SLOT_AT_VOUCHER + WRAP_OVERHEAD + SLOT_VOUCHER_BYTES)
#define SLOT_SUM_BYTES 16
#define SLOT_TAIL_BYTES (SLOT_AT_SUM + SLOT_SUM_BYTES)

/* Begin a row with what `about` says, its tail zero; the beginning of the tail, a part of it. */
uint8_t *slot_row_begin(const uint8_t store_id[SEAL_ID_BYTES], const struct slot_about *about,
	struct slot_row *row, struct err *err);

/* Set the sum over a row whose other bytes are in place. */
void slot_row_end(struct slot_row *row);

#endif
