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
		{ "exec", LEVEL_PROGRAM, CONSUMER_KINDS },
		{ "container/web/.tacit", LEVEL_PROGRAMS, CONSUMER_CONTAINER },
		{ "container/web/.tacit/exec", LEVEL_PROGRAM, CONSUMER_CONTAINER },
		{ "container/web/exec", LEVEL_FILE, CONSUMER_CONTAINER },
		{ "self/.tacit/exec", LEVEL_PROGRAM, CONSUMER_SELF },
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

/* A folder has a file's shape, and is another node; a generation of one has a shape of its own. */
static void a_folder_is_asked_for_by_name(void **state)
{
	static const struct {
		const char *directory, *name;
		uint64_t folder, member;
	} rows[] = {
		{ "compose/shop/web", "tls", 0x50c1c5669fa1eddc, 0x402d05e5bf975520 },
		{ "compose/shop/web", "tls@7", 0x501dd11c38970e98, 0x40f7d24d7097a686 },
		{ "self", "tls", 0x54b98df923a0a103, 0x44f2ef400c7ba8af },
	};

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		uint64_t directory = walk(key, rows[i].directory);
		uint64_t folder = node_folder(key, directory, rows[i].name);
		uint64_t child = node_child(key, directory, rows[i].name);

		assert_int_equal(folder, rows[i].folder);
		assert_int_equal(node_child(key, folder, "cert"), rows[i].member);
		assert_int_equal(node_level(folder), LEVEL_FOLDER);
		assert_int_equal(node_level(rows[i].member), LEVEL_FILE);
		assert_int_equal(node_kind(folder), node_kind(directory));
		assert_int_equal(node_kind(rows[i].member), node_kind(directory));
		if (i == 1)
			assert_int_equal(child, folder);
		else
			assert_int_equal(node_level(child), LEVEL_FILE);
	}
}

static void what_cannot_be_a_folder_has_no_number(void **state)
{
	static const char *const names[] = { "", ".", "..", "-x", "a b", "a/b", "@1", "tls@",
		"tls@0", "tls@07", "tls@-1", "tls@1@2", "tls@18446744073709551616" };
	uint64_t web = walk(key, "compose/shop/web"), self = walk(key, "self");
	uint64_t folder = node_folder(key, web, "tls");
	char name[2 * NAME_SEGMENT_MAX] = { 0 };

	(void)state;
	for (size_t i = 0; i < sizeof names / sizeof *names; i++)
		if (node_folder(key, web, names[i]) || node_child(key, web, names[i]) ||
			node_child(key, folder, names[i]))
			fail_msg("%s", names[i]);
	assert_int_not_equal(node_folder(key, web, "tls@18446744073709551615"), 0);
	assert_int_equal(node_folder(key, self, "tls@1"), 0);
	assert_int_equal(node_child(key, self, "tls@1"), 0);
	/* Folders are in consumers' directories, files alone are in folders. */
	assert_int_equal(node_child(key, folder, "tls@1"), 0);
	assert_int_equal(node_folder(key, folder, "tls"), 0);
	assert_int_equal(node_folder(key, NODE_ROOT_ID, "tls"), 0);
	assert_int_equal(node_folder(key, walk(key, "compose/shop"), "tls"), 0);
	assert_int_equal(node_folder(key, walk(key, "compose/shop/web/file"), "tls"), 0);
	memset(name, 'a', sizeof name - 1);
	assert_int_equal(node_folder(key, web, name), 0);
	assert_int_equal(node_child(key, folder, name), 0);
	name[TACIT_FILE_NAME_MAX] = '\0';
	assert_int_not_equal(node_folder(key, web, name), 0);
	assert_int_not_equal(node_child(key, folder, name), 0);
}

/* So that who may run it is known by its number alone. */
static void a_programs_number_says_whose_it_is(void **state)
{
	static const char *const consumers[] = { "compose/shop/web", "compose/shop/db",
		"container/web", "unit/foo.service", "user/7", "self" };

	(void)state;
	assert_int_equal(node_owner(walk(key, "exec")), NODE_ROOT_ID);
	assert_int_equal(node_owner(NODE_ROOT_ID), NODE_ROOT_ID);
	for (size_t i = 0; i < sizeof consumers / sizeof *consumers; i++) {
		uint64_t consumer = walk(key, consumers[i]);
		uint64_t folder = node_child(key, consumer, ".tacit");
		uint64_t program = node_child(key, folder, "exec");

		assert_int_equal(node_owner(folder), consumer);
		assert_int_equal(node_owner(program), consumer);
		assert_int_equal(node_owner(consumer), consumer);
		assert_int_equal(node_folder(key, consumer, ".tacit"), 0);
		assert_int_equal(node_folder(key, folder, "exec"), 0);
		assert_int_equal(node_child(key, folder, "other"), 0);
		assert_int_equal(node_child(key, program, "exec"), 0);
		assert_true(program != folder && folder != consumer);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_number_says_what_its_node_is),
		cmocka_unit_test(what_has_no_shape_has_no_number),
		cmocka_unit_test(the_numbers_of_a_mount_stay),
		cmocka_unit_test(numbers_differ_by_path_and_by_mount),
		cmocka_unit_test(a_folder_is_asked_for_by_name),
		cmocka_unit_test(what_cannot_be_a_folder_has_no_number),
		cmocka_unit_test(a_programs_number_says_whose_it_is),
	};

	return seal_start(NULL) ? 1 : cmocka_run_group_tests(tests, NULL, NULL);
}
