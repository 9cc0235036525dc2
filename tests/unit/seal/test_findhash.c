/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "seal/findhash.h"

static void expand(struct findhash_key *key, uint8_t last)
{
	uint8_t bytes[SEAL_KEY_BYTES];

	for (size_t i = 0; i < sizeof bytes; i++)
		bytes[i] = (uint8_t)i;
	bytes[31] = last;
	findhash_expand(key, bytes);
}

/* What PROTOCOL.md says of them, by hashlib of Python and a SipHash written from its paper. */
static void they_are_what_the_protocol_says(void **state)
{
	static const char want[] =
		"40af4960342728c88fd93c0039e9b156c189f503c4917a7c4c0f343195b86539";
	char digits[2 * FINDHASH_BYTES + 1];
	uint8_t hash[FINDHASH_BYTES];
	struct findhash_key key;

	(void)state;
	expand(&key, 31);
	assert_true(findhash_start(&key, "correct-") == UINT64_C(0x461e2c7c09eb2aa4));
	findhash_whole(&key, "correct-horse", 13, hash);
	for (size_t i = 0; i < sizeof hash; i++)
		snprintf(digits + 2 * i, 3, "%02x", hash[i]);
	assert_string_equal(digits, want);
}

static void another_key_or_another_value_is_another_hash(void **state)
{
	uint8_t hash[FINDHASH_BYTES], other[FINDHASH_BYTES];
	struct findhash_key key, second;

	(void)state;
	expand(&key, 31);
	expand(&second, 30);
	assert_true(findhash_start(&key, "correct-") != findhash_start(&second, "correct-"));
	assert_true(findhash_start(&key, "correct-") != findhash_start(&key, "correct+"));
	findhash_whole(&key, "correct-horse", 13, hash);
	findhash_whole(&second, "correct-horse", 13, other);
	assert_memory_not_equal(hash, other, sizeof hash);
	findhash_whole(&key, "correct-horse", 12, other);
	assert_memory_not_equal(hash, other, sizeof hash);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(they_are_what_the_protocol_says),
		cmocka_unit_test(another_key_or_another_value_is_another_hash) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
