/* SPDX-License-Identifier: Apache-2.0 */
/* What a plan changes, as people see it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "cli/import/diff.h"

static char *diff(const char *old, const char *made, const struct diff_mask *masks, size_t count,
	const struct import_plan *values, bool colour)
{
	static const struct import_plan none;
	const struct diff_text a = { old, strlen(old), masks, count };
	const struct diff_text b = { made, made ? strlen(made) : 0, NULL, 0 };
	char *text = NULL;
	size_t length = 0;
	FILE *to = open_memstream(&text, &length);

	assert_int_equal(diff_print("f", &a, &b, values ? values : &none, colour, to, NULL), 0);
	fclose(to);
	return text;
}

static void assert_diff(const char *old, const char *made, const char *expected)
{
	char *text = diff(old, made, NULL, 0, NULL, false);

	assert_string_equal(text, expected);
	free(text);
}

static void test_hunks_are_those_of_diff(void **state)
{
	(void)state;
	assert_diff("a\n", "a\n", "");
	assert_diff("", "a\n", "--- f\n+++ f\n@@ -0,0 +1,1 @@\n+a\n");
	assert_diff("a\n", "", "--- f\n+++ f\n@@ -1,1 +0,0 @@\n-a\n");
	assert_diff("a\n", NULL, "--- f\n+++ /dev/null\n@@ -1,1 +0,0 @@\n-a\n");
	assert_diff("1\n2\n3\n4\n5\n6\n7\n8\n9\n", "1\n2\n3\n4\n!\n6\n7\n8\n9\n",
		"--- f\n+++ f\n@@ -2,7 +2,7 @@\n 2\n 3\n 4\n-5\n+!\n 6\n 7\n 8\n");
	assert_diff("a\nb\nc\nd\ne\nf\ng\nh\ni\nj\nk\nl\n", "A\nb\nc\nd\ne\nf\ng\nh\ni\nj\nk\nL\n",
		"--- f\n+++ f\n@@ -1,4 +1,4 @@\n-a\n+A\n b\n c\n d\n@@ -9,4 +9,4 @@\n i\n j\n k\n"
		"-l\n+L\n");
}

static void test_masked_bytes_are_not_shown(void **state)
{
	const struct diff_mask masks[] = { { 2, 6 }, { 9, 13 } };
	char *text = diff("a=hush\nb=cash\n", "a=1\nb=2\n", masks, 2, NULL, false);

	(void)state;
	assert_string_equal(text, "--- f\n+++ f\n@@ -1,2 +1,2 @@\n-a=********\n-b=********\n+a=1\n"
				  "+b=2\n");
	free(text);
}

/* A value over several lines is hidden in each. */
static void test_a_mask_goes_over_lines(void **state)
{
	const struct diff_mask masks[] = { { 2, 11 } };
	char *text = diff("a=hush\nhush\nb\n", "a\nb\n", masks, 1, NULL, false);

	(void)state;
	assert_null(strstr(text, "hush"));
	assert_non_null(strstr(text, "-a=********\n-********\n"));
	free(text);
}

static void test_values_are_hidden_wherever_they_stand(void **state)
{
	struct import_secret secrets[] = { { .value = (char *)"hunter2", .length = 7 },
		{ .value = (char *)"abc", .length = 3 } };
	const struct import_plan values = { .secrets = secrets, .secret_count = 2 };
	char *text = diff("x hunter2 y\nkeep hunter2hunter2\nabc\n",
		"x\nkeep hunter2hunter2\nabc\n", NULL, 0, &values, false);

	(void)state;
	assert_null(strstr(text, "hunter2"));
	assert_non_null(strstr(text, "-x ******** y\n+x\n keep ****************\n abc\n"));
	free(text);
}

static void test_a_file_does_not_speak_to_the_terminal(void **state)
{
	static const struct import_plan none;
	const struct diff_text old = { "a\n", 2, NULL, 0 }, made = { NULL, 0, NULL, 0 };
	char *text = diff("a\033[2J\n", "b\tc\r\n", NULL, 0, NULL, false);
	size_t length = 0;
	FILE *to;

	(void)state;
	assert_non_null(strstr(text, "-a?[2J\n+b\tc\n"));
	free(text);
	text = diff("a\n", "b\n", NULL, 0, NULL, true);
	assert_non_null(strstr(text, "\033[31m-a\033[0m\n\033[32m+b\033[0m\n"));
	free(text);
	text = diff("a\302\2332J \303\233\n", "b\n", NULL, 0, NULL, false);
	assert_null(strstr(text, "\302\233"));
	assert_non_null(strstr(text, "\303\233"));
	free(text);
	to = open_memstream(&text, &length);
	assert_int_equal(diff_print("f\033[2J\n+++ g", &old, &made, &none, false, to, NULL), 0);
	fclose(to);
	assert_non_null(strstr(text, "--- f?[2J?+++ g\n+++ /dev/null\n"));
	free(text);
}

/* Do to `old` what a diff says. */
static void patch(const char *old, char *diff_text, char *result)
{
	char *rest = diff_text, *line;
	size_t at = 1;

	while ((line = strsep(&rest, "\n")) && rest) {
		size_t from = 0, removed = 0;

		if (!strncmp(line, "---", 3) || !strncmp(line, "+++", 3))
			continue;
		if (sscanf(line, "@@ -%zu,%zu", &from, &removed) == 2) {
			for (from += !removed; at < from; at++, old = strchr(old, '\n') + 1)
				strncat(result, old, (size_t)(strchr(old, '\n') + 1 - old));
			continue;
		}
		if (*line != '+') {
			assert_memory_equal(old, line + 1, strlen(line + 1));
			old = strchr(old, '\n') + 1;
			at++;
		}
		if (*line != '-')
			strcat(strcat(result, line + 1), "\n");
	}
	strcat(result, old);
}

static void test_changes_by_lot_are_told_right(void **state)
{
	unsigned int seed = 7;

	(void)state;
	for (int round = 0; round < 300; round++) {
		char old[512] = "", made[512] = "", result[512] = "", *text;

		for (int i = 0; i < 40; i++) {
			unsigned int lot = (seed = seed * 1103515245u + 12345u) >> 16;
			const char *word = lot & 1 ? "one\n" : lot & 2 ? "two\n" : "three33\n";

			if (lot & 28)
				strcat(old, word);
			if (lot & 224)
				strcat(made, word);
		}
		text = diff(old, made, NULL, 0, NULL, false);
		patch(old, text, result);
		assert_string_equal(result, made);
		free(text);
	}
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_hunks_are_those_of_diff),
		cmocka_unit_test(test_masked_bytes_are_not_shown),
		cmocka_unit_test(test_a_mask_goes_over_lines),
		cmocka_unit_test(test_values_are_hidden_wherever_they_stand),
		cmocka_unit_test(test_a_file_does_not_speak_to_the_terminal),
		cmocka_unit_test(test_changes_by_lot_are_told_right),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
