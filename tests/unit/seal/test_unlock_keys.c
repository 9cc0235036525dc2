/* SPDX-License-Identifier: Apache-2.0 */
/* What an unlock key comes from: passphrases, recovery keys, credentials. */
#include "tests/vectors/vectors.h"

#include "seal/keyfile.h"
#include "seal/passphrase.h"
#include "seal/recovery.h"

static const uint8_t no_key[SEAL_KEY_BYTES];

static void check_passphrase(const struct vector *vector)
{
	const char *memory = vector_text(vector, "memory");
	struct passphrase_cost cost = { .passes = vector_number(vector, "passes"),
		.memory_kib = (uint32_t)strtoul(memory, NULL, 10) };
	uint8_t salt[PASSPHRASE_SALT_BYTES], key[SEAL_KEY_BYTES], expected[SEAL_KEY_BYTES];
	size_t length;
	uint8_t *passphrase = vector_bytes(vector, "passphrase", &length);
	int result;

	vector_exact(vector, "salt", salt, sizeof salt);
	memset(key, 0xa5, sizeof key);
	result = passphrase_key(passphrase, length, salt, &cost, key, NULL);
	if (vector_expects_ok(vector, result)) {
		vector_exact(vector, "key", expected, sizeof expected);
		assert_memory_equal(key, expected, sizeof key);
	} else {
		assert_memory_equal(key, no_key, sizeof key);
	}
	free(passphrase);
}

static void passphrases_are_argon2id(void **state)
{
	(void)state;
	vectors_each("passphrase.txt", check_passphrase);
}

static void a_new_passphrase_is_neither_short_nor_a_file(void **state)
{
	const struct passphrase_cost cost = PASSPHRASE_COST_DEFAULT;

	(void)state;
	assert_int_equal(passphrase_check_cost(&cost, NULL), 0);
	assert_int_equal(passphrase_check(PASSPHRASE_MIN, NULL), 0);
	assert_int_equal(passphrase_check(PASSPHRASE_MAX, NULL), 0);
	assert_int_equal(passphrase_check(PASSPHRASE_MIN - 1, NULL), -TACIT_INVALID);
	assert_int_equal(passphrase_check(PASSPHRASE_MAX + 1, NULL), -TACIT_INVALID);
}

static void check_recovery(const struct vector *vector)
{
	uint8_t secret[RECOVERY_SECRET_BYTES], expected[RECOVERY_SECRET_BYTES];
	uint8_t key[SEAL_KEY_BYTES], expected_key[SEAL_KEY_BYTES];
	char made[RECOVERY_TEXT_BYTES + 1];
	size_t length;
	uint8_t *text = vector_bytes(vector, "text", &length);
	struct err err;
	int result = recovery_parse((const char *)text, length, secret, &err);

	if (vector_expects_ok(vector, result)) {
		vector_exact(vector, "secret", expected, sizeof expected);
		vector_exact(vector, "key", expected_key, sizeof expected_key);
		assert_memory_equal(secret, expected, sizeof secret);
		recovery_key(secret, key);
		assert_memory_equal(key, expected_key, sizeof key);
		recovery_format(secret, made);
		assert_int_equal(strlen(made), RECOVERY_TEXT_BYTES);
		if (!strcmp(vector_name(vector), "as it is printed"))
			assert_memory_equal(made, text, length);
	} else {
		assert_memory_equal(secret, no_key, sizeof secret);
	}
	free(text);
}

static void recovery_keys_are_what_the_format_says(void **state)
{
	(void)state;
	vectors_each("recovery.txt", check_recovery);
}

static void must_be_refused(const char *text)
{
	uint8_t secret[RECOVERY_SECRET_BYTES];

	if (recovery_parse(text, strlen(text), secret, NULL) != -TACIT_INVALID)
		fail_msg("taken: %s", text);
}

/* Not a sample: each place with each other character, and each two places. */
static void any_wrong_or_swapped_character_is_found(void **state)
{
	static const char alphabet[] = "qpzry9x8gf2tvdw0s3jn54khce6mua7l";
	uint8_t secret[RECOVERY_SECRET_BYTES];
	char text[RECOVERY_TEXT_BYTES + 1], wrong[RECOVERY_TEXT_BYTES + 1];

	(void)state;
	seal_random(secret, sizeof secret);
	recovery_format(secret, text);
	for (size_t i = 0; i < RECOVERY_TEXT_BYTES; i++)
		for (size_t c = 0; text[i] != '-' && c < sizeof alphabet - 1; c++) {
			strcpy(wrong, text);
			wrong[i] = alphabet[c];
			if (wrong[i] != text[i])
				must_be_refused(wrong);
		}
	for (size_t i = 0; i < RECOVERY_TEXT_BYTES; i++)
		for (size_t j = i + 1; j < RECOVERY_TEXT_BYTES; j++) {
			strcpy(wrong, text);
			wrong[i] = text[j];
			wrong[j] = text[i];
			if (text[i] != text[j] && text[i] != '-' && text[j] != '-')
				must_be_refused(wrong);
		}
}

static void a_credential_is_a_key_or_a_key_file(void **state)
{
	uint8_t key[SEAL_KEY_BYTES], read[SEAL_KEY_BYTES];
	char text[KEYFILE_TEXT_MAX];
	size_t length;

	(void)state;
	seal_random(key, sizeof key);
	assert_int_equal(keyfile_parse_credential(key, sizeof key, read, NULL), 0);
	assert_memory_equal(read, key, sizeof key);
	length = keyfile_format(key, text);
	memset(read, 0, sizeof read);
	assert_int_equal(keyfile_parse_credential(text, length, read, NULL), 0);
	assert_memory_equal(read, key, sizeof key);
	for (size_t other = 0; other < length - 1; other++)
		if (other != SEAL_KEY_BYTES)
			assert_int_equal(
				keyfile_parse_credential(text, other, read, NULL), -TACIT_INVALID);
}

static int start(void **state)
{
	(void)state;
	return seal_start(NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(passphrases_are_argon2id),
		cmocka_unit_test(a_new_passphrase_is_neither_short_nor_a_file),
		cmocka_unit_test(recovery_keys_are_what_the_format_says),
		cmocka_unit_test(any_wrong_or_swapped_character_is_found),
		cmocka_unit_test(a_credential_is_a_key_or_a_key_file),
	};

	return cmocka_run_group_tests(tests, start, NULL);
}
