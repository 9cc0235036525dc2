/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/compose/arena.h"

#include <stdalign.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

/* A usual compose file fits into one. */
#define BLOCK_SIZE 65536

struct arena_block {
	struct arena_block *next;
	size_t size, used;
	alignas(max_align_t) unsigned char bytes[];
};

static size_t aligned(size_t size)
{
	return (size + alignof(max_align_t) - 1) & ~(alignof(max_align_t) - 1);
}

void *arena_take(struct arena *arena, size_t size)
{
	struct arena_block *block = arena->blocks;
	void *taken;

	if (size > SIZE_MAX / 2)
		return NULL;
	size = aligned(size);
	if (!block || block->size - block->used < size) {
		size_t room = size > BLOCK_SIZE ? size : BLOCK_SIZE;

		block = calloc(1, sizeof *block + room);
		if (!block)
			return NULL;
		block->size = room;
		block->next = arena->blocks;
		arena->blocks = block;
	}
	taken = block->bytes + block->used;
	block->used += size;
	return taken;
}

char *arena_text(struct arena *arena, const char *text, size_t length)
{
	char *copy = arena_take(arena, length + 1);

	if (copy && length)
		memcpy(copy, text, length);
	return copy;
}

void *arena_grow(struct arena *arena, void *items, size_t count, size_t size)
{
	void *grown;

	/* The room there is follows from the count: 4, 8, 16... */
	if (count && (count < 4 || (count & (count - 1))))
		return items;
	grown = arena_take(arena, (count ? 2 * count : 4) * size);
	if (grown && count)
		memcpy(grown, items, count * size);
	return grown;
}

void arena_clear(struct arena *arena)
{
	struct arena_block *block = arena->blocks;

	while (block) {
		struct arena_block *next = block->next;

		explicit_bzero(block->bytes, block->used);
		free(block);
		block = next;
	}
	arena->blocks = NULL;
}
