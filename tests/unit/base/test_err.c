/* SPDX-License-Identifier: Apache-2.0 */
/* Every code has a word, a status, an exit code and an errno; texts are bounded and wrapped. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <tacit/api.h>

#include "base/err.h"

static void every_code_is_something_at_every_edge(void **state)
{
	(void)state;
	for (int code = 0; code < TACIT_CODES; code++) {
		enum tacit_code this = (enum tacit_code)code;
		int status = code_http_status(this), exit = code_exit(this);
		const char *word = code_word(this);

		assert_non_null(word);
		assert_true(*word && strspn(word, "abcdefghijklmnopqrstuvwxyz_") == strlen(word));
		assert_int_equal(code_of_word(word), code);
		for (int other = 0; other < code; other++)
			assert_string_not_equal(word, code_word((enum tacit_code)other));
		assert_int_equal(exit == TACIT_EXIT_OK, code == TACIT_OK);
		assert_true(exit >= TACIT_EXIT_OK && exit <= TACIT_EXIT_NO_AGENT);
		assert_int_equal(status >= 200 && status < 300, code == TACIT_OK);
		assert_true(status == 200 || (status >= 400 && status < 600));
		assert_int_equal(code_errno(this) == 0, code == TACIT_OK);
		assert_true(code_errno(this) >= 0 && code_errno(this) < 134);
	}
}

/* The contract: exit codes of CLI and errnos that a container sees. */
static void some_codes_are_promised(void **state)
{
	static const struct {
		enum tacit_code code;
		int http, exit, errnum;
	} rows[] = {
		{ TACIT_OK, 200, 0, 0 },
		{ TACIT_INVALID, 400, 2, EINVAL },
		{ TACIT_DENIED, 403, 3, EACCES },
		{ TACIT_NOT_FOUND, 404, 4, ENOENT },
		{ TACIT_LOCKED, 423, 5, ENOKEY },
		{ TACIT_WRONG_KEY, 423, 5, ENOKEY },
		{ TACIT_UNAVAILABLE, 503, 6, EAGAIN },
		{ TACIT_TOO_LARGE, 413, 2, EFBIG },
		{ TACIT_METHOD, 405, 1, ENOSYS },
		{ TACIT_EXISTS, 409, 1, EEXIST },
		{ TACIT_LIMIT, 429, 1, EMFILE },
	};

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		assert_int_equal(code_http_status(rows[i].code), rows[i].http);
		assert_int_equal(code_exit(rows[i].code), rows[i].exit);
		assert_int_equal(code_errno(rows[i].code), rows[i].errnum);
	}
}

static void what_is_no_code_is_a_defect(void **state)
{
	static const int codes[] = { TACIT_CODES, TACIT_CODES + 1, -1, 0x7fffffff };

	(void)state;
	for (size_t i = 0; i < sizeof codes / sizeof *codes; i++) {
		assert_string_equal(code_word((enum tacit_code)codes[i]), "internal");
		assert_int_equal(code_http_status((enum tacit_code)codes[i]), 500);
		assert_int_equal(code_exit((enum tacit_code)codes[i]), TACIT_EXIT_FAILED);
		assert_int_equal(code_errno((enum tacit_code)codes[i]), EIO);
	}
	assert_int_equal(code_of_word("no_such_word"), TACIT_INTERNAL);
	assert_int_equal(code_of_word(""), TACIT_INTERNAL);
}

static void an_error_is_made_and_wrapped(void **state)
{
	struct err err;

	(void)state;
	assert_int_equal(err_set(&err, TACIT_CORRUPT, "record %d", 7), -TACIT_CORRUPT);
	assert_int_equal(err.code, TACIT_CORRUPT);
	assert_string_equal(err.text, "record 7");
	assert_int_equal(err_wrap(&err, "open %s", "store"), -TACIT_CORRUPT);
	assert_string_equal(err.text, "open store: record 7");
	assert_int_equal(err_set(NULL, TACIT_LIMIT, "x"), -TACIT_LIMIT);
	assert_int_equal(err_wrap(NULL, "x"), -TACIT_INTERNAL);
}

static void an_errno_chooses_its_code(void **state)
{
	static const struct {
		int errnum;
		enum tacit_code code;
	} rows[] = { { ENOENT, TACIT_NOT_FOUND }, { EACCES, TACIT_DENIED }, { EPERM, TACIT_DENIED },
		{ EBUSY, TACIT_BUSY }, { EIO, TACIT_IO }, { 0, TACIT_IO }, { 99999, TACIT_IO } };
	struct err err;

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		assert_int_equal(err_errno(&err, rows[i].errnum, TACIT_IO, "open %s", "x"),
			-(int)rows[i].code);
		assert_int_equal(err.code, rows[i].code);
		assert_int_equal(strncmp(err.text, "open x: ", 8), 0);
		assert_string_equal(err.text + 8, strerror(rows[i].errnum));
		assert_int_equal(
			err_errno(NULL, rows[i].errnum, TACIT_IO, "x"), -(int)rows[i].code);
	}
}

static void a_text_never_leaves_its_room(void **state)
{
	char huge[4096];
	struct {
		struct err err;
		char guard[64];
	} guarded;

	(void)state;
	memset(huge, 'x', sizeof huge - 1);
	huge[sizeof huge - 1] = '\0';
	memset(&guarded, 0x55, sizeof guarded);
	err_set(&guarded.err, TACIT_INVALID, "%s", huge);
	assert_int_equal(strlen(guarded.err.text), ERR_TEXT_MAX - 1);
	for (int i = 0; i < 20; i++)
		assert_int_equal(err_wrap(&guarded.err, "%s", huge), -TACIT_INVALID);
	assert_true(strlen(guarded.err.text) < ERR_TEXT_MAX);
	err_errno(&guarded.err, EIO, TACIT_IO, "%s", huge);
	assert_non_null(strstr(guarded.err.text, strerror(EIO)));
	for (size_t i = 0; i < sizeof guarded.guard; i++)
		assert_int_equal(guarded.guard[i], 0x55);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_code_is_something_at_every_edge),
		cmocka_unit_test(some_codes_are_promised),
		cmocka_unit_test(what_is_no_code_is_a_defect),
		cmocka_unit_test(an_error_is_made_and_wrapped),
		cmocka_unit_test(an_errno_chooses_its_code),
		cmocka_unit_test(a_text_never_leaves_its_room),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
