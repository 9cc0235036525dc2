/* SPDX-License-Identifier: Apache-2.0 */
#include "core/store/records.h"

#include <string.h>

#include "base/names.h"

#define LAYOUT 1 /* of both kinds */
#define MODE_BITS 0777

static const uint8_t no_id[SEAL_ID_BYTES];

static int check_versions(const struct secret_record *secret, struct err *err)
{
	uint64_t before = 0;

	if (secret->version_count < 1 || secret->version_count > VAULT_VERSIONS_MAX)
		return err_set(
			err, TACIT_INVALID, "a secret has 1 to %d versions", VAULT_VERSIONS_MAX);
	for (uint32_t i = 0; i < secret->version_count; i++) {
		const struct version_record *version = &secret->versions[i];

		if (version->number <= before)
			return err_set(err, TACIT_INVALID, "its versions are not ascending");
		if (version->size < 1 || version->size > TACIT_VALUE_MAX)
			return err_set(
				err, TACIT_INVALID, "a value has 1 to %u bytes", TACIT_VALUE_MAX);
		before = version->number;
	}
	if (secret->last_number < before)
		return err_set(err, TACIT_INVALID, "its last version is behind the newest");
	return 0;
}

static int check_secret(const struct secret_record *secret, struct err *err)
{
	int result = name_check_secret(secret->name, err);

	return result < 0 ? result : check_versions(secret, err);
}

static int check_grant(const struct grant_record *grant, struct err *err)
{
	bool unbound = !memcmp(grant->secret_id, no_id, sizeof no_id);
	int result = name_check_consumer(grant->consumer, err);

	if (!result)
		result = name_check_file(grant->file, err);
	if (result < 0)
		return result;
	if (grant->mode & ~MODE_BITS)
		return err_set(err, TACIT_INVALID, "a mode has permission bits alone");
	if (unbound != (grant->revoked_ns != 0))
		return err_set(
			err, TACIT_INVALID, "a grant has a secret, and a revoked one has none");
	return 0;
}

static int packed(const struct pack *to, struct err *err)
{
	return to->failed ? err_set(err, TACIT_LIMIT, "out of memory") : 0;
}

int records_pack_secret(const struct secret_record *secret, struct pack *to, struct err *err)
{
	int result = check_secret(secret, err);

	if (result < 0)
		return result;
	pack_u8(to, RECORD_SECRET);
	pack_u8(to, LAYOUT);
	pack_text(to, secret->name);
	pack_u64(to, secret->created_ns);
	pack_u64(to, secret->last_number);
	pack_u32(to, secret->version_count);
	for (uint32_t i = 0; i < secret->version_count; i++) {
		const struct version_record *version = &secret->versions[i];

		pack_u64(to, version->number);
		pack_u64(to, version->created_ns);
		pack_u32(to, version->size);
		pack_u32(to, version->made_by);
		pack_bytes(to, version->value_id, SEAL_ID_BYTES);
	}
	return packed(to, err);
}

int records_pack_grant(const struct grant_record *grant, struct pack *to, struct err *err)
{
	int result = check_grant(grant, err);

	if (result < 0)
		return result;
	pack_u8(to, RECORD_GRANT);
	pack_u8(to, LAYOUT);
	pack_bytes(to, grant->secret_id, SEAL_ID_BYTES);
	pack_text(to, grant->consumer);
	pack_text(to, grant->file);
	pack_u32(to, grant->uid);
	pack_u32(to, grant->gid);
	pack_u16(to, grant->mode);
	pack_u64(to, grant->created_ns);
	pack_u64(to, grant->revoked_ns);
	return packed(to, err);
}

uint8_t records_kind(const uint8_t *bytes, size_t length)
{
	return length ? bytes[0] : 0;
}

/* Kind and layout, before anything that depends on them. */
static int begin(struct unpack *from, enum record_kind kind, struct err *err)
{
	uint8_t found = unpack_u8(from), layout = unpack_u8(from);

	if (from->failed || found != kind || !layout)
		return err_set(err, TACIT_CORRUPT, "not a record of this kind");
	if (layout > LAYOUT)
		return err_set(err, TACIT_NEWER, "record of layout %u; this tacit knows up to %u",
			layout, LAYOUT);
	return 0;
}

/* What a record breaks is the caller's fault going in and the store's coming out. */
static int end(const struct unpack *from, int checked, struct err *err)
{
	if (!unpack_done(from))
		return err_set(err, TACIT_CORRUPT, "its bytes end elsewhere than they should");
	if (checked < 0)
		return err_set(err, TACIT_CORRUPT, "what it says is out of bounds");
	return 0;
}

int records_unpack_secret(const uint8_t id[SEAL_ID_BYTES], const uint8_t *bytes, size_t length,
	struct secret_record *secret, struct err *err)
{
	struct unpack from = { .at = bytes, .left = length };
	int result = begin(&from, RECORD_SECRET, err);

	if (result < 0)
		return result;
	memset(secret, 0, sizeof *secret);
	memcpy(secret->id, id, SEAL_ID_BYTES);
	unpack_text(&from, secret->name, sizeof secret->name);
	secret->created_ns = unpack_u64(&from);
	secret->last_number = unpack_u64(&from);
	secret->version_count = unpack_u32(&from);
	for (uint32_t i = 0; i < secret->version_count && i < VAULT_VERSIONS_MAX; i++) {
		struct version_record *version = &secret->versions[i];

		version->number = unpack_u64(&from);
		version->created_ns = unpack_u64(&from);
		version->size = unpack_u32(&from);
		version->made_by = unpack_u32(&from);
		unpack_bytes(&from, version->value_id, SEAL_ID_BYTES);
	}
	return end(&from, check_secret(secret, NULL), err);
}

int records_unpack_grant(const uint8_t id[SEAL_ID_BYTES], const uint8_t *bytes, size_t length,
	struct grant_record *grant, struct err *err)
{
	struct unpack from = { .at = bytes, .left = length };
	int result = begin(&from, RECORD_GRANT, err);

	if (result < 0)
		return result;
	memset(grant, 0, sizeof *grant);
	memcpy(grant->id, id, SEAL_ID_BYTES);
	unpack_bytes(&from, grant->secret_id, SEAL_ID_BYTES);
	unpack_text(&from, grant->consumer, sizeof grant->consumer);
	unpack_text(&from, grant->file, sizeof grant->file);
	grant->uid = unpack_u32(&from);
	grant->gid = unpack_u32(&from);
	grant->mode = unpack_u16(&from);
	grant->created_ns = unpack_u64(&from);
	grant->revoked_ns = unpack_u64(&from);
	return end(&from, check_grant(grant, NULL), err);
}
