/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <string.h>

#include "cli/command.h"
#include "cli/suggest.h"

/* The state between two words of argv. */
struct parse {
	int argc;
	char *const *argv;
	int at;
	bool ended; /* "--" was seen */
	struct invocation *invocation;
};

static option_set allowed(const struct parse *parse)
{
	const struct command *command = parse->invocation->command;

	return command ? command_options(command) : OPTIONS_GLOBAL;
}

static const char *words_of(const struct parse *parse, char text[COMMAND_WORDS_MAX])
{
	snprintf(text, COMMAND_WORDS_MAX, "tacit");
	if (parse->invocation->command)
		command_words(parse->invocation->command, text);
	return text;
}

static int unknown_option(const struct parse *parse, const char *name, struct err *err)
{
	struct suggest suggest = { .word = name };
	char words[COMMAND_WORDS_MAX];

	for (int option = 0; option < OPTIONS; option++)
		if (allowed(parse) & OPTION_BIT(option))
			suggest_try(&suggest, option_table[option].name);
	if (suggest.nearest)
		return err_set(err, TACIT_INVALID,
			"unknown option '--%.40s' of '%s'; did you mean '--%s'?", name,
			words_of(parse, words), suggest.nearest);
	return err_set(err, TACIT_INVALID, "unknown option '--%.40s'; see 'tacit help%s%s'", name,
		parse->invocation->command ? " " : "",
		parse->invocation->command ? words_of(parse, words) : "");
}

static int take_option(struct parse *parse, int option, const char *joined, struct err *err)
{
	const struct option_row *row = &option_table[option];
	const char **value = &parse->invocation->values[option];

	if (*value)
		return err_set(err, TACIT_INVALID, "option '--%s' is given twice", row->name);
	if (!row->argument) {
		if (joined)
			return err_set(
				err, TACIT_INVALID, "option '--%s' takes no value", row->name);
		*value = "";
		return 0;
	}
	if (!joined && parse->at + 1 < parse->argc)
		joined = parse->argv[++parse->at];
	if (!joined || !*joined)
		return err_set(err, TACIT_INVALID, "option '--%s' needs a value: %s, %s", row->name,
			row->argument, row->line);
	*value = joined;
	return 0;
}

static int take_long(struct parse *parse, const char *text, struct err *err)
{
	const char *equals = strchr(text, '=');
	char name[SUGGEST_WORD_MAX + 1];

	snprintf(
		name, sizeof name, "%.*s", equals ? (int)(equals - text) : (int)strlen(text), text);
	for (int option = 0; option < OPTIONS; option++)
		if (allowed(parse) & OPTION_BIT(option) && !strcmp(option_table[option].name, name))
			return take_option(parse, option, equals ? equals + 1 : NULL, err);
	return unknown_option(parse, name, err);
}

static int take_letter(struct parse *parse, const char *text, struct err *err)
{
	for (int option = 0; option < OPTIONS; option++)
		if (allowed(parse) & OPTION_BIT(option) && option_table[option].letter == *text &&
			!text[1])
			return take_option(parse, option, NULL, err);
	return err_set(err, TACIT_INVALID,
		"unknown option '-%.40s'; an argument that begins with '-' goes after '--'", text);
}

/* Options given before the command that it does not take. */
static int check_early(const struct parse *parse, struct err *err)
{
	char words[COMMAND_WORDS_MAX];

	for (int option = 0; option < OPTIONS; option++)
		if (parse->invocation->values[option] && !(allowed(parse) & OPTION_BIT(option)))
			return err_set(err, TACIT_INVALID, "'%s' takes no option '--%s'",
				words_of(parse, words), option_table[option].name);
	return 0;
}

/* The command is known as soon as its words are: what follows is judged by its options. */
static int take_word(struct parse *parse, const char *word, struct err *err)
{
	struct invocation *invocation = parse->invocation;
	size_t used;

	invocation->words[invocation->count++] = word;
	if (invocation->command || (invocation->count == 1 && command_is_noun(word)))
		return 0;
	if (invocation->values[OPTION_HELP])
		return 0;
	invocation->command = command_find(invocation->words, invocation->count, &used, err);
	if (!invocation->command)
		return -TACIT_INVALID;
	invocation->words += used;
	invocation->count -= used;
	return check_early(parse, err);
}

static int check_count(const struct invocation *invocation, struct err *err)
{
	size_t least, most, given = invocation->count;
	char words[COMMAND_WORDS_MAX];

	command_words(invocation->command, words);
	command_bounds(invocation->command, &least, &most);
	if (given >= least && given <= most)
		return 0;
	if (!most)
		return err_set(err, TACIT_INVALID, "'%s' takes no arguments; see 'tacit help %s'",
			words, words);
	return err_set(err, TACIT_INVALID, "too %s arguments; usage: tacit %s %s",
		given < least ? "few" : "many", words, invocation->command->arguments);
}

static int finish(struct parse *parse, struct err *err)
{
	struct invocation *invocation = parse->invocation;
	size_t used;

	if (invocation->values[OPTION_HELP])
		return 0;
	if (invocation->command)
		return check_count(invocation, err);
	if (!invocation->count)
		return 0;
	command_find(invocation->words, invocation->count, &used, err);
	return -TACIT_INVALID;
}

int command_parse(int argc, char *const *argv, const char **room, struct invocation *invocation,
	struct err *err)
{
	struct parse parse = { .argc = argc, .argv = argv, .invocation = invocation };
	int status = 0;

	*invocation = (struct invocation){ .words = room };
	for (parse.at = 1; parse.at < argc && !status; parse.at++) {
		const char *word = argv[parse.at];

		if (parse.ended || word[0] != '-' || !word[1])
			status = take_word(&parse, word, err);
		else if (!strcmp(word, "--"))
			parse.ended = true;
		else if (word[1] == '-')
			status = take_long(&parse, word + 2, err);
		else
			status = take_letter(&parse, word + 1, err);
	}
	return status ? status : finish(&parse, err);
}
