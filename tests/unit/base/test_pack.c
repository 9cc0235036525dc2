/* SPDX-License-Identifier: Apache-2.0 */
/* Bytes in a fixed order, there and back; and everything that may end too early. Small things
 * beside it: dates, paths. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/clock.h"
#include "base/pack.h"
#include "base/paths.h"

static void everything(struct pack *pack)
{
	pack_u8(pack, 0x12);
	pack_u16(pack, 0x3456);
	pack_u32(pack, 0x789abcde);
	pack_u64(pack, 0x0123456789abcdef);
	pack_bytes(pack, "raw", 3);
	pack_blob(pack, "blob", 4);
	pack_text(pack, "text");
}

static const uint8_t bytes[] = { 0x12, 0x56, 0x34, 0xde, 0xbc, 0x9a, 0x78, 0xef, 0xcd, 0xab, 0x89,
	0x67, 0x45, 0x23, 0x01, 'r', 'a', 'w', 4, 0, 0, 0, 'b', 'l', 'o', 'b', 4, 0, 't', 'e', 'x',
	't' };

static void the_order_is_fixed(void **state)
{
	struct pack pack = { 0 };

	(void)state;
	everything(&pack);
	assert_false(pack.failed);
	assert_int_equal(pack.length, sizeof bytes);
	assert_memory_equal(pack.bytes, bytes, sizeof bytes);
	pack_free(&pack);
	assert_null(pack.bytes);
	assert_int_equal(pack.length, 0);
}

/* Reads everything; whether all of it was there. */
static bool read_back(struct unpack *from, uint64_t *sum)
{
	char raw[3], text[5];
	size_t length;
	const uint8_t *blob;

	*sum = unpack_u8(from);
	*sum += unpack_u16(from);
	*sum += unpack_u32(from);
	*sum += unpack_u64(from);
	unpack_bytes(from, raw, sizeof raw);
	blob = unpack_blob(from, &length);
	unpack_text(from, text, sizeof text);
	if (!unpack_done(from)) {
		assert_true(!blob == !length || !length);
		return false;
	}
	assert_memory_equal(raw, "raw", 3);
	assert_int_equal(length, 4);
	assert_memory_equal(blob, "blob", 4);
	assert_string_equal(text, "text");
	return true;
}

static void it_comes_back_whole_or_not_at_all(void **state)
{
	uint64_t sum;

	(void)state;
	for (size_t length = 0; length <= sizeof bytes + 1; length++) {
		uint8_t *exact = calloc(1, length ? length : 1);
		struct unpack from = { .at = exact, .left = length };

		assert_non_null(exact);
		memcpy(exact, bytes, length < sizeof bytes ? length : sizeof bytes);
		assert_int_equal(read_back(&from, &sum), length == sizeof bytes);
		assert_int_equal(from.failed, length < sizeof bytes);
		free(exact);
	}
	assert_int_equal(sum, 0x12 + 0x3456 + (uint64_t)0x789abcde + (uint64_t)0x0123456789abcdef);
}

/* One failure, and nothing that follows is read: not even what would fit. */
static void after_a_failure_all_is_zero(void **state)
{
	struct unpack from = { .at = bytes, .left = 2 };
	char raw[2] = "xx", text[8] = "x";
	size_t length = 9;

	(void)state;
	assert_int_equal(unpack_u32(&from), 0);
	assert_true(from.failed);
	assert_int_equal(unpack_u8(&from), 0);
	assert_int_equal(unpack_u16(&from), 0);
	unpack_bytes(&from, raw, sizeof raw);
	assert_memory_equal(raw, "\0\0", 2);
	assert_null(unpack_blob(&from, &length));
	assert_int_equal(length, 0);
	unpack_text(&from, text, sizeof text);
	assert_string_equal(text, "");
	assert_false(unpack_done(&from));
}

static void a_text_fits_or_fails(void **state)
{
	static const struct {
		const char *packed;
		size_t length, room;
		const char *text; /* NULL: fails */
	} rows[] = {
		{ "\0\0", 2, 1, "" },
		{ "\3\0abc", 5, 4, "abc" },
		{ "\3\0abc", 5, 3, NULL },
		{ "\3\0ab", 4, 8, NULL },
		{ "\3\0a\0c", 5, 8, NULL },
		{ "\xff\xff", 2, 8, NULL },
		{ "\3", 1, 8, NULL },
		{ "", 0, 8, NULL },
	};

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct unpack from = { .at = (const uint8_t *)rows[i].packed,
			.left = rows[i].length };
		char text[8] = "xxxxxxx";

		unpack_text(&from, text, rows[i].room);
		if (from.failed != !rows[i].text)
			fail_msg("row %zu", i);
		assert_string_equal(text, rows[i].text ? rows[i].text : "");
	}
}

static void a_blob_that_claims_too_much_fails(void **state)
{
	static const uint8_t claims[][6] = { { 3, 0, 0, 0, 'a', 'b' }, { 0xff, 0xff, 0xff, 0xff },
		{ 0, 0, 0, 0x80 } };
	size_t length;

	(void)state;
	for (size_t i = 0; i < 3; i++) {
		struct unpack from = { .at = claims[i], .left = sizeof claims[i] };

		assert_null(unpack_blob(&from, &length));
		assert_int_equal(length, 0);
		assert_true(from.failed);
	}
}

static void a_limit_is_kept(void **state)
{
	char *long_text = malloc(UINT16_MAX + 2);

	(void)state;
	for (size_t limit = 1; limit <= sizeof bytes; limit++) {
		struct pack pack = { .limit = limit };

		everything(&pack);
		assert_int_equal(pack.failed, limit < sizeof bytes);
		assert_true(pack.length <= limit);
		assert_memory_equal(pack.bytes ? pack.bytes : bytes, bytes, pack.length);
		pack_free(&pack);
	}
	assert_non_null(long_text);
	memset(long_text, 'x', UINT16_MAX + 1);
	for (size_t length = UINT16_MAX; length <= UINT16_MAX + 1; length++) {
		struct pack pack = { 0 };

		long_text[length] = '\0';
		pack_text(&pack, long_text);
		assert_int_equal(pack.failed, length > UINT16_MAX);
		long_text[length] = 'x';
		pack_free(&pack);
	}
	free(long_text);
}

/* A length that no memory has must not wrap around. */
static void a_length_beyond_memory_fails(void **state)
{
	struct pack pack = { 0 };

	(void)state;
	pack_u8(&pack, 1);
	pack_bytes(&pack, bytes, SIZE_MAX);
	assert_true(pack.failed);
	assert_int_equal(pack.length, 1);
	pack_u8(&pack, 2);
	assert_int_equal(pack.length, 1);
	pack_free(&pack);
	pack_blob(&pack, bytes, (size_t)UINT32_MAX + 1);
	assert_true(pack.failed);
	pack_free(&pack);
}

static void a_date_is_rfc_3339(void **state)
{
	char text[CLOCK_TEXT_MAX];

	(void)state;
	clock_format(0, text);
	assert_string_equal(text, "1970-01-01T00:00:00.000Z");
	clock_format(1769851800125999999, text);
	assert_string_equal(text, "2026-01-31T09:30:00.125Z");
	clock_format(UINT64_MAX, text);
	assert_string_equal(text, "2554-07-21T23:34:33.709Z");
	assert_true(clock_monotonic_ns() <= clock_monotonic_ns());
}

static void a_root_has_room_for_a_socket(void **state)
{
	char root[PATH_ROOT_MAX + 1], full[PATH_FULL_MAX];
	struct err err;

	(void)state;
	assert_int_equal(path_check_root("/", root, &err), 0);
	assert_string_equal(root, "");
	path_below(root, "/etc/x", full);
	assert_string_equal(full, "/etc/x");
	assert_int_equal(path_check_root("/usr/../usr/./", root, &err), 0);
	assert_string_equal(root, "/usr");
	path_below(root, "/etc/x", full);
	assert_string_equal(full, "/usr/etc/x");
	assert_true(path_check_root("/no/such/place", root, &err) < 0);
	assert_true(path_check_root("", root, &err) < 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_order_is_fixed),
		cmocka_unit_test(it_comes_back_whole_or_not_at_all),
		cmocka_unit_test(after_a_failure_all_is_zero),
		cmocka_unit_test(a_text_fits_or_fails),
		cmocka_unit_test(a_blob_that_claims_too_much_fails),
		cmocka_unit_test(a_limit_is_kept),
		cmocka_unit_test(a_length_beyond_memory_fails),
		cmocka_unit_test(a_date_is_rfc_3339),
		cmocka_unit_test(a_root_has_room_for_a_socket),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
