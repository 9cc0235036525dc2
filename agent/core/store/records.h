/* SPDX-License-Identifier: Apache-2.0 */
/* Private to core/store/: the bytes inside a sealed record (FORMAT.md, "Kinds"). Pure functions.
 * Unpacking trusts nothing: what it lets through obeys every bound that vault.h states. A file for
 * each kind, records_KIND.c; records.c has what they share (records_parts.h). */
#ifndef TACIT_STORE_RECORDS_H
#define TACIT_STORE_RECORDS_H

#include "base/pack.h"
#include "core/store/vault.h"

enum record_kind {
	RECORD_SECRET = 1,
	RECORD_GRANT,
	RECORD_CONSUMER,
	RECORD_USE,
	RECORD_CONTAINER,
	RECORD_BUNDLE,
	RECORD_SCHEDULE,
	RECORD_HOOK,
	RECORD_TEMPLATE,
	RECORD_KINDS
};

/* Above the longest packed record: a container with all of its labels has 9,517 bytes, a bundle
 * 9,677, a consumer 3,348, a secret 2,879, a use 3,044, a template 4,245. And a size that seal/
 * pads to, so that a record of any length opens into RECORDS_PLAIN_ROOM bytes. */
#define RECORDS_PACKED_MAX (16u << 10)
#define RECORDS_PLAIN_ROOM (RECORDS_PACKED_MAX + 64)

/* TACIT_INVALID when the record breaks a bound; TACIT_LIMIT when memory runs out. The bytes are
 * appended to `to`, which the caller frees (and so wipes) either way. A grant is always written in
 * the newest layout. Of a container no more than container_facts_size() bytes are read. */
int records_pack_secret(const struct secret_record *secret, struct pack *to, struct err *err);
int records_pack_grant(const struct grant_record *grant, struct pack *to, struct err *err);
int records_pack_consumer(const struct consumer_record *consumer, struct pack *to, struct err *err);
int records_pack_use(const struct use_record *use, struct pack *to, struct err *err);
int records_pack_container(
	const struct container_facts *container, struct pack *to, struct err *err);
int records_pack_bundle(const struct bundle_record *bundle, struct pack *to, struct err *err);
int records_pack_schedule(const struct schedule_record *schedule, struct pack *to, struct err *err);
int records_pack_hook(const struct hook_record *hook, struct pack *to, struct err *err);
int records_pack_template(const struct template_record *template, struct pack *to, struct err *err);

/* The kind of packed bytes; 0 when there are none. */
uint8_t records_kind(const uint8_t *bytes, size_t length);

/* TACIT_CORRUPT when anything is off, TACIT_NEWER for a layout above ours. `id` is the row's, and
 * goes into the record. What an older layout does not have is 0. The text of an error never quotes
 * the bytes. */
int records_unpack_secret(const uint8_t id[SEAL_ID_BYTES], const uint8_t *bytes, size_t length,
	struct secret_record *secret, struct err *err);
int records_unpack_grant(const uint8_t id[SEAL_ID_BYTES], const uint8_t *bytes, size_t length,
	struct grant_record *grant, struct err *err);
int records_unpack_consumer(const uint8_t id[SEAL_ID_BYTES], const uint8_t *bytes, size_t length,
	struct consumer_record *consumer, struct err *err);
int records_unpack_use(const uint8_t id[SEAL_ID_BYTES], const uint8_t *bytes, size_t length,
	struct use_record *use, struct err *err);
int records_unpack_container(const uint8_t id[SEAL_ID_BYTES], const uint8_t *bytes, size_t length,
	struct container_facts *container, struct err *err);
int records_unpack_bundle(const uint8_t id[SEAL_ID_BYTES], const uint8_t *bytes, size_t length,
	struct bundle_record *bundle, struct err *err);
int records_unpack_schedule(const uint8_t id[SEAL_ID_BYTES], const uint8_t *bytes, size_t length,
	struct schedule_record *schedule, struct err *err);
int records_unpack_hook(const uint8_t id[SEAL_ID_BYTES], const uint8_t *bytes, size_t length,
	struct hook_record *hook, struct err *err);
int records_unpack_template(const uint8_t id[SEAL_ID_BYTES], const uint8_t *bytes, size_t length,
	struct template_record *template, struct err *err);

/* The id of a container's record. TACIT_INVALID unless container_id_ok(). */
int records_container_id(const char *container_id, uint8_t id[SEAL_ID_BYTES], struct err *err);

#endif
