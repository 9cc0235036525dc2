/* SPDX-License-Identifier: Apache-2.0 */
#include "seal/members.h"

#include <stdio.h>
#include <string.h>

#include "base/names.h"
#include "base/pack.h"

/* "tls" and "cert" to "tls/cert". */
static int take_name(
	const char *bundle, struct unpack *from, struct member *member, struct err *err)
{
	char word[UINT8_MAX + 1] = "";
	size_t length = unpack_u8(from);
	int written;

	unpack_bytes(from, word, length);
	if (from->failed)
		return err_set(err, TACIT_INVALID, "the members of the bundle are malformed");
	if (memchr(word, '\0', length) || strchr(word, '/'))
		return err_set(err, TACIT_INVALID, "a member's name is one segment of a secret's");
	written = snprintf(member->name, sizeof member->name, "%s/%s", bundle, word);
	if (written >= (int)sizeof member->name)
		return err_set(err, TACIT_INVALID, "a secret's name has at most %d bytes",
			TACIT_SECRET_NAME_MAX);
	return name_check_secret(member->name, err);
}

static int take_value(struct unpack *from, struct member *member, struct err *err)
{
	member->value = unpack_blob(from, &member->length);
	if (from->failed)
		return err_set(err, TACIT_INVALID, "the members of the bundle are malformed");
	if (!member->length)
		return err_set(err, TACIT_INVALID, "a value has at least one byte");
	return member->length <= TACIT_VALUE_MAX
		       ? 0
		       : err_set(err, TACIT_TOO_LARGE, "a value has at most %u bytes",
				 TACIT_VALUE_MAX);
}

int members_parse(const char *bundle, const uint8_t *bytes, size_t length, struct member *members,
	size_t room, size_t *count, struct err *err)
{
	struct unpack from = { .at = bytes, .left = length };
	int status = 0;

	for (*count = 0; status == 0 && from.left; (*count)++) {
		struct member *member = &members[*count];

		if (*count == room)
			return err_set(
				err, TACIT_INVALID, "a bundle has at most %zu members", room);
		status = take_name(bundle, &from, member, err);
		for (size_t i = 0; status == 0 && i < *count; i++)
			if (!strcmp(members[i].name, member->name))
				return err_set(err, TACIT_INVALID, "a member is named twice");
		if (status == 0)
			status = take_value(&from, member, err);
	}
	if (status == 0 && !*count)
		return err_set(err, TACIT_INVALID, "a bundle has at least one member");
	return status;
}
