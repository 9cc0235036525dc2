/* SPDX-License-Identifier: Apache-2.0 */
/* The bytes are those of agent/FORMAT.md: what its vectors say seals to them and opens from them,
 * and every fault is refused with the word that stands beside it. */
#include "tests/vectors/vectors.h"

#include "seal/internal.h"
#include "seal/keyfile.h"
#include "seal/transit.h"

static void check_sealing(const struct vector *vector, const uint8_t *key,
	const struct record_address *address, const uint8_t *sealed, size_t sealed_length,
	const uint8_t *opened, size_t opened_length)
{
	size_t length;
	uint8_t *plain = vector_bytes(vector, "plain", &length), *made = malloc(sealed_length);
	uint8_t nonce[SEAL_NONCE_BYTES];
	struct err err;

	assert_non_null(made);
	vector_exact(vector, "nonce", nonce, sizeof nonce);
	assert_int_equal(opened_length, length);
	assert_memory_equal(opened, plain, length);
	assert_int_equal(record_sealed_size(length), sealed_length);
	assert_int_equal(record_seal_with_nonce(key, address, nonce, plain, length, made, &err), 0);
	assert_memory_equal(made, sealed, sealed_length);
	free(made);
	free(plain);
}

static void check_record(const struct vector *vector)
{
	struct record_address address = { .key_id = vector_number(vector, "key_id"),
		.table = (uint8_t)vector_number(vector, "table") };
	size_t sealed_length, room, length = 0;
	uint8_t key[SEAL_KEY_BYTES], *plain;
	uint8_t *sealed = vector_bytes(vector, "sealed", &sealed_length);
	struct err err;
	int result;

	vector_exact(vector, "key", key, sizeof key);
	vector_exact(vector, "store", address.store_id, SEAL_ID_BYTES);
	vector_exact(vector, "id", address.id, SEAL_ID_BYTES);
	room = record_padded_size(sealed_length);
	plain = calloc(1, room ? room : 1);
	assert_non_null(plain);
	result = record_open(key, &address, sealed, sealed_length, plain, room, &length, &err);
	if (vector_expects_ok(vector, result))
		check_sealing(vector, key, &address, sealed, sealed_length, plain, length);
	else
		for (size_t i = 0; i < room; i++)
			assert_int_equal(plain[i], 0);
	free(plain);
	free(sealed);
}

static void records_are_what_the_format_says(void **state)
{
	(void)state;
	vectors_each("record.txt", check_record);
}

static void check_first_slot(const struct vector *vector)
{
	uint8_t unlock[SEAL_KEY_BYTES], store[SEAL_ID_BYTES], root[SEAL_KEY_BYTES];
	uint8_t nonce[SEAL_NONCE_BYTES], plain[SEAL_KEY_BYTES], made[SLOT_FIRST_BYTES];
	static const uint8_t nothing[SEAL_KEY_BYTES];
	size_t length;
	uint8_t *sealed = vector_bytes(vector, "sealed", &length);
	struct err err;
	int result;

	vector_exact(vector, "unlock", unlock, sizeof unlock);
	vector_exact(vector, "store", store, sizeof store);
	memset(root, 0xa5, sizeof root);
	result = slot_open_first(unlock, store, sealed, length, root, &err);
	if (vector_expects_ok(vector, result)) {
		vector_exact(vector, "plain", plain, sizeof plain);
		vector_exact(vector, "nonce", nonce, sizeof nonce);
		assert_memory_equal(root, plain, sizeof plain);
		wrap_seal_with_nonce(unlock, WRAP_SLOT_KEY, store, nonce, root, sizeof root, made);
		assert_memory_equal(made, sealed, sizeof made);
	} else {
		assert_memory_equal(root, nothing, sizeof nothing);
	}
	free(sealed);
}

static void slots_of_the_first_layout_are_what_the_format_says(void **state)
{
	(void)state;
	vectors_each("slot.txt", check_first_slot);
}

static void check_keyring(const struct vector *vector)
{
	static const struct keyring nothing;
	uint8_t root[SEAL_KEY_BYTES], store[SEAL_ID_BYTES], nonce[SEAL_NONCE_BYTES];
	uint8_t plain[KEYRING_PLAIN_BYTES], packed[KEYRING_PLAIN_BYTES];
	uint8_t made[KEYRING_SEALED_BYTES];
	struct keyring *ring = malloc(sizeof *ring);
	size_t length;
	uint8_t *sealed = vector_bytes(vector, "sealed", &length);
	struct err err;
	int result;

	assert_non_null(ring);
	vector_exact(vector, "root", root, sizeof root);
	vector_exact(vector, "store", store, sizeof store);
	result = keyring_open(root, store, sealed, length, ring, &err);
	if (vector_expects_ok(vector, result)) {
		vector_exact(vector, "plain", plain, sizeof plain);
		vector_exact(vector, "nonce", nonce, sizeof nonce);
		keyring_pack(ring, packed);
		assert_memory_equal(packed, plain, sizeof plain);
		wrap_seal_with_nonce(root, WRAP_KEYRING, store, nonce, packed, sizeof packed, made);
		assert_memory_equal(made, sealed, sizeof made);
	} else {
		assert_memory_equal(ring, &nothing, sizeof nothing);
	}
	free(sealed);
	free(ring);
}

static void keyrings_are_what_the_format_says(void **state)
{
	(void)state;
	vectors_each("keyring.txt", check_keyring);
}

static void check_transit(const struct vector *vector)
{
	uint8_t public_key[TRANSIT_PUBLIC_BYTES], secret_key[TRANSIT_SECRET_BYTES];
	size_t sealed_length, context_length, plain_length, length;
	uint8_t *sealed = vector_bytes(vector, "sealed", &sealed_length), *value;
	uint8_t *context = vector_bytes(vector, "context", &context_length);
	uint8_t *plain = vector_bytes(vector, "plain", &plain_length);
	char text[64] = "";
	struct err err;
	int result;

	assert_true(context_length < sizeof text);
	memcpy(text, context, context_length);
	vector_exact(vector, "public", public_key, sizeof public_key);
	vector_exact(vector, "secret", secret_key, sizeof secret_key);
	result = transit_open(
		public_key, secret_key, text, sealed, sealed_length, &value, &length, &err);
	if (vector_expects_ok(vector, result)) {
		assert_int_equal(length, plain_length);
		assert_memory_equal(value, plain, length);
		assert_int_equal(transit_sealed_size(text, length), sealed_length);
		seal_free(value);
	}
	free(plain);
	free(context);
	free(sealed);
}

static void values_in_transit_are_what_the_format_says(void **state)
{
	(void)state;
	vectors_each("transit.txt", check_transit);
}

static void check_keyfile(const struct vector *vector)
{
	uint8_t key[SEAL_KEY_BYTES] = { 0 }, expected[SEAL_KEY_BYTES];
	char made[KEYFILE_TEXT_MAX];
	size_t length;
	uint8_t *text = vector_bytes(vector, "text", &length);
	struct err err;
	int result = keyfile_parse((const char *)text, length, key, &err);

	if (vector_expects_ok(vector, result)) {
		vector_exact(vector, "key", expected, sizeof expected);
		assert_memory_equal(key, expected, sizeof key);
		assert_int_equal(keyfile_format(key, made), 57);
		assert_memory_equal(made, text, length); /* the newline may be missing */
		assert_int_equal(made[56], '\n');
		assert_int_equal(made[57], '\0');
	}
	free(text);
}

static void key_files_are_what_the_format_says(void **state)
{
	(void)state;
	vectors_each("keyfile.txt", check_keyfile);
}

static int start(void **state)
{
	(void)state;
	return seal_start(NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(records_are_what_the_format_says),
		cmocka_unit_test(slots_of_the_first_layout_are_what_the_format_says),
		cmocka_unit_test(keyrings_are_what_the_format_says),
		cmocka_unit_test(values_in_transit_are_what_the_format_says),
		cmocka_unit_test(key_files_are_what_the_format_says),
	};

	return cmocka_run_group_tests(tests, start, NULL);
}
