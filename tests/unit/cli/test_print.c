/* SPDX-License-Identifier: Apache-2.0 */
/* What people see: tables, ages, errors with their advice, the lines after a grant. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <tacit/api.h>

#include "cli/moment.h"
#include "cli/report.h"
#include "cli/snippet.h"
#include "cli/table.h"

static void assert_table(const struct table *table, const char *expected)
{
	char text[512] = "";
	FILE *file = fmemopen(text, sizeof text, "w");

	table_print(table, file);
	fclose(file);
	assert_string_equal(text, expected);
}

static void test_columns_are_aligned(void **state)
{
	struct table table;

	(void)state;
	table_start(&table, "NAME", "SIZE", "ROTATED", NULL);
	assert_table(&table, "NAME   SIZE   ROTATED\n");
	table_cell(&table, "%s", "db_password");
	table_cell(&table, "%d", 16);
	table_cell(&table, "-");
	table_cell(&table, "x");
	table_cell(&table, "1048576");
	table_cell(&table, "3 days ago");
	assert_table(&table, "NAME          SIZE      ROTATED\n"
			     "db_password   16        -\n"
			     "x             1048576   3 days ago\n");
	assert_false(table.failed);
	table_free(&table);
}

static void test_cells_do_not_speak_to_the_terminal(void **state)
{
	struct table table;

	(void)state;
	table_start(&table, "A", "B", NULL);
	table_cell(&table, "%s", "\033[31m\n");
	table_cell(&table, "%s", "p\xc3\xa4");
	assert_table(&table, "A        B\n?[31m?   p??\n");
	table_free(&table);
}

static void test_ages_are_said_as_people_do(void **state)
{
	static const struct {
		const char *then;
		const char *text;
	} rows[] = {
		{ "2026-01-31T09:30:00.125Z", "a moment ago" },
		{ "2026-01-31T09:31:00Z", "a moment ago" },
		{ "2026-01-31T09:29:59Z", "1 second ago" },
		{ "2026-01-31T09:28:01Z", "1 minute ago" },
		{ "2026-01-31T07:30:00Z", "2 hours ago" },
		{ "2026-01-01T09:30:00Z", "1 month ago" },
		{ "2024-01-31T09:30:00Z", "2 years ago" },
		{ "", "-" },
		{ "yesterday", "-" },
		{ "2026-01-31T09:30:00+01:00", "-" },
	};
	time_t now = moment_parse("2026-01-31T09:30:00Z");
	char text[MOMENT_TEXT_MAX];

	(void)state;
	assert_int_equal(now, 1769851800);
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		moment_ago(rows[i].then, now, text);
		assert_string_equal(text, rows[i].text);
	}
}

static void report(const char *what, enum tacit_code code, const char *text, char line[1024])
{
	FILE *file = fmemopen(line, 1024, "w");
	struct err err;

	err_set(&err, code, "%s", text);
	report_error(file, what, &err);
	fclose(file);
}

static void test_every_code_has_advice_and_an_exit(void **state)
{
	char line[1024];

	(void)state;
	for (int code = TACIT_OK + 1; code < TACIT_CODES; code++) {
		int status = code_exit((enum tacit_code)code);

		assert_non_null(report_advice((enum tacit_code)code));
		assert_true(status >= TACIT_EXIT_FAILED && status <= TACIT_EXIT_NO_AGENT);
		report("x", (enum tacit_code)code, "y", line);
		assert_ptr_equal(strstr(line, "tacit: x: y; "), line);
	}
	assert_ptr_equal(report_advice(TACIT_CODES), report_advice(TACIT_INTERNAL));
	report("secret ls", TACIT_LOCKED, "the agent is locked", line);
	assert_string_equal(line, "tacit: secret ls: the agent is locked; run 'tacit unlock'\n");
}

static void test_advice_is_not_given_twice(void **state)
{
	struct err err;
	char line[1024];

	(void)state;
	report("", TACIT_LOCKED, "locked; try this", line);
	assert_string_equal(line, "tacit: locked; try this\n");
	report("", TACIT_INVALID, "did you mean 'a'?", line);
	assert_string_equal(line, "tacit: did you mean 'a'?\n");
	err_set(&err, TACIT_BUSY, "in use");
	report_hint(&err, TACIT_LOCKED, "no");
	assert_string_equal(err.text, "in use");
	report_hint(&err, TACIT_BUSY, "use --force");
	assert_string_equal(err.text, "in use; use --force");
	report_hint(&err, TACIT_BUSY, "again");
	assert_string_equal(err.text, "in use; use --force");
}

static void test_errors_do_not_speak_to_the_terminal(void **state)
{
	char line[1024];

	(void)state;
	report("a\033]0;b\a", TACIT_INTERNAL, "c\r\nd;", line);
	assert_string_equal(line, "tacit: a?]0;b?: c??d;\n");
}

static void test_variables_are_shell_names(void **state)
{
	char name[TACIT_FILE_NAME_MAX + 7];

	(void)state;
	snippet_variable("db_password", name);
	assert_string_equal(name, "DB_PASSWORD_FILE");
	snippet_variable(".pgpass-2.txt", name);
	assert_string_equal(name, "_PGPASS_2_TXT_FILE");
	snippet_variable("3scale", name);
	assert_string_equal(name, "_3SCALE_FILE");
}

static void test_yaml_is_quoted_where_it_must_be(void **state)
{
	static const struct {
		const char *word, *text;
	} rows[] = {
		{ "web", "web" },
		{ "Web.API-2_x", "Web.API-2_x" },
		{ "/run/tacit/compose/shop/web/x", "/run/tacit/compose/shop/web/x" },
		{ "/run:/x:ro", "/run:/x:ro" },
		{ "/run:", "\"/run:\"" },
		{ "a:b", "\"a:b\"" },
		{ "1.5", "\"1.5\"" },
		{ "No", "\"No\"" },
		{ "y", "\"y\"" },
		{ "null", "\"null\"" },
		{ ".env", "\".env\"" },
		{ "-x", "\"-x\"" },
		{ "/a b: #c", "\"/a b: #c\"" },
		{ "/a\"b\\c", "\"/a\\\"b\\\\c\"" },
		{ "", "\"\"" },
	};
	char text[64];

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		snippet_yaml(rows[i].word, text, sizeof text);
		assert_string_equal(text, rows[i].text);
	}
	snippet_yaml("aaaaaaaaaaaaaaaa", text, 8);
	assert_true(strlen(text) < 8);
}

static void test_a_folder_is_mounted_whole(void **state)
{
	static const struct {
		const char *consumer, *file, *path, *text;
	} rows[] = {
		{ "compose/shop/web", "tls/cert", "/run/tacit/compose/shop/web/tls/cert",
			"\nservices:\n  web:\n    volumes:\n"
			"      - /run/tacit/compose/shop/web/tls:/run/secrets/tls:ro\n" },
		{ "compose/shop/no", ".x/cert", "/a b/run/tacit/compose/shop/no/.x/cert",
			"\nservices:\n  \"no\":\n    volumes:\n"
			"      - \"/a b/run/tacit/compose/shop/no/.x:/run/secrets/.x:ro\"\n" },
		{ "container/web", "tls/key", "/run/tacit/container/web/tls/key",
			"\n  -v /run/tacit/container/web/tls:/run/secrets/tls:ro\n" },
		{ "unit/nginx.service", "tls/key", "/run/tacit/unit/nginx.service/tls/key",
			"\n  /run/tacit/unit/nginx.service/tls\n" },
		{ "container/web", "tls/key", "", "\n  -v :/run/secrets/tls:ro\n" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		char text[512] = "", expected[512];
		FILE *file = fmemopen(text, sizeof text, "w");

		snippet_print(rows[i].consumer, rows[i].file, rows[i].path, "tls/", "", file);
		fclose(file);
		snprintf(expected, sizeof expected, "%s now reads tls/\n%s", rows[i].consumer,
			rows[i].text);
		assert_string_equal(text, expected);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_columns_are_aligned),
		cmocka_unit_test(test_cells_do_not_speak_to_the_terminal),
		cmocka_unit_test(test_ages_are_said_as_people_do),
		cmocka_unit_test(test_every_code_has_advice_and_an_exit),
		cmocka_unit_test(test_advice_is_not_given_twice),
		cmocka_unit_test(test_errors_do_not_speak_to_the_terminal),
		cmocka_unit_test(test_variables_are_shell_names),
		cmocka_unit_test(test_yaml_is_quoted_where_it_must_be),
		cmocka_unit_test(test_a_folder_is_mounted_whole),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
