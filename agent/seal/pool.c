/* SPDX-License-Identifier: Apache-2.0 */
#include "seal/pool.h"

#include <stdlib.h>

struct seal_pool {
	uint8_t *region;
	uint16_t free[SEAL_POOL_PLACES];
	unsigned int free_count;
};

struct seal_pool *seal_pool_new(void)
{
	struct seal_pool *pool = calloc(1, sizeof *pool);

	if (!pool)
		return NULL;
	pool->region = seal_alloc((size_t)SEAL_POOL_PLACES * SEAL_POOL_PLACE_BYTES);
	if (!pool->region) {
		free(pool);
		return NULL;
	}
	/* Downwards, so that the first places are used over and over. */
	for (unsigned int i = SEAL_POOL_PLACES; i--;)
		pool->free[pool->free_count++] = (uint16_t)i;
	return pool;
}

void seal_pool_free(struct seal_pool *pool)
{
	if (pool)
		seal_free(pool->region);
	free(pool);
}

void *seal_pool_get(struct seal_pool *pool, size_t length)
{
	if (length > SEAL_POOL_PLACE_BYTES || !pool->free_count)
		return seal_alloc(length);
	return pool->region + (size_t)pool->free[--pool->free_count] * SEAL_POOL_PLACE_BYTES;
}

void seal_pool_put(struct seal_pool *pool, void *bytes, size_t length)
{
	uint8_t *at = bytes;

	if (at < pool->region ||
		at >= pool->region + (size_t)SEAL_POOL_PLACES * SEAL_POOL_PLACE_BYTES) {
		seal_free(bytes);
		return;
	}
	seal_wipe(bytes, length);
	pool->free[pool->free_count++] =
		(uint16_t)((size_t)(at - pool->region) / SEAL_POOL_PLACE_BYTES);
}
