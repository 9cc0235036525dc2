/* SPDX-License-Identifier: Apache-2.0 */
/* Memory that is given back, and wiped, at once: a file's values are in it. */
#ifndef TACIT_COMPOSE_ARENA_H
#define TACIT_COMPOSE_ARENA_H

#include <stddef.h>

struct arena {
	struct arena_block *blocks; /* the newest first */
};

/* `size` bytes, zeroed and aligned for anything; NULL: no memory. */
void *arena_take(struct arena *arena, size_t size);
/* A copy of `length` bytes with a NUL behind it. */
char *arena_text(struct arena *arena, const char *text, size_t length);
/* An array of `count` things of `size` bytes, with room for one more: `items` itself, or a copy of
 * it that is twice as large. Arrays grow one by one from NULL and 0. */
void *arena_grow(struct arena *arena, void *items, size_t count, size_t size);
void arena_clear(struct arena *arena);

#endif
