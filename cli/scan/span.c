/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>
#include <strings.h>

#include "internal.h"

struct span span_of(const char *text)
{
	return (struct span){ text, strlen(text) };
}

struct span span_part(struct span from, size_t at, size_t end)
{
	return (struct span){ from.at + at, end - at };
}

static bool is_blank(char byte)
{
	return byte == ' ' || byte == '\t' || byte == '\r';
}

struct span span_trim(struct span from)
{
	while (from.length && is_blank(from.at[0]))
		from = span_part(from, 1, from.length);
	while (from.length && is_blank(from.at[from.length - 1]))
		from.length--;
	return from;
}

bool span_is(struct span from, const char *word)
{
	return from.length == strlen(word) && !strncasecmp(from.at, word, from.length);
}

bool span_begins(struct span from, const char *prefix)
{
	size_t length = strlen(prefix);

	return from.length >= length && !strncasecmp(from.at, prefix, length);
}

bool span_ends(struct span from, const char *suffix)
{
	size_t length = strlen(suffix);

	return from.length >= length &&
	       !strncasecmp(from.at + from.length - length, suffix, length);
}

bool span_has(struct span from, const char *word)
{
	for (; from.length; from = span_part(from, 1, from.length))
		if (span_begins(from, word))
			return true;
	return false;
}

struct span span_unquote(struct span from)
{
	if (from.length >= 2 && (from.at[0] == '"' || from.at[0] == '\'') &&
		from.at[from.length - 1] == from.at[0])
		return span_part(from, 1, from.length - 1);
	return from;
}

bool span_line(struct span *rest, struct span *line)
{
	const char *end;

	if (!rest->length)
		return false;
	end = memchr(rest->at, '\n', rest->length);
	*line = span_part(*rest, 0, end ? (size_t)(end - rest->at) : rest->length);
	*rest = span_part(*rest, line->length + (end ? 1 : 0), rest->length);
	return true;
}

bool span_word(struct span *rest, struct span *word)
{
	size_t end = 0;
	char quote = 0;

	*rest = span_trim(*rest);
	if (!rest->length)
		return false;
	for (; end < rest->length && (quote || !is_blank(rest->at[end])); end++) {
		char byte = rest->at[end];

		if (quote ? byte == quote : byte == '"' || byte == '\'')
			quote = quote ? 0 : byte;
		else if (byte == '\\' && quote != '\'' && end + 1 < rest->length)
			end++;
	}
	*word = span_part(*rest, 0, end);
	*rest = span_part(*rest, end, rest->length);
	return true;
}

bool byte_in_name(char byte)
{
	return (byte >= '0' && byte <= '9') || ((byte | 32) >= 'a' && (byte | 32) <= 'z') ||
	       byte == '_';
}
