/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/walk/wild.h"

#include <ctype.h>
#include <stddef.h>
#include <string.h>

/* [:NAME:] of a bracket. */
static const struct {
	const char *name;
	int (*holds)(int byte);
} classes[] = {
	{ "alnum", isalnum },
	{ "alpha", isalpha },
	{ "blank", isblank },
	{ "cntrl", iscntrl },
	{ "digit", isdigit },
	{ "graph", isgraph },
	{ "lower", islower },
	{ "print", isprint },
	{ "punct", ispunct },
	{ "space", isspace },
	{ "upper", isupper },
	{ "xdigit", isxdigit },
};

/* A class at `at`, which is "[:"; what follows it, or NULL: there is no such class. */
static const char *match_class(const char *at, unsigned char byte, bool *holds)
{
	const char *end = strstr(at + 2, ":]");

	for (size_t i = 0; end && i < sizeof classes / sizeof *classes; i++) {
		size_t length = strlen(classes[i].name);

		if (length != (size_t)(end - at - 2) || memcmp(at + 2, classes[i].name, length))
			continue;
		*holds |= classes[i].holds(byte) != 0;
		return end + 2;
	}
	return NULL;
}

/* One byte of a bracket, or a range; what follows it, or NULL. */
static const char *match_range(const char *at, unsigned char byte, bool *holds)
{
	unsigned char low, high;

	at += *at == '\\';
	low = high = (unsigned char)*at;
	if (!low)
		return NULL;
	at++;
	if (*at == '-' && at[1] && at[1] != ']') {
		at += 1 + (at[1] == '\\');
		high = (unsigned char)*at;
		if (!high)
			return NULL;
		at++;
	}
	*holds |= byte >= low && byte <= high;
	return at;
}

/* Whether `byte` is in the bracket at `at`; what follows that, or NULL: it is not, or the bracket
 * has no end. */
static const char *match_bracket(const char *at, unsigned char byte)
{
	bool inverse = at[1] == '!' || at[1] == '^', holds = false, first = true;

	at += 1 + inverse;
	while (at && (first || *at != ']')) {
		first = false;
		at = at[0] == '[' && at[1] == ':' ? match_class(at, byte, &holds)
						  : match_range(at, byte, &holds);
	}
	return at && holds != inverse ? at + 1 : NULL;
}

/* One byte of the text against one element; what follows it in the pattern, or NULL. */
static const char *match_one(const char *at, unsigned char byte)
{
	if (*at == '?')
		return byte != '/' ? at + 1 : NULL;
	if (*at == '[')
		return byte != '/' ? match_bracket(at, byte) : NULL;
	if (*at == '\\')
		at++;
	return *at && (unsigned char)*at == byte ? at + 1 : NULL;
}

/* What follows two stars or more that stand between slashes, or NULL: they do not. */
static const char *past_deep(const char *pattern, const char *at)
{
	size_t stars = strspn(at, "*");

	return stars >= 2 && (at[stars] == '/' || !at[stars]) && (at == pattern || at[-1] == '/')
		       ? at + stars
		       : NULL;
}

/* Where a `*` was seen, and from where in the text it has been tried to go on. The last one of each
 * sort is enough: what an earlier one took is as little as can be. */
struct retry {
	const char *pattern, *text;
};

static bool take_again(
	struct retry *star, struct retry *deep, const char **pattern, const char **text)
{
	const char *slash;

	if (star->pattern && *star->text && *star->text != '/') {
		*pattern = star->pattern;
		*text = ++star->text;
		return true;
	}
	slash = deep->pattern ? strchr(deep->text, '/') : NULL;
	if (!slash)
		return false;
	*star = (struct retry){ 0 };
	*pattern = deep->pattern;
	*text = deep->text = slash + 1;
	return true;
}

bool wild_match(const char *pattern, const char *text)
{
	struct retry star = { 0 }, deep = { 0 };
	const char *at = pattern, *next;

	for (;;) {
		next = past_deep(pattern, at);
		if (next) {
			if (!*next)
				return true;
			at = next + 1;
			deep = (struct retry){ at, text };
			star = (struct retry){ 0 };
		} else if (*at == '*') {
			at += strspn(at, "*");
			star = (struct retry){ at, text };
		} else if (!*at && !*text) {
			return true;
		} else if (*text && (next = match_one(at, (unsigned char)*text))) {
			at = next;
			text++;
		} else if (!take_again(&star, &deep, &at, &text)) {
			return false;
		}
	}
}
