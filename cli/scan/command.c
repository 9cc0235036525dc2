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

static void take(struct pass *pass, struct span name, struct span value)
{
	value = without_escapes(value);
	pass_assignment(pass, name, value, value);
}

static struct span program_of(struct span word)
{
	const char *slash = word.length ? memrchr(word.at, '/', word.length) : NULL;

	return slash ? span_part(word, (size_t)(slash - word.at) + 1, word.length) : word;
}

static bool is_program(struct span word)
{
	for (size_t i = 0; i < sizeof options / sizeof *options; i++)
		if (span_is(program_of(word), options[i].program))
			return true;
	return false;
}

/* An option of the program: with its value in the word, or waiting for it. */
static bool short_option(struct pass *pass, struct command *command, struct span word)
{
	for (size_t i = 0; i < sizeof options / sizeof *options; i++) {
		size_t length = strlen(options[i].option);

		if (!span_is(command->program, options[i].program) || word.length < length ||
			memcmp(word.at, options[i].option, length))
			continue;
		if (options[i].glued && word.length > length) {
			take(pass, SPAN("password"), span_part(word, length, word.length));
			return true;
		}
		if (!options[i].glued && word.length == length) {
			command->option = SPAN("password");
			command->login = options[i].login;
			return true;
		}
	}
	return false;
}

static void option_value(struct pass *pass, struct command *command, struct span word)
{
	const char *colon = memchr(word.at, ':', word.length);

	if (command->login && colon)
		word = span_unquote(span_part(word, (size_t)(colon - word.at) + 1, word.length));
	if (!command->login || colon)
		take(pass, command->option, word);
}

void pass_word(struct pass *pass, struct command *command, struct span word)
{
	const char *equals = memchr(word.at, '=', word.length);
	struct span name = option_name(word);

	if (command->option.length && !span_begins(word, "-")) {
		option_value(pass, command, word);
		command->option = SPAN("");
		return;
	}
	command->option = SPAN("");
	if (is_program(word))
		command->program = program_of(word);
	if (short_option(pass, command, word))
		return;
	if (equals && equals > name.at) {
		name.length = (size_t)(equals - name.at);
		take(pass, name, span_part(word, (size_t)(equals - word.at) + 1, word.length));
		return;
	}
	pass_urls(pass, word);
	if (span_begins(word, "-") && name_classify(name) == NAME_SECRET) {
		command->option = name;
		command->login = false;
	}
}

/* The next element of a list in brackets. */
static bool list_word(struct span *rest, struct span *word)
{
	size_t end = 0;
	char quote;

	while (rest->length && strchr("[], \t", rest->at[0]))
		*rest = span_part(*rest, 1, rest->length);
	if (!rest->length)
		return false;
	quote = rest->at[0] == '"' || rest->at[0] == '\'' ? rest->at[0] : 0;
	if (quote)
		*rest = span_part(*rest, 1, rest->length);
	while (end < rest->length &&
		(quote ? rest->at[end] != quote : !strchr(",]", rest->at[end])))
		end += rest->at[end] == '\\' && end + 1 < rest->length ? 2 : 1;
	*word = span_part(*rest, 0, end);
	*rest = span_part(*rest, end < rest->length && quote ? end + 1 : end, rest->length);
	return true;
}

static void command_words(struct pass *pass, struct span text, unsigned int depth)
{
	struct command command = { 0 };
	struct span word;
	bool list = span_begins(text, "[");

	while (list ? list_word(&text, &word) : span_word(&text, &word)) {
		struct span inner = span_unquote(word);

		if ((list || inner.at != word.at) && memchr(inner.at, ' ', inner.length) &&
			depth < NESTED_MAX)
			command_words(pass, inner, depth + 1);
		else
			pass_word(pass, &command, word);
	}
}

void pass_command(struct pass *pass, struct span command)
{
	bool was = pass->no_entropy;

	pass->no_entropy = true;
	command_words(pass, span_trim(command), 0);
	pass->no_entropy = was;
}
