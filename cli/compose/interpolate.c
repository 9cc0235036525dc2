/* SPDX-License-Identifier: Apache-2.0 */
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "cli/compose/compose.h"

/* `${A:-${B:-c}}` is compose's; nobody nests them deeper than this. */
#define NESTED_MAX 16
/* Defaults within defaults can multiply. */
#define RESULT_MAX (1u << 20)

struct output {
	FILE *stream;
	compose_lookup_fn *lookup;
	void *arg;
	size_t written;
};

struct substitution {
	const char *name;
	size_t name_length;
	const char *operator; /* "", ":-", "-", ":?", "?", ":+", "+" */
	const char *word;
	size_t word_length;
	const char *after;
};

static size_t name_length(const char *text, const char *end)
{
	size_t length = 0;

	if (text < end && isdigit((unsigned char)*text))
		return 0;
	while (text + length < end && (isalnum((unsigned char)text[length]) || text[length] == '_'))
		length++;
	return length;
}

/* The brace that closes the one before `text`. */
static const char *closing(const char *text, const char *end)
{
	unsigned int depth = 0;

	for (; text < end; text++) {
		if (text[0] == '$' && text + 1 < end && text[1] == '$') {
			text++;
		} else if (text[0] == '$' && text + 1 < end && text[1] == '{') {
			depth++;
			text++;
		} else if (text[0] == '}' && !depth--) {
			return text;
		}
	}
	return NULL;
}

/* What stands behind a `$` at `text`. */
static int parse(const char *text, const char *end, struct substitution *found, struct err *err)
{
	static const char *const operators[] = { ":-", ":?", ":+", "-", "?", "+" };
	bool braces = text < end && *text == '{';
	const char *close;

	*found = (struct substitution){ .name = text + braces, .operator= "" };
	found->name_length = name_length(found->name, end);
	if (!found->name_length)
		return err_set(err, TACIT_INVALID,
			"a `$` that is not followed by a variable's name; `$$` is a `$`");
	found->word = found->name + found->name_length;
	found->after = found->word;
	if (!braces)
		return 0;
	close = closing(found->word, end);
	if (!close)
		return err_set(err, TACIT_INVALID, "a `${` that is not closed");
	found->after = close + 1;
	if (found->word == close)
		return 0;
	for (size_t i = 0; i < sizeof operators / sizeof operators[0]; i++) {
		size_t length = strlen(operators[i]);

		if (strncmp(found->word, operators[i], length))
			continue;
		found->operator= operators[i];
		found->word += length;
		found->word_length = (size_t)(close - found->word);
		return 0;
	}
	return err_set(err, TACIT_INVALID, "a `${` with something behind the variable's name");
}

static int expand(
	struct output *out, const char *text, const char *end, unsigned int depth, struct err *err);

static int put(struct output *out, const char *text, size_t length, struct err *err)
{
	out->written += length;
	if (out->written > RESULT_MAX)
		return err_set(err, TACIT_LIMIT, "longer than %u KiB when variables are replaced",
			RESULT_MAX >> 10);
	fwrite(text, 1, length, out->stream);
	return 0;
}

static int substitute(
	struct output *out, const struct substitution *found, unsigned int depth, struct err *err)
{
	_free_ char *name = strndup(found->name, found->name_length);
	const char *value = name ? out->lookup(out->arg, name) : NULL;
	const char *operator= found->operator;
	bool set;

	if (!name)
		return err_set(err, TACIT_LIMIT, "no memory");
	set = value && (*operator!= ':' || * value);
	operator+= * operator== ':';
	if (*operator== '?' && !set)
		return err_set(err, TACIT_INVALID, "a variable that has to be set is not");
	if ((*operator== '-' && !set) || (*operator== '+' && set))
		return expand(out, found->word, found->word + found->word_length, depth + 1, err);
	if (*operator== '+' || !value)
		return 0;
	return put(out, value, strlen(value), err);
}

static int expand(
	struct output *out, const char *text, const char *end, unsigned int depth, struct err *err)
{
	struct substitution found;
	int rc = 0;

	if (depth > NESTED_MAX)
		return err_set(err, TACIT_LIMIT, "more than %d `${` in each other", NESTED_MAX);
	while (text < end && !rc) {
		const char *dollar = memchr(text, '$', (size_t)(end - text));
		const char *stop = dollar ? dollar : end;

		rc = put(out, text, (size_t)(stop - text), err);
		if (rc || !dollar)
			return rc;
		if (dollar + 1 < end && dollar[1] == '$') {
			rc = put(out, "$", 1, err);
			text = dollar + 2;
			continue;
		}
		rc = parse(dollar + 1, end, &found, err);
		if (!rc)
			rc = substitute(out, &found, depth, err);
		text = found.after;
	}
	return rc;
}

int compose_interpolate(
	const char *text, compose_lookup_fn *lookup, void *arg, char **result, struct err *err)
{
	struct output out = { .lookup = lookup, .arg = arg };
	_free_ char *made = NULL;
	size_t length = 0;
	int rc;

	out.stream = open_memstream(&made, &length);
	if (!out.stream)
		return err_set(err, TACIT_LIMIT, "no memory");
	rc = expand(&out, text, text + strlen(text), 0, err);
	if (fclose(out.stream) && !rc)
		rc = err_set(err, TACIT_LIMIT, "no memory");
	if (rc) {
		if (made)
			explicit_bzero(made, length);
		return rc;
	}
	*result = made;
	made = NULL;
	return 0;
}

bool compose_interpolates(const char *text)
{
	for (const char *dollar = strchr(text, '$'); dollar; dollar = strchr(dollar + 2, '$'))
		if (dollar[1] != '$')
			return true;
	return false;
}

bool compose_is_variable(const char *text, char *name, size_t room)
{
	struct substitution found;

	if (text[0] != '$' || parse(text + 1, text + strlen(text), &found, NULL))
		return false;
	if (*found.after || *found.operator|| found.name_length >= room)
		return false;
	memcpy(name, found.name, found.name_length);
	name[found.name_length] = '\0';
	return true;
}
