/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/help.h"

#include <stdio.h>
#include <string.h>

#include "cli/run.h"

#define SYNTAX_MAX (COMMAND_WORDS_MAX + 64)

static bool same_noun(const char *a, const char *b)
{
	return a == b || (a && b && !strcmp(a, b));
}

static int syntax(const struct command *command, char text[SYNTAX_MAX])
{
	char words[COMMAND_WORDS_MAX];

	command_words(command, words);
	return snprintf(text, SYNTAX_MAX, "%s%s%s", words, *command->arguments ? " " : "",
		command->arguments);
}

void help_list(const char *noun)
{
	int width = 0;
	char text[SYNTAX_MAX];

	for (size_t i = 0; i < command_count; i++)
		if (syntax(&command_table[i], text) > width)
			width = (int)strlen(text);
	for (size_t i = 0; i < command_count; i++) {
		const struct command *command = &command_table[i];

		if (noun && !same_noun(command->noun, noun))
			continue;
		if (!noun && i && !same_noun(command->noun, command[-1].noun))
			putchar('\n');
		syntax(command, text);
		printf("  %-*s   %s\n", width, text, command->line);
	}
}

static void print_option(int option)
{
	const struct option_row *row = &option_table[option];
	char text[64];

	snprintf(text, sizeof text, "%s%c%s--%s%s%s", row->letter ? "-" : "  ",
		row->letter ? row->letter : ' ', row->letter ? ", " : " ", row->name,
		row->argument ? " " : "", row->argument ? row->argument : "");
	printf("  %-24s   %s\n", text, row->line);
}

static void print_command(const struct command *command)
{
	char text[SYNTAX_MAX];

	syntax(command, text);
	printf("usage: tacit %s [OPTIONS]\n\n%s\n\n", text, command->line);
	for (int option = 0; option < OPTIONS; option++)
		if (command_options(command) & OPTION_BIT(option))
			print_option(option);
	if (command->alias)
		printf("\nalso called: %s %s\n", command->noun, command->alias);
}

static void print_everything(void)
{
	puts("usage: tacit COMMAND [OPTIONS]\n");
	help_list(NULL);
	putchar('\n');
	for (int option = 0; option < OPTIONS; option++)
		if (OPTIONS_GLOBAL & OPTION_BIT(option))
			print_option(option);
	puts("\n'tacit help COMMAND' explains one command.");
}

int help_words(
	const struct command *command, const char *const *words, size_t count, struct err *err)
{
	size_t used;

	if (!command && !count) {
		print_everything();
		return 0;
	}
	if (!command && count == 1 && command_is_noun(words[0])) {
		help_list(words[0]);
		return 0;
	}
	if (!command)
		command = command_find(words, count, &used, err);
	if (!command)
		return -TACIT_INVALID;
	print_command(command);
	return 0;
}

int help_run(struct session *session, struct err *err)
{
	return help_words(NULL, session->invocation->words, session->invocation->count, err);
}

int help_version(struct session *session, struct err *err)
{
	(void)err;
	if (session->json) {
		_json_ json_t *version = json_pack("{s:s}", "version", TACIT_VERSION);

		session_print_json(version);
	} else {
		puts("tacit " TACIT_VERSION);
	}
	return 0;
}
