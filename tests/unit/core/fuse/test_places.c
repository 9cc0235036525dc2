/* SPDX-License-Identifier: Apache-2.0 */
/* Directories, owners and modes, bounds, and a mount without a key. */
#include "rig.h"

/* The names in a directory as this reader sees them, each followed by ' '. */
static const char *list(struct rig *rig, struct ask ask, uint32_t room, char names[1024])
{
	struct reply reply;
	uint64_t offset = 0;

	names[0] = '\0';
	for (;;) {
		size_t at = 0;

		assert_int_equal(
			rig_read(rig, ask, FUSE_READDIR, 0, offset, room, false, &reply), 0);
		if (!reply.length)
			return names;
		assert_true(reply.length <= room);
		while (at < reply.length) {
			const struct fuse_dirent *entry = (const void *)(reply.body.bytes + at);
			size_t used = strlen(names);

			assert_true(entry->off > offset);
			offset = entry->off;
			snprintf(names + used, 1024 - used, "%.*s ", (int)entry->namelen,
				entry->name);
			at += FUSE_DIRENT_SIZE(entry);
		}
		assert_int_equal(at, reply.length);
	}
}

static void a_directory_shows_what_its_reader_may_know(void **state)
{
	struct rig *rig = rig_of(state);
	struct grant_record more[] = { rig_grant(rig, RIG_CONSUMER, "second"),
		rig_grant(rig, RIG_CONSUMER, "third"), rig_grant(rig, "compose/shop/db", "x"),
		rig_grant(rig, "container/lonely", "y") };
	struct grant_record revoked;
	struct ask web = rig_by(rig->web, 1000, rig->consumer);
	struct ask root = rig_by(rig->host, 0, rig->consumer);
	struct ask user = rig_by(rig->host, 1000, rig->consumer);
	char names[1024];

	for (size_t i = 0; i < sizeof more / sizeof *more; i++)
		rig_put_grant(rig, &more[i]);
	revoked = rig_revoked(&more[0]);
	rig_put_grant(rig, &revoked);
	assert_string_equal(list(rig, web, 4096, names), RIG_FILE " third ");
	assert_string_equal(list(rig, web, 40, names), RIG_FILE " third ");
	assert_string_equal(list(rig, root, 4096, names), RIG_FILE " third ");
	assert_string_equal(list(rig, user, 4096, names), "");
	web.node = root.node = user.node = rig_node(rig, "compose/shop");
	assert_string_equal(list(rig, web, 4096, names), "");
	assert_string_equal(list(rig, root, 4096, names), "web db ");
	assert_string_equal(list(rig, user, 4096, names), "");
	web.node = root.node = rig_node(rig, "container");
	assert_string_equal(list(rig, web, 4096, names), "");
	assert_string_equal(list(rig, root, 4096, names), "lonely ");
	web.node = user.node = NODE_ROOT_ID;
	assert_string_equal(list(rig, web, 4096, names), "compose container unit user self exec ");
	assert_string_equal(list(rig, user, 4096, names), "compose container unit user self exec ");
}

/* What READDIR shows, LOOKUP finds and GETATTR describes, to the same reader. */
static void what_is_listed_is_there(void **state)
{
	struct rig *rig = rig_of(state);
	const pid_t pids[] = { rig->web, rig->host };
	const char *const places[] = { "compose", "compose/shop", RIG_CONSUMER };

	for (size_t i = 0; i < sizeof pids / sizeof *pids; i++)
		for (size_t place = 0; place < sizeof places / sizeof *places; place++) {
			struct ask ask = rig_by(pids[i], 0, rig_node(rig, places[place]));
			char names[1024], *rest = names, *name;

			list(rig, ask, 4096, names);
			while ((name = strsep(&rest, " ")) && *name) {
				struct ask child = ask;
				struct reply reply;

				assert_int_equal(rig_lookup(rig, ask, name, &reply), 0);
				child.node = reply.body.entry.nodeid;
				assert_int_equal(rig_getattr(rig, child, &reply), 0);
			}
		}
}

static void an_owner_and_a_mode_are_kept(void **state)
{
	struct rig *rig = rig_of(state);
	static const struct {
		uint32_t owner, group;
		uint16_t mode;
		uint32_t uid, gid;
		int errnum;
	} rows[] = {
		{ GRANT_READER, GRANT_READER, 0400, 1234, 1234, 0 },
		{ GRANT_READER, GRANT_READER, 0040, 1234, 1234, EACCES },
		{ 1000, GRANT_READER, 0400, 1000, 1000, 0 },
		{ 1000, GRANT_READER, 0400, 1001, 1001, EACCES },
		{ 1000, GRANT_READER, 0400, 0, 0, 0 },
		{ 1000, 2000, 0440, 1001, 2000, 0 },
		{ 1000, 2000, 0440, 1001, 2001, EACCES },
		{ 1000, 2000, 0444, 1001, 2001, 0 },
		{ 1000, 2000, 0040, 1000, 2000, EACCES },
		{ 0, 0, 0400, 1000, 1000, EACCES },
	};

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct grant_record grant = rig_grant(rig, RIG_CONSUMER, "owned");
		struct ask ask =
			rig_by(rig->web, rows[i].uid, rig_node(rig, RIG_CONSUMER "/owned"));
		struct grant_record revoked;
		struct reply reply;

		grant.uid = rows[i].owner;
		grant.gid = rows[i].group;
		grant.mode = rows[i].mode;
		ask.gid = rows[i].gid;
		rig_put_grant(rig, &grant);
		if (rig_open(rig, ask, FUSE_OPEN, O_RDONLY, &reply) != rows[i].errnum)
			fail_msg("row %zu: %d", i, reply.errnum);
		if (!reply.errnum)
			rig_release(rig, ask, reply.body.open.fh, &reply);
		assert_int_equal(rig_access(rig, ask, R_OK, &reply), rows[i].errnum);
		assert_int_equal(rig_access(rig, ask, W_OK, &reply), EROFS);
		assert_int_equal(rig_getattr(rig, ask, &reply), 0);
		assert_int_equal(reply.body.attr.attr.mode, S_IFREG | rows[i].mode);
		assert_int_equal(reply.body.attr.attr.uid,
			rows[i].owner == GRANT_READER ? rows[i].uid : rows[i].owner);
		revoked = rig_revoked(&grant);
		rig_put_grant(rig, &revoked);
	}
}

/* Behind a user namespace ids arrive as the host counts, and a grant's are the container's. */
static void an_owner_is_the_containers(void **state)
{
	struct rig *rig = rig_of(state);
	struct grant_record grant = rig_grant(rig, RIG_CONSUMER, "owned");
	static const struct {
		uint32_t uid;
		int errnum;
	} rows[] = { { 101000, 0 }, { 100000, 0 }, { 100500, EACCES }, { 1000, EACCES } };
	char container[SCRATCH_CGROUP_MAX];
	struct reply reply;
	pid_t pid = scratch_child_apart();

	if (!pid)
		skip();
	assert_true(scratch_container(scratch_unified(), 'c', container));
	scratch_write_map(pid, "uid_map", "0 100000 65536\n");
	scratch_write_map(pid, "gid_map", "0 100000 65536\n");
	scratch_move(container, pid);
	grant.uid = 1000;
	grant.gid = 0;
	rig_put_grant(rig, &grant);
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct ask ask = rig_by(pid, rows[i].uid, rig_node(rig, RIG_CONSUMER "/owned"));

		assert_int_equal(rig_open(rig, ask, FUSE_OPEN, O_RDONLY, &reply), rows[i].errnum);
		assert_int_equal(rig_getattr(rig, ask, &reply), 0);
		assert_int_equal(reply.body.attr.attr.uid, 101000);
		assert_int_equal(reply.body.attr.attr.gid, 100000);
	}
	scratch_end(pid);
}

static void no_consumer_takes_all_open_files(void **state)
{
	struct rig *rig = rig_of(state);
	struct grant_record other = rig_grant(rig, "container/other", "file");
	struct ask web = rig_by(rig->web, 1000, rig->file);
	struct ask elsewhere = rig_by(rig->other, 0, rig_node(rig, "container/other/file"));
	struct reply reply;
	uint64_t last = 0;

	rig_put_grant(rig, &other);
	for (unsigned int i = 0; i < HANDLES_PER_CONSUMER; i++) {
		assert_int_equal(rig_open(rig, web, FUSE_OPEN, O_RDONLY, &reply), 0);
		assert_int_not_equal(reply.body.open.fh, last);
		last = reply.body.open.fh;
	}
	assert_int_equal(rig_open(rig, web, FUSE_OPEN, O_RDONLY, &reply), EMFILE);
	assert_int_equal(rig_open(rig, elsewhere, FUSE_OPEN, O_RDONLY, &reply), 0);
	assert_int_equal(rig_read(rig, web, FUSE_READ, last, 0, 9, false, &reply), 0);
	assert_int_equal(rig_release(rig, web, last, &reply), 0);
	assert_int_equal(rig_open(rig, web, FUSE_OPEN, O_RDONLY, &reply), 0);
	/* The same place in the table, and not the same handle. */
	assert_int_equal((uint32_t)reply.body.open.fh, (uint32_t)last);
	assert_int_not_equal(reply.body.open.fh, last);
	assert_int_equal(rig_read(rig, web, FUSE_READ, last, 0, 9, false, &reply), EBADF);
	assert_int_equal(rig_open(rig, web, FUSE_OPEN, O_RDONLY, &reply), EMFILE);
}

/* A consumer whose files were ended has its share back, whenever the kernel releases them. */
static void an_ended_file_is_off_its_consumers_share(void **state)
{
	struct rig *rig = rig_of(state);
	struct grant_record revoked = rig_revoked(&rig->grant);
	struct grant_record again = rig_grant(rig, RIG_CONSUMER, RIG_FILE);
	struct ask web = rig_by(rig->web, 1000, rig->file);
	uint64_t fh[HANDLES_PER_CONSUMER];
	struct reply reply;

	for (unsigned int i = 0; i < HANDLES_PER_CONSUMER; i++) {
		assert_int_equal(rig_open(rig, web, FUSE_OPEN, O_RDONLY, &reply), 0);
		fh[i] = reply.body.open.fh;
	}
	rig_put_grant(rig, &revoked);
	rig_put_grant(rig, &again);
	assert_int_equal(rig_open(rig, web, FUSE_OPEN, O_RDONLY, &reply), 0);
	for (unsigned int i = 0; i < HANDLES_PER_CONSUMER; i++)
		assert_int_equal(rig_release(rig, web, fh[i], &reply), 0);
	assert_int_equal(server_open_handles(rig->server), 1);
	assert_int_equal(model_consumer(rig->model, RIG_CONSUMER)->open_handles, 1);
}

/* The same answers for a name that is granted, one that is not, and one that nobody thought of. */
static void locked_it_tells_no_name_from_another(void **state)
{
	struct rig *rig = rig_of(state);
	static const char *const paths[] = { RIG_CONSUMER "/" RIG_FILE, RIG_CONSUMER "/never",
		"compose/nobody/nothing/no-such-file", "container/cc/x", "unit/u.service/x",
		"user/1/x", ("self/" RIG_FILE), "self/never" };
	struct ask who[] = { rig_by(rig->web, 1000, 0), rig_by(rig->host, 0, 0),
		rig_by(rig->host, 1000, 0), rig_by(0, 0, 0) };
	struct reply reply;

	rig_lock(rig);
	for (size_t i = 0; i < sizeof who / sizeof *who; i++)
		for (size_t path = 0; path < sizeof paths / sizeof *paths; path++) {
			char directory[128];
			const char *name = strrchr(paths[path], '/') + 1;
			struct ask ask = who[i];

			snprintf(directory, sizeof directory, "%.*s", (int)(name - 1 - paths[path]),
				paths[path]);
			ask.node = rig_node(rig, directory);
			assert_int_not_equal(ask.node, 0);
			assert_int_equal(rig_lookup(rig, ask, name, &reply), 0);
			assert_int_equal(reply.body.entry.nodeid, rig_node(rig, paths[path]));
			assert_int_equal(reply.body.entry.attr.mode, S_IFREG | 0400);
			assert_int_equal(rig_getattr(rig, ask, &reply), 0);
			assert_int_equal(rig_open(rig, ask, FUSE_OPENDIR, 0, &reply), 0);
			assert_int_equal(
				rig_read(rig, ask, FUSE_READDIR, 0, 0, 4096, false, &reply), 0);
			assert_int_equal(reply.length, 0);
			ask.node = rig_node(rig, paths[path]);
			assert_int_equal(rig_getattr(rig, ask, &reply), 0);
			assert_int_equal(reply.body.attr.attr.uid, ask.uid);
			assert_int_equal(rig_open(rig, ask, FUSE_OPEN, O_RDONLY, &reply), ENOKEY);
			assert_int_equal(rig_open(rig, ask, FUSE_OPEN, O_WRONLY, &reply), EROFS);
			assert_int_equal(rig_access(rig, ask, R_OK, &reply), ENOKEY);
			assert_int_equal(rig_access(rig, ask, F_OK, &reply), 0);
		}
}

static void locked_it_knows_shapes(void **state)
{
	struct rig *rig = rig_of(state);
	static const struct {
		const char *parent, *name;
		uint32_t type; /* 0: there is no such shape */
	} rows[] = {
		{ NULL, "compose", S_IFDIR },
		{ NULL, "container", S_IFDIR },
		{ NULL, "unit", S_IFDIR },
		{ NULL, "user", S_IFDIR },
		{ NULL, "self", S_IFDIR },
		{ NULL, "elsewhere", 0 },
		{ NULL, "", 0 },
		{ "compose", "any-project", S_IFDIR },
		{ "compose", "Any-Project", 0 },
		{ "compose", ".", 0 },
		{ "compose/p", "Web.API", S_IFDIR },
		{ "compose/p", "..", 0 },
		{ "compose/p/s", "file", S_IFREG },
		{ "compose/p/s", ".hidden", S_IFREG },
		{ "compose/p/s", "a b", 0 },
		{ "compose/p/s", "-x", 0 },
		{ "compose/p/s/f", "deeper", 0 },
		{ "container", "c1", S_IFDIR },
		{ "container", "c", 0 },
		{ "container/c1", "file", S_IFREG },
		{ "unit", "nginx.service", S_IFDIR },
		{ "unit", "nginx/service", 0 },
		{ "unit/nginx.service", "file", S_IFREG },
		{ "user", "1000", S_IFDIR },
		{ "user", "01000", 0 },
		{ "user", "root", 0 },
		{ "user/1000", "file", S_IFREG },
		{ "self", "file", S_IFREG },
		{ "self", "a b", 0 },
	};

	rig_lock(rig);
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct ask ask = rig_by(rig->host, 1000,
			rows[i].parent ? rig_node(rig, rows[i].parent) : NODE_ROOT_ID);
		struct reply reply;

		if (rig_lookup(rig, ask, rows[i].name, &reply) != (rows[i].type ? 0 : ENOENT))
			fail_msg("row %zu: %d", i, reply.errnum);
		if (rows[i].type)
			assert_int_equal(reply.body.entry.attr.mode & S_IFMT, rows[i].type);
	}
}

static void lock_ends_what_is_open(void **state)
{
	struct rig *rig = rig_of(state);
	struct ask web = rig_by(rig->web, 1000, rig->file);
	struct reply reply;
	uint64_t fh;

	assert_int_equal(rig_open(rig, web, FUSE_OPEN, O_RDONLY, &reply), 0);
	fh = reply.body.open.fh;
	rig_lock(rig);
	assert_int_equal(rig_read(rig, web, FUSE_READ, fh, 0, 100, false, &reply), ENOKEY);
	rig_unlock(rig);
	assert_int_equal(rig_read(rig, web, FUSE_READ, fh, 0, 100, false, &reply), ESTALE);
	assert_int_equal(rig_open(rig, web, FUSE_OPEN, O_RDONLY, &reply), 0);
	assert_int_equal(
		rig_read(rig, web, FUSE_READ, reply.body.open.fh, 0, 100, false, &reply), 0);
	assert_memory_equal(reply.body.bytes, "first", 5);
	assert_int_equal(rig_release(rig, web, fh, &reply), 0);
	assert_int_equal(server_open_handles(rig->server), 1);
}

/* The kernel expects no answer to it; one would be an error in its eyes. */
static void forgetting_is_not_answered(void **state)
{
	struct rig *rig = rig_of(state);
	struct fuse_forget_in forget = { .nlookup = 1 };
	struct ask ask = {
		.opcode = FUSE_FORGET, .node = rig->file, .body = &forget, .length = sizeof forget
	};
	struct reply reply;
	uint64_t unique;

	rig_send(rig, &ask);
	unique = atomic_load(&rig->unique);
	assert_int_equal(rig_getattr(rig, rig_by(rig->host, 0, rig->file), &reply), 0);
	assert_int_equal(reply.unique, unique);
}

#define with_rig(test) cmocka_unit_test_setup_teardown(test, rig_set_up, rig_tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		with_rig(a_directory_shows_what_its_reader_may_know),
		with_rig(what_is_listed_is_there),
		with_rig(an_owner_and_a_mode_are_kept),
		with_rig(an_owner_is_the_containers),
		with_rig(no_consumer_takes_all_open_files),
		with_rig(an_ended_file_is_off_its_consumers_share),
		with_rig(locked_it_tells_no_name_from_another),
		with_rig(locked_it_knows_shapes),
		with_rig(lock_ends_what_is_open),
		with_rig(forgetting_is_not_answered),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
