/* SPDX-License-Identifier: Apache-2.0 */
/* A value that is typed: asked for twice, never shown, and the terminal is itself again whatever
 * happens. `tacit` runs on a pseudo terminal, the test types. */
#include "tests/unit/cli/terminal.h"

static const struct canned canned[] = {
	{ "POST /v1/secrets/a", FAKE_OPEN, 201, "{\"name\":\"a\",\"version\":1,\"size\":7}",
		"create:a", "hunter2" },
	{ NULL, FAKE_TEXT, 0, NULL, NULL, NULL },
};

static void create_a(struct terminal *terminal)
{
	static const char *const argv[] = { "tacit", "secret", "create", "a" };

	open_terminal(terminal, canned, 4, argv);
}

static void test_a_value_is_asked_for_twice(void **state)
{
	struct terminal terminal;
	int status;

	(void)state;
	create_a(&terminal);
	expect(&terminal, "value of a: ", 1);
	type(&terminal, "hunter2\n");
	expect(&terminal, "value of a again: ", 1);
	type(&terminal, "hunter2\n");
	expect(&terminal, "created a (version 1, 7 bytes)", 1);
	status = close_terminal(&terminal);
	assert_true(WIFEXITED(status) && !WEXITSTATUS(status));
}

static void test_two_that_differ_are_refused(void **state)
{
	struct terminal terminal;
	int status;

	(void)state;
	create_a(&terminal);
	expect(&terminal, "value of a: ", 1);
	type(&terminal, "hunter2\n");
	expect(&terminal, "value of a again: ", 1);
	type(&terminal, "hunter3\n");
	expect(&terminal, "the two differ; nothing was changed", 1);
	status = close_terminal(&terminal);
	assert_true(WIFEXITED(status) && WEXITSTATUS(status) == TACIT_EXIT_USAGE);
}

static void test_nothing_typed_is_refused(void **state)
{
	struct terminal terminal;
	int status;

	(void)state;
	create_a(&terminal);
	expect(&terminal, "value of a: ", 1);
	type(&terminal, "\n");
	expect(&terminal, "nothing was typed", 1);
	status = close_terminal(&terminal);
	assert_true(WIFEXITED(status) && WEXITSTATUS(status) == TACIT_EXIT_USAGE);
}

static void test_an_interrupt_restores_the_terminal(void **state)
{
	struct terminal terminal;
	int status;

	(void)state;
	create_a(&terminal);
	expect(&terminal, "value of a: ", 1);
	type(&terminal, "hunt");
	type(&terminal, "\003");
	status = close_terminal(&terminal);
	assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGINT);
}

static void test_after_a_stop_the_question_is_asked_again(void **state)
{
	struct terminal terminal;
	int status;

	(void)state;
	create_a(&terminal);
	expect(&terminal, "value of a: ", 1);
	type(&terminal, "wrong\032");
	expect(&terminal, "value of a: ", 2);
	type(&terminal, "hunter2\n");
	expect(&terminal, "value of a again: ", 1);
	type(&terminal, "hunter2\n");
	expect(&terminal, "created a", 1);
	status = close_terminal(&terminal);
	assert_true(WIFEXITED(status) && !WEXITSTATUS(status));
}

static int start(void **state)
{
	(void)state;
	return seal_start(NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_value_is_asked_for_twice),
		cmocka_unit_test(test_two_that_differ_are_refused),
		cmocka_unit_test(test_nothing_typed_is_refused),
		cmocka_unit_test(test_an_interrupt_restores_the_terminal),
		cmocka_unit_test(test_after_a_stop_the_question_is_asked_again),
	};

	return cmocka_run_group_tests(tests, start, NULL);
}
