/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/lines.h"

#include <string.h>

/* Whether the bytes fit on the line so far. */
static bool append(struct lines *lines, const char *bytes, size_t length)
{
	if (lines->too_long)
		return true;
	if (length > sizeof lines->text - lines->length) {
		lines->too_long = true;
		return false;
	}
	memcpy(lines->text + lines->length, bytes, length);
	lines->length += length;
	return true;
}

size_t lines_feed(
	struct lines *lines, const char *bytes, size_t length, lines_found *found, void *context)
{
	size_t skipped = 0;

	while (length) {
		const char *feed = memchr(bytes, '\n', length);
		size_t part = feed ? (size_t)(feed - bytes) : length;

		skipped += !append(lines, bytes, part);
		if (!feed)
			break;
		if (lines->length && !lines->too_long)
			found(context, lines->text, lines->length);
		lines->length = 0;
		lines->too_long = false;
		bytes += part + 1;
		length -= part + 1;
	}
	return skipped;
}
