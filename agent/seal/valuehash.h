/* SPDX-License-Identifier: Apache-2.0 */
/* A keyed hash of a value: tells whether two values are the same, to whoever has the key, and
 * nobody can try guesses against it who has not. BLAKE2b-128 under a key derived from the audit
 * log's (FORMAT.md, "Hash of a value"). Pure, thread-safe. */
#ifndef TACIT_SEAL_VALUEHASH_H
#define TACIT_SEAL_VALUEHASH_H

#include "seal/seal.h"

#define VALUEHASH_TEXT 23 /* base64url of 16 bytes, and a NUL: a word of an audit record */

void valuehash(const uint8_t key[SEAL_KEY_BYTES], const void *value, size_t length,
	char text[VALUEHASH_TEXT]);

#endif
