/* SPDX-License-Identifier: Apache-2.0 */
/* A sealed record opens at its own address with its own key, whole and unchanged, or not at all. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "seal/record.h"

/* header, nonce, the length behind the padding, tag */
#define OVERHEAD (28 + 24 + 4 + 16)

struct sealed {
	uint8_t key[SEAL_KEY_BYTES];
	struct record_address address;
	uint8_t *bytes;
	size_t length;
};

static struct sealed seal(const void *plain, size_t length)
{
	struct sealed made = { .address = { .key_id = 1, .table = 2 } };

	seal_random(made.key, sizeof made.key);
	seal_random(made.address.store_id, SEAL_ID_BYTES);
	seal_random(made.address.id, SEAL_ID_BYTES);
	made.length = record_sealed_size(length);
	made.bytes = malloc(made.length);
	assert_non_null(made.bytes);
	assert_int_equal(record_seal(made.key, &made.address, plain, length, made.bytes, NULL), 0);
	return made;
}

/* Open, and check that a failure leaves nothing. */
static int try_open(const struct sealed *sealed, size_t sealed_length)
{
	size_t room = record_padded_size(sealed_length), length;
	uint8_t *plain = malloc(room ? room : 1),
		*bytes = malloc(sealed_length ? sealed_length : 1);
	int result;

	assert_non_null(plain);
	assert_non_null(bytes);
	memcpy(bytes, sealed->bytes, sealed_length); /* exactly as long: a read beyond is caught */
	memset(plain, 0, room ? room : 1);
	result = record_open(
		sealed->key, &sealed->address, bytes, sealed_length, plain, room, &length, NULL);
	for (size_t i = 0; result < 0 && i < room; i++)
		assert_int_equal(plain[i], 0);
	free(bytes);
	free(plain);
	return result;
}

static void every_length_comes_back(void **state)
{
	static const size_t lengths[] = { 0, 1, 2, 63, 64, 65, 255, 256, 257, 1023, 1024, 1025,
		4096, 4097, 16384, 16385, 65536, 65537, 262144, 262145, (1 << 20) - 1, 1 << 20,
		(1 << 20) + 1, 3 << 20 };
	uint8_t *plain = malloc(3 << 20), *opened;

	(void)state;
	assert_non_null(plain);
	seal_random(plain, 3 << 20);
	for (size_t i = 0; i < sizeof lengths / sizeof *lengths; i++) {
		struct sealed sealed = seal(plain, lengths[i]);
		size_t room = record_padded_size(sealed.length), length;

		opened = malloc(room);
		assert_non_null(opened);
		assert_int_equal(record_open(sealed.key, &sealed.address, sealed.bytes,
					 sealed.length, opened, room, &length, NULL),
			0);
		assert_int_equal(length, lengths[i]);
		assert_memory_equal(opened, plain, length);
		for (size_t at = length; at < room; at++)
			assert_int_equal(opened[at], 0);
		free(opened);
		free(sealed.bytes);
	}
	free(plain);
}

static void a_size_tells_its_class_alone(void **state)
{
	static const struct {
		size_t length, bucket;
	} rows[] = { { 0, 64 }, { 64, 64 }, { 65, 256 }, { 256, 256 }, { 257, 1 << 10 },
		{ 1025, 4 << 10 }, { 4097, 16 << 10 }, { 16385, 64 << 10 }, { 65537, 256 << 10 },
		{ 262145, 1 << 20 }, { 1 << 20, 1 << 20 }, { (1 << 20) + 1, 2 << 20 },
		{ (5 << 20) + 1, 6 << 20 } };

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		assert_int_equal(record_sealed_size(rows[i].length), rows[i].bucket + OVERHEAD);
		assert_int_equal(record_padded_size(rows[i].bucket + OVERHEAD), rows[i].bucket + 4);
	}
	for (size_t length = 0; length <= OVERHEAD - 4; length++)
		assert_int_equal(record_padded_size(length), 0);
}

static void a_value_beyond_the_limit_is_refused(void **state)
{
	struct record_address address = { 0 };
	uint8_t key[SEAL_KEY_BYTES] = { 0 }, byte = 0;

	(void)state;
	assert_int_equal(
		record_seal(key, &address, &byte, (16 << 20) + 1, &byte, NULL), -TACIT_TOO_LARGE);
}

static void every_truncation_is_refused(void **state)
{
	struct sealed sealed = seal("hunter2", 7);

	(void)state;
	for (size_t length = 0; length < sealed.length; length++)
		assert_int_equal(try_open(&sealed, length), -TACIT_CORRUPT);
	assert_int_equal(try_open(&sealed, sealed.length), 0);
	free(sealed.bytes);
}

static void every_flipped_bit_is_refused(void **state)
{
	struct sealed sealed = seal("hunter2", 7);

	(void)state;
	for (size_t bit = 0; bit < 8 * sealed.length; bit++) {
		bool version = bit / 8 == 4 && bit != 8 * 4; /* 1 becomes 3, 5, 9...: newer */

		sealed.bytes[bit / 8] ^= (uint8_t)(1 << bit % 8);
		assert_int_equal(
			try_open(&sealed, sealed.length), version ? -TACIT_NEWER : -TACIT_CORRUPT);
		sealed.bytes[bit / 8] ^= (uint8_t)(1 << bit % 8);
	}
	assert_int_equal(try_open(&sealed, sealed.length), 0);
	free(sealed.bytes);
}

static void every_other_address_is_refused(void **state)
{
	struct sealed sealed = seal("hunter2", 7);
	uint8_t *address = (uint8_t *)&sealed.address;
	static const struct {
		size_t at, length;
	} fields[] = {
		{ offsetof(struct record_address, store_id), SEAL_ID_BYTES },
		{ offsetof(struct record_address, key_id), 4 },
		{ offsetof(struct record_address, table), 1 },
		{ offsetof(struct record_address, id), SEAL_ID_BYTES },
	};

	(void)state;
	for (size_t i = 0; i < sizeof fields / sizeof *fields; i++)
		for (size_t bit = 0; bit < 8 * fields[i].length; bit++) {
			address[fields[i].at + bit / 8] ^= (uint8_t)(1 << bit % 8);
			assert_int_equal(try_open(&sealed, sealed.length), -TACIT_CORRUPT);
			address[fields[i].at + bit / 8] ^= (uint8_t)(1 << bit % 8);
		}
	for (size_t bit = 0; bit < 8 * SEAL_KEY_BYTES; bit++) {
		sealed.key[bit / 8] ^= (uint8_t)(1 << bit % 8);
		assert_int_equal(try_open(&sealed, sealed.length), -TACIT_CORRUPT);
		sealed.key[bit / 8] ^= (uint8_t)(1 << bit % 8);
	}
	assert_int_equal(try_open(&sealed, sealed.length), 0);
	free(sealed.bytes);
}

static void sealing_twice_gives_other_bytes(void **state)
{
	struct sealed sealed = seal("hunter2", 7);
	uint8_t *again = malloc(sealed.length);

	(void)state;
	assert_non_null(again);
	assert_int_equal(record_seal(sealed.key, &sealed.address, "hunter2", 7, again, NULL), 0);
	assert_memory_equal(again, sealed.bytes, 28);
	assert_memory_not_equal(again + 28, sealed.bytes + 28, 24);
	assert_memory_not_equal(again + 52, sealed.bytes + 52, 64);
	free(again);
	free(sealed.bytes);
}

static void a_short_room_is_refused_before_anything_is_written(void **state)
{
	struct sealed sealed = seal("hunter2", 7);
	size_t room = record_padded_size(sealed.length), length;
	uint8_t *plain = malloc(room - 1);

	(void)state;
	assert_non_null(plain);
	assert_int_equal(record_open(sealed.key, &sealed.address, sealed.bytes, sealed.length,
				 plain, room - 1, &length, NULL),
		-TACIT_INTERNAL);
	free(plain);
	free(sealed.bytes);
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
		cmocka_unit_test(a_size_tells_its_class_alone),
		cmocka_unit_test(a_value_beyond_the_limit_is_refused),
		cmocka_unit_test(every_truncation_is_refused),
		cmocka_unit_test(every_flipped_bit_is_refused),
		cmocka_unit_test(every_other_address_is_refused),
		cmocka_unit_test(sealing_twice_gives_other_bytes),
		cmocka_unit_test(a_short_room_is_refused_before_anything_is_written),
	};

	return cmocka_run_group_tests(tests, start, NULL);
}
