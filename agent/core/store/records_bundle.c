/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "base/names.h"
#include "core/store/records_parts.h"

#define LAYOUT 1

static const uint8_t no_id[SEAL_ID_BYTES];

static bool is_removed(const struct bundle_record *bundle, uint32_t member)
{
	return !memcmp(bundle->members[member], no_id, sizeof no_id);
}

static int check_members(const struct bundle_record *bundle, struct err *err)
{
	uint32_t living = 0;

	if (bundle->member_count < 1 || bundle->member_count > VAULT_MEMBERS_MAX)
		return err_set(
			err, TACIT_INVALID, "a bundle has 1 to %d members", VAULT_MEMBERS_MAX);
	for (uint32_t i = 0; i < bundle->member_count; i++) {
		if (is_removed(bundle, i))
			continue;
		living++;
		for (uint32_t other = 0; other < i; other++)
			if (!memcmp(bundle->members[i], bundle->members[other], SEAL_ID_BYTES))
				return err_set(err, TACIT_INVALID, "a secret is a member once");
	}
	return living ? 0 : err_set(err, TACIT_INVALID, "a bundle has a member that lives");
}

/* After the members have been checked. The current generation is of those that live. */
static int check_generations(const struct bundle_record *bundle, struct err *err)
{
	const struct bundle_generation *current;
	uint64_t before = 0;

	if (bundle->generation_count < 1 || bundle->generation_count > VAULT_GENERATIONS_MAX)
		return err_set(err, TACIT_INVALID, "of a bundle 1 to %d generations are kept",
			VAULT_GENERATIONS_MAX);
	for (uint32_t i = 0; i < bundle->generation_count; i++) {
		if (bundle->generations[i].number <= before)
			return err_set(err, TACIT_INVALID, "its generations are not ascending");
		before = bundle->generations[i].number;
	}
	current = &bundle->generations[bundle->generation_count - 1];
	for (uint32_t i = 0; i < bundle->member_count; i++)
		if (is_removed(bundle, i) != !current->versions[i])
			return err_set(err, TACIT_INVALID,
				"the current generation has a version of each member, and of no "
				"other");
	return 0;
}

static int check_bundle(const struct bundle_record *bundle, struct err *err)
{
	int result = name_check_bundle(bundle->name, err);

	if (!result)
		result = check_members(bundle, err);
	return result < 0 ? result : check_generations(bundle, err);
}

int records_pack_bundle(const struct bundle_record *bundle, struct pack *to, struct err *err)
{
	int result = check_bundle(bundle, err);

	if (result < 0)
		return result;
	records_start(to, RECORD_BUNDLE, LAYOUT);
	pack_text(to, bundle->name);
	pack_u64(to, bundle->created_ns);
	pack_u8(to, (uint8_t)bundle->member_count);
	for (uint32_t i = 0; i < bundle->member_count; i++)
		pack_bytes(to, bundle->members[i], SEAL_ID_BYTES);
	pack_u8(to, (uint8_t)bundle->generation_count);
	for (uint32_t i = 0; i < bundle->generation_count; i++) {
		const struct bundle_generation *generation = &bundle->generations[i];

		pack_u64(to, generation->number);
		pack_u64(to, generation->created_ns);
		for (uint32_t member = 0; member < bundle->member_count; member++)
			pack_u64(to, generation->versions[member]);
	}
	return records_packed(to, err);
}

static void unpack_generation(
	struct unpack *from, uint32_t members, struct bundle_generation *generation)
{
	generation->number = unpack_u64(from);
	generation->created_ns = unpack_u64(from);
	for (uint32_t member = 0; member < members && member < VAULT_MEMBERS_MAX; member++)
		generation->versions[member] = unpack_u64(from);
}

int records_unpack_bundle(const uint8_t id[SEAL_ID_BYTES], const uint8_t *bytes, size_t length,
	struct bundle_record *bundle, struct err *err)
{
	struct unpack from = { .at = bytes, .left = length };
	uint8_t layout;
	int result = records_begin(&from, RECORD_BUNDLE, LAYOUT, &layout, err);

	if (result < 0)
		return result;
	memset(bundle, 0, sizeof *bundle);
	memcpy(bundle->id, id, SEAL_ID_BYTES);
	unpack_text(&from, bundle->name, sizeof bundle->name);
	bundle->created_ns = unpack_u64(&from);
	bundle->member_count = unpack_u8(&from);
	for (uint32_t i = 0; i < bundle->member_count && i < VAULT_MEMBERS_MAX; i++)
		unpack_bytes(&from, bundle->members[i], SEAL_ID_BYTES);
	bundle->generation_count = unpack_u8(&from);
	for (uint32_t i = 0; i < bundle->generation_count && i < VAULT_GENERATIONS_MAX; i++)
		unpack_generation(&from, bundle->member_count, &bundle->generations[i]);
	return records_end(&from, check_bundle(bundle, NULL), err);
}
