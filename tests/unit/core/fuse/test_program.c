/* SPDX-License-Identifier: Apache-2.0 */
/* tacit-exec in the mount: who finds it, who may run it, and what it costs nobody. */
#include "waiting.h"

#define WEBS_PROGRAM RIG_CONSUMER "/.tacit/exec"

extern const char program_image[], program_image_end[];

/* Found, described, opened, read as the kernel reads what it executes, and closed. */
static void runs(struct rig *rig, struct ask ask, const char *path)
{
	size_t size = (size_t)(program_image_end - program_image);
	struct reply reply;
	uint64_t fh;

	ask.node = rig_node(rig, path);
	must_ok(rig_getattr(rig, ask, &reply));
	assert_int_equal(reply.body.attr.attr.mode, S_IFREG | 0555);
	assert_int_equal(reply.body.attr.attr.size, size);
	must_ok(rig_access(rig, ask, X_OK | R_OK, &reply));
	must_ok(rig_open(rig, ask, FUSE_OPEN, O_RDONLY, &reply));
	/* Through the page cache, and with none of an earlier agent's pages. */
	assert_int_equal(reply.body.open.open_flags, 0);
	fh = reply.body.open.fh;
	for (size_t at = 0; at < size; at += 4096) {
		size_t length = size - at < 4096 ? size - at : 4096;

		must_ok(rig_read(rig, ask, FUSE_READ, fh, at, 4096, true, &reply));
		assert_int_equal(reply.length, length);
		assert_memory_equal(reply.body.bytes, program_image + at, length);
	}
	must_ok(rig_read(rig, ask, FUSE_READ, fh, size, 4096, true, &reply));
	assert_int_equal(reply.length, 0);
	must_ok(rig_read(rig, ask, FUSE_READ, fh, UINT32_MAX, 4096, true, &reply));
	assert_int_equal(reply.length, 0);
	must_ok(rig_release(rig, ask, fh, &reply));
}

static void is_absent(struct rig *rig, struct ask ask, const char *path)
{
	struct reply reply;

	ask.node = rig_node(rig, path);
	assert_int_equal(rig_getattr(rig, ask, &reply), ENOENT);
	assert_int_equal(rig_access(rig, ask, X_OK, &reply), ENOENT);
	assert_int_equal(rig_open(rig, ask, FUSE_OPEN, O_RDONLY, &reply), ENOENT);
}

static void it_is_a_program(void **state)
{
	const char *at = program_image;
	size_t size = (size_t)(program_image_end - program_image);

	(void)state;
	assert_true(size > 4096);
	assert_memory_equal(at, "\177ELF", 4);
}

static void in_the_root_it_is_everybodys(void **state)
{
	struct rig *rig = rig_of(state);
	const struct ask who[] = { rig_by(rig->web, 1000, 0), rig_by(rig->other, 0, 0),
		rig_by(rig->host, 0, 0), rig_by(rig->host, 1000, 0), rig_by(0, 1000, 0) };

	for (size_t i = 0; i < sizeof who / sizeof *who; i++)
		runs(rig, who[i], "exec");
	rig_lock(rig);
	for (size_t i = 0; i < sizeof who / sizeof *who; i++)
		runs(rig, who[i], "exec");
}

/* Who may see that the directory is there. */
static void in_a_directory_it_is_whoever_sees_the_directory(void **state)
{
	struct rig *rig = rig_of(state);
	struct ask web = rig_by(rig->web, 1000, 0), other = rig_by(rig->other, 0, 0);
	struct ask root = rig_by(rig->host, 0, 0), user = rig_by(rig->host, 1000, 0);
	struct reply reply;

	runs(rig, web, WEBS_PROGRAM);
	runs(rig, other, WEBS_PROGRAM);
	runs(rig, root, WEBS_PROGRAM);
	is_absent(rig, user, WEBS_PROGRAM);
	user.node = rig_node(rig, RIG_CONSUMER "/.tacit");
	assert_int_equal(rig_getattr(rig, user, &reply), ENOENT);
	assert_int_equal(rig_open(rig, user, FUSE_OPENDIR, 0, &reply), ENOENT);
	runs(rig, user, "self/.tacit/exec");
	is_absent(rig, web, "compose/shop/never/.tacit/exec");
	is_absent(rig, root, "compose/shop/never/.tacit/exec");
	rig_lock(rig);
	runs(rig, web, WEBS_PROGRAM);
	runs(rig, user, WEBS_PROGRAM);
	runs(rig, root, "compose/shop/never/.tacit/exec");
}

static void it_is_found_by_name(void **state)
{
	struct rig *rig = rig_of(state);
	static const struct {
		const char *directory, *name;
		uint32_t type; /* 0: there is no such name */
		uint32_t type_locked;
	} rows[] = {
		{ NULL, "exec", S_IFREG, S_IFREG },
		{ NULL, ".tacit", 0, 0 },
		{ RIG_CONSUMER, ".tacit", S_IFDIR, S_IFDIR },
		{ RIG_CONSUMER, "exec", 0, S_IFREG }, /* a secret could be called so */
		{ RIG_CONSUMER "/.tacit", "exec", S_IFREG, S_IFREG },
		{ RIG_CONSUMER "/.tacit", ".tacit", 0, 0 },
		{ RIG_CONSUMER "/.tacit", RIG_FILE, 0, 0 },
		{ RIG_CONSUMER "/.tacit/exec", "exec", 0, 0 },
		{ "self", ".tacit", S_IFDIR, S_IFDIR },
		{ "compose/shop", ".tacit", 0, S_IFDIR }, /* a service, too */
		{ "compose/shop", "exec", 0, S_IFDIR },
		{ "compose/shop/never", ".tacit", 0, S_IFDIR },
		{ "compose/shop/never/.tacit", "exec", 0, S_IFREG },
	};

	for (int locked = 0; locked < 2; locked++) {
		for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
			uint32_t type = locked ? rows[i].type_locked : rows[i].type;
			struct ask ask = rig_by(rig->web, 0,
				rows[i].directory ? rig_node(rig, rows[i].directory)
						  : NODE_ROOT_ID);
			struct reply reply;

			if (rig_lookup(rig, ask, rows[i].name, &reply) != (type ? 0 : ENOENT))
				fail_msg("row %zu, locked %d: %d", i, locked, reply.errnum);
			if (type)
				assert_int_equal(reply.body.entry.attr.mode & S_IFMT, type);
		}
		rig_lock(rig);
	}
}

static const char *only_name(struct rig *rig, const char *directory, char name[64])
{
	struct ask ask = rig_by(rig->web, 0, directory ? rig_node(rig, directory) : NODE_ROOT_ID);
	const struct fuse_dirent *entry;
	struct reply reply;

	must_ok(rig_open(rig, ask, FUSE_OPENDIR, 0, &reply));
	must_ok(rig_read(rig, ask, FUSE_READDIR, 0, 0, 4096, false, &reply));
	entry = (const void *)reply.body.bytes;
	if (!reply.length)
		return "";
	assert_int_equal(reply.length, FUSE_DIRENT_SIZE(entry));
	snprintf(name, 64, "%.*s", (int)entry->namelen, entry->name);
	must_ok(rig_read(rig, ask, FUSE_READDIR, 0, entry->off, 4096, false, &reply));
	assert_int_equal(reply.length, 0);
	return name;
}

/* Programs take all that they find beside their secrets for secrets. */
static void it_is_listed_where_no_secrets_are(void **state)
{
	struct rig *rig = rig_of(state);
	char name[64];

	assert_string_equal(only_name(rig, RIG_CONSUMER, name), RIG_FILE);
	assert_string_equal(only_name(rig, RIG_CONSUMER "/.tacit", name), "exec");
	rig_lock(rig);
	assert_string_equal(only_name(rig, NULL, name), "exec");
	assert_string_equal(only_name(rig, RIG_CONSUMER "/.tacit", name), "exec");
	assert_string_equal(only_name(rig, RIG_CONSUMER, name), "");
}

static void nobody_changes_it(void **state)
{
	struct rig *rig = rig_of(state);
	static const char *const paths[] = { "exec", WEBS_PROGRAM, "self/.tacit/exec" };

	for (size_t i = 0; i < sizeof paths / sizeof *paths; i++) {
		struct ask root = rig_by(rig->host, 0, rig_node(rig, paths[i]));
		struct reply reply;

		assert_int_equal(rig_open(rig, root, FUSE_OPEN, O_WRONLY, &reply), EROFS);
		assert_int_equal(rig_open(rig, root, FUSE_OPEN, O_RDWR, &reply), EROFS);
		assert_int_equal(rig_open(rig, root, FUSE_OPEN, O_RDONLY | O_TRUNC, &reply), EROFS);
		assert_int_equal(rig_access(rig, root, W_OK, &reply), EROFS);
	}
}

/* No handle, no record, and no read in the metrics. */
static void it_is_not_a_secret_that_was_read(void **state)
{
	struct rig *rig = rig_of(state);
	struct ask web = rig_by(rig->web, 1000, rig_node(rig, WEBS_PROGRAM));
	struct ask user = rig_by(rig->host, 1000, web.node);
	uint64_t recorded = audit_ring_next(rig->ring, 0);
	struct tally_sums sums;
	struct reply reply;

	for (unsigned int i = 0; i <= HANDLES_PER_CONSUMER; i++)
		must_ok(rig_open(rig, web, FUSE_OPEN, O_RDONLY, &reply));
	assert_int_equal(rig_open(rig, user, FUSE_OPEN, O_RDONLY, &reply), ENOENT);
	runs(rig, web, WEBS_PROGRAM);
	assert_int_equal(server_open_handles(rig->server), 0);
	assert_int_equal(audit_ring_next(rig->ring, 0), recorded);
	server_sums(rig->server, &sums);
	for (int i = 0; i < TALLY_OUTCOMES; i++)
		assert_int_equal(sums.opens[i], 0);
	assert_int_equal(sums.reads, 0);
	assert_int_equal(sums.read_bytes, 0);
}

/* What one core opened the next one reads, though it knows nothing of it; and an audit log that
 * must have every read does not wait for this. */
static void it_outlives_core(void **state)
{
	struct rig *rig = rig_of(state);
	struct ask web = rig_by(rig->web, 1000, rig_node(rig, WEBS_PROGRAM));
	struct reply reply;
	uint64_t fh;

	must_ok(rig_open(rig, web, FUSE_OPEN, O_RDONLY, &reply));
	fh = reply.body.open.fh;
	rig_end_core(rig);
	rig->audit_required = true;
	rig_start_core(rig);
	rig_run_core(rig);
	must_ok(rig_read(rig, web, FUSE_READ, fh, 0, 4, true, &reply));
	assert_memory_equal(reply.body.bytes, "\177ELF", 4);
	must_ok(rig_release(rig, web, fh, &reply));
	runs(rig, web, WEBS_PROGRAM);
}

/* Nobody has said yet which container it is: it starts, and is told of each file that it waits for
 * by the program itself. */
static void who_is_being_asked_about_runs_it(void **state)
{
	struct rig *rig = rig_of(state);

	runs(rig, rig_by(rig->web, 1000, 0), WEBS_PROGRAM);
	assert_int_equal(server_parked(rig->server), 0);
}

#define with_rig(test) cmocka_unit_test_setup_teardown(test, rig_set_up, rig_tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(it_is_a_program),
		with_rig(in_the_root_it_is_everybodys),
		with_rig(in_a_directory_it_is_whoever_sees_the_directory),
		with_rig(it_is_found_by_name),
		with_rig(it_is_listed_where_no_secrets_are),
		with_rig(nobody_changes_it),
		with_rig(it_is_not_a_secret_that_was_read),
		with_rig(it_outlives_core),
		cmocka_unit_test_setup_teardown(
			who_is_being_asked_about_runs_it, rig_set_up_engine, rig_tear_down),
	};

	return seal_start(NULL) ? 1 : cmocka_run_group_tests(tests, NULL, NULL);
}
