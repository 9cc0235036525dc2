/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "base/names.h"
#include "core/store/records_parts.h"

#define LAYOUT 2
#define LAYOUT_WITH_OVERLAP 2 /* the first that says which version is what */

static bool is_kept(const struct secret_record *secret, uint64_t number)
{
	for (uint32_t i = 0; i < secret->version_count; i++)
		if (secret->versions[i].number == number)
			return true;
	return false;
}

/* Which version is what: after the versions have been checked. */
static int check_roles(const struct secret_record *secret, struct err *err)
{
	if (!is_kept(secret, secret->current) ||
		(secret->previous && !is_kept(secret, secret->previous)) ||
		(secret->next && !is_kept(secret, secret->next)))
		return err_set(err, TACIT_INVALID,
			"the current, the previous and the next version are kept ones");
	if (secret->current == secret->previous || secret->current == secret->next ||
		(secret->next && secret->next == secret->previous))
		return err_set(err, TACIT_INVALID,
			"the current, the previous and the next version are three");
	if (secret->previous_until_ns && !secret->previous)
		return err_set(err, TACIT_INVALID, "a previous version that is not there ends");
	return 0;
}

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

	if (!result)
		result = check_versions(secret, err);
	return result < 0 ? result : check_roles(secret, err);
}

int records_pack_secret(const struct secret_record *secret, struct pack *to, struct err *err)
{
	int result = check_secret(secret, err);

	if (result < 0)
		return result;
	records_start(to, RECORD_SECRET, LAYOUT);
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
	pack_u64(to, secret->current);
	pack_u64(to, secret->previous);
	pack_u64(to, secret->next);
	pack_u64(to, secret->previous_until_ns);
	pack_u64(to, secret->current_since_ns);
	return records_packed(to, err);
}

/* In the first layout the newest version was the current one, and there was no other. */
static void unpack_roles(struct unpack *from, uint8_t layout, struct secret_record *secret)
{
	uint32_t count = secret->version_count;

	if (layout < LAYOUT_WITH_OVERLAP) {
		if (count && count <= VAULT_VERSIONS_MAX)
			secret->current = secret->versions[count - 1].number;
		return;
	}
	secret->current = unpack_u64(from);
	secret->previous = unpack_u64(from);
	secret->next = unpack_u64(from);
	secret->previous_until_ns = unpack_u64(from);
	secret->current_since_ns = unpack_u64(from);
}

int records_unpack_secret(const uint8_t id[SEAL_ID_BYTES], const uint8_t *bytes, size_t length,
	struct secret_record *secret, struct err *err)
{
	struct unpack from = { .at = bytes, .left = length };
	uint8_t layout;
	int result = records_begin(&from, RECORD_SECRET, LAYOUT, &layout, err);

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
	unpack_roles(&from, layout, secret);
	return records_end(&from, check_secret(secret, NULL), err);
}
