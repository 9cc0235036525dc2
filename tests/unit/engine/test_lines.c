/* SPDX-License-Identifier: Apache-2.0 */
/* A stream cut into lines: the same ones, however it comes in pieces; long ones are left out, and
 * the one after a long one is not. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "engine/lines.h"

static struct lines lines;
static char seen[3 * LINES_MAX]; /* the lines, '|' after each */
static size_t seen_length;

static void found(void *context, char *line, size_t length)
{
	assert_ptr_equal(context, &lines);
	memcpy(seen + seen_length, line, length);
	seen_length += length;
	seen[seen_length++] = '|';
	memset(line, '#', length);
}

static int set_up(void **state)
{
	(void)state;
	memset(&lines, 0, sizeof lines);
	seen_length = 0;
	return 0;
}

static void pieces(void **state)
{
	static const char stream[] = "one\n\ntwo\n{three}\nfour";

	(void)state;
	for (size_t piece = 1; piece <= sizeof stream; piece++) {
		set_up(NULL);
		for (size_t at = 0; at < sizeof stream - 1; at += piece) {
			size_t left = sizeof stream - 1 - at;

			assert_int_equal(lines_feed(&lines, stream + at,
						 left < piece ? left : piece, found, &lines),
				0);
		}
		assert_int_equal(seen_length, 16);
		assert_memory_equal(seen, "one|two|{three}|", 16);
	}
}

static void longest(void **state)
{
	static char line[LINES_MAX];

	(void)state;
	memset(line, 'x', sizeof line);
	assert_int_equal(lines_feed(&lines, line, sizeof line, found, &lines), 0);
	assert_int_equal(lines_feed(&lines, "\n", 1, found, &lines), 0);
	assert_int_equal(seen_length, LINES_MAX + 1);
}

static void too_long(void **state)
{
	static char line[LINES_MAX];

	(void)state;
	memset(line, 'x', sizeof line);
	assert_int_equal(lines_feed(&lines, line, sizeof line, found, &lines), 0);
	assert_int_equal(lines_feed(&lines, "y", 1, found, &lines), 1);
	assert_int_equal(lines_feed(&lines, line, sizeof line, found, &lines), 0);
	assert_int_equal(lines_feed(&lines, "z\nnext\n", 7, found, &lines), 0);
	assert_int_equal(seen_length, 5);
	assert_memory_equal(seen, "next|", 5);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(pieces, set_up),
		cmocka_unit_test_setup(longest, set_up),
		cmocka_unit_test_setup(too_long, set_up),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
