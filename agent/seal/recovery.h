/* SPDX-License-Identifier: Apache-2.0 */
/* A recovery key: printed once, kept on paper, typed in by a person on a bad day.
 *
 *     tacit1-qpzr-y9x8-gf2t-vdw0-s3jn-54kh-ce6m-ua7l
 *
 * 128 random bits in Bech32m (BIP 350), its human-readable part `tacit`: 26 characters of an
 * alphabet without 1, b, i and o, and 6 of a checksum. A BCH code and not a hash: within this
 * length any four wrong characters, and so any one, and any two of them swapped wherever they
 * stand, are found with certainty, and all else but for one in 2^30. It is a published standard
 * with vectors and readers in every language. What a person adds is taken: groups may be parted by
 * '-', spaces and newlines in any way, and capitals count as small letters. Nothing is corrected: a
 * guess at a key is for the person who has the paper. */
#ifndef TACIT_SEAL_RECOVERY_H
#define TACIT_SEAL_RECOVERY_H

#include "seal/seal.h"

#define RECOVERY_SECRET_BYTES 16
#define RECOVERY_TEXT_BYTES 46 /* of recovery_format(): "tacit1" and 8 groups of "-" and 4 */
#define RECOVERY_INPUT_MAX 256 /* what a person may type; the rest of it are separators */

/* The text of a secret, with a NUL and no newline. */
void recovery_format(
	const uint8_t secret[RECOVERY_SECRET_BYTES], char text[RECOVERY_TEXT_BYTES + 1]);

/* The secret of a text. TACIT_INVALID, and `secret` is zero: what is wrong with it is said (its
 * length, a character that is none of the alphabet, the check), never what stood there. */
int recovery_parse(
	const char *text, size_t length, uint8_t secret[RECOVERY_SECRET_BYTES], struct err *err);

/* The unlock key that a secret stands for. It is random, so no cost is put upon it. */
void recovery_key(const uint8_t secret[RECOVERY_SECRET_BYTES], uint8_t key[SEAL_KEY_BYTES]);

#endif
