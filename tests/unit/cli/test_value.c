/* SPDX-License-Identifier: Apache-2.0 */
/* Values: the newline rule, and where a value may and may not come from. */
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "cli/value.h"
#include "seal/seal.h"

static void test_one_line_loses_one_newline(void **state)
{
#define ROW(text, newline)                                                                         \
	{                                                                                          \
		text, sizeof text - 1, newline                                                     \
	}
	static const struct {
		const char *bytes;
		size_t length, newline;
	} rows[] = {
		ROW("", 0), ROW("a", 0), ROW("a\n", 1), ROW("a\r\n", 2), ROW("\n", 1),
		ROW("\r\n", 2), ROW("a\r", 0), ROW("a\n\n", 0), ROW("a\nb", 0), ROW("a\nb\n", 0),
		ROW("a\r\nb\r\n", 0), ROW("a\r\r\n", 0), ROW("\na", 0), ROW("a\tb\n", 1),
		ROW(" a \n", 1), ROW("a\0b\n", 0), ROW("a\x1b[0m\n", 0), ROW("a\x7f\n", 0),
		ROW("p\xc3\xa4ss\n", 1),      /* two bytes */
		ROW("\xe2\x82\xac\n", 1),     /* three */
		ROW("\xf0\x9f\x94\x91\n", 1), /* four */
		ROW("p\xe4ss\n", 0),          /* Latin-1 */
		ROW("\xc3\n", 0),             /* cut short */
		ROW("\xc0\xaf\n", 0),         /* overlong */
		ROW("\xe0\x80\xaf\n", 0),     /* overlong */
		ROW("\xed\xa0\x80\n", 0),     /* surrogate */
		ROW("\xf4\x90\x80\x80\n", 0), /* beyond Unicode */
		ROW("\xc2\x85\n", 0),         /* a control character of two bytes */
		ROW("\xff\xfe\x00\x01\n", 0), /* binary */
	};

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
		assert_int_equal(value_newline((const uint8_t *)rows[i].bytes, rows[i].length),
			rows[i].newline);
}

static void write_file(const char *path, const void *bytes, size_t length)
{
	FILE *file = fopen(path, "w");

	assert_non_null(file);
	assert_int_equal(fwrite(bytes, 1, length, file), length);
	fclose(file);
}

static void test_files_are_taken_whole(void **state)
{
	static char large[TACIT_VALUE_MAX + 3];
	static const struct {
		size_t size;
		const char *end;
		bool keep;
		int status;
		size_t length;
	} rows[] = {
		{ 0, "", false, -TACIT_INVALID, 0 },
		{ 0, "\n", false, -TACIT_INVALID, 0 },
		{ 0, "\n", true, 0, 1 },
		{ 1, "", false, 0, 1 },
		{ 1, "\r\n", false, 0, 1 },
		{ 1, "\r\n", true, 0, 3 },
		{ TACIT_VALUE_MAX, "", false, 0, TACIT_VALUE_MAX },
		{ TACIT_VALUE_MAX, "\n", false, 0, TACIT_VALUE_MAX },
		{ TACIT_VALUE_MAX, "\r\n", false, 0, TACIT_VALUE_MAX },
		{ TACIT_VALUE_MAX, "\n", true, -TACIT_TOO_LARGE, 0 },
		{ TACIT_VALUE_MAX + 1, "", false, -TACIT_TOO_LARGE, 0 },
		{ TACIT_VALUE_MAX + 1, "\n", false, -TACIT_TOO_LARGE, 0 },
		{ TACIT_VALUE_MAX + 1, "\r\n", false, -TACIT_TOO_LARGE, 0 },
	};
	char path[] = "/tmp/tacit-value-XXXXXX";

	(void)state;
	close(mkstemp(path));
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		const struct value_source source = { .file = path, .keep_newline = rows[i].keep };
		struct value value = { 0 };
		struct err err;

		memset(large, 'x', sizeof large);
		memcpy(large + rows[i].size, rows[i].end, strlen(rows[i].end));
		write_file(path, large, rows[i].size + strlen(rows[i].end));
		assert_int_equal(value_take(&source, &value, &err), rows[i].status);
		assert_int_equal(value.length, rows[i].length);
		assert_true(!value.bytes == (rows[i].status < 0));
		assert_true(!value.bytes || !memcmp(value.bytes, large, value.length));
		value_free(&value);
	}
	unlink(path);
}

static void test_a_word_is_never_a_value(void **state)
{
	static const struct {
		const char *word;
		bool shown;
	} rows[] = { { "hunter2-no-such-file", false }, { "hunter2/no/such", false }, { "", false },
		{ "/tmp/hunter2-no-such-file", true }, { "/hunter2", true } };

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		const struct value_source source = { .file = rows[i].word };
		struct value value;
		struct err err;

		assert_int_equal(value_take(&source, &value, &err), -TACIT_NOT_FOUND);
		assert_true(!strstr(err.text, "hunter2") == !rows[i].shown);
		assert_non_null(strstr(err.text, "never taken from the command line"));
		assert_non_null(strstr(err.text, "leave it out to be asked"));
		assert_null(value.bytes);
	}
}

static void test_generated_is_not_trimmed(void **state)
{
	(void)state;
	for (int alphabet = 0; alphabet < SEAL_ALPHABETS; alphabet++) {
		const struct value_source source = { .generate = 32,
			.alphabet = (enum seal_alphabet)alphabet };
		const char *characters = seal_alphabet_characters(source.alphabet);
		struct value value;
		struct err err;

		assert_int_equal(value_take(&source, &value, &err), 0);
		assert_int_equal(value.length, 32);
		assert_int_equal(value.trimmed, 0);
		for (size_t i = 0; i < value.length; i++)
			assert_non_null(memchr(characters, value.bytes[i], strlen(characters)));
		value_free(&value);
	}
}

static int start(void **state)
{
	(void)state;
	return seal_start(NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_one_line_loses_one_newline),
		cmocka_unit_test(test_files_are_taken_whole),
		cmocka_unit_test(test_a_word_is_never_a_value),
		cmocka_unit_test(test_generated_is_not_trimmed),
	};

	return cmocka_run_group_tests(tests, start, NULL);
}
