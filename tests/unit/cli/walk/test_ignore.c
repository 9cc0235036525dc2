/* SPDX-License-Identifier: Apache-2.0 */
/* Ignore files: what is in them, and what git and docker make of it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "cli/walk/ignore.h"

struct row {
	const char *text, *path;
	bool is_folder;
	enum ignore_verdict verdict;
};

static const struct row git_rows[] = {
	{ "", "a", false, IGNORE_SILENT },
	{ "# a\n\n", "a", false, IGNORE_SILENT },
	{ "a", "a", false, IGNORE_OUT },
	{ "a\n", "x/y/a", false, IGNORE_OUT },
	{ "a\n", "ab", false, IGNORE_SILENT },
	{ "/a\n", "a", false, IGNORE_OUT },
	{ "/a\n", "x/a", false, IGNORE_SILENT },
	{ "x/a\n", "x/a", false, IGNORE_OUT },
	{ "x/a\n", "y/x/a", false, IGNORE_SILENT },
	{ "a/\n", "a", false, IGNORE_SILENT },
	{ "a/\n", "a", true, IGNORE_OUT },
	{ "a/\n", "x/a", true, IGNORE_OUT },
	{ "*.env\n!b.env\n", "a.env", false, IGNORE_OUT },
	{ "*.env\n!b.env\n", "b.env", false, IGNORE_IN },
	{ "!b.env\n*.env\n", "b.env", false, IGNORE_OUT },
	{ "\\#a\n", "#a", false, IGNORE_OUT },
	{ "\\!a\n", "!a", false, IGNORE_OUT },
	{ "a  \n", "a", false, IGNORE_OUT },
	{ "a\\ \n", "a ", false, IGNORE_OUT },
	{ " a\n", "a", false, IGNORE_SILENT },
	{ "a\r\nb\r\n", "b", false, IGNORE_OUT },
	{ "\xef\xbb\xbf"
	  "a\n",
		"a", false, IGNORE_OUT },
	{ "**/a\n", "x/a", false, IGNORE_OUT },
	{ "x/**\n", "x/y/z", false, IGNORE_OUT },
	{ "x/**\n", "x", true, IGNORE_SILENT },
	{ "/\n", "a", false, IGNORE_SILENT },
	{ "!\n", "a", false, IGNORE_SILENT },
};

static const struct row docker_rows[] = {
	{ ".env", ".env", false, IGNORE_OUT },
	{ ".env", "x/.env", false, IGNORE_SILENT },
	{ "**/.env", "x/.env", false, IGNORE_OUT },
	{ "/.env", ".env", false, IGNORE_OUT },
	{ "./.env", ".env", false, IGNORE_OUT },
	{ "*.pem", "a.pem", false, IGNORE_OUT },
	{ "*.pem", "x/a.pem", false, IGNORE_SILENT },
	{ "conf", "conf/a/b", false, IGNORE_OUT },
	{ "conf/\n", "conf/a", false, IGNORE_OUT },
	{ "*\n!src\n", "src/a", false, IGNORE_IN },
	{ "*\n!src\n", ".env", false, IGNORE_OUT },
	{ "*\n!src\nsrc/x\n", "src/x/a", false, IGNORE_OUT },
	{ ".\n", "a", false, IGNORE_OUT },
	{ "# a\n", "a", false, IGNORE_SILENT },
};

static void every_row_of_git_holds(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof git_rows / sizeof *git_rows; i++) {
		const struct row *row = &git_rows[i];
		struct ignore *ignore = ignore_read(row->text, strlen(row->text));

		assert_non_null(ignore);
		if (ignore_by_git(ignore, row->path, row->is_folder) != row->verdict)
			fail_msg("row %zu: \"%s\" against \"%s\"", i, row->text, row->path);
		ignore_free(ignore);
	}
}

static void every_row_of_docker_holds(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof docker_rows / sizeof *docker_rows; i++) {
		const struct row *row = &docker_rows[i];
		struct ignore *ignore = ignore_read(row->text, strlen(row->text));

		assert_non_null(ignore);
		if (ignore_by_docker(ignore, row->path) != row->verdict)
			fail_msg("row %zu: \"%s\" against \"%s\"", i, row->text, row->path);
		ignore_free(ignore);
	}
}

static void a_text_need_not_end(void **state)
{
	static const char bytes[] = { 'a', '\n', 'b' };
	struct ignore *ignore = ignore_read(bytes, sizeof bytes);

	(void)state;
	assert_non_null(ignore);
	assert_int_equal(ignore_by_git(ignore, "b", false), IGNORE_OUT);
	ignore_free(ignore);
	ignore_free(NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(every_row_of_git_holds),
		cmocka_unit_test(every_row_of_docker_holds),
		cmocka_unit_test(a_text_need_not_end) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
