/* SPDX-License-Identifier: Apache-2.0 */
/* What is said of two texts makes the one of the other, with the fewest lines where they differ
 * little. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "cli/import/changes.h"

/* A letter is a line. */
static struct changes_side side_of(const char *letters, struct changes_line *lines)
{
	struct changes_side side = { .lines = lines, .count = strlen(letters) };

	for (size_t i = 0; i < side.count; i++)
		lines[i] = (struct changes_line){ letters + i, 1 };
	return side;
}

/* The changes are in order, apart from each other, and carried out on `old` give `made`. How many
 * lines they are about. */
static size_t check(const char *old, const char *made)
{
	const size_t old_count = strlen(old), made_count = strlen(made);
	struct changes_line *lines = calloc(old_count + made_count + 1, sizeof *lines);
	const struct changes_side a = side_of(old, lines), b = side_of(made, lines + old_count);
	size_t count = 0, at = 0, to = 0, touched = 0;
	struct change *changes = NULL;

	assert_int_equal(changes_find(&a, &b, &changes, &count, NULL), 0);
	for (size_t i = 0; i < count; i++) {
		const struct change *change = &changes[i];

		assert_true(change->removed + change->added > 0);
		assert_true(change->from > at || (!i && !change->from));
		assert_int_equal(change->from - at, change->at - to);
		assert_memory_equal(old + at, made + to, change->from - at);
		at = change->from + change->removed;
		to = change->at + change->added;
		assert_true(at <= old_count && to <= made_count);
		touched += change->removed + change->added;
	}
	assert_string_equal(old + at, made + to);
	free(changes);
	free(lines);
	return touched;
}

static void test_the_fewest_lines_are_said(void **state)
{
	static const struct {
		const char *old, *made;
		size_t lines;
	} rows[] = {
		{ "", "", 0 },
		{ "", "abc", 3 },
		{ "abc", "", 3 },
		{ "abc", "abc", 0 },
		{ "abc", "abxc", 1 },
		{ "abc", "ac", 1 },
		{ "abc", "axc", 2 },
		{ "abcabba", "cbabac", 5 },
		/* A line that comes again later is not taken for the one that stays. */
		{ "veabc-veduf", "vEfgsveabc-vEhuf", 9 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
		assert_int_equal(check(rows[i].old, rows[i].made), rows[i].lines);
}

static void make_text(char *text, size_t length, unsigned int letters)
{
	for (size_t i = 0; i < length; i++)
		text[i] = (char)('a' + (unsigned int)rand() % letters);
	text[length] = '\0';
}

/* By the table that everybody knows, which takes as many places as the texts have pairs. */
static size_t fewest(const char *old, const char *made)
{
	enum { ROOM = 64 };
	size_t common[ROOM + 1][ROOM + 1] = { { 0 } };
	const size_t n = strlen(old), m = strlen(made);

	for (size_t i = 1; i <= n; i++)
		for (size_t j = 1; j <= m; j++)
			common[i][j] = old[i - 1] == made[j - 1] ? common[i - 1][j - 1] + 1
				       : common[i - 1][j] > common[i][j - 1] ? common[i - 1][j]
									     : common[i][j - 1];
	return n + m - 2 * common[n][m];
}

static void test_texts_by_lot(void **state)
{
	char old[64], made[64];

	(void)state;
	srand(1);
	for (int i = 0; i < 3000; i++) {
		make_text(old, (size_t)rand() % 60, 1 + (unsigned int)rand() % 20);
		make_text(made, (size_t)rand() % 60, 1 + (unsigned int)rand() % 20);
		assert_int_equal(check(old, made), fewest(old, made));
	}
}

/* More than one stretch: what is said is right, and ends. */
static void test_long_texts_that_differ_much(void **state)
{
	enum { LENGTH = 20000 };
	char *old = malloc(LENGTH + 1), *made = malloc(LENGTH + 1);

	(void)state;
	assert_non_null(old);
	assert_non_null(made);
	for (unsigned int letters = 1; letters <= 26; letters += 5)
		for (size_t length = 0; length <= LENGTH; length += 5000) {
			make_text(old, length, letters);
			make_text(made, LENGTH - length, letters);
			check(old, made);
		}
	free(old);
	free(made);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_the_fewest_lines_are_said),
		cmocka_unit_test(test_texts_by_lot),
		cmocka_unit_test(test_long_texts_that_differ_much),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
