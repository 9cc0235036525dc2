/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "core/store/records_parts.h"

#define LAYOUT 2
#define LAYOUT_WITH_VERSIONS 2 /* the first that says what each container has read */

static int check_use(const struct use_record *use, struct err *err)
{
	if (!memchr(use->last_user, '\0', sizeof use->last_user))
		return err_set(err, TACIT_INVALID, "what a reader is called has at most %d bytes",
			VAULT_USER_MAX);
	if (use->count > VAULT_USES_MAX)
		return err_set(err, TACIT_INVALID, "the reads of at most %d containers are counted",
			VAULT_USES_MAX);
	for (uint32_t i = 0; i < use->count; i++)
		if (!container_id_ok(use->counts[i].container))
			return err_set(err, TACIT_INVALID, "a container's id has %d digits",
				CONTAINER_ID_LENGTH);
	return 0;
}

int records_pack_use(const struct use_record *use, struct pack *to, struct err *err)
{
	int result = check_use(use, err);

	if (result < 0)
		return result;
	records_start(to, RECORD_USE, LAYOUT);
	pack_bytes(to, use->grant_id, SEAL_ID_BYTES);
	pack_u64(to, use->last_ns);
	pack_u64(to, use->last_version);
	pack_text(to, use->last_user);
	pack_u8(to, (uint8_t)use->count);
	for (uint32_t i = 0; i < use->count; i++) {
		uint8_t container[RECORDS_CONTAINER_BYTES];

		records_from_hex(use->counts[i].container, container, sizeof container);
		pack_bytes(to, container, sizeof container);
		pack_u32(to, use->counts[i].used);
		pack_u64(to, use->counts[i].version);
	}
	return records_packed(to, err);
}

int records_unpack_use(const uint8_t id[SEAL_ID_BYTES], const uint8_t *bytes, size_t length,
	struct use_record *use, struct err *err)
{
	struct unpack from = { .at = bytes, .left = length };
	uint8_t layout;
	int result = records_begin(&from, RECORD_USE, LAYOUT, &layout, err);

	if (result < 0)
		return result;
	memset(use, 0, sizeof *use);
	memcpy(use->id, id, SEAL_ID_BYTES);
	unpack_bytes(&from, use->grant_id, SEAL_ID_BYTES);
	use->last_ns = unpack_u64(&from);
	use->last_version = unpack_u64(&from);
	unpack_text(&from, use->last_user, sizeof use->last_user);
	use->count = unpack_u8(&from);
	for (uint32_t i = 0; i < use->count && i < VAULT_USES_MAX; i++) {
		uint8_t container[RECORDS_CONTAINER_BYTES];

		unpack_bytes(&from, container, sizeof container);
		records_to_hex(container, sizeof container, use->counts[i].container);
		use->counts[i].used = unpack_u32(&from);
		if (layout >= LAYOUT_WITH_VERSIONS)
			use->counts[i].version = unpack_u64(&from);
	}
	return records_end(&from, check_use(use, NULL), err);
}
