/* SPDX-License-Identifier: Apache-2.0 */
/* Folders of bundles: what is seen of them, by whom, and while the agent is locked. */
#include "bundles.h"

static struct set set;

/* How many names a reader is shown there, and whether `name` is one. */
static size_t lists(struct rig *rig, struct ask ask, const char *name, bool *found)
{
	struct reply reply;
	size_t count = 0;

	*found = false;
	must_ok(rig_read(rig, ask, FUSE_READDIR, 0, 0, 4096, false, &reply));
	for (size_t at = 0; at < reply.length; count++) {
		const struct fuse_dirent *entry = (const void *)(reply.body.bytes + at);

		if (entry->namelen == strlen(name) && !memcmp(entry->name, name, entry->namelen)) {
			*found = true;
			assert_int_equal(entry->type, DT_DIR);
		}
		at += FUSE_DIRENT_SIZE(entry);
	}
	return count;
}

static void a_folder_is_seen_as_its_consumers_directory_is(void **state)
{
	struct rig *rig = rig_of(state);
	const struct {
		pid_t pid;
		uint32_t uid;
		int stat, list, member, open;
		bool listed;
		size_t members;
	} rows[] = {
		{ rig->web, 1000, 0, 0, 0, 0, true, 2 },
		{ rig->other, 1000, 0, ENOENT, ENOENT, ENOENT, false, 0 },
		{ rig->host, 1000, ENOENT, ENOENT, ENOENT, ENOENT, false, 0 },
		{ rig->host, 0, 0, 0, 0, EACCES, true, 2 },
	};

	give_set(rig, &set, 2);
	make_generation(rig, &set, 2);
	engine_names(rig, 'a', "shop/web");
	engine_names(rig, 'b', "shop/db");
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct ask directory = rig_by(rows[i].pid, rows[i].uid, rig->consumer);
		struct ask folder = directory, member = directory;
		struct reply reply;
		bool found;

		folder.node = folder_in(rig, rig->consumer, FOLDER);
		member.node = member_in(rig, rig->consumer, FOLDER, KEY);
		must_ok(rig_lookup(rig, directory, FOLDER, &reply));
		assert_int_equal(reply.body.entry.nodeid, folder.node);
		assert_int_equal(reply.body.entry.attr.mode, S_IFDIR | 0555);
		must_ok(rig_lookup(rig, folder, "key", &reply));
		assert_int_equal(reply.body.entry.nodeid, member.node);
		assert_true(reply.body.entry.entry_valid > 3600);
		assert_int_equal(rig_lookup(rig, folder, "ca", &reply), ENOENT);
		assert_int_equal(rig_getattr(rig, folder, &reply), rows[i].stat);
		assert_int_equal(rig_access(rig, folder, R_OK, &reply), rows[i].stat);
		assert_int_equal(rig_open(rig, folder, FUSE_OPENDIR, 0, &reply), rows[i].list);
		assert_int_equal(rig_getattr(rig, member, &reply), rows[i].member);
		assert_int_equal(rig_open(rig, member, FUSE_OPEN, O_RDONLY, &reply), rows[i].open);
		lists(rig, directory, FOLDER, &found);
		assert_int_equal(found, rows[i].listed);
		assert_int_equal(lists(rig, folder, "", &found), rows[i].members);
		lists(rig, directory, FOLDER "@1", &found);
		assert_false(found);
	}
}

/* Revoked, a folder and its members keep their numbers; nobody is shown any of them. */
static void a_folder_stays_where_it_was(void **state)
{
	struct rig *rig = rig_of(state);
	struct ask directory = rig_by(rig->web, 1000, rig->consumer), folder = directory;
	struct reply reply;
	bool found;

	give_set(rig, &set, 2);
	folder.node = folder_in(rig, rig->consumer, FOLDER);
	for (int again = 0; again < 3; again++) {
		revoke_set(rig, &set);
		must_ok(rig_lookup(rig, directory, FOLDER, &reply));
		assert_int_equal(reply.body.entry.nodeid, folder.node);
		must_ok(rig_lookup(rig, folder, "key", &reply));
		assert_int_equal(
			reply.body.entry.nodeid, member_in(rig, rig->consumer, FOLDER, KEY));
		must_ok(rig_getattr(rig, folder, &reply));
		assert_int_equal(reads(rig, rig->web, KEY), -ENOENT);
		lists(rig, directory, FOLDER, &found);
		assert_false(found);
		make_generation(rig, &set, 2);
		grant_set(rig, &set, RIG_CONSUMER, FOLDER);
		lists(rig, directory, FOLDER, &found);
		assert_true(found);
		assert_int_equal(reads(rig, rig->web, KEY), 2 + again);
	}
}

static const char *const strong[] = { "container=web", NULL };

/* Through `self` a folder is the reader's own, whole, and of the same session. */
static void in_self_a_folder_is_the_readers_own(void **state)
{
	struct rig *rig = rig_of(state);
	uint64_t self = rig_node(rig, "self");
	struct container_facts facts = facts_of('a', "shop/web");
	struct ask directory = rig_by(rig->web, 1000, self), folder = directory;
	struct reply reply;
	bool found;

	give_set(rig, &set, 2);
	snprintf(facts.name, sizeof facts.name, "web");
	engine_says(rig, &facts);
	engine_names(rig, 'b', "shop/db");
	folder.node = folder_in(rig, self, FOLDER);
	must_ok(rig_lookup(rig, directory, FOLDER, &reply));
	assert_int_equal(reply.body.entry.nodeid, folder.node);
	/* By its labels alone it is nobody. */
	assert_int_equal(reads_in(rig, rig->web, self, FOLDER, CERT), -ENOENT);
	lists(rig, directory, FOLDER, &found);
	assert_false(found);
	rig_bind(rig, RIG_CONSUMER, strong);
	assert_int_equal(reads_in(rig, rig->web, self, FOLDER, CERT), 1);
	make_generation(rig, &set, 2);
	assert_int_equal(reads(rig, rig->web, KEY), 1);
	make_generation(rig, &set, 2);
	assert_int_equal(reads_in(rig, rig->web, self, FOLDER, CERT), 3);
	assert_int_equal(reads_in(rig, rig->other, self, FOLDER, CERT), -ENOENT);
	must_ok(rig_getattr(rig, folder, &reply));
	assert_int_equal(lists(rig, folder, "", &found), 2);
	lists(rig, directory, FOLDER, &found);
	assert_true(found);
	folder.pid = directory.pid = rig->other;
	assert_int_equal(lists(rig, folder, "", &found), 0);
	assert_int_equal(rig_open(rig, folder, FUSE_OPENDIR, 0, &reply), ENOENT);
	lists(rig, directory, FOLDER, &found);
	assert_false(found);
	assert_int_equal(rig_lookup(rig, directory, FOLDER "@1", &reply), ENOENT);
}

/* What is first in `self` stays: another's file of that name, or another's folder. */
static void in_self_a_name_stays_what_it_was(void **state)
{
	struct rig *rig = rig_of(state);
	struct ask self = rig_by(rig->web, 1000, rig_node(rig, "self"));
	struct grant_record first, second;
	struct reply reply;

	first = rig_grant(rig, "container/xy", FOLDER);
	rig_put_grant(rig, &first);
	give_set(rig, &set, 2);
	second = rig_grant(rig, "container/xy", "later");
	grant_set(rig, &set, "compose/shop/db", "later");
	rig_put_grant(rig, &second);
	for (int core = 0; core < 2; core++) {
		must_ok(rig_lookup(rig, self, FOLDER, &reply));
		assert_true(S_ISREG(reply.body.entry.attr.mode));
		must_ok(rig_lookup(rig, self, "later", &reply));
		assert_true(S_ISDIR(reply.body.entry.attr.mode));
		rig_lock(rig);
		must_ok(rig_lookup(rig, self, FOLDER, &reply));
		assert_true(S_ISREG(reply.body.entry.attr.mode));
		must_ok(rig_lookup(rig, self, "later", &reply));
		assert_true(S_ISDIR(reply.body.entry.attr.mode));
		rig_end_core(rig);
		rig_start_core(rig);
		rig_run_core(rig);
	}
}

static void locked_a_folder_is_still_one(void **state)
{
	struct rig *rig = rig_of(state);
	struct ask directory = rig_by(rig->web, 1000, rig->consumer), folder = directory;
	struct ask member = directory, locked = directory;
	struct reply reply;

	give_set(rig, &set, 2);
	folder.node = folder_in(rig, rig->consumer, FOLDER);
	member.node = member_in(rig, rig->consumer, FOLDER, KEY);
	must_ok(rig_lookup(rig, directory, RIG_FILE, &reply));
	assert_true(reply.body.entry.entry_valid > 3600);
	for (int core = 0; core < 2; core++) {
		rig_lock(rig);
		must_ok(rig_lookup(rig, directory, FOLDER, &reply));
		assert_int_equal(reply.body.entry.nodeid, folder.node);
		assert_int_equal(reply.body.entry.attr.mode, S_IFDIR | 0555);
		assert_true(reply.body.entry.entry_valid > 3600);
		must_ok(rig_lookup(rig, folder, "key", &reply));
		assert_int_equal(reply.body.entry.nodeid, member.node);
		must_ok(rig_getattr(rig, folder, &reply));
		must_ok(rig_open(rig, folder, FUSE_OPENDIR, 0, &reply));
		assert_int_equal(rig_open(rig, member, FUSE_OPEN, O_RDONLY, &reply), ENOKEY);
		/* What it has never told of may be either, and is a file until it knows. */
		must_ok(rig_lookup(rig, directory, "unheard", &reply));
		assert_true(S_ISREG(reply.body.entry.attr.mode));
		assert_int_equal(reply.body.entry.entry_valid, 0);
		assert_int_equal(reply.body.entry.entry_valid_nsec, 0);
		/* FOLDER@N is no file's name. */
		must_ok(rig_lookup(rig, directory, "unheard@7", &reply));
		assert_true(S_ISDIR(reply.body.entry.attr.mode));
		locked.node = reply.body.entry.nodeid;
		must_ok(rig_lookup(rig, locked, "key", &reply));
		assert_true(S_ISREG(reply.body.entry.attr.mode));
		assert_int_equal(rig_lookup(rig, directory, "un@heard", &reply), ENOENT);
		assert_int_equal(rig_lookup(rig, folder, "un@7", &reply), ENOENT);
		rig_end_core(rig);
		rig_start_core(rig);
		rig_run_core(rig);
		must_ok(rig_lookup(rig, directory, FOLDER, &reply));
		assert_int_equal(reply.body.entry.nodeid, folder.node);
		assert_int_equal(reads(rig, rig->web, KEY), 1);
	}
}

/* The table of folders is full: what could not be told of later is not made. */
static void a_folder_too_many_is_refused(void **state)
{
	struct rig *rig = rig_of(state);
	struct grant_record grant;
	size_t room = server_folder_room(rig->server);
	struct err err;

	assert_int_equal(room, HANDOVER_FOLDERS);
	give_set(rig, &set, 2);
	assert_int_equal(server_folder_room(rig->server), room - 2); /* and in `self` */
	atomic_store(&rig->handover->folder_count, HANDOVER_FOLDERS);
	grant = set.grant[CERT];
	seal_random(grant.id, sizeof grant.id);
	snprintf(grant.consumer, sizeof grant.consumer, "container/xy");
	model_write_lock(rig->model);
	assert_int_equal(model_put_grant(rig->model, &grant, &err), -TACIT_LIMIT);
	model_unlock(rig->model);
}

#define with_rig(test) cmocka_unit_test_setup_teardown(test, rig_set_up, rig_tear_down)
#define with_engine(test) cmocka_unit_test_setup_teardown(test, rig_set_up_engine, rig_tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		with_engine(a_folder_is_seen_as_its_consumers_directory_is),
		with_rig(a_folder_stays_where_it_was),
		with_engine(in_self_a_folder_is_the_readers_own),
		with_rig(in_self_a_name_stays_what_it_was),
		with_rig(locked_a_folder_is_still_one),
		with_rig(a_folder_too_many_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
