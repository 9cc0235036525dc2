/* SPDX-License-Identifier: Apache-2.0 */
/* Random values: of their alphabet's characters alone, each as likely as any other. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "seal/generate.h"
#include "seal/seal.h"

static const struct {
	enum seal_alphabet alphabet;
	const char *name;
	size_t characters;
} rows[] = {
	{ SEAL_ALPHANUMERIC, "alphanumeric", 62 },
	{ SEAL_PASSWORD, "password", 90 },
	{ SEAL_HEX, "hex", 16 },
	{ SEAL_BASE64, "base64", 64 },
};

/* They are in the store. */
static void the_numbers_of_alphabets_stay(void **state)
{
	(void)state;
	assert_int_equal(sizeof rows / sizeof rows[0], SEAL_ALPHABETS);
	for (size_t i = 0; i < SEAL_ALPHABETS; i++) {
		const char *characters = seal_alphabet_characters(rows[i].alphabet);

		assert_int_equal(rows[i].alphabet, i);
		assert_string_equal(seal_alphabet_name(rows[i].alphabet), rows[i].name);
		assert_int_equal(seal_alphabet_by_name(rows[i].name), rows[i].alphabet);
		assert_int_equal(strlen(characters), rows[i].characters);
		for (const char *at = characters; *at; at++) {
			assert_true(*at > ' ' && *at < 0x7f);
			assert_null(strchr("'\"`\\", *at));
			assert_null(strchr(at + 1, *at)); /* once */
		}
	}
	assert_null(seal_alphabet_name(SEAL_ALPHABETS));
	assert_null(seal_alphabet_characters(SEAL_ALPHABETS));
	assert_int_equal(seal_alphabet_by_name("Hex"), SEAL_ALPHABETS);
	assert_int_equal(seal_alphabet_by_name(""), SEAL_ALPHABETS);
}

/* A character's count lies within seven standard deviations: wrong once in 10^10 runs. Without the
 * bytes being refused that do not divide evenly, the first characters would be a third too many. */
static void every_character_is_as_likely(void **state)
{
	enum { DRAWN = 1 << 20 };
	uint8_t *bytes = malloc(DRAWN);

	(void)state;
	assert_non_null(bytes);
	for (size_t i = 0; i < SEAL_ALPHABETS; i++) {
		const char *characters = seal_alphabet_characters(rows[i].alphabet);
		long counts[256] = { 0 }, expected = DRAWN / (long)rows[i].characters, total = 0;

		seal_generate(rows[i].alphabet, bytes, DRAWN);
		for (size_t at = 0; at < DRAWN; at++)
			counts[bytes[at]]++;
		for (const char *at = characters; *at; at++) {
			long off = counts[(uint8_t)*at] - expected;

			assert_true(off * off < 49 * expected);
			total += counts[(uint8_t)*at];
		}
		assert_int_equal(total, DRAWN);
	}
	free(bytes);
}

static void as_many_as_were_asked_for_and_no_more(void **state)
{
	(void)state;
	for (size_t count = 0; count < 200; count++) {
		uint8_t bytes[201];

		memset(bytes, 0, sizeof bytes);
		seal_generate(SEAL_PASSWORD, bytes, count);
		for (size_t at = 0; at < sizeof bytes; at++)
			assert_int_equal(bytes[at] != 0, at < count);
	}
}

static void no_two_values_are_the_same(void **state)
{
	uint8_t values[64][32];

	(void)state;
	for (size_t i = 0; i < 64; i++) {
		seal_generate(SEAL_HEX, values[i], sizeof values[i]);
		for (size_t other = 0; other < i; other++)
			assert_memory_not_equal(values[i], values[other], sizeof values[i]);
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
		cmocka_unit_test(the_numbers_of_alphabets_stay),
		cmocka_unit_test(every_character_is_as_likely),
		cmocka_unit_test(as_many_as_were_asked_for_and_no_more),
		cmocka_unit_test(no_two_values_are_the_same),
	};

	return cmocka_run_group_tests(tests, start, NULL);
}
