/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/import/dotenv.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "seal/seal.h"

struct reader {
	const char *text;
	size_t length, at;
	unsigned int line;
	struct dotenv *dotenv;
};

static char at(const struct reader *reader)
{
	return reader->at < reader->length ? reader->text[reader->at] : '\n';
}

static bool is_name(char c)
{
	return isalnum((unsigned char)c) || c == '_' || c == '.' || c == '-';
}

static void skip_blanks(struct reader *reader)
{
	while (at(reader) == ' ' || at(reader) == '\t')
		reader->at++;
}

/* To the beginning of the next line. */
static void skip_line(struct reader *reader)
{
	while (reader->at < reader->length && reader->text[reader->at] != '\n')
		reader->at++;
	reader->at += reader->at < reader->length;
	reader->line++;
}

static bool take_name(struct reader *reader, size_t *from, size_t *length)
{
	skip_blanks(reader);
	if (reader->length - reader->at > 7 && !strncmp(reader->text + reader->at, "export ", 7)) {
		reader->at += 7;
		skip_blanks(reader);
	}
	*from = reader->at;
	while (reader->at < reader->length && is_name(at(reader)))
		reader->at++;
	*length = reader->at - *from;
	skip_blanks(reader);
	return *length;
}

static char unescaped(char c)
{
	static const char letters[] = "nrt", means[] = "\n\r\t";
	const char *found = strchr(letters, c);

	return found && c ? means[found - letters] : c;
}

/* `$` in anything but `${NAME}` and `${NAME:-word}`. */
static bool has_odd_dollar(const char *value)
{
	while ((value = strchr(value, '$'))) {
		const char *name = value + 2;

		if (value[1] != '{' || !(isalpha((unsigned char)*name) || *name == '_'))
			return true;
		for (value = name; isalnum((unsigned char)*value) || *value == '_';)
			value++;
		if (value[0] == ':' && value[1] == '-')
			value += strcspn(value, "$}");
		if (*value++ != '}')
			return true;
	}
	return false;
}

/* What docker-compose and the plugin read alike of `quote` and a backslash before `c`. */
static bool is_plain_escape(char quote, char c)
{
	return quote == '"' ? c && strchr("nrt\"\\", c) : c != '\'' && c != '\\';
}

/* What stands between quotes. Who escapes a `$` means all of them. */
static int take_quoted(
	struct reader *reader, char quote, struct dotenv_entry *entry, struct err *err)
{
	char *value = entry->value;
	unsigned int first = reader->line;
	size_t used = 0;

	for (reader->at++; reader->at < reader->length; reader->at++) {
		char c = reader->text[reader->at];

		if (c == quote) {
			value[used] = '\0';
			reader->at++;
			return 0;
		}
		reader->line += c == '\n';
		if (c == '\\' && reader->at + 1 < reader->length &&
			!is_plain_escape(quote, reader->text[reader->at + 1]))
			entry->ambiguous = true;
		if (quote == '"' && c == '\\' && reader->at + 1 < reader->length) {
			c = unescaped(reader->text[++reader->at]);
			reader->line += c == '\n' && reader->text[reader->at] == '\n';
			entry->literal = entry->literal || c == '$';
		}
		value[used++] = c;
	}
	seal_wipe(value, used);
	return err_set(err, TACIT_INVALID, "line %u: a quote is not closed", first);
}

/* The length of it in the text, which is what it is. */
static size_t take_plain(struct reader *reader, char *value)
{
	size_t used = 0;

	while (reader->at < reader->length && at(reader) != '\n') {
		if (at(reader) == '#' && (!used || isblank((unsigned char)value[used - 1])))
			break;
		value[used++] = reader->text[reader->at++];
	}
	while (used && isspace((unsigned char)value[used - 1]))
		used--;
	value[used] = '\0';
	return used;
}

static struct dotenv_entry *add(struct dotenv *dotenv)
{
	struct dotenv_entry *entries =
		reallocarray(dotenv->entries, dotenv->count + 1, sizeof *dotenv->entries);

	if (!entries)
		return NULL;
	dotenv->entries = entries;
	entries[dotenv->count] = (struct dotenv_entry){ 0 };
	return &entries[dotenv->count++];
}

static int take_value(struct reader *reader, struct dotenv_entry *entry, struct err *err)
{
	char quote;

	reader->at++;
	skip_blanks(reader);
	entry->from = reader->at;
	quote = at(reader);
	entry->value = calloc(1, 2 * (reader->length - reader->at) + 1);
	if (!entry->value)
		return err_set(err, TACIT_INTERNAL, "no memory for a value");
	if (quote == '\'' || quote == '"') {
		int status = take_quoted(reader, quote, entry, err);

		if (status < 0)
			return status;
		entry->literal = entry->literal || quote == '\'';
		entry->to = reader->at;
		skip_blanks(reader);
		if (!strchr("#\r\n", at(reader)) ||
			(quote == '\'' ? strstr(entry->value, "${") != NULL
				       : has_odd_dollar(entry->value)))
			entry->ambiguous = true;
		return 0;
	}
	entry->to = entry->from + take_plain(reader, entry->value);
	entry->ambiguous = entry->ambiguous || has_odd_dollar(entry->value);
	return 0;
}

static int take_line(struct reader *reader, struct err *err)
{
	size_t start = reader->at, from, length;
	unsigned int line = reader->line;
	struct dotenv_entry *entry;
	int status = 0;
	char *shorter;

	if (!take_name(reader, &from, &length)) {
		skip_line(reader);
		return 0;
	}
	entry = add(reader->dotenv);
	if (!entry)
		return err_set(err, TACIT_INTERNAL, "no memory for a file of variables");
	entry->name = strndup(reader->text + from, length);
	entry->line = line;
	entry->ambiguous = at(reader) == ':';
	if (at(reader) == '=' || at(reader) == ':')
		status = take_value(reader, entry, err);
	if (status < 0)
		return status;
	shorter = entry->value ? realloc(entry->value, strlen(entry->value) + 1) : NULL;
	entry->value = shorter ? shorter : entry->value;
	skip_line(reader);
	entry->offset = start;
	entry->end = reader->at;
	return entry->name ? 0 : err_set(err, TACIT_INTERNAL, "no memory for a name");
}

int dotenv_parse(const char *text, size_t length, struct dotenv *dotenv, struct err *err)
{
	struct reader reader = { text, length, 0, 1, dotenv };
	int status = 0;

	*dotenv = (struct dotenv){ 0 };
	if (length && memchr(text, '\0', length))
		return err_set(err, TACIT_INVALID, "it is no text: it holds a NUL");
	if (length >= 3 && !memcmp(text, "\xef\xbb\xbf", 3))
		reader.at = 3;
	while (!status && reader.at < reader.length)
		status = take_line(&reader, err);
	if (status < 0)
		dotenv_free(dotenv);
	return status;
}

void dotenv_free(struct dotenv *dotenv)
{
	for (size_t i = 0; i < dotenv->count; i++) {
		free(dotenv->entries[i].name);
		if (dotenv->entries[i].value)
			seal_wipe(dotenv->entries[i].value, strlen(dotenv->entries[i].value));
		free(dotenv->entries[i].value);
	}
	free(dotenv->entries);
	*dotenv = (struct dotenv){ 0 };
}

const struct dotenv_entry *dotenv_find(const struct dotenv *dotenv, const char *name)
{
	for (size_t i = dotenv->count; i--;)
		if (!strcmp(dotenv->entries[i].name, name))
			return &dotenv->entries[i];
	return NULL;
}

int dotenv_without(const struct dotenv *dotenv, const char *text, size_t length,
	dotenv_gone_fn *gone, void *arg, char **result, size_t *result_length, struct err *err)
{
	char *made = malloc(length + 1);
	size_t used = 0, from = 0;

	if (!made)
		return err_set(err, TACIT_INTERNAL, "no memory for a file of variables");
	for (size_t i = 0; i < dotenv->count; i++) {
		const struct dotenv_entry *entry = &dotenv->entries[i];

		if (!gone(arg, entry->name))
			continue;
		memcpy(made + used, text + from, entry->offset - from);
		used += entry->offset - from;
		from = entry->end;
	}
	memcpy(made + used, text + from, length - from);
	used += length - from;
	made[used] = '\0';
	*result = made;
	*result_length = used;
	return 0;
}
