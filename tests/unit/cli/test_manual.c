/* SPDX-License-Identifier: Apache-2.0 */
/* The manual page names every command, option and exit status, and the help
 * derives from the same table as the dispatcher. */
#include <regex.h>

#include "cli/scan/scan.h"
#include "tests/unit/cli/fake_agent.h"

static void read_page(const char *path, char *text, size_t room)
{
	size_t length = 0;

	assert_return_code(file_read(path, text, room - 1, &length, NULL), 0);
	text[length] = '\0';
}

static void assert_line(const char *text, const char *pattern)
{
	regex_t regex;

	assert_int_equal(regcomp(&regex, pattern, REG_EXTENDED | REG_NEWLINE | REG_NOSUB), 0);
	if (regexec(&regex, text, 0, NULL, 0))
		fail_msg("the manual has no line like \"%s\"", pattern);
	regfree(&regex);
}

static void test_every_command_is_in_the_manual(void **state)
{
	static char page[65536];

	(void)state;
	read_page("agent/dist/tacit.1", page, sizeof page);
	for (size_t i = 0; i < command_count; i++) {
		char words[COMMAND_WORDS_MAX], pattern[2 * COMMAND_WORDS_MAX];

		command_words(&command_table[i], words);
		snprintf(pattern, sizeof pattern, "^\\.It Cm %s( |$)", words);
		assert_line(page, pattern);
		if (!command_table[i].alias)
			continue;
		snprintf(pattern, sizeof pattern, "^\\.Cm %s %s", command_table[i].noun,
			command_table[i].alias);
		assert_line(page, pattern);
	}
}

static void test_every_option_is_in_the_manual(void **state)
{
	static char page[65536];

	(void)state;
	read_page("agent/dist/tacit.1", page, sizeof page);
	for (int option = 0; option < OPTIONS; option++) {
		char pattern[64];

		snprintf(pattern, sizeof pattern, "^\\.It Fl (.* Fl )?-%s( |$)",
			option_table[option].name);
		assert_line(page, pattern);
	}
}

/* Those of `tacit env` have a page of their own, with what a scan can find. */
static void test_the_page_of_env_is_complete(void **state)
{
	static char page[65536];
	char pattern[64];

	(void)state;
	read_page("agent/dist/tacit-env.1", page, sizeof page);
	for (size_t i = 0; i < command_count; i++) {
		const struct command *command = &command_table[i];

		if (!command->noun || strcmp(command->noun, "env"))
			continue;
		for (int option = OPTION_ABOUT + 1; option < OPTIONS; option++)
			if (command->options & OPTION_BIT(option)) {
				snprintf(pattern, sizeof pattern, "Fl -%s( |$)",
					option_table[option].name);
				assert_line(page, pattern);
			}
	}
	for (int rule = 0; rule < SCAN_RULES; rule++) {
		snprintf(pattern, sizeof pattern, "^\\.It Li %s$",
			scan_rule_word((enum scan_rule)rule));
		assert_line(page, pattern);
	}
}

static void test_every_exit_status_is_in_the_manual(void **state)
{
	static char page[65536];
	char pattern[32];

	(void)state;
	read_page("agent/dist/tacit.1", page, sizeof page);
	for (int code = TACIT_EXIT_OK; code <= TACIT_EXIT_NO_AGENT; code++) {
		snprintf(pattern, sizeof pattern, "^\\.It %d$", code);
		assert_line(page, pattern);
	}
}

static void test_help_explains_every_command(void **state)
{
	struct fake_agent agent;
	struct ran ran;

	(void)state;
	fake_make_root(&agent);
	run_tacit(&agent, &ran, NULL, "help", NULL);
	assert_int_equal(ran.exit, 0);
	for (size_t i = 0; i < command_count; i++) {
		char words[COMMAND_WORDS_MAX], usage[2 * COMMAND_WORDS_MAX];
		const struct command *command = &command_table[i];
		struct ran one;

		command_words(command, words);
		assert_contains(ran.out, words);
		assert_contains(ran.out, command->line);
		run_tacit(&agent, &one, NULL, "help", command->noun ? command->noun : command->name,
			command->noun ? command->name : NULL, NULL);
		assert_int_equal(one.exit, 0);
		snprintf(usage, sizeof usage, "usage: tacit %s%s%s [OPTIONS]\n", words,
			*command->arguments ? " " : "", command->arguments);
		assert_contains(one.out, usage);
		for (int option = 0; option < OPTIONS; option++)
			if (command->options & OPTION_BIT(option))
				assert_contains(one.out, option_table[option].line);
	}
	run_tacit(&agent, &ran, NULL, "help", "grant", NULL);
	assert_contains(ran.out, "grant add SECRET CONSUMER");
	assert_null(strstr(ran.out, "secret create"));
	run_tacit(&agent, &ran, NULL, "help", "secert", NULL);
	assert_int_equal(ran.exit, TACIT_EXIT_USAGE);
	assert_contains(ran.err, "did you mean 'secret'?");
	run_tacit(&agent, &ran, NULL, "version", NULL);
	assert_string_equal(ran.out, "tacit " TACIT_VERSION "\n");
	run_tacit(&agent, &ran, NULL, "--version", "--json", NULL);
	assert_golden(&ran, "version.json");
	fake_stop(&agent);
}

static int start(void **state)
{
	(void)state;
	return seal_start(NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_every_command_is_in_the_manual),
		cmocka_unit_test(test_every_option_is_in_the_manual),
		cmocka_unit_test(test_the_page_of_env_is_complete),
		cmocka_unit_test(test_every_exit_status_is_in_the_manual),
		cmocka_unit_test(test_help_explains_every_command),
	};

	return cmocka_run_group_tests(tests, start, NULL);
}
