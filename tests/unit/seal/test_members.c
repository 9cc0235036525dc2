/* SPDX-License-Identifier: Apache-2.0 */
/* The values of a bundle's members in one value: taken apart within its bounds, or refused. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/pack.h"
#include "seal/members.h"

#define ROOM 16

static struct member members[ROOM];
static size_t count;

static void add(struct pack *pack, const char *name, const char *value)
{
	pack_u8(pack, (uint8_t)strlen(name));
	pack_bytes(pack, name, strlen(name));
	pack_blob(pack, value, strlen(value));
}

/* In memory of just this length, so that a sanitizer sees what is read behind it. */
static int parse(const char *bundle, const struct pack *pack, struct err *err)
{
	return members_parse(bundle, pack->bytes, pack->length, members, ROOM, &count, err);
}

static void refused(struct pack *pack, enum tacit_code code)
{
	struct err err = { 0 };

	assert_int_equal(parse("tls", pack, &err), -(int)code);
	assert_true(err.text[0]);
	assert_null(strstr(err.text, "odd"));
	pack_free(pack);
}

static void each_member_has_its_name_and_value(void **state)
{
	struct pack pack = { 0 };

	(void)state;
	add(&pack, "cert", "one");
	add(&pack, "key", "twoo");
	assert_int_equal(parse("web/tls", &pack, NULL), 0);
	assert_int_equal(count, 2);
	assert_string_equal(members[0].name, "web/tls/cert");
	assert_string_equal(members[1].name, "web/tls/key");
	assert_int_equal(members[0].length, 3);
	assert_memory_equal(members[0].value, "one", 3);
	assert_int_equal(members[1].length, 4);
	assert_memory_equal(members[1].value, "twoo", 4);
	pack_free(&pack);
}

static void nothing_is_no_bundle(void **state)
{
	(void)state;
	refused(&(struct pack){ 0 }, TACIT_INVALID);
}

static void what_is_cut_off_anywhere_is_refused(void **state)
{
	struct pack whole = { 0 };

	(void)state;
	add(&whole, "cert", "one");
	for (size_t length = 1; length < whole.length; length++) {
		struct pack cut = { 0 };

		pack_bytes(&cut, whole.bytes, length);
		refused(&cut, TACIT_INVALID);
	}
	pack_free(&whole);
}

static void what_is_left_over_is_refused(void **state)
{
	struct pack pack = { 0 };

	(void)state;
	add(&pack, "cert", "one");
	pack_u8(&pack, 0);
	refused(&pack, TACIT_INVALID);
}

static void a_length_beyond_the_end_is_refused(void **state)
{
	struct pack pack = { 0 };

	(void)state;
	pack_u8(&pack, 4);
	pack_bytes(&pack, "cert", 4);
	pack_u32(&pack, UINT32_MAX);
	pack_bytes(&pack, "one", 3);
	refused(&pack, TACIT_INVALID);
}

static void names_are_segments(void **state)
{
	static const char *const wrong[] = { "", "odd/key", "/", "..", "-odd", "odd key", "odd\n" };
	char longest[65];

	(void)state;
	for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
		struct pack pack = { 0 };

		add(&pack, wrong[i], "one");
		refused(&pack, TACIT_INVALID);
	}
	memset(longest, 'a', sizeof longest);
	longest[64] = '\0';
	for (int over = 1; over >= 0; over--) {
		struct pack pack = { 0 };

		add(&pack, longest + !over, "one");
		if (over) {
			refused(&pack, TACIT_INVALID);
			continue;
		}
		assert_int_equal(parse("tls", &pack, NULL), 0);
		pack_free(&pack);
	}
}

static void a_name_with_a_nul_is_refused(void **state)
{
	struct pack pack = { 0 };

	(void)state;
	pack_u8(&pack, 5);
	pack_bytes(&pack, "cert\0", 5);
	pack_blob(&pack, "one", 3);
	refused(&pack, TACIT_INVALID);
}

static void a_name_is_there_once(void **state)
{
	struct pack pack = { 0 };

	(void)state;
	add(&pack, "odd", "one");
	add(&pack, "key", "two");
	add(&pack, "odd", "three");
	refused(&pack, TACIT_INVALID);
}

static void a_value_has_a_byte(void **state)
{
	struct pack pack = { 0 };

	(void)state;
	add(&pack, "cert", "one");
	add(&pack, "odd", "");
	refused(&pack, TACIT_INVALID);
}

static void there_are_so_many_at_most(void **state)
{
	struct pack pack = { 0 };
	char name[16];

	(void)state;
	for (int i = 0; i < ROOM; i++) {
		snprintf(name, sizeof name, "odd%d", i);
		add(&pack, name, "one");
	}
	assert_int_equal(parse("tls", &pack, NULL), 0);
	assert_int_equal(count, ROOM);
	add(&pack, "oddest", "one");
	refused(&pack, TACIT_INVALID);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_member_has_its_name_and_value),
		cmocka_unit_test(nothing_is_no_bundle),
		cmocka_unit_test(what_is_cut_off_anywhere_is_refused),
		cmocka_unit_test(what_is_left_over_is_refused),
		cmocka_unit_test(a_length_beyond_the_end_is_refused),
		cmocka_unit_test(names_are_segments),
		cmocka_unit_test(a_name_with_a_nul_is_refused),
		cmocka_unit_test(a_name_is_there_once),
		cmocka_unit_test(a_value_has_a_byte),
		cmocka_unit_test(there_are_so_many_at_most),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
