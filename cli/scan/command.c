/* SPDX-License-Identifier: Apache-2.0 */
/* Secrets among the words of a command: NAME=VALUE, --option VALUE, addresses, and the short
 * options of programs that many files call. */
#include <string.h>

#include "internal.h"

#define NESTED_MAX 3 /* commands within quotes within quotes */

/* A short option and the programs whose password it is. */
static const struct {
	const char *program, *option;
	bool glued; /* the password follows without a blank */
	bool login; /* NAME:PASSWORD */
} options[] = {
	{ "mysql", "-p", true, false },
	{ "mysqladmin", "-p", true, false },
	{ "mysqldump", "-p", true, false },
	{ "mariadb", "-p", true, false },
	{ "mariadb-admin", "-p", true, false },
	{ "mariadb-dump", "-p", true, false },
	{ "redis-cli", "-a", false, false },
	{ "curl", "-u", false, true },
	{ "curl", "--user", false, true },
	{ "docker", "-p", false, false },
	{ "sshpass", "-p", false, false },
	{ "sshpass", "-p", true, false },
};

struct command {
	struct pass *pass;
	struct span program, option; /* option: it waits for its value */
};

static struct span option_name(struct span word)
{
	while (word.length && word.at[0] == '-')
		word = span_part(word, 1, word.length);
	return word;
}

/* Within a quoted text the quotes of a word are escaped. */
static struct span without_escapes(struct span value)
{
	while (value.length >= 2 && value.at[0] == '\\' && strchr("\"'", value.at[1]))
		value = span_part(value, 2, value.length);
	while (value.length >= 2 && value.at[value.length - 2] == '\\' &&
		strchr("\"'", value.at[value.length - 1]))
		value.length -= 2;
	return span_unquote(value);
}

static void take(struct command *command, struct span name, struct span value)
{
	value = without_escapes(value);
	pass_assignment(command->pass, name, value, value);
}

static bool short_option(struct command *command, struct span word, struct span next)
{
	struct span value = SPAN("");
	const char *colon;

	for (size_t i = 0; i < sizeof options / sizeof *options && !value.length; i++) {
		size_t length = strlen(options[i].option);

		if (!span_is(command->program, options[i].program) || word.length < length ||
			memcmp(word.at, options[i].option, length))
			continue;
		if (options[i].glued && word.length > length)
			value = span_part(word, length, word.length);
		else if (!options[i].glued && word.length == length)
			value = span_unquote(next);
		colon = options[i].login && value.length ? memchr(value.at, ':', value.length)
							 : NULL;
		if (options[i].login)
			value = colon ? span_part(
						value, (size_t)(colon - value.at) + 1, value.length)
				      : SPAN("");
	}
	if (!value.length)
		return false;
	take(command, SPAN("password"), value);
	return true;
}

static bool is_program(struct span word)
{
	for (size_t i = 0; i < sizeof options / sizeof *options; i++)
		if (span_is(word, options[i].program))
			return true;
	return false;
}

static void word_of(struct command *command, struct span word, struct span next)
{
	const char *equals = memchr(word.at, '=', word.length);
	struct span name = option_name(word);

	if (is_program(word))
		command->program = word;
	if (short_option(command, word, next))
		return;
	if (equals && equals > name.at) {
		name.length = (size_t)(equals - name.at);
		take(command, name, span_part(word, (size_t)(equals - word.at) + 1, word.length));
		return;
	}
	pass_urls(command->pass, word);
	if (word.length && word.at[0] == '-' && next.length && next.at[0] != '-' &&
		name_classify(name) == NAME_SECRET)
		take(command, name, next);
}

/* The next string of a JSON list. */
static bool list_word(struct span *rest, struct span *word)
{
	const char *quote = memchr(rest->at, '"', rest->length);
	size_t end = 0;

	if (!quote)
		return false;
	*rest = span_part(*rest, (size_t)(quote - rest->at) + 1, rest->length);
	while (end < rest->length && rest->at[end] != '"')
		end += rest->at[end] == '\\' && end + 1 < rest->length ? 2 : 1;
	*word = span_part(*rest, 0, end);
	*rest = span_part(*rest, end < rest->length ? end + 1 : end, rest->length);
	return true;
}

static void command_words(struct pass *pass, struct span text, unsigned int depth)
{
	struct command command = { .pass = pass };
	struct span word, next, inner;
	bool list = text.length && text.at[0] == '[';
	bool more = list ? list_word(&text, &word) : span_word(&text, &word);

	while (more) {
		next = SPAN("");
		more = list ? list_word(&text, &next) : span_word(&text, &next);
		inner = span_unquote(word);
		if ((list || inner.at != word.at) && memchr(inner.at, ' ', inner.length) &&
			depth < NESTED_MAX)
			command_words(pass, inner, depth + 1);
		else
			word_of(&command, word, next);
		word = next;
	}
}

void pass_command(struct pass *pass, struct span command)
{
	bool was = pass->no_entropy;

	pass->no_entropy = true;
	command_words(pass, span_trim(command), 0);
	pass->no_entropy = was;
}
