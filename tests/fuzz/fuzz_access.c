/* SPDX-License-Identifier: Apache-2.0 */
/* Any bytes as an access file: refused with a line, or statements that are checked, sorted, and
 * read back the same from what they are written as. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/access.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length);

/* Written as a file of its own. */
static void write_and_read(const struct access_statement *statement)
{
	struct access_statement *again;
	char line[ACCESS_LINE_MAX];
	size_t count;

	memset(line, 'x', sizeof line);
	access_format(statement, line);
	if (access_parse(line, strlen(line), &again, &count, NULL) < 0 || count != 1)
		abort();
	if (access_compare(again, statement) || !access_same(again, statement))
		abort();
	if (strchr(line, '\n') != line + strlen(line) - 1)
		abort();
	free(again);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length)
{
	struct access_statement *list, one;
	size_t count;
	struct err err = { 0 };

	/* As octets of a channel: whatever is in them, it is looked at within its fields. */
	memset(&one, 0x61, sizeof one);
	memcpy(&one, bytes, length < sizeof one ? length : sizeof one);
	if (!access_check(&one, NULL))
		write_and_read(&one);
	if (access_parse((const char *)bytes, length, &list, &count, &err) < 0) {
		if (!err.code || !err.text[0])
			abort();
		return 0;
	}
	for (size_t i = 0; i < count; i++) {
		if (access_check(&list[i], NULL) < 0)
			abort();
		if (i && access_compare(&list[i - 1], &list[i]) >= 0)
			abort();
		write_and_read(&list[i]);
	}
	free(list);
	return 0;
}
