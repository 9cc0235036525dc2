/* SPDX-License-Identifier: Apache-2.0 */
/* What is shown of something that takes long, as text; pure functions. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "cli/progress.h"
#include "cli/size.h"

#define S UINT64_C(1000000000)
#define MIB (UINT64_C(1) << 20)

static void test_sizes(void **state)
{
	static const struct {
		uint64_t bytes;
		const char *text;
	} cases[] = {
		{ 0, "0 bytes" },
		{ 1023, "1023 bytes" },
		{ 1024, "1.0 KiB" },
		{ 1536, "1.5 KiB" },
		{ MIB - 1, "1.0 MiB" },
		{ 27 * MIB, "27.0 MiB" },
		{ 3 * MIB << 10, "3.0 GiB" },
		{ UINT64_MAX, "16777216.0 TiB" },
	};
	char text[SIZE_TEXT_MAX];

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		size_format(cases[i].bytes, text);
		assert_string_equal(text, cases[i].text);
	}
}

static void test_lines(void **state)
{
	static const struct {
		enum progress_unit unit;
		uint64_t done, total, now;
		size_t width;
		const char *line;
	} cases[] = {
		{ PROGRESS_WHEEL, 0, 0, 3 * S, 80, "| reading" },
		{ PROGRESS_PORTION, 0, 4, 3 * S, 40, "reading  [>                      ]    0%" },
		{ PROGRESS_PORTION, 3, 4, 3 * S, 31, "reading  [==========>   ]   75%" },
		{ PROGRESS_PORTION, 4, 4, 3 * S, 31, "reading  [==============]  100%" },
		/* More than there was to do: it grew meanwhile. */
		{ PROGRESS_PORTION, 8, 4, 3 * S, 31, "reading  [==============]  100%" },
		/* No room for a bar, for what is behind it, for anything. */
		{ PROGRESS_PORTION, 1, 4, 3 * S, 20, "reading   25%" },
		{ PROGRESS_PORTION, 1, 4, 3 * S, 4, "read" },
		{ PROGRESS_PORTION, 1, 4, 3 * S, 0, "" },
		{ PROGRESS_PORTION, 0, 0, 3 * S, 40, "reading  " },
		{ PROGRESS_BYTES, 10 * MIB, 20 * MIB, 6 * S, 66,
			"reading  [========>       ]   50%  10.0 MiB of 20.0 MiB, 2.0 MiB/s" },
		{ PROGRESS_BYTES, 10 * MIB, 0, 6 * S, 80, "reading  10.0 MiB, 2.0 MiB/s" },
		{ PROGRESS_BYTES, 0, 0, 1 * S, 80, "reading  0 bytes, 0 bytes/s" },
	};
	char line[PROGRESS_LINE_MAX];

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		const struct progress progress = { .depth = 1,
			.what = "reading",
			.phase = 1 * S,
			.unit = cases[i].unit,
			.done = cases[i].done,
			.total = cases[i].total };

		progress_line(&progress, cases[i].now, cases[i].width, line);
		assert_string_equal(line, cases[i].line);
		assert_true(strlen(line) <= cases[i].width);
	}
}

/* Whatever the width of the terminal, the line fits in it and in its buffer. */
static void test_every_width(void **state)
{
	char line[4 * PROGRESS_LINE_MAX], long_one[2 * PROGRESS_LINE_MAX] = "";

	(void)state;
	memset(long_one, 'x', sizeof long_one - 1);
	for (size_t width = 0; width < 2 * PROGRESS_LINE_MAX; width++)
		for (int unit = PROGRESS_WHEEL; unit <= PROGRESS_BYTES; unit++) {
			const struct progress progress = { .depth = 1,
				.what = width % 2 ? "putting a new root key into every slot"
						  : long_one,
				.unit = (enum progress_unit)unit,
				.done = UINT64_MAX - 1,
				.total = UINT64_MAX };

			progress_line(&progress, UINT64_MAX, width, line);
			assert_true(strlen(line) <= width);
			assert_true(strlen(line) < PROGRESS_LINE_MAX);
		}
}

/* Phases follow each other in what was begun first; nothing is left at its end. */
static void test_starts_nest(void **state)
{
	struct progress progress = { .quiet = true };

	(void)state;
	progress_start(&progress, "copying");
	progress_phase(&progress, "writing", PROGRESS_BYTES);
	progress_set(&progress, 1, 2);
	progress_start(&progress, "waiting for the agent");
	assert_string_equal(progress.what, "writing");
	assert_int_equal(progress.done, 1);
	progress_end(&progress);
	assert_int_equal(progress.depth, 1);
	progress_phase(&progress, "checking", PROGRESS_WHEEL);
	assert_int_equal(progress.total, 0);
	progress_end(&progress);
	assert_int_equal(progress.depth, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_sizes),
		cmocka_unit_test(test_lines),
		cmocka_unit_test(test_every_width),
		cmocka_unit_test(test_starts_nest),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
