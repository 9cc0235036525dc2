/* SPDX-License-Identifier: Apache-2.0 */
#include "seal/valuehash.h"

#include <sodium.h>

#include "seal/internal.h"

#define LABEL "tacit-value-hash"
#define HASH_BYTES 16

void valuehash(const uint8_t key[SEAL_KEY_BYTES], const void *value, size_t length,
	char text[VALUEHASH_TEXT])
{
	static const uint8_t nothing[SEAL_ID_BYTES];
	uint8_t derived[SEAL_KEY_BYTES], hash[HASH_BYTES];

	_Static_assert(sodium_base64_ENCODED_LEN(HASH_BYTES,
			       sodium_base64_VARIANT_URLSAFE_NO_PADDING) == VALUEHASH_TEXT,
		"the text has room for it");
	seal_derive(key, LABEL, 0, nothing, derived);
	crypto_generichash(hash, sizeof hash, value, length, derived, sizeof derived);
	seal_wipe(derived, sizeof derived);
	sodium_bin2base64(
		text, VALUEHASH_TEXT, hash, sizeof hash, sodium_base64_VARIANT_URLSAFE_NO_PADDING);
}
