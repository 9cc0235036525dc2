/* SPDX-License-Identifier: Apache-2.0 */
/* Any bytes as the members of a bundle: refused with a text, or each a secret's name below the
 * bundle and a value within what was given, and the same bytes again when they are put together. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/names.h"
#include "base/pack.h"
#include "seal/members.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length);

#define BUNDLE "web/tls"
#define ROOM 16

static void check(const struct member *member, const uint8_t *bytes, size_t length)
{
	if (name_check_secret(member->name, NULL) < 0 ||
		strncmp(member->name, BUNDLE "/", strlen(BUNDLE "/")) ||
		strchr(member->name + strlen(BUNDLE "/"), '/'))
		abort();
	if (!member->length || member->length > TACIT_VALUE_MAX || member->value < bytes ||
		member->value + member->length > bytes + length)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length)
{
	struct member members[ROOM];
	struct pack again = { 0 };
	struct err err = { 0 };
	size_t count;

	if (members_parse(BUNDLE, bytes, length, members, ROOM, &count, &err) < 0) {
		if (!err.code || !err.text[0])
			abort();
		return 0;
	}
	if (!count || count > ROOM)
		abort();
	for (size_t i = 0; i < count; i++) {
		const char *word = members[i].name + strlen(BUNDLE "/");

		check(&members[i], bytes, length);
		for (size_t other = 0; other < i; other++)
			if (!strcmp(members[i].name, members[other].name))
				abort();
		pack_u8(&again, (uint8_t)strlen(word));
		pack_bytes(&again, word, strlen(word));
		pack_blob(&again, members[i].value, members[i].length);
	}
	if (again.length != length || memcmp(again.bytes, bytes, length))
		abort();
	pack_free(&again);
	return 0;
}
