/* SPDX-License-Identifier: Apache-2.0 */
/* Where the worker has unlock keys from, when no operator gives one: all of it comes through
 * holder, which core waits for, a few seconds at most. A key is 32 bytes of locked memory of the
 * caller's.
 */
#ifndef TACIT_CONTROL_KEY_SOURCE_H
#define TACIT_CONTROL_KEY_SOURCE_H

#include "core/control/core.h"

/* The key of the configured key file. */
int key_file_read(struct core *core, uint8_t key[SEAL_KEY_BYTES], struct err *err);
/* Make the configured key file, with a new key. One that is there is read. */
int key_file_make(struct core *core, uint8_t key[SEAL_KEY_BYTES], struct err *err);

#endif
