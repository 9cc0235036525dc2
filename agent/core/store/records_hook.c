/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "core/store/records_parts.h"

#define LAYOUT 1

static int check_hook(const struct hook_record *hook, struct err *err)
{
	if (!memchr(hook->reason, '\0', sizeof hook->reason))
		return err_set(
			err, TACIT_INVALID, "a reason has at most %d bytes", VAULT_REASON_MAX);
	return 0;
}

int records_pack_hook(const struct hook_record *hook, struct pack *to, struct err *err)
{
	int result = check_hook(hook, err);

	if (result < 0)
		return result;
	records_start(to, RECORD_HOOK, LAYOUT);
	pack_bytes(to, hook->grant_id, SEAL_ID_BYTES);
	pack_u64(to, hook->done_ns);
	pack_u64(to, hook->tried_ns);
	pack_u64(to, hook->last_ns);
	pack_u64(to, hook->not_before_ns);
	pack_u32(to, hook->attempts);
	pack_text(to, hook->reason);
	return records_packed(to, err);
}

int records_unpack_hook(const uint8_t id[SEAL_ID_BYTES], const uint8_t *bytes, size_t length,
	struct hook_record *hook, struct err *err)
{
	struct unpack from = { .at = bytes, .left = length };
	uint8_t layout;
	int result = records_begin(&from, RECORD_HOOK, LAYOUT, &layout, err);

	if (result < 0)
		return result;
	memset(hook, 0, sizeof *hook);
	memcpy(hook->id, id, SEAL_ID_BYTES);
	unpack_bytes(&from, hook->grant_id, SEAL_ID_BYTES);
	hook->done_ns = unpack_u64(&from);
	hook->tried_ns = unpack_u64(&from);
	hook->last_ns = unpack_u64(&from);
	hook->not_before_ns = unpack_u64(&from);
	hook->attempts = unpack_u32(&from);
	unpack_text(&from, hook->reason, sizeof hook->reason);
	return records_end(&from, check_hook(hook, NULL), err);
}
