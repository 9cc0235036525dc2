/* SPDX-License-Identifier: Apache-2.0 */
/* Passwords inside of values: of URLs, and of connection strings that are NAME=VALUE pairs. */
#include <string.h>

#include "internal.h"

#define AUTHORITY_MAX 512 /* bytes from "//" to "@" that are looked at */

static bool ends_authority(char byte)
{
	return byte == '/' || byte == '?' || byte == '#' || byte == ' ' || byte == '\t' ||
	       byte == '"' || byte == '\'' || byte == '\n' || byte == '\r' || byte == '<' ||
	       byte == '>' || byte == '`' || byte == '|' || byte == ',';
}

/* The '@' that ends the user and password of an authority: the last one before its end, as a
 * password may hold one, though it should not. 0: there is none. */
static size_t find_at(struct span text, size_t from)
{
	size_t found = 0;

	for (size_t i = from; i < text.length && i < from + AUTHORITY_MAX; i++) {
		if (ends_authority(text.at[i]))
			break;
		if (text.at[i] == '@')
			found = i;
	}
	return found;
}

struct span url_password(struct span text, size_t from, size_t *end)
{
	*end = text.length;
	while (from < text.length) {
		const char *mark = memmem(text.at + from, text.length - from, "://", 3);
		const char *colon;
		size_t authority, at;

		if (!mark)
			break;
		authority = (size_t)(mark - text.at) + 3;
		from = authority;
		at = find_at(text, authority);
		if (!at)
			continue;
		colon = memchr(text.at + authority, ':', at - authority);
		if (!colon || (size_t)(colon - text.at) + 1 >= at)
			continue;
		*end = at;
		return span_part(text, (size_t)(colon - text.at) + 1, at);
	}
	return SPAN("");
}

/* Go's "NAME:PASSWORD@tcp(HOST)/...". */
static struct span driver_password(struct span text)
{
	const char *mark = memmem(text.at, text.length, "@tcp(", 5), *colon;

	if (!mark)
		return SPAN("");
	colon = memchr(text.at, ':', (size_t)(mark - text.at));
	return colon ? span_part(text, (size_t)(colon - text.at) + 1, (size_t)(mark - text.at))
		     : SPAN("");
}

static bool divides_pairs(char byte)
{
	return byte == ';' || byte == '&' || byte == '?' || byte == ' ' || byte == ',';
}

struct span pair_password(struct span text)
{
	struct span driver = driver_password(text);
	size_t from = 0;

	if (driver.length || !memchr(text.at, '=', text.length))
		return driver;
	for (size_t i = 0; i <= text.length; i++) {
		struct span pair, value;
		const char *equals;

		if (i < text.length && !divides_pairs(text.at[i]))
			continue;
		pair = span_trim(span_part(text, from, i));
		from = i + 1;
		equals = pair.length ? memchr(pair.at, '=', pair.length) : NULL;
		if (!equals)
			continue;
		value = span_part(pair, (size_t)(equals - pair.at) + 1, pair.length);
		pair.length = (size_t)(equals - pair.at);
		if (name_classify(pair) == NAME_SECRET && value_classify(value) == VALUE_OWN)
			return value;
	}
	return SPAN("");
}
