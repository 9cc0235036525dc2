/* SPDX-License-Identifier: Apache-2.0 */
#include "base/pack.h"

#include <stdlib.h>
#include <string.h>

static uint8_t *grow(struct pack *pack, size_t more)
{
	uint8_t *at;

	if (pack->failed)
		return NULL;
	if (more > SIZE_MAX / 2 - pack->length ||
		(pack->limit && pack->length + more > pack->limit)) {
		pack->failed = true;
		return NULL;
	}
	if (pack->length + more > pack->room) {
		size_t room = (pack->length + more) * 2;
		uint8_t *bytes = malloc(room);

		if (!bytes) {
			pack->failed = true;
			return NULL;
		}
		if (pack->length)
			memcpy(bytes, pack->bytes, pack->length);
		if (pack->bytes)
			explicit_bzero(pack->bytes, pack->length);
		free(pack->bytes);
		pack->bytes = bytes;
		pack->room = room;
	}
	at = pack->bytes + pack->length;
	pack->length += more;
	return at;
}

static void put_integer(struct pack *pack, uint64_t value, size_t size)
{
	uint8_t *at = grow(pack, size);

	for (size_t i = 0; at && i < size; i++)
		at[i] = (uint8_t)(value >> 8 * i);
}

void pack_u8(struct pack *pack, uint8_t value)
{
	put_integer(pack, value, 1);
}

void pack_u16(struct pack *pack, uint16_t value)
{
	put_integer(pack, value, 2);
}

void pack_u32(struct pack *pack, uint32_t value)
{
	put_integer(pack, value, 4);
}

void pack_u64(struct pack *pack, uint64_t value)
{
	put_integer(pack, value, 8);
}

void pack_bytes(struct pack *pack, const void *bytes, size_t length)
{
	uint8_t *at = grow(pack, length);

	if (at && length)
		memcpy(at, bytes, length);
}

void pack_blob(struct pack *pack, const void *bytes, size_t length)
{
	if (length > UINT32_MAX) {
		pack->failed = true;
		return;
	}
	pack_u32(pack, (uint32_t)length);
	pack_bytes(pack, bytes, length);
}

void pack_text(struct pack *pack, const char *text)
{
	size_t length = strlen(text);

	if (length > UINT16_MAX) {
		pack->failed = true;
		return;
	}
	pack_u16(pack, (uint16_t)length);
	pack_bytes(pack, text, length);
}

void pack_free(struct pack *pack)
{
	if (pack->bytes)
		explicit_bzero(pack->bytes, pack->room);
	free(pack->bytes);
	*pack = (struct pack){ 0 };
}

static const uint8_t *advance(struct unpack *from, size_t length)
{
	const uint8_t *at = from->at;

	if (from->failed || length > from->left) {
		from->failed = true;
		return NULL;
	}
	from->at += length;
	from->left -= length;
	return at;
}

static uint64_t get_integer(struct unpack *from, size_t size)
{
	const uint8_t *at = advance(from, size);
	uint64_t value = 0;

	for (size_t i = 0; at && i < size; i++)
		value |= (uint64_t)at[i] << 8 * i;
	return value;
}

uint8_t unpack_u8(struct unpack *from)
{
	return (uint8_t)get_integer(from, 1);
}

uint16_t unpack_u16(struct unpack *from)
{
	return (uint16_t)get_integer(from, 2);
}

uint32_t unpack_u32(struct unpack *from)
{
	return (uint32_t)get_integer(from, 4);
}

uint64_t unpack_u64(struct unpack *from)
{
	return get_integer(from, 8);
}

void unpack_bytes(struct unpack *from, void *bytes, size_t length)
{
	const uint8_t *at = advance(from, length);

	if (at)
		memcpy(bytes, at, length);
	else
		memset(bytes, 0, length);
}

const uint8_t *unpack_blob(struct unpack *from, size_t *length)
{
	const uint8_t *at;

	*length = unpack_u32(from);
	at = advance(from, *length);
	if (!at)
		*length = 0;
	return at;
}

void unpack_text(struct unpack *from, char *text, size_t room)
{
	size_t length = unpack_u16(from);
	const uint8_t *at;

	text[0] = '\0';
	if (from->failed || length >= room) {
		from->failed = true;
		return;
	}
	at = advance(from, length);
	if (!at || memchr(at, '\0', length)) {
		from->failed = true;
		return;
	}
	memcpy(text, at, length);
	text[length] = '\0';
}

bool unpack_done(const struct unpack *from)
{
	return !from->failed && !from->left;
}
