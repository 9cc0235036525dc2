/* SPDX-License-Identifier: Apache-2.0 */
/* The file outside the store that says how far the store was (FORMAT.md, "Anchor").
 *
 * MUST lie where whoever can write the store cannot: on the same disk, owned by the same user, it
 * tells accidents (a restored backup, a snapshot put back) and nothing else.
 * MUST NOT be written before the commit it speaks of is durable. */
#ifndef TACIT_STORE_ANCHOR_H
#define TACIT_STORE_ANCHOR_H

#include "seal/setmac.h"
#include "seal/slot.h"

#define ANCHOR_BYTES 104
#define ANCHOR_PATH_MAX 512 /* bytes of its path with the NUL */

struct anchor {
	uint32_t key_id;            /* which data key its MAC is made with */
	uint64_t generation;        /* of the store */
	uint8_t root[SETMAC_BYTES]; /* the MAC of the store's root at that generation */
};

/* Pure: the bytes of an anchor, and back. TACIT_CORRUPT, TACIT_NEWER; TACIT_WRONG_KEY when it is
 * another store's, or made with a key the ring does not have. */
void anchor_pack(const struct anchor *anchor, const struct keyring *ring,
	const uint8_t store_id[SEAL_ID_BYTES], uint8_t bytes[ANCHOR_BYTES]);
int anchor_unpack(const uint8_t *bytes, size_t length, const struct keyring *ring,
	const uint8_t store_id[SEAL_ID_BYTES], struct anchor *anchor, struct err *err);

/* As anchor_unpack(); TACIT_NOT_FOUND, TACIT_IO. */
int anchor_read(const char *path, const struct keyring *ring, const uint8_t store_id[SEAL_ID_BYTES],
	struct anchor *anchor, struct err *err);

/* Replace the file: a new one beside it ("PATH.new", 0600), synced, renamed over it, and the
 * directory synced. Whatever happens, the old one or the new one is there, whole. TACIT_IO,
 * TACIT_DENIED. */
int anchor_write(const char *path, const struct anchor *anchor, const struct keyring *ring,
	const uint8_t store_id[SEAL_ID_BYTES], struct err *err);

#endif
