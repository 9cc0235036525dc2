/* SPDX-License-Identifier: Apache-2.0 */
/* What the kernel is answered: to containers, to the host, to nobody, while locked. Denials first.
 */
#include "rig.h"

/* Everything a reader may try at the granted file and its directory, and what it gets. */
static void a_reader_gets_what_it_may(void **state)
{
	struct rig *rig = rig_of(state);
	const struct {
		const char *who;
		pid_t pid;
		uint32_t uid;
		int stat, access_read, open, open_to_write, list;
	} rows[] = {
		{ "a container", rig->web, 1000, 0, 0, 0, EROFS, 0 },
		{ "root in a container", rig->web, 0, 0, 0, 0, EROFS, 0 },
		{ "root on the host", rig->host, 0, 0, EACCES, EACCES, EROFS, 0 },
		{ "a user of the host", rig->host, 1000, ENOENT, ENOENT, ENOENT, EROFS, ENOENT },
		{ "nobody", 0, 0, ENOENT, ENOENT, ENOENT, EROFS, ENOENT },
		{ "nobody, not even root", 0, 1000, ENOENT, ENOENT, ENOENT, EROFS, ENOENT },
		{ "a process that has ended", INT32_MAX, 0, ENOENT, ENOENT, ENOENT, EROFS, ENOENT },
	};

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct ask file = rig_by(rows[i].pid, rows[i].uid, rig->file);
		struct ask directory = rig_by(rows[i].pid, rows[i].uid, rig->consumer);
		struct reply reply;

		print_message("%s\n", rows[i].who);
		assert_int_equal(rig_getattr(rig, file, &reply), rows[i].stat);
		assert_int_equal(rig_getattr(rig, directory, &reply), rows[i].stat);
		assert_int_equal(rig_access(rig, file, F_OK, &reply), rows[i].stat);
		assert_int_equal(rig_access(rig, file, R_OK, &reply), rows[i].access_read);
		assert_int_equal(rig_open(rig, file, FUSE_OPEN, O_RDONLY, &reply), rows[i].open);
		if (!reply.errnum)
			assert_int_equal(rig_release(rig, file, reply.body.open.fh, &reply), 0);
		assert_int_equal(
			rig_open(rig, file, FUSE_OPEN, O_WRONLY, &reply), rows[i].open_to_write);
		assert_int_equal(rig_open(rig, file, FUSE_OPEN, O_RDONLY | O_TRUNC, &reply),
			rows[i].open_to_write);
		assert_int_equal(
			rig_open(rig, directory, FUSE_OPENDIR, O_RDONLY, &reply), rows[i].list);
	}
	assert_int_equal(server_open_handles(rig->server), 0);
}

/* A denied LOOKUP would take the name away from everybody, and its mounts with it. */
static void lookup_never_asks_who(void **state)
{
	struct rig *rig = rig_of(state);
	const struct ask who[] = { rig_by(rig->web, 1000, 0), rig_by(rig->other, 0, 0),
		rig_by(rig->host, 0, 0), rig_by(rig->host, 1000, 0), rig_by(0, 0, 0) };
	const struct {
		const char *parent, *name;
		int errnum;
	} rows[] = {
		{ NULL, "compose", 0 },
		{ NULL, "container", 0 },
		{ NULL, "nonsense", ENOENT },
		{ "compose", "shop", 0 },
		{ "compose", "shops", ENOENT },
		{ "compose", "SHOP", ENOENT },
		{ "compose/shop", "web", 0 },
		{ "compose/shop", "db", ENOENT },
		{ RIG_CONSUMER, RIG_FILE, 0 },
		{ RIG_CONSUMER, "other", ENOENT },
		{ RIG_CONSUMER, "..", ENOENT },
		{ RIG_CONSUMER "/" RIG_FILE, "x", ENOENT },
	};

	for (size_t row = 0; row < sizeof rows / sizeof *rows; row++)
		for (size_t i = 0; i < sizeof who / sizeof *who; i++) {
			struct ask ask = who[i];
			struct reply reply;

			ask.node =
				rows[row].parent ? rig_node(rig, rows[row].parent) : NODE_ROOT_ID;
			assert_int_equal(
				rig_lookup(rig, ask, rows[row].name, &reply), rows[row].errnum);
			if (reply.errnum)
				continue;
			assert_int_equal(reply.body.entry.nodeid,
				node_child(rig->handover->node_key, ask.node, rows[row].name));
			assert_true(reply.body.entry.entry_valid > 3600);
			/* Attributes do depend on who asks: never kept. */
			assert_int_equal(reply.body.entry.attr_valid, 0);
			assert_int_equal(reply.body.entry.attr_valid_nsec, 0);
		}
}

static void containers_change_nothing(void **state)
{
	struct rig *rig = rig_of(state);
	static const char names[64] = "a\0b";
	static const struct {
		uint32_t opcode;
		size_t before; /* bytes of the body before the names */
	} rows[] = {
		{ FUSE_MKNOD, sizeof(struct fuse_mknod_in) },
		{ FUSE_MKDIR, sizeof(struct fuse_mkdir_in) },
		{ FUSE_CREATE, sizeof(struct fuse_create_in) },
		{ FUSE_UNLINK, 0 },
		{ FUSE_RMDIR, 0 },
		{ FUSE_SYMLINK, 0 },
		{ FUSE_RENAME, sizeof(struct fuse_rename_in) },
		{ FUSE_RENAME2, sizeof(struct fuse_rename2_in) },
		{ FUSE_LINK, sizeof(struct fuse_link_in) },
		{ FUSE_SETATTR, sizeof(struct fuse_setattr_in) },
	};
	const pid_t pids[] = { rig->web, rig->host, 0 };

	for (size_t row = 0; row < sizeof rows / sizeof *rows; row++)
		for (size_t i = 0; i < sizeof pids / sizeof *pids; i++) {
			char body[256] = { 0 };
			struct ask ask = rig_by(pids[i], 0, rig->consumer);
			struct reply reply;

			memcpy(body + rows[row].before, names, sizeof names);
			ask.opcode = rows[row].opcode;
			ask.body = body;
			ask.length = rows[row].before + sizeof names;
			assert_int_equal(rig_ask(rig, &ask, &reply), EROFS);
		}
}

static void only_the_toucher_writes_and_into_nothing(void **state)
{
	struct rig *rig = rig_of(state);
	struct {
		struct fuse_write_in in;
		char bytes[4];
	} body = { .in = { .size = 4 }, .bytes = "evil" };
	struct ask toucher = rig_by(rig->host, geteuid(), rig->file), write;
	struct reply reply;
	uint64_t fh;

	server_set_toucher(rig->server, rig->host);
	assert_int_equal(rig_open(rig, toucher, FUSE_OPEN, O_WRONLY, &reply), 0);
	fh = reply.body.open.fh;
	body.in.fh = fh;
	write = toucher;
	write.opcode = FUSE_WRITE;
	write.body = &body;
	write.length = sizeof body;
	assert_int_equal(rig_ask(rig, &write, &reply), 0);
	assert_int_equal(reply.body.write.size, 4);
	write.pid = rig->web;
	assert_int_equal(rig_ask(rig, &write, &reply), EROFS);
	write.pid = rig->host;
	body.in.fh = fh - 1;
	assert_int_equal(rig_ask(rig, &write, &reply), EROFS);
	assert_int_equal(rig_release(rig, toucher, fh, &reply), 0);
	assert_int_equal(rig_open(rig, toucher, FUSE_OPEN, O_RDONLY, &reply), EACCES);
	/* Its number and another user is not it; nor is its user and another number. */
	assert_int_equal(
		rig_open(rig, rig_by(rig->host, 65534, rig->file), FUSE_OPEN, O_WRONLY, &reply),
		EROFS);
	assert_int_equal(
		rig_open(rig, rig_by(rig->web, geteuid(), rig->file), FUSE_OPEN, O_WRONLY, &reply),
		EROFS);
	assert_int_equal(
		rig_open(rig, rig_by(rig->web, 0, rig->file), FUSE_OPEN, O_RDONLY, &reply), 0);
	assert_int_equal(rig_read(rig, rig_by(rig->web, 0, rig->file), FUSE_READ,
				 reply.body.open.fh, 0, 100, false, &reply),
		0);
	assert_int_equal(reply.length, 5);
	assert_memory_equal(reply.body.bytes, "first", 5);
}

static void a_file_is_read_in_any_parts(void **state)
{
	struct rig *rig = rig_of(state);
	struct ask web = rig_by(rig->web, 1000, rig->file);
	static const struct {
		uint64_t offset;
		uint32_t size;
		const char *bytes;
	} rows[] = { { 0, 5, "first" }, { 0, 4096, "first" }, { 0, 1, "f" }, { 4, 1, "t" },
		{ 4, 100, "t" }, { 5, 1, "" }, { 5, 0, "" }, { 6, 1, "" }, { INT64_MAX, 1, "" },
		{ UINT64_MAX, 1, "" } };
	struct reply reply;
	uint64_t fh;

	assert_int_equal(rig_open(rig, web, FUSE_OPEN, O_RDONLY, &reply), 0);
	fh = reply.body.open.fh;
	assert_int_equal(reply.body.open.open_flags & FOPEN_DIRECT_IO, FOPEN_DIRECT_IO);
	assert_int_equal(reply.body.open.open_flags & FOPEN_KEEP_CACHE, 0);
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		assert_int_equal(rig_read(rig, web, FUSE_READ, fh, rows[i].offset, rows[i].size,
					 false, &reply),
			0);
		assert_int_equal(reply.length, strlen(rows[i].bytes));
		assert_memory_equal(reply.body.bytes, rows[i].bytes, reply.length);
	}
	assert_int_equal(rig_getattr(rig, web, &reply), 0);
	assert_int_equal(reply.body.attr.attr.size, 5);
	assert_int_equal(reply.body.attr.attr.mode, S_IFREG | 0400);
	assert_int_equal(reply.body.attr.attr.uid, 1000);
	assert_int_equal(reply.body.attr.attr_valid, 0);
}

/* P6: an open file is one version to its end; the next open is the next one. */
static void an_open_file_keeps_its_version(void **state)
{
	struct rig *rig = rig_of(state);
	struct ask web = rig_by(rig->web, 1000, rig->file);
	struct reply reply;
	uint64_t before, after;

	assert_int_equal(rig_open(rig, web, FUSE_OPEN, O_RDONLY, &reply), 0);
	before = reply.body.open.fh;
	rig_rotate(rig, "the second", 10);
	assert_int_equal(rig_open(rig, web, FUSE_OPEN, O_RDONLY, &reply), 0);
	after = reply.body.open.fh;
	assert_int_equal(rig_read(rig, web, FUSE_READ, before, 0, 100, false, &reply), 0);
	assert_int_equal(reply.length, 5);
	assert_memory_equal(reply.body.bytes, "first", 5);
	assert_int_equal(rig_read(rig, web, FUSE_READ, after, 0, 100, false, &reply), 0);
	assert_int_equal(reply.length, 10);
	assert_true(server_version_is_open(rig->server, rig->secret.id, 1));
	assert_int_equal(rig_release(rig, web, before, &reply), 0);
	assert_false(server_version_is_open(rig->server, rig->secret.id, 1));
	assert_int_equal(rig_read(rig, web, FUSE_READ, before, 0, 100, false, &reply), EBADF);
}

/* What would stay in the kernel's pages: a READ for a mapping or for sendfile(2). Who may not read
 * at all is told that, first. */
static void nothing_is_read_into_the_page_cache(void **state)
{
	struct rig *rig = rig_of(state);
	struct ask web = rig_by(rig->web, 1000, rig->file);
	struct reply reply;
	uint64_t fh;

	assert_int_equal(rig_open(rig, web, FUSE_OPEN, O_RDONLY, &reply), 0);
	fh = reply.body.open.fh;
	assert_int_equal(rig_read(rig, web, FUSE_READ, fh, 0, 4096, true, &reply), EINVAL);
	assert_int_equal(reply.length, 0);
	assert_int_equal(rig_read(rig, web, FUSE_READ, fh, 0, 4096, false, &reply), 0);
	rig_rotate(rig, "second", 6);
	assert_int_equal(rig_read(rig, web, FUSE_READ, fh, 0, 4096, true, &reply), EINVAL);
	assert_int_equal(
		rig_read(rig, rig_by(rig->other, 0, rig->file), FUSE_READ, fh, 0, 9, true, &reply),
		EACCES);
}

/* A descriptor that was passed on, by whatever way. */
static void another_reader_reads_nothing_of_an_open_file(void **state)
{
	struct rig *rig = rig_of(state);
	struct ask web = rig_by(rig->web, 1000, rig->file);
	struct reply reply;
	uint64_t fh;

	assert_int_equal(rig_open(rig, web, FUSE_OPEN, O_RDONLY, &reply), 0);
	fh = reply.body.open.fh;
	for (uint32_t uid = 0; uid <= 1000; uid += 1000) {
		bool paging = uid;

		assert_int_equal(rig_read(rig, rig_by(rig->other, uid, rig->file), FUSE_READ, fh, 0,
					 100, paging, &reply),
			EACCES);
		assert_int_equal(rig_read(rig, rig_by(rig->host, uid, rig->file), FUSE_READ, fh, 0,
					 100, paging, &reply),
			uid ? ENOENT : EACCES);
		assert_int_equal(rig_read(rig, rig_by(0, uid, rig->file), FUSE_READ, fh, 0, 100,
					 paging, &reply),
			ENOENT);
	}
	/* The mode is judged again, too. */
	assert_int_equal(rig_read(rig, web, FUSE_READ, fh, 0, 100, false, &reply), 0);
}

static void a_handle_is_a_number_of_its_file(void **state)
{
	struct rig *rig = rig_of(state);
	struct grant_record second = rig_grant(rig, RIG_CONSUMER, "second");
	struct ask web = rig_by(rig->web, 1000, rig->file);
	struct ask other = rig_by(rig->web, 1000, rig_node(rig, RIG_CONSUMER "/second"));
	struct reply reply;
	uint64_t fh;

	rig_put_grant(rig, &second);
	assert_int_equal(rig_open(rig, web, FUSE_OPEN, O_RDONLY, &reply), 0);
	fh = reply.body.open.fh;
	assert_int_equal(rig_read(rig, other, FUSE_READ, fh, 0, 100, false, &reply), EBADF);
	assert_int_equal(
		rig_read(rig, web, FUSE_READ, fh + (1ull << 32), 0, 100, false, &reply), EBADF);
	assert_int_equal(rig_read(rig, web, FUSE_READ, fh + 1, 0, 100, false, &reply), EBADF);
	assert_int_equal(rig_read(rig, web, FUSE_READ, UINT64_MAX, 0, 100, false, &reply), EBADF);
	assert_int_equal(rig_release(rig, web, fh + (1ull << 32), &reply), 0);
	assert_int_equal(rig_release(rig, web, UINT64_MAX, &reply), 0);
	assert_int_equal(server_open_handles(rig->server), 1);
	assert_int_equal(rig_release(rig, web, fh, &reply), 0);
	assert_int_equal(rig_release(rig, web, fh, &reply), 0);
	assert_int_equal(server_open_handles(rig->server), 0);
}

static void revoked_it_is_gone_and_its_name_stays(void **state)
{
	struct rig *rig = rig_of(state);
	struct grant_record revoked = rig_revoked(&rig->grant);
	struct grant_record again = rig_grant(rig, RIG_CONSUMER, RIG_FILE);
	struct ask web = rig_by(rig->web, 1000, rig->file);
	struct ask directory = rig_by(rig->web, 1000, rig->consumer);
	struct reply reply;
	uint64_t fh;

	assert_int_equal(rig_open(rig, web, FUSE_OPEN, O_RDONLY, &reply), 0);
	fh = reply.body.open.fh;
	rig_put_grant(rig, &revoked);
	assert_int_equal(rig_lookup(rig, directory, RIG_FILE, &reply), 0);
	assert_int_equal(reply.body.entry.nodeid, rig->file);
	assert_int_not_equal(reply.body.entry.attr.size, 5);
	assert_int_not_equal(reply.body.entry.attr.size, 0);
	assert_int_equal(rig_getattr(rig, web, &reply), ENOENT);
	assert_int_equal(rig_open(rig, web, FUSE_OPEN, O_RDONLY, &reply), ENOENT);
	assert_int_equal(rig_read(rig, web, FUSE_READ, fh, 0, 100, false, &reply), ENOENT);
	assert_int_equal(rig_read(rig, directory, FUSE_READDIR, 0, 0, 4096, false, &reply), 0);
	assert_int_equal(reply.length, 0);
	/* Granted again, the same name is the same node; what was open before stays ended. */
	rig_put_grant(rig, &again);
	assert_int_equal(rig_read(rig, web, FUSE_READ, fh, 0, 100, false, &reply), ESTALE);
	assert_int_equal(rig_open(rig, web, FUSE_OPEN, O_RDONLY, &reply), 0);
	assert_int_equal(
		rig_read(rig, web, FUSE_READ, reply.body.open.fh, 0, 100, false, &reply), 0);
	assert_int_equal(server_open_handles(rig->server), 2);
	assert_int_equal(rig_release(rig, web, fh, &reply), 0);
	assert_int_equal(server_open_handles(rig->server), 1);
}

#define with_rig(test) cmocka_unit_test_setup_teardown(test, rig_set_up, rig_tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		with_rig(a_reader_gets_what_it_may),
		with_rig(lookup_never_asks_who),
		with_rig(containers_change_nothing),
		with_rig(only_the_toucher_writes_and_into_nothing),
		with_rig(a_file_is_read_in_any_parts),
		with_rig(an_open_file_keeps_its_version),
		with_rig(nothing_is_read_into_the_page_cache),
		with_rig(another_reader_reads_nothing_of_an_open_file),
		with_rig(a_handle_is_a_number_of_its_file),
		with_rig(revoked_it_is_gone_and_its_name_stays),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
