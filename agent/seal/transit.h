/* SPDX-License-Identifier: Apache-2.0 */
/* A value on its way between the command line and core, past the process that speaks HTTP.
 *
 *   sealed = crypto_box_seal( u8 1 | u16 length of context | context | value )       libsodium
 *
 * The context says what the value is for ("create:db_password"); opening refuses any other, so a
 * sealed value cannot be used for another name or another verb than its maker meant. */
#ifndef TACIT_SEAL_TRANSIT_H
#define TACIT_SEAL_TRANSIT_H

#include "seal/seal.h"

#define TRANSIT_PUBLIC_BYTES 32
#define TRANSIT_SECRET_BYTES 32

/* A new X25519 key pair. `secret_key` belongs in seal_alloc() memory or another locked page. */
void transit_make_keys(
	uint8_t public_key[TRANSIT_PUBLIC_BYTES], uint8_t secret_key[TRANSIT_SECRET_BYTES]);

/* Bytes of a sealed value. */
size_t transit_sealed_size(const char *context, size_t length);

/* Seal into `sealed` of transit_sealed_size() bytes. */
int transit_seal(const uint8_t public_key[TRANSIT_PUBLIC_BYTES], const char *context,
	const void *value, size_t length, uint8_t *sealed, struct err *err);

/* Open into a new seal_alloc() buffer, which the caller frees. TACIT_STALE when the value was
 * sealed to another key or damaged (the two cannot be told apart), TACIT_INVALID when its context
 * differs. */
int transit_open(const uint8_t public_key[TRANSIT_PUBLIC_BYTES],
	const uint8_t secret_key[TRANSIT_SECRET_BYTES], const char *context, const uint8_t *sealed,
	size_t sealed_length, uint8_t **value, size_t *length, struct err *err);

#endif
