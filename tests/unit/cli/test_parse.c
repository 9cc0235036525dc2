/* SPDX-License-Identifier: Apache-2.0 */
/* The command line is understood, or refused with the nearest right word; pure functions. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "cli/command.h"
#include "cli/suggest.h"

#define WORDS_MAX 12

static int parse(const char *line, struct invocation *invocation, struct err *err)
{
	static char text[256];
	static char *argv[WORDS_MAX + 1];
	static const char *room[WORDS_MAX + 1];
	char *rest;
	int argc = 1;

	snprintf(text, sizeof text, "%s", line);
	argv[0] = (char *)"tacit";
	for (char *word = strtok_r(text, " ", &rest); word && argc < WORDS_MAX;
		word = strtok_r(NULL, " ", &rest))
		argv[argc++] = word;
	return command_parse(argc, argv, room, invocation, err);
}

static void test_commands_are_found(void **state)
{
	struct invocation invocation;
	char words[COMMAND_WORDS_MAX];

	(void)state;
	for (size_t i = 0; i < command_count; i++) {
		const char *given[2];
		size_t used;
		const struct command *command = &command_table[i];

		given[0] = command->noun ? command->noun : command->name;
		given[1] = command->name;
		assert_ptr_equal(command_find(given, command->noun ? 2 : 1, &used, NULL), command);
		assert_int_equal(used, command->noun ? 2 : 1);
		assert_non_null(command->run);
	}
	assert_int_equal(parse("secret list", &invocation, NULL), 0);
	command_words(invocation.command, words);
	assert_string_equal(words, "secret ls");
	assert_int_equal(parse("", &invocation, NULL), 0);
	assert_null(invocation.command);
}

static void test_options_stand_anywhere(void **state)
{
	static const char *const lines[] = {
		"secret create a - --json --root /x",
		"--root /x --json secret create a -",
		"secret --json create --root=/x a -",
		"secret create --json --root /x -- a -",
	};
	struct invocation invocation;

	(void)state;
	for (size_t i = 0; i < sizeof lines / sizeof lines[0]; i++) {
		assert_int_equal(parse(lines[i], &invocation, NULL), 0);
		assert_int_equal(invocation.count, 2);
		assert_string_equal(invocation.words[0], "a");
		assert_string_equal(invocation.words[1], "-");
		assert_string_equal(invocation.values[OPTION_ROOT], "/x");
		assert_non_null(invocation.values[OPTION_JSON]);
		assert_null(invocation.values[OPTION_QUIET]);
	}
	assert_int_equal(parse("secret ls -q", &invocation, NULL), 0);
	assert_non_null(invocation.values[OPTION_QUIET]);
	assert_int_equal(parse("secret create -- --json", &invocation, NULL), 0);
	assert_string_equal(invocation.words[0], "--json");
	assert_null(invocation.values[OPTION_JSON]);
}

static void test_options_have_a_bit_each(void **state)
{
	option_set seen = 0;

	(void)state;
	for (int option = 0; option < OPTIONS; option++) {
		assert_false(seen & OPTION_BIT(option));
		seen |= OPTION_BIT(option);
	}
	assert_true(OPTION_BIT(127) > UINT64_MAX);
}

static void test_version_has_two_meanings(void **state)
{
	struct invocation invocation;

	(void)state;
	assert_int_equal(parse("--version", &invocation, NULL), 0);
	assert_non_null(invocation.values[OPTION_ABOUT]);
	assert_int_equal(parse("secret reveal a --version 3", &invocation, NULL), 0);
	assert_string_equal(invocation.values[OPTION_VERSION], "3");
	assert_null(invocation.values[OPTION_ABOUT]);
}

static void test_help_needs_no_arguments(void **state)
{
	struct invocation invocation;

	(void)state;
	assert_int_equal(parse("secret create --help", &invocation, NULL), 0);
	assert_string_equal(invocation.command->name, "create");
	assert_int_equal(parse("--help secret create", &invocation, NULL), 0);
	assert_int_equal(invocation.count, 2);
	assert_int_equal(parse("secret --help", &invocation, NULL), 0);
	assert_int_equal(parse("help secret create", &invocation, NULL), 0);
	assert_int_equal(invocation.count, 2);
}

static void test_wrong_lines_are_refused(void **state)
{
	static const struct {
		const char *line, *text;
	} rows[] = {
		{ "secert", "unknown command 'secert'; did you mean 'secret'?" },
		{ "secert ls", "unknown command 'secert'; did you mean 'secret'?" },
		{ "secret creat a",
			"unknown command 'secret creat'; did you mean 'secret create'?" },
		{ "secret xyzzy",
			"unknown command 'secret xyzzy'; 'tacit help secret' lists them" },
		{ "xyzzy", "unknown command 'xyzzy'; 'tacit help' lists them" },
		{ "rotate a", "unknown command 'rotate'; did you mean 'secret rotate'?" },
		{ "secret", "'secret' is not a command by itself; 'tacit help secret' lists its "
			    "commands" },
		{ "secret create",
			"too few arguments; usage: tacit secret create NAME [[MEMBER=]FILE|-]..." },
		{ "secret stage a b c",
			"too many arguments; usage: tacit secret stage NAME [FILE|-]" },
		{ "secret rm", "too few arguments; usage: tacit secret rm NAME..." },
		{ "status now", "'status' takes no arguments; see 'tacit help status'" },
		{ "secret create a --genrate 3",
			"unknown option '--genrate' of 'secret create'; did you mean "
			"'--generate'?" },
		{ "status --xyzzy", "unknown option '--xyzzy'; see 'tacit help status'" },
		{ "--xyzzy", "unknown option '--xyzzy'; see 'tacit help'" },
		{ "--jsno", "unknown option '--jsno' of 'tacit'; did you mean '--json'?" },
		{ "status -x", "unknown option '-x'; an argument that begins with '-' goes after "
			       "'--'" },
		{ "--json secret reveal a", "'secret reveal' takes no option '--json'" },
		{ "grant ls --prune", "unknown option '--prune'; see 'tacit help grant ls'" },
		{ "consumer feeze a",
			"unknown command 'consumer feeze'; did you mean 'consumer freeze'?" },
		{ "aply", "unknown command 'aply'; did you mean 'apply'?" },
		{ "bind", "unknown command 'bind'; did you mean 'consumer bind'?" },
		{ "consumer bind a",
			"too few arguments; usage: tacit consumer bind CONSUMER RULE..." },
		{ "status --json=1", "option '--json' takes no value" },
		{ "status --wait",
			"option '--wait' needs a value: SECONDS, wait until the agent serves" },
		{ "status --wait=",
			"option '--wait' needs a value: SECONDS, wait until the agent serves" },
		{ "status --wait 1 --wait 2", "option '--wait' is given twice" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		struct invocation invocation;
		struct err err = { 0 };

		assert_int_equal(parse(rows[i].line, &invocation, &err), -TACIT_INVALID);
		assert_string_equal(err.text, rows[i].text);
	}
}

static void test_distance_counts_changes(void **state)
{
	static const struct {
		const char *a, *b;
		unsigned int distance;
	} rows[] = {
		{ "", "", 0 },
		{ "secret", "secret", 0 },
		{ "secert", "secret", 1 },
		{ "ls", "sl", 1 },
		{ "", "abc", 3 },
		{ "rotat", "rotate", 1 },
		{ "kitten", "sitting", 3 },
		{ "a-word-that-is-far-longer-than-any-of-ours", "a", SUGGEST_WORD_MAX },
	};

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		assert_int_equal(suggest_distance(rows[i].a, rows[i].b), rows[i].distance);
		assert_int_equal(suggest_distance(rows[i].b, rows[i].a), rows[i].distance);
	}
}

static void test_bounds_come_from_the_text(void **state)
{
	static const struct {
		const char *arguments;
		size_t least, most;
	} rows[] = { { "", 0, 0 }, { "NAME", 1, 1 }, { "NAME [FILE|-]", 1, 2 },
		{ "SECRET CONSUMER", 2, 2 }, { "NAME...", 1, (size_t)-1 },
		{ "[COMMAND...]", 0, (size_t)-1 }, { "CONSUMER RULE...", 2, (size_t)-1 },
		{ "CONSUMER [RULE...]", 1, (size_t)-1 },
		{ "CONSUMER -- COMMAND...", 2, (size_t)-1 }, { "ONE -- TWO", 2, 2 } };

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		const struct command command = { .arguments = rows[i].arguments };
		size_t least, most;

		command_bounds(&command, &least, &most);
		assert_int_equal(least, rows[i].least);
		assert_int_equal(most, rows[i].most);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_commands_are_found),
		cmocka_unit_test(test_options_stand_anywhere),
		cmocka_unit_test(test_options_have_a_bit_each),
		cmocka_unit_test(test_version_has_two_meanings),
		cmocka_unit_test(test_help_needs_no_arguments),
		cmocka_unit_test(test_wrong_lines_are_refused),
		cmocka_unit_test(test_distance_counts_changes),
		cmocka_unit_test(test_bounds_come_from_the_text),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
