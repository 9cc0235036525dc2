/* SPDX-License-Identifier: Apache-2.0 */
/* A value in transit opens with its own key for its own purpose, and with nothing else. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <tacit/api.h>

#include "seal/transit.h"

#define CONTEXT "create:db_password"

struct keys {
	uint8_t public_key[TRANSIT_PUBLIC_BYTES];
	uint8_t secret_key[TRANSIT_SECRET_BYTES];
};

static uint8_t *seal(const struct keys *keys, const char *context, const void *value, size_t length,
	size_t *sealed_length)
{
	uint8_t *sealed;

	*sealed_length = transit_sealed_size(context, length);
	sealed = malloc(*sealed_length);
	assert_non_null(sealed);
	assert_int_equal(transit_seal(keys->public_key, context, value, length, sealed, NULL), 0);
	return sealed;
}

static int try_open(
	const struct keys *keys, const char *context, const uint8_t *sealed, size_t sealed_length)
{
	uint8_t *value = NULL;
	size_t length;
	int result = transit_open(keys->public_key, keys->secret_key, context, sealed,
		sealed_length, &value, &length, NULL);

	if (result < 0)
		assert_null(value);
	seal_free(value);
	return result;
}

static void every_length_comes_back(void **state)
{
	static const size_t lengths[] = { 0, 1, 2, 17, 4096, TACIT_VALUE_MAX };
	uint8_t *value = malloc(TACIT_VALUE_MAX), *opened;
	struct keys keys;

	(void)state;
	assert_non_null(value);
	transit_make_keys(keys.public_key, keys.secret_key);
	seal_random(value, TACIT_VALUE_MAX);
	for (size_t i = 0; i < sizeof lengths / sizeof *lengths; i++) {
		size_t sealed_length, length;
		uint8_t *sealed = seal(&keys, CONTEXT, value, lengths[i], &sealed_length);

		assert_true(sealed_length <= TACIT_TRANSIT_MAX);
		assert_int_equal(
			sealed_length, lengths[i] + strlen(CONTEXT) + TACIT_TRANSIT_OVERHEAD);
		assert_int_equal(transit_open(keys.public_key, keys.secret_key, CONTEXT, sealed,
					 sealed_length, &opened, &length, NULL),
			0);
		assert_int_equal(length, lengths[i]);
		assert_memory_equal(opened, value, length);
		seal_free(opened);
		free(sealed);
	}
	free(value);
}

static void another_purpose_is_refused(void **state)
{
	static const char *const others[] = { "", "create:", "create:db_passwor",
		"create:db_password2", "rotate:db_password", "create:DB_password" };
	struct keys keys;
	size_t length;
	uint8_t *sealed;

	(void)state;
	transit_make_keys(keys.public_key, keys.secret_key);
	sealed = seal(&keys, CONTEXT, "hunter2", 7, &length);
	for (size_t i = 0; i < sizeof others / sizeof *others; i++)
		assert_int_equal(try_open(&keys, others[i], sealed, length), -TACIT_INVALID);
	assert_int_equal(try_open(&keys, CONTEXT, sealed, length), 0);
	free(sealed);
}

static void another_key_is_stale(void **state)
{
	struct keys keys, other;
	size_t length;
	uint8_t *sealed;

	(void)state;
	transit_make_keys(keys.public_key, keys.secret_key);
	transit_make_keys(other.public_key, other.secret_key);
	assert_memory_not_equal(keys.public_key, other.public_key, TRANSIT_PUBLIC_BYTES);
	sealed = seal(&keys, CONTEXT, "hunter2", 7, &length);
	assert_int_equal(try_open(&other, CONTEXT, sealed, length), -TACIT_STALE);
	free(sealed);
}

static void every_flipped_bit_and_every_truncation_is_stale(void **state)
{
	struct keys keys;
	size_t length;
	uint8_t *sealed;

	(void)state;
	transit_make_keys(keys.public_key, keys.secret_key);
	sealed = seal(&keys, CONTEXT, "hunter2", 7, &length);
	/* X25519 ignores the highest bit of a point, but the nonce is a hash over all of it. */
	for (size_t bit = 0; bit < 8 * length; bit++) {
		sealed[bit / 8] ^= (uint8_t)(1 << bit % 8);
		assert_int_equal(try_open(&keys, CONTEXT, sealed, length), -TACIT_STALE);
		sealed[bit / 8] ^= (uint8_t)(1 << bit % 8);
	}
	for (size_t shorter = 0; shorter < length; shorter++)
		assert_int_equal(try_open(&keys, CONTEXT, sealed, shorter), -TACIT_STALE);
	assert_int_equal(try_open(&keys, CONTEXT, sealed, length), 0);
	free(sealed);
}

static void limits_are_refused_before_any_work(void **state)
{
	char context[TACIT_TRANSIT_CONTEXT_MAX + 2] = "";
	struct keys keys;
	uint8_t byte = 0;

	(void)state;
	transit_make_keys(keys.public_key, keys.secret_key);
	assert_int_equal(
		transit_seal(keys.public_key, CONTEXT, &byte, TACIT_VALUE_MAX + 1, &byte, NULL),
		-TACIT_TOO_LARGE);
	assert_int_equal(try_open(&keys, CONTEXT, &byte, TACIT_TRANSIT_MAX + 1), -TACIT_TOO_LARGE);
	memset(context, 'a', TACIT_TRANSIT_CONTEXT_MAX + 1);
	assert_int_equal(
		transit_seal(keys.public_key, context, &byte, 1, &byte, NULL), -TACIT_INVALID);
}

static void a_public_key_that_is_none_is_refused(void **state)
{
	static const uint8_t zero[TRANSIT_PUBLIC_BYTES];
	uint8_t sealed[TACIT_TRANSIT_OVERHEAD + sizeof CONTEXT];

	(void)state;
	assert_int_equal(transit_seal(zero, CONTEXT, "x", 1, sealed, NULL), -TACIT_INVALID);
}

static int start(void **state)
{
	(void)state;
	return seal_start(NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_length_comes_back),
		cmocka_unit_test(another_purpose_is_refused),
		cmocka_unit_test(another_key_is_stale),
		cmocka_unit_test(every_flipped_bit_and_every_truncation_is_stale),
		cmocka_unit_test(limits_are_refused_before_any_work),
		cmocka_unit_test(a_public_key_that_is_none_is_refused),
	};

	return cmocka_run_group_tests(tests, start, NULL);
}
