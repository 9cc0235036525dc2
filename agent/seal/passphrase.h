/* SPDX-License-Identifier: Apache-2.0 */
/* A key out of a passphrase: Argon2id (RFC 9106, version 0x13, one lane) through libsodium. Whoever
 * has a copy of the store can guess offline; what slows him is this cost, and the passphrase.
 *
 * A cost comes with the store, whose bytes nobody vouches for before it is open: it is checked
 * against a floor and a ceiling before any memory is taken. The memory Argon2 works in is not
 * locked (a quarter of a GiB of it seldom can be): it holds nothing a passphrase could be read
 * from, but who has all of it can test guesses faster. It lives for one call. */
#ifndef TACIT_SEAL_PASSPHRASE_H
#define TACIT_SEAL_PASSPHRASE_H

#include "seal/seal.h"

#define PASSPHRASE_SALT_BYTES 16

/* Of a new one. Fewer than 8 can be tried through whatever the cost (NIST SP 800-63B); more than
 * 1 KiB is a file that was meant to be a key file. */
#define PASSPHRASE_MIN 8
#define PASSPHRASE_MAX 1024

/* The floor is what libsodium calls interactive: less can be tried through by a few graphics cards.
 * The ceiling is what a host with 2 GiB can give and a person still waits for: a store that
 * somebody wrote to must not take all memory of the machine. */
#define PASSPHRASE_PASSES_MIN 2u
#define PASSPHRASE_PASSES_MAX 10u
#define PASSPHRASE_MEMORY_MIN_KIB (64u << 10)
#define PASSPHRASE_MEMORY_MAX_KIB (1u << 20)

struct passphrase_cost {
	uint32_t passes;
	uint32_t memory_kib;
};

/* For a new slot: 3 passes over 256 MiB, libsodium's "moderate"; most of a second. */
#define PASSPHRASE_COST_DEFAULT ((struct passphrase_cost){ .passes = 3, .memory_kib = 256u << 10 })

/* TACIT_INVALID when a cost is below the floor or above the ceiling; the text says which. */
int passphrase_check_cost(const struct passphrase_cost *cost, struct err *err);

/* TACIT_INVALID unless this can be the passphrase of a new slot: long enough, no longer than
 * PASSPHRASE_MAX. What words are good is not for a program to say. */
int passphrase_check(size_t length, struct err *err);

/* The unlock key. A passphrase is bytes, taken as they are: who reads it from a terminal removes
 * the newline. TACIT_INVALID for a cost out of bounds or a passphrase of no bytes or more than
 * PASSPHRASE_MAX; TACIT_LIMIT when the memory cannot be had. `key` is zero on failure. Takes up to
 * seconds: not for a thread that others wait for. Thread-safe. */
int passphrase_key(const void *passphrase, size_t length, const uint8_t salt[PASSPHRASE_SALT_BYTES],
	const struct passphrase_cost *cost, uint8_t key[SEAL_KEY_BYTES], struct err *err);

#endif
