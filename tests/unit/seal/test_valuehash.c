/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "seal/valuehash.h"

static void it_is_what_the_format_says(void **state)
{
	uint8_t key[SEAL_KEY_BYTES], other[SEAL_KEY_BYTES];
	char text[VALUEHASH_TEXT], again[VALUEHASH_TEXT];

	(void)state;
	for (size_t i = 0; i < sizeof key; i++)
		key[i] = other[i] = (uint8_t)i;
	other[31] ^= 1;
	valuehash(key, "correct-horse", 13, text);
	/* By hashlib of Python. */
	assert_string_equal(text, "Qj89NcPSbMdz5MnCaDcTqQ");
	valuehash(key, "correct-horsf", 13, again);
	assert_string_not_equal(again, text);
	valuehash(key, "correct-horse", 12, again);
	assert_string_not_equal(again, text);
	valuehash(other, "correct-horse", 13, again);
	assert_string_not_equal(again, text);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(it_is_what_the_format_says) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
