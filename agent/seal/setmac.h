/* SPDX-License-Identifier: Apache-2.0 */
/* The tags that bind the rows of a store together: who can write the database but has no key can
 * neither change, drop, swap nor put back a row, nor mix rows of two times.
 *
 *   row -> list of a group (table, id, tag of each row) -> root (generation, tag of each list) ->
 * MAC
 *
 * Every tag is keyed BLAKE2b over a fixed 18 bytes that say what it is of, and then the bytes. As
 * long as that is a pseudorandom function, a set of rows, lists and a root that check out and were
 * never written together need one tag of 128 bits or the MAC of 256 to be guessed, one guess per
 * opening of the store: this is the hash tree of Merkle (CRYPTO '87), of two levels, with a MAC for
 * its root, and its argument is his.
 *
 * Sums of row hashes (MSet-Add-Hash: Clarke, Devadas, van Dijk, Gassend, Suh, ASIACRYPT 2003) would
 * make a commit O(1) in the rows of the store. They are not used because a sum only says that
 * something differs; the list says which row it is, so that the others can go on being served.
 * And a sum would have to be kept secret: whoever knows the hashes of many old rows can look for
 * other rows of the same sum (Wagner, CRYPTO 2002), which tags that are never added do not allow.
 *
 * Pure; thread-safe. */
#ifndef TACIT_SEAL_SETMAC_H
#define TACIT_SEAL_SETMAC_H

#include <stdbool.h>

#include "seal/seal.h"

#define SETMAC_TAG_BYTES 16 /* of a row, a list, a meta row: the first bytes of its MAC */
#define SETMAC_BYTES 32     /* of the root and of the anchor */

/* What a MAC is of. The numbers are in the format. */
enum setmac_of { SETMAC_ROW = 1, SETMAC_LIST, SETMAC_META, SETMAC_ROOT, SETMAC_ANCHOR };

/* The key of all of them, from a data key of the store. It belongs in locked memory. */
void setmac_key(const uint8_t data_key[SEAL_KEY_BYTES], const uint8_t store_id[SEAL_ID_BYTES],
	uint8_t key[SEAL_KEY_BYTES]);

/* The MAC of `length` bytes. `part` and `which` say which row, list or meta row they are. */
void setmac(const uint8_t key[SEAL_KEY_BYTES], enum setmac_of of, uint8_t part,
	const uint8_t which[SEAL_ID_BYTES], const void *bytes, size_t length,
	uint8_t mac[SETMAC_BYTES]);

/* The first SETMAC_TAG_BYTES of it. */
void setmac_tag(const uint8_t key[SEAL_KEY_BYTES], enum setmac_of of, uint8_t part,
	const uint8_t which[SEAL_ID_BYTES], const void *bytes, size_t length,
	uint8_t tag[SETMAC_TAG_BYTES]);

/* Whether two MACs are the same, in a time that does not tell where they differ. */
bool setmac_equal(const uint8_t one[SETMAC_BYTES], const uint8_t other[SETMAC_BYTES]);

#endif
