/* SPDX-License-Identifier: Apache-2.0 */
/* Dates as they are written and read, to the nanosecond; and a time that is not set back. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/clock.h"

#define S UINT64_C(1000000000)

static const struct {
	const char *text;
	uint64_t ns;
	const char *written; /* NULL: the same */
} good[] = {
	{ "1970-01-01T00:00:00Z", 0, NULL },
	{ "1970-01-01T00:00:00.000000001Z", 1, NULL },
	{ "1970-01-01T00:00:00.1Z", S / 10, NULL },
	{ "1970-01-01T00:00:00.10Z", S / 10, "1970-01-01T00:00:00.1Z" },
	{ "1970-01-01T00:00:00.000Z", 0, "1970-01-01T00:00:00Z" },
	{ "1970-01-01T23:59:59.999999999Z", 86400 * S - 1, NULL },
	{ "2000-02-29T00:00:00Z", 951782400 * S, NULL },
	{ "2026-01-31T09:30:00.125Z", 1769851800 * S + S / 8, NULL },
	{ "2026-12-31T00:00:00Z", 1798675200 * S, NULL },
	{ "2200-12-31T23:59:59.999999999Z", CLOCK_DATE_END_NS - 1, NULL },
};

static void a_date_is_read_and_written_the_same(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
		char written[CLOCK_TEXT_MAX];
		uint64_t ns = 77;

		if (clock_parse(good[i].text, &ns, NULL) < 0)
			fail_msg("%s is refused", good[i].text);
		assert_true(ns == good[i].ns);
		clock_format_exact(ns, written);
		assert_string_equal(written, good[i].written ? good[i].written : good[i].text);
	}
}

static void what_is_no_date_is_refused(void **state)
{
	static const char *const bad[] = { "", "Z", "2026", "2026-12-31", "2026-12-31T00:00Z",
		"2026-12-31T00:00:00", "2026-12-31T00:00:00z", "2026-12-31t00:00:00Z",
		"2026-12-31 00:00:00Z", "2026-12-31T00:00:00ZZ", "2026-12-31T00:00:00 Z",
		" 2026-12-31T00:00:00Z", "2026-12-31T00:00:00Z\n", "2026-12-31T00:00:00+00:00",
		"2026-12-31T00:00:00.Z", "2026-12-31T00:00:00,5Z", "2026-12-31T00:00:00.5",
		"2026-12-31T00:00:00.1234567890Z", "2026-12-31T00:00:00.-1Z",
		"+026-12-31T00:00:00Z", "2026-1-31T00:00:00Z", "2026-00-01T00:00:00Z",
		"2026-13-01T00:00:00Z", "2026-01-00T00:00:00Z", "2026-01-32T00:00:00Z",
		"2026-02-29T00:00:00Z", "2100-02-29T00:00:00Z", "2026-04-31T00:00:00Z",
		"2026-12-31T24:00:00Z", "2026-12-31T00:60:00Z", "2026-12-31T00:00:60Z",
		"2016-12-31T23:59:60Z", "1969-12-31T23:59:59Z", "2201-01-01T00:00:00Z",
		"9999-12-31T00:00:00Z", "0000-01-01T00:00:00Z" };

	(void)state;
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		/* Exactly as long as it is. */
		char *text = strdup(bad[i]);
		uint64_t ns = 77;
		struct err err;

		if (clock_parse(text, &ns, &err) != -TACIT_INVALID)
			fail_msg("\"%s\" is taken", bad[i]);
		assert_non_null(strstr(err.text, "RFC 3339"));
		assert_true(ns == 77);
		free(text);
	}
}

/* Every day there is, and one instant in it. */
static void every_day_is_read_as_it_is_written(void **state)
{
	(void)state;
	for (uint64_t day = 0; day < CLOCK_DATE_END_NS / (86400 * S); day++) {
		uint64_t wanted = day * 86400 * S + day * 1000003 % (86400 * S), ns;
		char text[CLOCK_TEXT_MAX];

		clock_format_exact(wanted, text);
		assert_int_equal(clock_parse(text, &ns, NULL), 0);
		assert_true(ns == wanted);
		clock_format(wanted, text);
		assert_int_equal(clock_parse(text, &ns, NULL), 0);
		assert_true(ns == wanted - wanted % 1000000);
	}
}

/* What somebody does to the date; the time since boot goes on. */
static void a_time_is_not_set_back(void **state)
{
	static const struct clock_floor floor = { 1000 * S, 50 * S };
	static const struct {
		const char *why;
		uint64_t real_ns, boot_ns, steady_ns;
	} rows[] = {
		{ "nothing", 1000 * S, 50 * S, 1000 * S },
		{ "time passed", 1010 * S, 60 * S, 1010 * S },
		{ "set forward", 5000 * S, 60 * S, 5000 * S },
		{ "set back", 500 * S, 60 * S, 1010 * S },
		{ "set back at once", 999 * S, 50 * S, 1000 * S },
		{ "set back to the beginning", 0, 50 * S + 1, 1000 * S + 1 },
		{ "set back by a nanosecond", 1010 * S - 1, 60 * S, 1010 * S },
		{ "asleep, and the date was not", 1000 * S, 3650 * S, 4600 * S },
		{ "booted since: the date counts", 2000 * S, 3 * S, 2000 * S },
		{ "booted since, and set back", 10 * S, 3 * S, 1000 * S },
	};
	static const struct clock_floor none = { 0 };

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
		if (clock_steady_ns(&floor, rows[i].real_ns, rows[i].boot_ns) != rows[i].steady_ns)
			fail_msg("%s", rows[i].why);
	assert_int_equal(clock_steady_ns(&none, 1000 * S, 50 * S), 1000 * S);
}

/* The ones that the kernel has, in nanoseconds. */
static void clocks_go_on(void **state)
{
	uint64_t monotonic = clock_monotonic_ns(), boot = clock_boottime_ns();

	(void)state;
	assert_true(boot >= monotonic);
	assert_true(
		clock_realtime_ns() > 1700000000 * S && clock_realtime_ns() < CLOCK_DATE_END_NS);
	assert_true(clock_monotonic_ns() >= monotonic && clock_monotonic_ns() - monotonic < 60 * S);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_date_is_read_and_written_the_same),
		cmocka_unit_test(what_is_no_date_is_refused),
		cmocka_unit_test(every_day_is_read_as_it_is_written),
		cmocka_unit_test(a_time_is_not_set_back),
		cmocka_unit_test(clocks_go_on),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
