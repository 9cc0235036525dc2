/* SPDX-License-Identifier: Apache-2.0 */
/* One sealed record: what the store sees. XChaCha20-Poly1305 (libsodium), a random nonce, a key
 * derived per record, and everything that says what and where the record is as associated data.
 * The plaintext is padded to a bucket, so the store learns a size class and not a size. */
#ifndef TACIT_SEAL_RECORD_H
#define TACIT_SEAL_RECORD_H

#include "seal/seal.h"

/* Where a record belongs. A record opened under any other address fails. */
struct record_address {
	uint8_t store_id[SEAL_ID_BYTES];
	uint32_t key_id; /* which data key of the keyring */
	uint8_t table;   /* enum of the store: a value is never a grant */
	uint8_t id[SEAL_ID_BYTES];
};

/* Bytes of the sealed form of `length` bytes (header, nonce, padding and tag included). */
size_t record_sealed_size(size_t length);

/* Seal into `sealed` of record_sealed_size(length) bytes. Thread-safe. */
int record_seal(const uint8_t key[SEAL_KEY_BYTES], const struct record_address *address,
	const void *plain, size_t length, uint8_t *sealed, struct err *err);

/* Open into `plain` of `room` bytes. `room` must be at least record_padded_size(sealed_length), for
 * the padding is opened too; *length is without it. TACIT_CORRUPT when anything does not
 * authenticate, TACIT_NEWER for a format version above ours. Nothing is left in `plain` on failure.
 * Thread-safe. */
int record_open(const uint8_t key[SEAL_KEY_BYTES], const struct record_address *address,
	const uint8_t *sealed, size_t sealed_length, uint8_t *plain, size_t room, size_t *length,
	struct err *err);
size_t record_padded_size(size_t sealed_length);

/* The number of the data key that a sealed record asks for, as its header says (nothing is
 * authenticated yet): what to put into the address. TACIT_CORRUPT, TACIT_NEWER. */
int record_key_id(const uint8_t *sealed, size_t sealed_length, uint32_t *key_id, struct err *err);

#endif
