/* SPDX-License-Identifier: Apache-2.0 */
/* Private to core/store/: the bytes inside a sealed record (FORMAT.md, "Kinds"). Pure functions.
 * Unpacking trusts nothing: what it lets through obeys every bound that vault.h states. */
#ifndef TACIT_STORE_RECORDS_H
#define TACIT_STORE_RECORDS_H

#include "base/pack.h"
#include "core/store/vault.h"

enum record_kind { RECORD_SECRET = 1, RECORD_GRANT = 2 };

/* Above the longest packed record: a secret of 64 versions has 2,840 bytes. */
#define RECORDS_PACKED_MAX 4096

/* TACIT_INVALID when the record breaks a bound; TACIT_LIMIT when memory runs out. The bytes are
 * appended to `to`, which the caller frees (and so wipes) either way. */
int records_pack_secret(const struct secret_record *secret, struct pack *to, struct err *err);
int records_pack_grant(const struct grant_record *grant, struct pack *to, struct err *err);

/* The kind of packed bytes; 0 when there are none. */
uint8_t records_kind(const uint8_t *bytes, size_t length);

/* TACIT_CORRUPT when anything is off, TACIT_NEWER for a layout above ours. `id` is the row's, and
 * goes into the record. The text of an error never quotes the bytes. */
int records_unpack_secret(const uint8_t id[SEAL_ID_BYTES], const uint8_t *bytes, size_t length,
	struct secret_record *secret, struct err *err);
int records_unpack_grant(const uint8_t id[SEAL_ID_BYTES], const uint8_t *bytes, size_t length,
	struct grant_record *grant, struct err *err);

#endif
