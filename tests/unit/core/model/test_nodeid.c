/* SPDX-License-Identifier: Apache-2.0 */
/* Numbers of nodes: the same in every core, and telling what a node is. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "core/model/nodeid.h"
#include "seal/seal.h"

static const uint8_t key[16] = { 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16 };

static uint64_t walk(const uint8_t with[16], const char *path)
{
	char names[512];
	uint64_t id = NODE_ROOT_ID;
	size_t at = 0;

	for (;;) {
		size_t length = strcspn(path + at, "/");

		assert_true(length < sizeof names);
		memcpy(names, path + at, length);
		names[length] = '\0';
		id = node_child(with, id, names);
		at += length;
		if (!path[at] || !id)
			return path[at] ? 0 : id;
		at++;
	}
}

static void a_number_says_what_its_node_is(void **state)
{
	static const struct {
		const char *path;
		enum node_level level;
		enum consumer_kind kind;
	} rows[] = {
		{ "compose", LEVEL_KIND, CONSUMER_COMPOSE },
		{ "compose/shop", LEVEL_ABOVE, CONSUMER_COMPOSE },
		{ "compose/shop/web", LEVEL_CONSUMER, CONSUMER_COMPOSE },
		{ "compose/shop/web/db_password", LEVEL_FILE, CONSUMER_COMPOSE },
		{ "container", LEVEL_KIND, CONSUMER_CONTAINER },
		{ "container/web", LEVEL_CONSUMER, CONSUMER_CONTAINER },
		{ "container/web/db_password", LEVEL_FILE, CONSUMER_CONTAINER },
		{ "unit", LEVEL_KIND, CONSUMER_UNIT },
		{ "unit/foo@1.service", LEVEL_CONSUMER, CONSUMER_UNIT },
		{ "unit/foo@1.service/db_password", LEVEL_FILE, CONSUMER_UNIT },
		{ "user", LEVEL_KIND, CONSUMER_USER },
		{ "user/0", LEVEL_CONSUMER, CONSUMER_USER },
		{ "user/4294967294/db_password", LEVEL_FILE, CONSUMER_USER },
		{ "self", LEVEL_CONSUMER, CONSUMER_SELF },
		{ "self/db_password", LEVEL_FILE, CONSUMER_SELF },
	};

	(void)state;
	assert_int_equal(node_level(NODE_ROOT_ID), LEVEL_ROOT);
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		uint64_t id = walk(key, rows[i].path);

		assert_int_not_equal(id, 0);
		assert_int_equal(node_level(id), rows[i].level);
		assert_int_equal(node_kind(id), rows[i].kind);
	}
}

static void what_has_no_shape_has_no_number(void **state)
{
	static const char *const rows[] = { "", ".", "..", "Compose", "compose ", "units", "unit/",
		"unit/..", "unit/a b", "unit/a.service/b/c", "user/", "user/root", "user/-1",
		"user/01", "user/4294967295", "user/1000/file/below", "self/", "self/..",
		"self/file/below", "self/compose/shop", "compose/", "compose/.", "compose/..",
		"compose/Shop", "compose/shop/", "compose/shop/a b", "compose/shop/..",
		"compose/shop/web/", "compose/shop/web/..", "compose/shop/web/.",
		"compose/shop/web/-x", "compose/shop/web/file/below", "container/a", "container/.a",
		"container/web/file/below" };
	char name[NAME_SEGMENT_MAX + 2] = { 0 };

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
		if (walk(key, rows[i]))
			fail_msg("%s", rows[i]);
	memset(name, 'a', NAME_SEGMENT_MAX);
	assert_int_not_equal(node_child(key, walk(key, "container"), name), 0);
	assert_int_equal(node_child(key, walk(key, "container/web"), name), 0);
	name[NAME_SEGMENT_MAX] = 'a';
	assert_int_equal(node_child(key, walk(key, "container"), name), 0);
	name[TACIT_FILE_NAME_MAX] = '\0';
	assert_int_not_equal(node_child(key, walk(key, "container/web"), name), 0);
}

/* The kernel remembers them over every core of a mount, so a release cannot change them at will.
 * The numbers were made by another implementation of SipHash-2-4. */
static void the_numbers_of_a_mount_stay(void **state)
{
	(void)state;
	assert_int_equal(walk(key, "compose/shop/web/db_password"),
		walk(key, "compose/shop/web/db_password"));
	assert_int_equal(walk(key, "compose"), 0x102c1fbda5d06e8f);
	assert_int_equal(walk(key, "container/web"), 0x31642206a091309c);
	assert_int_equal(walk(key, "compose/shop/web/db_password"), 0x4055652216819271);
	assert_int_equal(walk(key, "unit/nginx.service/db_password"), 0x42d7f270534be7db);
	assert_int_equal(walk(key, "user/1000"), 0x334d77e99cbbc6ce);
	assert_int_equal(walk(key, "self"), 0x34417a74d13dbc20);
	assert_int_equal(walk(key, "self/db_password"), 0x44a5cd88bd6fbba1);
}

static void numbers_differ_by_path_and_by_mount(void **state)
{
	static const uint8_t other_key[16] = { 1 };
	static const char *const paths[] = { "compose", "container", "compose/a", "compose/b",
		"compose/a/a", "compose/a/b", "compose/b/a", "compose/a/a/a", "compose/a/b/a",
		"compose/b/a/a", "container/aa", "container/bb", "container/aa/a", "container/bb/a",
		"container/aa/A", "unit", "unit/aa", "unit/aa/a", "user", "user/1", "user/1/a",
		"self", "self/aa", "self/a" };
	enum { COUNT = sizeof paths / sizeof *paths };

	(void)state;
	for (size_t a = 0; a < COUNT; a++) {
		assert_int_not_equal(walk(key, paths[a]), walk(other_key, paths[a]));
		for (size_t b = 0; b < a; b++)
			assert_int_not_equal(walk(key, paths[a]), walk(key, paths[b]));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_number_says_what_its_node_is),
		cmocka_unit_test(what_has_no_shape_has_no_number),
		cmocka_unit_test(the_numbers_of_a_mount_stay),
		cmocka_unit_test(numbers_differ_by_path_and_by_mount),
	};

	return seal_start(NULL) ? 1 : cmocka_run_group_tests(tests, NULL, NULL);
}
