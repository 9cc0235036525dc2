/* SPDX-License-Identifier: Apache-2.0 */
/* Locked memory for many short-lived small buffers: seal_alloc() takes a dozen system calls, which
 * is more than the rest of opening a secret. One region, divided into places; what is longer than a
 * place, or finds none free, gets a seal_alloc() of its own. Not thread-safe: the owner has a
 * mutex. */
#ifndef TACIT_SEAL_POOL_H
#define TACIT_SEAL_POOL_H

#include "seal/seal.h"

#define SEAL_POOL_PLACES 64
#define SEAL_POOL_PLACE_BYTES 2048 /* a password, a token, a private key; not a keystore */

struct seal_pool;

/* NULL when the system refuses. */
struct seal_pool *seal_pool_new(void);
void seal_pool_free(struct seal_pool *pool); /* nothing of it is in use; NULL does nothing */

/* `length` bytes, aligned for any type; NULL when the system refuses. Given back with the same
 * length, which wipes them. */
void *seal_pool_get(struct seal_pool *pool, size_t length);
void seal_pool_put(struct seal_pool *pool, void *bytes, size_t length);

#endif
