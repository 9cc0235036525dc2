/* SPDX-License-Identifier: Apache-2.0 */
#include "seal/passphrase.h"

#include <sodium.h>

_Static_assert(PASSPHRASE_SALT_BYTES == crypto_pwhash_argon2id_SALTBYTES, "salt");

int passphrase_check_cost(const struct passphrase_cost *cost, struct err *err)
{
	if (cost->passes < PASSPHRASE_PASSES_MIN || cost->passes > PASSPHRASE_PASSES_MAX)
		return err_set(err, TACIT_INVALID, "a passphrase takes %u to %u passes",
			PASSPHRASE_PASSES_MIN, PASSPHRASE_PASSES_MAX);
	if (cost->memory_kib < PASSPHRASE_MEMORY_MIN_KIB ||
		cost->memory_kib > PASSPHRASE_MEMORY_MAX_KIB)
		return err_set(err, TACIT_INVALID, "a passphrase takes %u to %u MiB of memory",
			PASSPHRASE_MEMORY_MIN_KIB >> 10, PASSPHRASE_MEMORY_MAX_KIB >> 10);
	return 0;
}

int passphrase_check(size_t length, struct err *err)
{
	if (length < PASSPHRASE_MIN || length > PASSPHRASE_MAX)
		return err_set(err, TACIT_INVALID, "a passphrase has %d to %d bytes",
			PASSPHRASE_MIN, PASSPHRASE_MAX);
	return 0;
}

int passphrase_key(const void *passphrase, size_t length, const uint8_t salt[PASSPHRASE_SALT_BYTES],
	const struct passphrase_cost *cost, uint8_t key[SEAL_KEY_BYTES], struct err *err)
{
	int result = passphrase_check_cost(cost, err);

	seal_wipe(key, SEAL_KEY_BYTES);
	if (result < 0)
		return result;
	if (!length || length > PASSPHRASE_MAX)
		return err_set(err, TACIT_INVALID, "a passphrase has at most %d bytes, and one",
			PASSPHRASE_MAX);
	if (crypto_pwhash_argon2id(key, SEAL_KEY_BYTES, passphrase, length, salt, cost->passes,
		    (size_t)cost->memory_kib << 10, crypto_pwhash_argon2id_ALG_ARGON2ID13) < 0) {
		seal_wipe(key, SEAL_KEY_BYTES);
		return err_set(err, TACIT_LIMIT,
			"there are not the %u MiB of memory that the passphrase takes",
			cost->memory_kib >> 10);
	}
	return 0;
}
