/* SPDX-License-Identifier: Apache-2.0 */
/* Patterns of ignore files: rows with what git says of them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "cli/walk/wild.h"

static const struct {
	const char *pattern, *text;
	bool matches;
} rows[] = {
	{ "foo", "foo", true },
	{ "foo", "bar", false },
	{ "", "", true },
	{ "???", "foo", true },
	{ "??", "foo", false },
	{ "*", "foo", true },
	{ "*", "", true },
	{ "*", "foo/bar", false },
	{ "f*", "foo", true },
	{ "*f", "foo", false },
	{ "*foo*", "foo", true },
	{ "*ob*a*r*", "foobar", true },
	{ "*ab", "aaaaaaabababab", true },
	{ "foo\\*", "foo*", true },
	{ "foo\\*bar", "foobar", false },
	{ "f\\\\oo", "f\\oo", true },
	{ "*[al]?", "ball", true },
	{ "[ten]", "ten", false },
	{ "t[a-g]n", "ten", true },
	{ "t[!a-g]n", "ten", false },
	{ "t[!a-g]n", "ton", true },
	{ "t[^a-g]n", "ton", true },
	{ "a[]]b", "a]b", true },
	{ "a[]-]b", "a-b", true },
	{ "a[]-]b", "aab", false },
	{ "a[]a-]b", "aab", true },
	{ "]", "]", true },
	{ "[\\-_]", "-", true },
	{ "[\\]]", "]", true },
	{ "[\\\\-^]", "]", true },
	{ "[a-", "a", false },
	{ "[", "[", false },
	{ "foo\\", "foo", false },
	{ "foo\\", "foo\\", false },
	{ "[[:digit:]]*", "1x", true },
	{ "[[:digit:][:upper:][:space:]]", "A", true },
	{ "[[:digit:][:upper:][:spaci:]]", "1", false },
	{ "[![:digit:]]", "5", false },
	{ "foo*bar", "foo/baz/bar", false },
	{ "foo?bar", "foo/bar", false },
	{ "foo[/]bar", "foo/bar", false },
	{ "**", "a/b/c", true },
	{ "**/foo", "foo", true },
	{ "**/foo", "x/y/foo", true },
	{ "**/foo", "x/yfoo", false },
	{ "foo/**", "foo", false },
	{ "foo/**", "foo/", true },
	{ "foo/**", "foo/a/b", true },
	{ "foo/**/bar", "foo/bar", true },
	{ "foo/**/bar", "foo/a/b/bar", true },
	{ "foo/**/bar", "foo/a/b/xbar", false },
	{ "foo/**/**/bar", "foo/b/bar", true },
	{ "**/a/**/b*/c", "x/a/y/z/b1/b2/c", true },
	{ "**/a/**/b*/c", "x/a/y/z/b1/b2/d", false },
	{ "**/*a*/x", "aa/ba/ab/x", true },
	{ "foo**bar", "fooxbar", true },
	{ "**/****/b", "b", true },
	{ "foo**bar", "foo/bar", false },
	{ "*/b", "a/b", true },
	{ "*/b", "a/a/b", false },
	{ "a*/b/**/c?", "ax/b/d/cx", true },
};

static void every_row_holds(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
		if (wild_match(rows[i].pattern, rows[i].text) != rows[i].matches)
			fail_msg("\"%s\" against \"%s\"", rows[i].pattern, rows[i].text);
}

/* What takes a recursive matcher longer than anybody's life. */
static void many_stars_come_to_an_end(void **state)
{
	char text[4096], pattern[512] = "";

	(void)state;
	memset(text, 'a', sizeof text);
	text[sizeof text - 1] = '\0';
	for (int i = 0; i < 100; i++)
		strcat(pattern, "*a");
	strcat(pattern, "b");
	assert_false(wild_match(pattern, text));
	pattern[0] = '\0';
	for (int i = 0; i < 60; i++)
		strcat(pattern, "**/a*/");
	strcat(pattern, "b");
	for (size_t i = 2; i < sizeof text - 1; i += 3)
		text[i] = '/';
	assert_false(wild_match(pattern, text));
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(every_row_holds),
		cmocka_unit_test(many_stars_come_to_an_end) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
