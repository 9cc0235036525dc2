/* SPDX-License-Identifier: Apache-2.0 */
/* The access file: lines cut into words, words into statements, and what is said twice. */
#include <stdlib.h>
#include <string.h>

#include "base/access_line.h"
#include "base/cleanup.h"
#include "base/names.h"

#define BLANKS " \t\r"

/* A statement, and the line it is from. The statement is first: access_compare() sorts these. */
struct numbered {
	struct access_statement statement;
	unsigned int line;
};

struct parser {
	struct numbered *all;
	size_t count, room;
	unsigned int line;
};

char *access_word(char **rest)
{
	char *word = *rest + strspn(*rest, BLANKS);
	size_t length = strcspn(word, BLANKS);

	if (!*word || *word == '#') {
		*rest = word + strlen(word);
		return NULL;
	}
	*rest = word[length] ? word + length + 1 : word + length;
	word[length] = '\0';
	return word;
}

int access_copy(char *field, size_t room, const char *word, struct err *err)
{
	size_t length = strlen(word);

	if (length >= room)
		return err_set(err, TACIT_INVALID, "a word has at most %zu bytes", room - 1);
	memcpy(field, word, length + 1);
	return 0;
}

static int add(struct parser *parser, const struct access_statement *statement, struct err *err)
{
	int status = access_check(statement, err);

	if (status < 0)
		return status;
	if (parser->count == ACCESS_STATEMENTS_MAX)
		return err_set(err, TACIT_LIMIT, "a file has at most %d statements",
			ACCESS_STATEMENTS_MAX);
	if (parser->count == parser->room) {
		size_t room = parser->room ? parser->room * 2 : 16;
		struct numbered *all = reallocarray(parser->all, room, sizeof *all);

		if (!all)
			return err_set(err, TACIT_LIMIT, "out of memory");
		parser->all = all;
		parser->room = room;
	}
	parser->all[parser->count++] = (struct numbered){ *statement, parser->line };
	return 0;
}

static int parse_grant(struct parser *parser, char **rest, struct err *err)
{
	struct access_statement grant = { .kind = ACCESS_GRANT,
		.uid = GRANT_READER,
		.gid = GRANT_READER,
		.mode = GRANT_MODE_DEFAULT };
	const char *secret = access_word(rest), *consumer = secret ? access_word(rest) : NULL;
	int status;

	if (!consumer)
		return err_set(err, TACIT_INVALID, "a grant is: grant SECRET CONSUMER [OPTION...]");
	status = access_copy(grant.secret, sizeof grant.secret, secret, err);
	if (!status)
		status = name_check_secret(grant.secret, err);
	if (!status)
		status = access_copy(grant.consumer, sizeof grant.consumer, consumer, err);
	if (!status)
		status = access_copy(
			grant.file, sizeof grant.file, name_default_file(grant.secret), err);
	if (!status)
		status = access_options(&grant, rest, err);
	return status < 0 ? status : add(parser, &grant, err);
}

static int parse_bind(struct parser *parser, char **rest, struct err *err)
{
	struct access_statement bind = { .kind = ACCESS_BIND };
	const char *consumer = access_word(rest), *rule = consumer ? access_word(rest) : NULL;
	int status;

	if (!rule)
		return err_set(err, TACIT_INVALID, "a binding is: bind CONSUMER RULE...");
	status = access_copy(bind.consumer, sizeof bind.consumer, consumer, err);
	for (; !status && rule; rule = access_word(rest)) {
		memset(bind.rule, 0, sizeof bind.rule);
		status = access_copy(bind.rule, sizeof bind.rule, rule, err);
		if (!status)
			status = add(parser, &bind, err);
	}
	return status;
}

static int parse_freeze(struct parser *parser, char **rest, struct err *err)
{
	struct access_statement freeze = { .kind = ACCESS_FREEZE };
	const char *consumer = access_word(rest);
	int status;

	if (!consumer || access_word(rest))
		return err_set(err, TACIT_INVALID, "a freezing is: freeze CONSUMER");
	status = access_copy(freeze.consumer, sizeof freeze.consumer, consumer, err);
	return status < 0 ? status : add(parser, &freeze, err);
}

static const struct {
	const char *word;
	int (*parse)(struct parser *parser, char **rest, struct err *err);
} statements[] = {
	{ "grant", parse_grant },
	{ "bind", parse_bind },
	{ "freeze", parse_freeze },
};

static int parse_line(struct parser *parser, char *line, struct err *err)
{
	char *rest = line;
	const char *word = access_word(&rest);

	if (!word)
		return 0;
	for (size_t i = 0; i < sizeof statements / sizeof statements[0]; i++)
		if (!strcmp(statements[i].word, word))
			return statements[i].parse(parser, &rest, err);
	return err_set(err, TACIT_INVALID, "a line begins with grant, bind or freeze, or with #");
}

static int parse_lines(struct parser *parser, const char *text, size_t length, struct err *err)
{
	const char *at = text, *end = text + length;

	for (parser->line = 1; at < end; parser->line++) {
		const char *newline = memchr(at, '\n', (size_t)(end - at));
		size_t size = (size_t)((newline ? newline : end) - at);
		char line[ACCESS_LINE_MAX];

		if (size >= sizeof line || memchr(at, '\0', size))
			return err_set(err, TACIT_INVALID,
				"line %u: longer than %d bytes, or not text", parser->line,
				ACCESS_LINE_MAX - 1);
		memcpy(line, at, size);
		line[size] = '\0';
		if (parse_line(parser, line, err) < 0)
			return err_wrap(err, "line %u", parser->line);
		at += size + 1;
	}
	return 0;
}

/* Sorted, what is said twice lies side by side, and the rules of a consumer do. */
static int check_together(const struct parser *parser, struct err *err)
{
	size_t rules = 0;

	for (size_t i = 1; i < parser->count; i++) {
		const struct numbered *one = &parser->all[i - 1], *two = &parser->all[i];
		unsigned int first = one->line < two->line ? one->line : two->line;
		unsigned int second = one->line < two->line ? two->line : one->line;
		bool both = one->statement.kind == ACCESS_BIND &&
			    two->statement.kind == ACCESS_BIND &&
			    !strcmp(one->statement.consumer, two->statement.consumer);

		if (!access_compare(one, two))
			return err_set(err, TACIT_INVALID, "line %u: speaks of the same as line %u",
				second, first);
		rules = both ? rules + 1 : 0;
		if (rules == BINDING_RULES_MAX)
			return err_set(err, TACIT_INVALID,
				"line %u: a consumer has at most %d rules", two->line,
				BINDING_RULES_MAX);
	}
	return 0;
}

/* The statements alone, at the beginning of the array they were in. */
static struct access_statement *without_lines(struct numbered *all, size_t count)
{
	char *bytes = (char *)all;

	for (size_t i = 0; i < count; i++)
		memmove(bytes + i * sizeof all->statement, &all[i].statement,
			sizeof all->statement);
	return (struct access_statement *)bytes;
}

int access_parse(const char *text, size_t length, struct access_statement **list, size_t *count,
	struct err *err)
{
	_free_ struct numbered *owned = NULL;
	struct parser parser = { 0 };
	struct err why;
	int status;

	if (length > ACCESS_TEXT_MAX)
		return err_set(err, TACIT_LIMIT, "a file has at most %u bytes", ACCESS_TEXT_MAX);
	status = parse_lines(&parser, text, length, &why);
	owned = parser.all;
	if (!status && parser.count) {
		qsort(parser.all, parser.count, sizeof *parser.all, access_compare);
		status = check_together(&parser, &why);
	}
	if (status < 0)
		return err_set(err, why.code, "%s", why.text);
	*list = without_lines(owned, parser.count);
	*count = parser.count;
	owned = NULL;
	return 0;
}
