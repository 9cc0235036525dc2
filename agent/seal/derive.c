/* SPDX-License-Identifier: Apache-2.0 */
#include <sodium.h>
#include <string.h>

#include "seal/internal.h"

void seal_derive(const uint8_t key[SEAL_KEY_BYTES], const char *label, uint8_t what,
	const uint8_t which[SEAL_ID_BYTES], uint8_t derived[SEAL_KEY_BYTES])
{
	uint8_t input[SEAL_LABEL_BYTES + SEAL_CONTEXT_BYTES];

	memcpy(input, label, SEAL_LABEL_BYTES);
	input[SEAL_LABEL_BYTES] = what;
	memcpy(input + SEAL_LABEL_BYTES + 1, which, SEAL_ID_BYTES);
	crypto_generichash(derived, SEAL_KEY_BYTES, input, sizeof input, key, SEAL_KEY_BYTES);
}
