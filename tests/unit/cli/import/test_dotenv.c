/* SPDX-License-Identifier: Apache-2.0 */
/* Files of variables: what they set, and without which lines they would be. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "cli/import/dotenv.h"

static void parse(const char *text, struct dotenv *dotenv)
{
	assert_int_equal(dotenv_parse(text, strlen(text), dotenv, NULL), 0);
}

static void test_values_as_compose_reads_them(void **state)
{
	static const struct {
		const char *text, *name, *value;
	} rows[] = {
		{ "A=b", "A", "b" },
		{ "A=b\n", "A", "b" },
		{ "A=b\r\n", "A", "b" },
		{ "  A = b  \n", "A", "b" },
		{ "export A=b\n", "A", "b" },
		{ "A: b\n", "A", "b" },
		{ "A=b c\n", "A", "b c" },
		{ "A=b # c\n", "A", "b" },
		{ "A=b#c\n", "A", "b#c" },
		{ "A=# c\n", "A", "" },
		{ "A=\n", "A", "" },
		{ "A='b # c'\n", "A", "b # c" },
		{ "A='b\\n'\n", "A", "b\\n" },
		{ "A=\"b\\n\\\"c\\\"\"\n", "A", "b\n\"c\"" },
		{ "A=\"b\nc\"\n", "A", "b\nc" },
		{ "A='x' # y\n", "A", "x" },
		{ "A=\"\\$b\"\n", "A", "$b" },
		{ "A=b=c\n", "A", "b=c" },
		{ "A=1\nA=2\n", "A", "2" },
		{ "\xef\xbb\xbf"
		  "A=b\n",
			"A", "b" },
		{ "a.b-c=d", "a.b-c", "d" },
	};
	struct dotenv dotenv;

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		const struct dotenv_entry *entry;

		parse(rows[i].text, &dotenv);
		entry = dotenv_find(&dotenv, rows[i].name);
		assert_non_null(entry);
		assert_string_equal(entry->value, rows[i].value);
		dotenv_free(&dotenv);
	}
}

static void test_what_is_no_variable_means_nothing(void **state)
{
	struct dotenv dotenv;

	(void)state;
	parse("# A=b\n\n=x\n!!\nB\n", &dotenv);
	assert_int_equal(dotenv.count, 1);
	assert_string_equal(dotenv.entries[0].name, "B");
	assert_null(dotenv.entries[0].value);
	assert_int_equal(dotenv.entries[0].line, 5);
	assert_null(dotenv_find(&dotenv, "A"));
	dotenv_free(&dotenv);
	parse("", &dotenv);
	assert_int_equal(dotenv.count, 0);
	dotenv_free(&dotenv);
}

static void test_places_are_those_of_the_text(void **state)
{
	static const char text[] = "# x\nA=\"b\nc\"\n  B = 'd' # e\nC=f  \n";
	struct dotenv dotenv;

	(void)state;
	parse(text, &dotenv);
	assert_int_equal(dotenv.count, 3);
	assert_int_equal(dotenv.entries[0].line, 2);
	assert_int_equal(dotenv.entries[1].line, 4);
	assert_memory_equal(text + dotenv.entries[0].from, "\"b\nc\"", 5);
	assert_int_equal(dotenv.entries[0].to - dotenv.entries[0].from, 5);
	assert_memory_equal(text + dotenv.entries[1].from, "'d'", 3);
	assert_int_equal(dotenv.entries[1].to - dotenv.entries[1].from, 3);
	assert_int_equal(dotenv.entries[2].to - dotenv.entries[2].from, 1);
	assert_int_equal(dotenv.entries[2].end, sizeof text - 1);
	dotenv_free(&dotenv);
}

static void test_a_broken_file_says_its_line(void **state)
{
	static const char *const rows[] = { "A=1\nB=\"x\nC=2\n", "A=1\nB='x\n" };
	struct dotenv dotenv;
	struct err err;

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		assert_int_equal(
			dotenv_parse(rows[i], strlen(rows[i]), &dotenv, &err), -TACIT_INVALID);
		assert_string_equal(err.text, "line 2: a quote is not closed");
	}
	assert_int_equal(dotenv_parse("A=\0b", 4, &dotenv, &err), -TACIT_INVALID);
}

static bool is_named(void *arg, const char *name)
{
	return strchr(arg, *name) && strlen(name) == 1;
}

static void assert_without(const char *text, const char *names, const char *expected)
{
	char copy[8], *result;
	struct dotenv dotenv;
	size_t length;

	strcpy(copy, names);
	parse(text, &dotenv);
	assert_int_equal(
		dotenv_without(&dotenv, text, strlen(text), is_named, copy, &result, &length, NULL),
		0);
	assert_string_equal(result, expected);
	assert_int_equal(length, strlen(expected));
	free(result);
	dotenv_free(&dotenv);
}

static void test_lines_go_and_nothing_else(void **state)
{
	static const char text[] = "# c\r\nA=1\r\n\r\nB=\"2\n3\" # d\nA=4\nC=5";

	(void)state;
	assert_without(text, "", text);
	assert_without(text, "A", "# c\r\n\r\nB=\"2\n3\" # d\nC=5");
	assert_without(text, "B", "# c\r\nA=1\r\n\r\nA=4\nC=5");
	assert_without(text, "C", "# c\r\nA=1\r\n\r\nB=\"2\n3\" # d\nA=4\n");
	assert_without(text, "ABC", "# c\r\n\r\n");
	assert_without("A=1", "A", "");
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_values_as_compose_reads_them),
		cmocka_unit_test(test_what_is_no_variable_means_nothing),
		cmocka_unit_test(test_places_are_those_of_the_text),
		cmocka_unit_test(test_a_broken_file_says_its_line),
		cmocka_unit_test(test_lines_go_and_nothing_else),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
