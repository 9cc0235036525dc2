/* SPDX-License-Identifier: Apache-2.0 */
/* The command line of tacit-exec. */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "exec/options.h"

#define ARGUMENTS_MAX 200

/* The words of `line`, as argv; they live until the next call. */
static char **words(const char *line)
{
	static char copy[4096], *argv[ARGUMENTS_MAX];
	size_t count = 0;
	char *rest = copy, *word;

	snprintf(copy, sizeof copy, "%s", line);
	while ((word = strsep(&rest, " ")))
		argv[count++] = word;
	argv[count] = NULL;
	return argv;
}

static void what_is_left_is_the_command(void **state)
{
	static const struct {
		const char *line, *command, *last;
	} rows[] = {
		{ "tacit-exec app", "app", "app" },
		{ "tacit-exec app --dir /x", "app", "/x" },
		{ "tacit-exec -- app -- --help", "app", "--help" },
		{ "tacit-exec --dir /s app", "app", "app" },
		{ "tacit-exec --dir=/s -- -app", "-app", "-app" },
		{ "tacit-exec --env A=b --on-rotate restart app x", "app", "x" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct options options;
		size_t count = 0;

		assert_int_equal(options_parse(words(rows[i].line), &options, NULL), 0);
		while (options.command[count])
			count++;
		assert_string_equal(options.command[0], rows[i].command);
		assert_string_equal(options.command[count - 1], rows[i].last);
	}
}

static void options_say_what_they_mean(void **state)
{
	struct options options;

	(void)state;
	assert_int_equal(options_parse(words("x app"), &options, NULL), 0);
	assert_string_equal(options.dir, "/run/secrets");
	assert_int_equal(options.on_rotate, ON_ROTATE_NOTHING);
	assert_int_equal(options.env_count, 0);
	assert_int_equal(options_parse(words("x --dir /etc/s// --env A=b --env=C=/d/e=f "
					     "--on-rotate=signal:HUP app"),
				 &options, NULL),
		0);
	assert_string_equal(options.dir, "/etc/s");
	assert_int_equal(options.env_count, 2);
	assert_string_equal(options.env[0], "A=b");
	assert_string_equal(options.env[1], "C=/d/e=f");
	assert_int_equal(options.on_rotate, ON_ROTATE_SIGNAL);
	assert_int_equal(options.signal, SIGHUP);
	assert_int_equal(options_parse(words("x --on-rotate restart app"), &options, NULL), 0);
	assert_int_equal(options.on_rotate, ON_ROTATE_RESTART);
	assert_int_equal(options_parse(words("x --help"), &options, NULL), 0);
	assert_true(options.wants_help);
	assert_int_equal(options_parse(words("x --version app"), &options, NULL), 0);
	assert_true(options.wants_version);
}

static void what_cannot_be_meant_is_refused(void **state)
{
	static const struct {
		const char *line, *says;
	} rows[] = {
		{ "x", "no command" },
		{ "x --", "no command" },
		{ "x --dir /s", "no command" },
		{ "x --dir", "--dir: its value is missing" },
		{ "x --dir s app", "absolute" },
		{ "x --dir / app", "absolute" },
		{ "x --dir= app", "absolute" },
		{ "x --directory /s app", "there are --dir" },
		{ "x -v app", "there are --dir" },
		{ "x - app", "there are --dir" },
		{ "x --env", "--env: its value is missing" },
		{ "x --env A app", "NAME=FILE" },
		{ "x --env =b app", "NAME=FILE" },
		{ "x --env A= app", "NAME=FILE" },
		{ "x --on-rotate reload app", "restart, or signal:NAME" },
		{ "x --on-rotate signal: app", "restart, or signal:NAME" },
		{ "x --on-rotate signal:NOPE app", "restart, or signal:NAME" },
		{ "x --on-rotate HUP app", "restart, or signal:NAME" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct options options;
		struct err err;

		if (options_parse(words(rows[i].line), &options, &err) != -TACIT_INVALID)
			fail_msg("row %zu was taken", i);
		if (!strstr(err.text, rows[i].says))
			fail_msg("row %zu: %s", i, err.text);
	}
}

static void there_is_a_bound_to_env(void **state)
{
	char line[4096] = "x";
	struct options options;

	(void)state;
	for (int i = 0; i < OPTIONS_ENV_MAX; i++)
		snprintf(line + strlen(line), sizeof line - strlen(line), " --env A%d=b", i);
	snprintf(line + strlen(line), sizeof line - strlen(line), " app");
	assert_int_equal(options_parse(words(line), &options, NULL), 0);
	memcpy(line + strlen(line) - 3, "--env Z=b app", sizeof "--env Z=b app");
	assert_int_equal(options_parse(words(line), &options, NULL), -TACIT_INVALID);
}

static void signals_have_names_and_numbers(void **state)
{
	static const struct {
		const char *name;
		int number;
	} rows[] = { { "HUP", SIGHUP }, { "SIGHUP", SIGHUP }, { "USR1", SIGUSR1 }, { "1", 1 },
		{ "64", 64 }, { "0", 0 }, { "65", 0 }, { "-1", 0 }, { "1x", 0 }, { "", 0 },
		{ "SIG", 0 }, { "hup", 0 }, { "99999999999999999999", 0 } };

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
		assert_int_equal(options_signal(rows[i].name), rows[i].number);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_left_is_the_command),
		cmocka_unit_test(options_say_what_they_mean),
		cmocka_unit_test(what_cannot_be_meant_is_refused),
		cmocka_unit_test(there_is_a_bound_to_env),
		cmocka_unit_test(signals_have_names_and_numbers),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
