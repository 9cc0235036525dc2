/* SPDX-License-Identifier: Apache-2.0 */
/* Bytes in a fixed order: little-endian integers, blobs and strings with a length before them.
 * What is stored and what is framed is written and read with these and nothing else. */
#ifndef TACIT_BASE_PACK_H
#define TACIT_BASE_PACK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A buffer that grows. Start with {0}; pack_free() when done. When memory runs out, or `limit` (0 =
 * none) would be passed, `failed` is set and every later put does nothing. */
struct pack {
	uint8_t *bytes;
	size_t length;
	size_t room;
	size_t limit;
	bool failed;
};

void pack_u8(struct pack *pack, uint8_t value);
void pack_u16(struct pack *pack, uint16_t value);
void pack_u32(struct pack *pack, uint32_t value);
void pack_u64(struct pack *pack, uint64_t value);
void pack_bytes(struct pack *pack, const void *bytes, size_t length); /* no length before them */
void pack_blob(struct pack *pack, const void *bytes, size_t length);  /* u32 length, bytes */
void pack_text(struct pack *pack, const char *text); /* u16 length, bytes, no NUL */
void pack_free(struct pack *pack);                   /* wipes, then frees; leaves {0} */

/* A reader over bytes that somebody else owns. After the first read past the end, or the first text
 * that does not fit, `failed` is set and every later read gives zeros. */
struct unpack {
	const uint8_t *at;
	size_t left;
	bool failed;
};

uint8_t unpack_u8(struct unpack *from);
uint16_t unpack_u16(struct unpack *from);
uint32_t unpack_u32(struct unpack *from);
uint64_t unpack_u64(struct unpack *from);
void unpack_bytes(struct unpack *from, void *bytes, size_t length);
/* A blob in place: NULL and 0 when it fails. Lives as long as the bytes read from. */
const uint8_t *unpack_blob(struct unpack *from, size_t *length);
/* A text into `text` of `room` bytes, NUL added. Fails when it does not fit or holds a NUL. */
void unpack_text(struct unpack *from, char *text, size_t room);
/* Nothing failed and nothing is left over. */
bool unpack_done(const struct unpack *from);

#endif
