/* SPDX-License-Identifier: Apache-2.0 */
/* Values on their way to core and back: sealed before they enter any buffer of HTTP, opened after
 * they left it. */
#ifndef TACIT_CLI_TRANSFER_H
#define TACIT_CLI_TRANSFER_H

#include <stddef.h>
#include <stdint.h>

#include "cli/session.h"
#include "seal/transit.h"

/* core's public key: a regular file of root or of this user that nobody else may write.
 * TACIT_UNAVAILABLE when there is none, for then there is no agent. */
int transfer_core_key(const char *root, uint8_t public_key[TRANSIT_PUBLIC_BYTES], struct err *err);

/* POST `bytes`, sealed to core for `context`, to `path`. core's key changes when it starts without
 * its state: on TACIT_STALE the key is read again and the request repeated once. */
int transfer_send(struct session *session, const char *path, const char *context, const void *bytes,
	size_t length, json_t **json, struct err *err);

/* POST a fresh public key to `path` and open the answer into a new seal_alloc() buffer, the
 * caller's to free. */
int transfer_receive(struct session *session, const char *path, const char *context,
	uint8_t **bytes, size_t *length, struct err *err);

#endif
