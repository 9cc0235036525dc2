/* SPDX-License-Identifier: Apache-2.0 */
/* Durations as they are written and shown, and the limits of grants in words; pure functions. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "cli/duration.h"
#include "cli/limits.h"

#define NOW 1769851800 /* 2026-01-31T09:30:00Z */

static void test_durations_are_understood(void **state)
{
	static const struct {
		const char *text;
		uint64_t seconds;
	} rows[] = {
		{ "1s", 1 },
		{ "90s", 90 },
		{ "2h", 7200 },
		{ "7d", 604800 },
		{ "2w", 1209600 },
		{ "1d12h", 129600 },
		{ "1w2d3h4m5s", 788645 },
		{ "0d1s", 1 },
		{ "007m", 420 },
		{ "3650d", DURATION_MAX_S },
		{ "315360000s", DURATION_MAX_S },
	};

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		uint64_t seconds = 0;

		assert_int_equal(duration_parse(rows[i].text, &seconds, NULL), 0);
		assert_int_equal(seconds, rows[i].seconds);
	}
}

static void test_everything_else_is_refused(void **state)
{
	static const char *const lines[] = { "", "s", "h2", "90", "2H", "2 h", " 2h", "2h ", "-2h",
		"+2h", "1.5h", "2h30", "1h1d", "1h1h", "1hm", "1d,2h", "0s", "0w0d", "1y",
		"315360001s", "3650d1s", "522w", "99999999999999999999999999w",
		"18446744073709551617s", "30500568904944w", "2h\n", "\xd9\xa2h" };

	(void)state;
	for (size_t i = 0; i < sizeof lines / sizeof lines[0]; i++) {
		uint64_t seconds = 7;
		struct err err = { 0 };

		assert_int_equal(duration_parse(lines[i], &seconds, &err), -TACIT_INVALID);
		assert_ptr_equal(strstr(err.text, "a duration is "), err.text);
		assert_int_equal(seconds, 7);
	}
}

static void test_durations_are_shown_shortly(void **state)
{
	static const struct {
		uint64_t seconds;
		unsigned int parts;
		const char *text;
	} rows[] = {
		{ 0, 1, "0s" },
		{ 0, 2, "0s" },
		{ 59, 1, "59s" },
		{ 60, 2, "1m" },
		{ 61, 2, "1m1s" },
		{ 149, 1, "2m" },
		{ 150, 1, "3m" },
		{ 5025, 2, "1h24m" },
		{ 5025, 1, "1h" },
		{ 7199, 2, "2h" },
		{ 604795, 2, "7d" },
		{ 86399, 1, "1d" },
		{ 86400 + 59, 2, "1d" },
		{ 129600, 2, "1d12h" },
		{ DURATION_MAX_S, 2, "3650d" },
		{ 5025, 9, "1h23m45s" },
	};
	char text[DURATION_TEXT_MAX];

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		duration_format(rows[i].seconds, rows[i].parts, text);
		assert_string_equal(text, rows[i].text);
	}
	duration_format(UINT64_MAX / 2, 9, text);
	assert_true(strlen(text) < sizeof text);
}

static void test_limits_are_said_in_words(void **state)
{
	static const struct {
		const char *grant, *text;
	} rows[] = {
		{ "{}", "" },
		{ "{'state':'live','mode':'0400','uid':null,'gid':null,'reads':null,'counted':[]}",
			"" },
		{ "{'state':'frozen','mode':'0440'}", "frozen, 0440" },
		{ "{'mode':'0400','uid':0,'gid':null}", "0400 0:reader" },
		{ "{'mode':'0440','uid':1000,'gid':1000}", "0440 1000:1000" },
		{ "{'mode':'0400','gid':0}", "0400 reader:0" },
		{ "{'state':'live','expires_at':'2026-02-01T09:30:00Z'}", "1d left" },
		{ "{'state':'expired','expires_at':'2026-01-31T06:10:00Z'}", "expired 3h ago" },
		{ "{'state':'live','expires_at':'2026-01-31T06:10:00Z'}", "0s left" },
		{ "{'state':'expired','expires_at':'2026-02-01T09:30:00Z'}", "expired 0s ago" },
		{ "{'reads':1}", "1 read" },
		{ "{'reads':3,'counted':[]}", "3 reads" },
		{ "{'reads':3,'counted':[{'used':1,'left':2}]}", "2 of 3 reads left" },
		{ "{'reads':1,'counted':[{'left':0}]}", "0 of 1 read left" },
		{ "{'reads':3,'counted':[{'left':2},{'left':0},{'left':1}]}",
			"0-2 of 3 reads left" },
		{ "{'reads':3,'counted':[{'left':1},{'left':1}]}", "1 of 3 reads left" },
		{ "{'version':2,'newline':true,'main_process':true}", "version 2, pid 1" },
		{ "{'state':'live','mode':'0440','uid':1,'reads':2,'version':7,'expires_at':"
		  "'2026-01-31T11:30:00Z'}",
			"0440 1:reader, 2h left, 2 reads, version 7" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		char text[LIMITS_TEXT_MAX], quoted[512];
		json_t *grant;

		snprintf(quoted, sizeof quoted, "%s", rows[i].grant);
		for (char *at = quoted; *at; at++)
			if (*at == '\'')
				*at = '"';
		grant = json_loads(quoted, 0, NULL);
		assert_non_null(grant);
		limits_text(grant, NOW, text);
		assert_string_equal(text, rows[i].text);
		json_decref(grant);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_durations_are_understood),
		cmocka_unit_test(test_everything_else_is_refused),
		cmocka_unit_test(test_durations_are_shown_shortly),
		cmocka_unit_test(test_limits_are_said_in_words),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
