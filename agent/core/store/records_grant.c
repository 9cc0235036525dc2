/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "base/names.h"
#include "core/store/records_parts.h"

#define LAYOUT 3
#define LAYOUT_WITH_LIMITS 2 /* the first with flags, reads, version and expiry */
#define LAYOUT_WITH_HOOKS 3  /* the first that says what is done when the secret rotates */
#define MODE_BITS 0777

static const uint8_t no_id[SEAL_ID_BYTES];

/* What only a file that is in no folder can have. */
static int check_folder(const struct grant_record *grant, struct err *err)
{
	if (name_folder_end(grant->file) &&
		(grant->reads || grant->version || grant->flags & VAULT_PREVIOUS_NAMED))
		return err_set(err, TACIT_INVALID,
			"a file in a folder counts no reads, is of no one version and has no "
			"previous file");
	return 0;
}

static int check_names(const struct grant_record *grant, struct err *err)
{
	struct hook hook;
	int result = name_check_consumer(grant->consumer, err);

	if (!result)
		result = name_check_granted(grant->file, err);
	if (!result && !memchr(grant->on_rotate, '\0', sizeof grant->on_rotate))
		return err_set(err, TACIT_INVALID, "a hook has at most %d bytes", HOOK_TEXT_MAX);
	return result < 0 ? result : hook_parse(grant->on_rotate, &hook, err);
}

static int check_grant(const struct grant_record *grant, struct err *err)
{
	bool unbound = !memcmp(grant->secret_id, no_id, sizeof no_id);
	int result = check_names(grant, err);

	if (!result)
		result = check_folder(grant, err);
	if (result < 0)
		return result;
	if (grant->mode & ~MODE_BITS)
		return err_set(err, TACIT_INVALID, "a mode has permission bits alone");
	if (grant->flags & ~(GRANT_FLAGS | VAULT_PREVIOUS_NAMED))
		return err_set(err, TACIT_INVALID, "a grant has a flag that does not exist");
	if (grant->flags & GRANT_WITH_PREVIOUS && !(grant->flags & VAULT_PREVIOUS_NAMED))
		return err_set(err, TACIT_INVALID, "a grant shows a previous file without a name");
	if (grant->flags & VAULT_PREVIOUS_NAMED &&
		strlen(grant->file) + strlen(GRANT_PREVIOUS_SUFFIX) > TACIT_FILE_NAME_MAX)
		return err_set(err, TACIT_INVALID, "its previous file's name is too long");
	if (grant->reads > GRANT_READS_MAX)
		return err_set(
			err, TACIT_INVALID, "a grant counts at most %u reads", GRANT_READS_MAX);
	if (unbound != (grant->revoked_ns != 0))
		return err_set(
			err, TACIT_INVALID, "a grant has a secret, and a revoked one has none");
	return 0;
}

int records_pack_grant(const struct grant_record *grant, struct pack *to, struct err *err)
{
	int result = check_grant(grant, err);

	if (result < 0)
		return result;
	records_start(to, RECORD_GRANT, LAYOUT);
	pack_bytes(to, grant->secret_id, SEAL_ID_BYTES);
	pack_text(to, grant->consumer);
	pack_text(to, grant->file);
	pack_u32(to, grant->uid);
	pack_u32(to, grant->gid);
	pack_u16(to, grant->mode);
	pack_u64(to, grant->created_ns);
	pack_u64(to, grant->revoked_ns);
	pack_u16(to, grant->flags);
	pack_u32(to, grant->reads);
	pack_u64(to, grant->version);
	pack_u64(to, grant->expires_ns);
	pack_text(to, grant->on_rotate);
	return records_packed(to, err);
}

int records_unpack_grant(const uint8_t id[SEAL_ID_BYTES], const uint8_t *bytes, size_t length,
	struct grant_record *grant, struct err *err)
{
	struct unpack from = { .at = bytes, .left = length };
	uint8_t layout;
	int result = records_begin(&from, RECORD_GRANT, LAYOUT, &layout, err);

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
	if (layout >= LAYOUT_WITH_LIMITS) {
		grant->flags = unpack_u16(&from);
		grant->reads = unpack_u32(&from);
		grant->version = unpack_u64(&from);
		grant->expires_ns = unpack_u64(&from);
	}
	if (layout >= LAYOUT_WITH_HOOKS)
		unpack_text(&from, grant->on_rotate, sizeof grant->on_rotate);
	return records_end(&from, check_grant(grant, NULL), err);
}
