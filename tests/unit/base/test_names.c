/* SPDX-License-Identifier: Apache-2.0 */
/* The grammar of names, by rows; then by every byte at every place, and at every length. */
#include <ctype.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/names.h"

#define X61 "x234567890123456789012345678901234567890123456789012345678901"
#define X63 "x23456789012345678901234567890123456789012345678901234567890123"
#define X127 X63 "-" X63
#define X128 X127 "x"

typedef int check_fn(const char *name, struct err *err);

static const struct {
	check_fn *check;
	const char *name;
	bool ok;
} rows[] = {
	{ name_check_secret, "db_password", true },
	{ name_check_secret, "a", true },
	{ name_check_secret, "0", true },
	{ name_check_secret, "A.b_c-d", true },
	{ name_check_secret, "a..b", true },
	{ name_check_secret, "a/b/c/d", true },
	{ name_check_secret, X63, true },
	{ name_check_secret, X63 "/" X63 "/" X63 "/" X63, true },
	{ name_check_secret, "", false },
	{ name_check_secret, "/", false },
	{ name_check_secret, "/a", false },
	{ name_check_secret, "a/", false },
	{ name_check_secret, "a//b", false },
	{ name_check_secret, ".", false },
	{ name_check_secret, "..", false },
	{ name_check_secret, "../a", false },
	{ name_check_secret, "a/../b", false },
	{ name_check_secret, "a/.b", false },
	{ name_check_secret, ".a", false },
	{ name_check_secret, "-a", false },
	{ name_check_secret, "_a", false },
	{ name_check_secret, "a b", false },
	{ name_check_secret, "a\n", false },
	{ name_check_secret, "a*", false },
	{ name_check_secret, "a+b", false },
	{ name_check_secret, "a%2fb", false },
	{ name_check_secret, "a\\b", false },
	{ name_check_secret, "\xc3\xa9", false },
	{ name_check_secret, "a/b/c/d/e", false },
	{ name_check_secret, "x" X63, false },
	{ name_check_secret, "a/x" X63, false },

	{ name_check_file, "db_password", true },
	{ name_check_file, ".env", true },
	{ name_check_file, "..a", true },
	{ name_check_file, "...", true },
	{ name_check_file, "tls.crt", true },
	{ name_check_file, X63, true },
	{ name_check_file, "", false },
	{ name_check_file, ".", false },
	{ name_check_file, "..", false },
	{ name_check_file, "-a", false },
	{ name_check_file, "_a", false },
	{ name_check_file, ".tacit", false },
	{ name_check_file, ".tacit2", true },
	{ name_check_granted, ".tacit", false },
	{ name_check_granted, ".tacit/exec", false },
	{ name_check_granted, "tls/.tacit", false },
	{ name_check_file, "a/b", false },
	{ name_check_file, "a b", false },
	{ name_check_file, "x" X63, false },

	{ name_check_granted, "cert.pem", true },
	{ name_check_granted, "tls/cert.pem", true },
	{ name_check_granted, ".tls/..a", true },
	{ name_check_granted, X61 "/x", true },
	{ name_check_granted, "x/" X61, true },
	{ name_check_granted, X63, true },
	{ name_check_granted, X61 "/xx", false },
	{ name_check_granted, "", false },
	{ name_check_granted, "/", false },
	{ name_check_granted, "/cert", false },
	{ name_check_granted, "tls/", false },
	{ name_check_granted, "tls//cert", false },
	{ name_check_granted, "tls/cert/x", false },
	{ name_check_granted, "../cert", false },
	{ name_check_granted, "./cert", false },
	{ name_check_granted, "tls/..", false },
	{ name_check_granted, "-tls/cert", false },
	{ name_check_granted, "tls/_cert", false },
	{ name_check_granted, "tls@1/cert", false },
	{ name_check_granted, "tls/cert@1", false },

	{ name_check_bundle, "tls", true },
	{ name_check_bundle, "a/b/c", true },
	{ name_check_bundle, X63 "/" X63 "/" X63, true },
	{ name_check_bundle, "a/b/c/d", false },
	{ name_check_bundle, "tls/", false },
	{ name_check_bundle, "", false },
	{ name_check_bundle, "tls@1", false },

	{ name_check_consumer, "compose/shop/web", true },
	{ name_check_consumer, "compose/1/Web.API", true },
	{ name_check_consumer, "compose/s-h_o-p/_.-", true },
	{ name_check_consumer, "compose/a/-", true },
	{ name_check_consumer, "compose/a/.a", true },
	{ name_check_consumer, "compose/" X63 "/" X127, true },
	{ name_check_consumer, "container/web", true },
	{ name_check_consumer, "container/W_.-1", true },
	{ name_check_consumer, "container/" X127, true },
	{ name_check_consumer, "", false },
	{ name_check_consumer, "compose", false },
	{ name_check_consumer, "compose/", false },
	{ name_check_consumer, "compose/shop", false },
	{ name_check_consumer, "compose/shop/", false },
	{ name_check_consumer, "compose//web", false },
	{ name_check_consumer, "compose/shop/web/", false },
	{ name_check_consumer, "compose/shop/web/db", false },
	{ name_check_consumer, "compose/Shop/web", false },
	{ name_check_consumer, "compose/sh.op/web", false },
	{ name_check_consumer, "compose/_shop/web", false },
	{ name_check_consumer, "compose/shop/.", false },
	{ name_check_consumer, "compose/shop/..", false },
	{ name_check_consumer, "compose/../web", false },
	{ name_check_consumer, "Compose/shop/web", false },
	{ name_check_consumer, "/compose/shop/web", false },
	{ name_check_consumer, "container/", false },
	{ name_check_consumer, "container/w", false },
	{ name_check_consumer, "container/.w", false },
	{ name_check_consumer, "container/web/db", false },
	{ name_check_consumer, "container/" X128, false },
	{ name_check_consumer, "compose/" X128 "/web", false },
	{ name_check_consumer, "compose/" X127 "/" X127, false }, /* longer than 255 */
	{ name_check_consumer, "unit/nginx.service", true },
	{ name_check_consumer, "unit/getty@tty1.service", true },
	{ name_check_consumer, "unit/dev-disk-by\\x2dlabel.mount", true },
	{ name_check_consumer, "unit/a:b", true },
	{ name_check_consumer, "unit/-.slice", true },
	{ name_check_consumer, "unit/n", true },
	{ name_check_consumer, "unit/" X127, true },
	{ name_check_consumer, "unit", false },
	{ name_check_consumer, "unit/", false },
	{ name_check_consumer, "unit/.", false },
	{ name_check_consumer, "unit/..", false },
	{ name_check_consumer, "unit/a b", false },
	{ name_check_consumer, "unit/a%i", false },
	{ name_check_consumer, "unit/a/b", false },
	{ name_check_consumer, "unit/" X128, false },
	{ name_check_consumer, "user/0", true },
	{ name_check_consumer, "user/1000", true },
	{ name_check_consumer, "user/2147483648", true },
	{ name_check_consumer, "user/4294967294", true },
	{ name_check_consumer, "user/4294967295", false }, /* nobody at all */
	{ name_check_consumer, "user/4294967296", false },
	{ name_check_consumer, "user/9999999999", false },
	{ name_check_consumer, "user/42949672940", false },
	{ name_check_consumer, "user/18446744073709551617", false }, /* 1, if it wrapped */
	{ name_check_consumer, "user/00", false },
	{ name_check_consumer, "user/01", false },
	{ name_check_consumer, "user/-1", false },
	{ name_check_consumer, "user/+1", false },
	{ name_check_consumer, "user/1 ", false },
	{ name_check_consumer, "user/0x1", false },
	{ name_check_consumer, "user/root", false },
	{ name_check_consumer, "user/", false },
	{ name_check_consumer, "user", false },
	{ name_check_consumer, "user/1/2", false },
	{ name_check_consumer, "self", false },
	{ name_check_consumer, "self/", false },
	{ name_check_consumer, "self/web", false },
};

static void a_name_is_taken_as_its_row_says(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct err err = { .code = TACIT_OK, .text = "untouched" };
		int status = rows[i].check(rows[i].name, &err);

		if (status != (rows[i].ok ? 0 : -TACIT_INVALID))
			fail_msg("'%s' (row %zu): %d", rows[i].name, i, status);
		if (rows[i].ok)
			assert_string_equal(err.text, "untouched");
		else if (strlen(rows[i].name) > strlen("container/"))
			assert_null(strstr(err.text, rows[i].name)); /* never echoed */
		assert_int_equal(rows[i].check(rows[i].name, NULL), status);
	}
}

/* systemd's own set (VALID_CHARS of its unit names), at every place. */
static void a_units_bytes_are_systemds(void **state)
{
	(void)state;
	for (int byte = 1; byte < 256; byte++) {
		char only[] = { 'u', 'n', 'i', 't', '/', (char)byte, 0 };
		char later[] = { 'u', 'n', 'i', 't', '/', 'a', (char)byte, 'a', 0 };
		bool letter = byte < 128 && isalnum(byte), rest = letter || strchr(":-_.\\@", byte);

		assert_int_equal(!name_check_consumer(only, NULL), rest && byte != '.');
		assert_int_equal(!name_check_consumer(later, NULL), rest);
	}
}

static void bytes_are_those_of_the_grammar(void **state)
{
	static const char letters[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";

	(void)state;
	for (int byte = 1; byte < 256; byte++) {
		char first[] = { (char)byte, 'a', 0 }, later[] = { 'a', (char)byte, 'a', 0 };
		char last[] = { 'a', (char)byte, 0 };
		bool letter = strchr(letters, byte), rest = letter || strchr("._-", byte);

		assert_int_equal(!name_check_secret(first, NULL), letter);
		assert_int_equal(!name_check_secret(later, NULL), rest || byte == '/');
		assert_int_equal(!name_check_secret(last, NULL), rest);
		assert_int_equal(!name_check_file(first, NULL), letter || byte == '.');
		assert_int_equal(!name_check_file(later, NULL), rest);
		assert_int_equal(!name_check_file(last, NULL), rest);
	}
}

/* What is a name as a path is a name as its parts, and the other way round. */
static void components_make_consumers(void **state)
{
	static const char *const names[] = { "a", "aa", "A", "a.b", ".", "..", ".a", "-", "_", "1",
		"a_b", "a b", "", "01", "a@b", "4294967295", X127, X128 };
	static const enum consumer_kind flat[] = { CONSUMER_CONTAINER, CONSUMER_UNIT,
		CONSUMER_USER };
	enum { COUNT = sizeof names / sizeof *names };
	char path[512];

	(void)state;
	for (size_t a = 0; a < COUNT; a++) {
		bool ok;

		for (size_t i = 0; i < sizeof flat / sizeof *flat; i++) {
			snprintf(path, sizeof path, "%s/%s", consumer_kind_word(flat[i]), names[a]);
			assert_int_equal(!name_check_consumer(path, NULL),
				consumer_component_ok(flat[i], 0, names[a], strlen(names[a])));
		}
		for (size_t b = 0; b < COUNT; b++) {
			ok = consumer_component_ok(
				     CONSUMER_COMPOSE, 0, names[a], strlen(names[a])) &&
			     consumer_component_ok(CONSUMER_COMPOSE, 1, names[b], strlen(names[b]));
			snprintf(path, sizeof path, "compose/%s/%s", names[a], names[b]);
			assert_int_equal(!name_check_consumer(path, NULL),
				ok && strlen(path) <= TACIT_CONSUMER_NAME_MAX);
		}
	}
}

static void kinds_have_words_and_depths(void **state)
{
	(void)state;
	for (int kind = 0; kind < CONSUMER_KINDS; kind++) {
		const char *word = consumer_kind_word((enum consumer_kind)kind);
		size_t length = strlen(word);

		assert_int_equal(consumer_kind_of_word(word, length), kind);
		assert_int_equal(consumer_kind_of_word(word, length - 1), CONSUMER_KINDS);
		assert_int_equal(consumer_kind_of_word(word, length + 1), CONSUMER_KINDS);
		assert_int_equal(
			consumer_kind_depth((enum consumer_kind)kind) == 0, kind == CONSUMER_SELF);
		assert_false(consumer_component_ok((enum consumer_kind)kind,
			consumer_kind_depth((enum consumer_kind)kind), "aa", 2));
	}
	assert_int_equal(consumer_kind_of_word("", 0), CONSUMER_KINDS);
}

static void a_name_of_megabytes_is_refused(void **state)
{
	static const char *const patterns[] = { "a", "a/", "/", ".", "compose/", "container/a",
		"\xff" };
	size_t length = 4u << 20;
	char *name = malloc(length + 1);

	(void)state;
	assert_non_null(name);
	for (size_t i = 0; i < sizeof patterns / sizeof *patterns; i++) {
		for (size_t at = 0; at < length; at++)
			name[at] = patterns[i][at % strlen(patterns[i])];
		name[length] = '\0';
		assert_int_equal(name_check_secret(name, NULL), -TACIT_INVALID);
		assert_int_equal(name_check_file(name, NULL), -TACIT_INVALID);
		assert_int_equal(name_check_granted(name, NULL), -TACIT_INVALID);
		assert_int_equal(name_check_bundle(name, NULL), -TACIT_INVALID);
		assert_int_equal(name_check_consumer(name, NULL), -TACIT_INVALID);
	}
	free(name);
}

/* A grant without --as: the default is a name that a file may have, whatever the secret's is. */
static void the_default_file_is_the_last_segment(void **state)
{
	(void)state;
	assert_string_equal(name_default_file("db_password"), "db_password");
	assert_string_equal(name_default_file("shop/db/password"), "password");
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
		if (rows[i].check == name_check_secret && rows[i].ok)
			assert_int_equal(name_check_file(name_default_file(rows[i].name), NULL), 0);
}

static void a_folder_ends_at_its_slash(void **state)
{
	static const char name[] = "tls/cert";

	(void)state;
	assert_ptr_equal(name_folder_end(name), name + 3);
	assert_null(name_folder_end("cert"));
}

static void a_generation_is_a_folder_and_a_number(void **state)
{
	static const struct {
		const char *name;
		size_t length; /* 0: it is none */
		uint64_t number;
	} generations[] = {
		{ "tls@1", 3, 1 },
		{ "tls@10", 3, 10 },
		{ ".tls@7", 4, 7 },
		{ "t.l-s_@7", 6, 7 },
		{ "t@18446744073709551615", 1, UINT64_MAX },
		{ X63 "@1", 63, 1 },
		{ "t@18446744073709551616", 0, 0 },
		{ "t@28446744073709551615", 0, 0 },
		{ "t@99999999999999999999999", 0, 0 },
		{ X63 "x@1", 0, 0 },
		{ "tls@0", 0, 0 },
		{ "tls@01", 0, 0 },
		{ "tls@", 0, 0 },
		{ "tls@-1", 0, 0 },
		{ "tls@+1", 0, 0 },
		{ "tls@1a", 0, 0 },
		{ "tls@1 ", 0, 0 },
		{ "tls@1@1", 0, 0 },
		{ "tls@@1", 0, 0 },
		{ "tls@1/cert", 0, 0 },
		{ "tls/cert@1", 0, 0 },
		{ "@1", 0, 0 },
		{ "@", 0, 0 },
		{ "", 0, 0 },
		{ ".@1", 0, 0 },
		{ "..@1", 0, 0 },
		{ "-tls@1", 0, 0 },
		{ "_tls@1", 0, 0 },
		{ "tls", 0, 0 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof generations / sizeof generations[0]; i++) {
		uint64_t number = 77;
		size_t length = 77;
		bool is = name_is_generation(generations[i].name, &length, &number);

		if (is != !!generations[i].length)
			fail_msg("'%s': %d", generations[i].name, is);
		assert_int_equal(length, is ? generations[i].length : 77);
		assert_true(number == (is ? generations[i].number : 77));
		/* No file can be called so. */
		if (is)
			assert_int_equal(
				name_check_granted(generations[i].name, NULL), -TACIT_INVALID);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_name_is_taken_as_its_row_says),
		cmocka_unit_test(bytes_are_those_of_the_grammar),
		cmocka_unit_test(a_units_bytes_are_systemds),
		cmocka_unit_test(components_make_consumers),
		cmocka_unit_test(kinds_have_words_and_depths),
		cmocka_unit_test(a_name_of_megabytes_is_refused),
		cmocka_unit_test(the_default_file_is_the_last_segment),
		cmocka_unit_test(a_folder_ends_at_its_slash),
		cmocka_unit_test(a_generation_is_a_folder_and_a_number),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
