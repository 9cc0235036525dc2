/* SPDX-License-Identifier: Apache-2.0 */
/* The only room that sees libsodium: locked memory, keys, sealed records, values in transit.
 * It knows nothing of frames, files' places or the policy. agent/FORMAT.md describes the bytes. */
#ifndef TACIT_SEAL_SEAL_H
#define TACIT_SEAL_SEAL_H

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

#define SEAL_KEY_BYTES 32
#define SEAL_ID_BYTES 16

/* Once per process, before anything else here. */
int seal_start(struct err *err);

/* Whether locked memory really is locked: libsodium says nothing when mlock is refused. Allocates,
 * and compares VmLck of /proc/self/status before and after. TACIT_LIMIT when it is not. */
int seal_check_locked(struct err *err);

/* From now on memory that cannot be locked is given all the same: it may be swapped out. Once per
 * process, before other threads run. */
void seal_allow_swap(void);

void seal_random(void *bytes, size_t length);
void seal_wipe(void *bytes, size_t length);

/* Memory for keys and plaintext: locked, guarded, not in cores, wiped when freed. NULL when the
 * system refuses, even to lock it. seal_free(NULL) does nothing. Thread-safe. */
void *seal_alloc(size_t length);
void seal_free(void *pointer);

/* A keyed 64-bit hash (SipHash-2-4) for identifiers that must be the same in every process. */
uint64_t seal_hash64(const uint8_t key[16], const void *bytes, size_t length);

#endif
