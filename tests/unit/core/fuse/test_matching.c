/* SPDX-License-Identifier: Apache-2.0 */
/* Who is which consumer: by an engine's word, by the kernel's, by rules; and what `self` is to
 * whom. */
#include "situation.h"

/* Everything that a container may try at a file is answered as if it were not there, and at its
 * directory, which it may have been given, as if it were empty. */
static void expect_absent(struct rig *rig, pid_t pid, const char *consumer, const char *file)
{
	char path[256];
	struct ask place, directory;
	struct reply reply;

	snprintf(path, sizeof path, "%s/%s", consumer, file);
	place = rig_by(pid, 0, rig_node(rig, path));
	directory = rig_by(pid, 0, rig_node(rig, consumer));
	assert_int_equal(rig_getattr(rig, place, &reply), ENOENT);
	assert_int_equal(rig_access(rig, place, F_OK, &reply), ENOENT);
	assert_int_equal(rig_access(rig, place, R_OK, &reply), ENOENT);
	assert_int_equal(rig_open(rig, place, FUSE_OPEN, O_RDONLY, &reply), ENOENT);
	assert_int_equal(rig_getattr(rig, directory, &reply), 0);
	if (strcmp(consumer, "self"))
		assert_int_equal(rig_open(rig, directory, FUSE_OPENDIR, O_RDONLY, &reply), ENOENT);
	must_ok(rig_read(rig, directory, FUSE_READDIR, 0, 0, 4096, false, &reply));
	for (size_t at = 0; at < reply.length;) {
		const struct fuse_dirent *entry = (const void *)(reply.body.bytes + at);

		assert_false(entry->namelen == strlen(file) &&
			     !memcmp(entry->name, file, entry->namelen));
		at += FUSE_DIRENT_SIZE(entry);
	}
}

static void expect_bytes(struct rig *rig, pid_t pid, const char *path, const char *value)
{
	struct ask ask = rig_by(pid, 0, rig_node(rig, path));
	struct reply reply;
	uint64_t fh;

	must_ok(rig_getattr(rig, ask, &reply));
	assert_int_equal(reply.body.attr.attr.size, strlen(value));
	must_ok(rig_open(rig, ask, FUSE_OPEN, O_RDONLY, &reply));
	fh = reply.body.open.fh;
	must_ok(rig_read(rig, ask, FUSE_READ, fh, 0, 4096, false, &reply));
	assert_int_equal(reply.length, strlen(value));
	assert_memory_equal(reply.body.bytes, value, reply.length);
	must_ok(rig_release(rig, ask, fh, &reply));
}

static void put_grant(struct rig *rig, const char *consumer, const char *file)
{
	struct grant_record grant = rig_grant(rig, consumer, file);

	rig_put_grant(rig, &grant);
}

static void a_container_is_the_consumer_its_engine_says(void **state)
{
	struct rig *rig = rig_of(state);

	put_grant(rig, "container/lonely", "file");
	put_grant(rig, "container/shop-web-1", "file");
	put_grant(rig, "compose/shop/db", "file");
	put_grant(rig, "compose/web/shop", "file");
	put_grant(rig, "compose/other/web", "file");
	engine_names(rig, 'a', "shop/web");
	engine_names(rig, 'b', "lonely");
	expect_bytes(rig, rig->web, RIG_CONSUMER "/" RIG_FILE, "first");
	expect_bytes(rig, rig->web, "container/shop-web-1/file", "first");
	expect_absent(rig, rig->web, "container/lonely", "file");
	expect_absent(rig, rig->web, "compose/shop/db", "file");
	expect_absent(rig, rig->web, "compose/web/shop", "file");
	expect_absent(rig, rig->web, "compose/other/web", "file");
	expect_bytes(rig, rig->other, "container/lonely/file", "first");
	expect_absent(rig, rig->other, RIG_CONSUMER, RIG_FILE);
	expect_absent(rig, rig->other, "container/shop-web-1", "file");
	assert_int_equal(server_open_handles(rig->server), 0);
}

/* What a container was given by mistake it may stat, and nothing more; its neighbours' names are
 * nobody's. */
static void what_lies_above_lists_nothing(void **state)
{
	struct rig *rig = rig_of(state);
	const pid_t pids[] = { rig->web, rig->other };

	engine_names(rig, 'a', "shop/web");
	engine_names(rig, 'b', "other/web");
	for (size_t i = 0; i < sizeof pids / sizeof *pids; i++) {
		struct ask ask = rig_by(pids[i], 0, rig_node(rig, "compose/shop"));
		struct reply reply;

		assert_int_equal(rig_getattr(rig, ask, &reply), 0);
		assert_int_equal(rig_open(rig, ask, FUSE_OPENDIR, O_RDONLY, &reply), ENOENT);
		must_ok(rig_read(rig, ask, FUSE_READDIR, 0, 0, 4096, false, &reply));
		assert_int_equal(reply.length, 0);
		ask.uid = 1000;
		ask.pid = rig->host;
		assert_int_equal(rig_getattr(rig, ask, &reply), ENOENT);
	}
}

/* One rule that does not hold is enough; whoever the engine says it is. */
static void all_rules_hold_or_it_is_not_the_consumer(void **state)
{
	struct rig *rig = rig_of(state);
	static const struct {
		const char *rules[4];
		bool holds;
	} rows[] = {
		{ { NULL }, true },
		{ { "image=nginx:1.25" }, true },
		{ { "image=nginx:1.26" }, false },
		{ { "label=tier=front" }, true },
		{ { "label=tier=back" }, false },
		{ { "label=tier=" }, false },
		{ { "image=nginx:1.25", "label=tier=front", "container=shop-web-1" }, true },
		{ { "image=nginx:1.25", "label=tier=front", "container=shop-web-2" }, false },
		{ { "label=tier=back", "image=nginx:1.25" }, false },
		{ { "compose=shop/web" }, true },
		{ { "compose=shop/db" }, false },
	};
	struct container_facts facts = facts_of('a', "shop/web");

	add_label(&facts, "tier=front");
	engine_says(rig, &facts);
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		print_message("row %zu\n", i);
		rig_bind(rig, RIG_CONSUMER, rows[i].rules);
		assert_int_equal(
			server_is_consumer(model_consumer(rig->model, RIG_CONSUMER), &facts),
			rows[i].holds);
		if (rows[i].holds)
			expect_bytes(rig, rig->web, RIG_CONSUMER "/" RIG_FILE, "first");
		else
			expect_absent(rig, rig->web, RIG_CONSUMER, RIG_FILE);
	}
}

/* What holds of it is asked at every request: an open file is one, too. */
static void a_rule_acts_on_what_is_open(void **state)
{
	struct rig *rig = rig_of(state);
	struct ask web = rig_by(rig->web, 1000, rig->file);
	struct reply reply;
	uint64_t fh;

	engine_names(rig, 'a', "shop/web");
	must_ok(rig_open(rig, web, FUSE_OPEN, O_RDONLY, &reply));
	fh = reply.body.open.fh;
	rig_bind(rig, RIG_CONSUMER, (const char *const[]){ "image=caddy", NULL });
	assert_int_equal(rig_read(rig, web, FUSE_READ, fh, 0, 9, false, &reply), ENOENT);
	rig_bind(rig, RIG_CONSUMER, (const char *const[]){ "image=nginx:1.25", NULL });
	assert_int_equal(rig_read(rig, web, FUSE_READ, fh, 0, 9, false, &reply), 0);
}

/* Without an engine the directory decides; but nobody can say that a rule holds. */
static void without_an_engine_no_rule_holds(void **state)
{
	struct rig *rig = rig_of(state);

	expect_bytes(rig, rig->other, RIG_CONSUMER "/" RIG_FILE, "first");
	rig_bind(rig, RIG_CONSUMER, (const char *const[]){ "container=shop-web-1", NULL });
	expect_absent(rig, rig->other, RIG_CONSUMER, RIG_FILE);
	expect_absent(rig, rig->web, RIG_CONSUMER, RIG_FILE);
	rig_bind(rig, RIG_CONSUMER, (const char *const[]){ NULL });
	expect_bytes(rig, rig->other, RIG_CONSUMER "/" RIG_FILE, "first");
}

/* A process of the host is the user that it is, and what the kernel says, not what it may become.
 */
static void a_user_of_the_host_is_a_consumer(void **state)
{
	struct rig *rig = rig_of(state);
	struct ask ask = rig_by(0, 1000, rig_node(rig, "user/1000/file"));
	pid_t user = user_child(0, 1000), stranger = user_child(0, 1001);
	struct reply reply;

	put_grant(rig, "user/1000", "file");
	put_grant(rig, "user/0", "file");
	ask.pid = user;
	assert_int_equal(rig_getattr(rig, ask, &reply), 0);
	assert_int_equal(rig_open(rig, ask, FUSE_OPEN, O_RDONLY, &reply), 0);
	assert_int_equal(rig_read(rig, ask, FUSE_READ, reply.body.open.fh, 0, 9, false, &reply), 0);
	assert_memory_equal(reply.body.bytes, "first", 5);
	ask.uid = ask.gid = 1001;
	ask.pid = stranger;
	assert_int_equal(rig_getattr(rig, ask, &reply), ENOENT);
	assert_int_equal(rig_open(rig, ask, FUSE_OPEN, O_RDONLY, &reply), ENOENT);
	/* Root is not that user; it may see what is there. */
	ask.uid = ask.gid = 0;
	ask.pid = rig->host;
	assert_int_equal(rig_getattr(rig, ask, &reply), 0);
	assert_int_equal(rig_open(rig, ask, FUSE_OPEN, O_RDONLY, &reply), EACCES);
	expect_bytes(rig, rig->host, "user/0/file", "first");
	/* In a container the same number is somebody else. */
	expect_absent(rig, rig->web, "user/0", "file");
	ask.pid = rig->web;
	ask.uid = ask.gid = 1000;
	assert_int_equal(rig_open(rig, ask, FUSE_OPEN, O_RDONLY, &reply), ENOENT);
	scratch_end(user);
	scratch_end(stranger);
}

/* A unit of systemd, told by where its cgroup is; the one of a test lies at the top. */
static void a_unit_of_the_host_is_a_consumer(void **state)
{
	struct rig *rig = rig_of(state);
	char slice[SCRATCH_CGROUP_MAX], unit[SCRATCH_CGROUP_MAX], name[64], consumer[128];
	char file[160];
	struct reader reader;
	pid_t pid;

	snprintf(slice, sizeof slice, "%s/system.slice", scratch_unified());
	snprintf(name, sizeof name, "tacit-test-%d.service", getpid());
	snprintf(unit, sizeof unit, "%.150s/%s", slice, name);
	mkdir(slice, 0755);
	if (mkdir(unit, 0755))
		skip();
	pid = scratch_child(unit);
	identity_find(rig->identity, pid, &reader);
	assert_int_equal(reader.kind, READER_HOST);
	assert_string_equal(reader.unit, name);
	snprintf(consumer, sizeof consumer, "unit/%s", name);
	snprintf(file, sizeof file, "%s/file", consumer);
	put_grant(rig, consumer, "file");
	put_grant(rig, "unit/other.service", "file");
	expect_bytes(rig, pid, file, "first");
	expect_absent(rig, rig->web, consumer, "file");
	/* Root outside of it is an operator, and sees; a user of the host does not. */
	{
		struct ask host = rig_by(rig->host, 0, rig_node(rig, file));
		struct ask own = rig_by(pid, 1000, rig_node(rig, "unit/other.service/file"));
		struct reply reply;

		assert_int_equal(rig_getattr(rig, host, &reply), 0);
		assert_int_equal(rig_open(rig, host, FUSE_OPEN, O_RDONLY, &reply), EACCES);
		host.uid = 1000;
		assert_int_equal(rig_getattr(rig, host, &reply), ENOENT);
		assert_int_equal(rig_open(rig, host, FUSE_OPEN, O_RDONLY, &reply), ENOENT);
		assert_int_equal(rig_open(rig, own, FUSE_OPEN, O_RDONLY, &reply), ENOENT);
	}
	scratch_end(pid);
	scratch_rmdir(unit);
	rmdir(slice);
}

static void self_is_what_its_reader_has(void **state)
{
	struct rig *rig = rig_of(state);

	put_grant(rig, "container/shop-web-1", "mine");
	put_grant(rig, "container/lonely", "mine");
	put_grant(rig, "container/lonely", "lonely");
	put_grant(rig, "user/0", "root");
	engine_names(rig, 'a', "shop/web");
	engine_names(rig, 'b', "lonely");
	expect_bytes(rig, rig->web, "self/mine", "first");
	expect_bytes(rig, rig->other, "self/mine", "first");
	expect_bytes(rig, rig->other, "self/lonely", "first");
	expect_bytes(rig, rig->host, "self/root", "first");
	expect_absent(rig, rig->web, "self", "lonely");
	expect_absent(rig, rig->web, "self", "root");
	expect_absent(rig, rig->other, "self", "root");
	assert_int_equal(server_open_handles(rig->server), 0);
}

/* Of the two that a container can be, the one that has the file; its name first. */
static void self_takes_the_containers_name_before_its_service(void **state)
{
	struct rig *rig = rig_of(state);
	struct grant_record named = rig_grant(rig, "container/shop-web-1", RIG_FILE), revoked;
	struct ask web = rig_by(rig->web, 1000, rig_node(rig, "self/" RIG_FILE));
	struct reply reply;

	named.flags = GRANT_NEWLINE;
	rig_put_grant(rig, &named);
	engine_names(rig, 'a', "shop/web");
	rig_bind(rig, RIG_CONSUMER, (const char *const[]){ "image=nginx:1.25", NULL });
	expect_bytes(rig, rig->web, "self/" RIG_FILE, "first\n");
	/* What it is not, for a rule does not hold, it has nothing of. */
	rig_bind(rig, "container/shop-web-1", (const char *const[]){ "image=caddy", NULL });
	expect_bytes(rig, rig->web, "self/" RIG_FILE, "first");
	rig_bind(rig, "container/shop-web-1", (const char *const[]){ NULL });
	must_ok(rig_open(rig, web, FUSE_OPEN, O_RDONLY, &reply));
	/* Revoked, it is the other's from the next OPEN on, and what is open is ended. */
	revoked = rig_revoked(&named);
	rig_put_grant(rig, &revoked);
	assert_int_equal(
		rig_read(rig, web, FUSE_READ, reply.body.open.fh, 0, 9, false, &reply), ESTALE);
	expect_bytes(rig, rig->web, "self/" RIG_FILE, "first");
}

/* Labels are chosen by whoever starts a container, and here nothing else says what it is. */
static void self_is_a_service_only_by_a_strong_rule(void **state)
{
	struct rig *rig = rig_of(state);
	static const struct {
		const char *rules[3];
		bool there;
	} rows[] = {
		{ { NULL }, false },
		{ { "label=tier=front" }, false },
		{ { "compose=shop/web" }, false },
		{ { "image=nginx:1.25" }, true },
		{ { "container=shop-web-1" }, true },
		{ { "label=tier=front", "image=nginx:1.25" }, true },
		{ { "label=tier=back", "image=nginx:1.25" }, false },
		{ { "image=caddy" }, false },
	};
	struct container_facts facts = facts_of('a', "shop/web");

	add_label(&facts, "tier=front");
	engine_says(rig, &facts);
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		print_message("row %zu\n", i);
		rig_bind(rig, RIG_CONSUMER, rows[i].rules);
		if (rows[i].there)
			expect_bytes(rig, rig->web, "self/" RIG_FILE, "first");
		else
			expect_absent(rig, rig->web, "self", RIG_FILE);
	}
}

static void self_is_nobodys_to_the_host(void **state)
{
	struct rig *rig = rig_of(state);
	struct ask ask = rig_by(rig->host, 0, rig_node(rig, "self/" RIG_FILE));
	struct ask missing = rig_by(rig->host, 0, rig_node(rig, "self/never"));
	struct ask directory = rig_by(rig->host, 1000, rig_node(rig, "self"));
	struct reply reply;

	assert_int_equal(rig_lookup(rig, directory, RIG_FILE, &reply), 0);
	assert_int_equal(reply.body.entry.nodeid, ask.node);
	assert_int_not_equal(reply.body.entry.attr.size, 5);
	assert_int_equal(rig_lookup(rig, directory, "never", &reply), ENOENT);
	assert_int_equal(rig_getattr(rig, ask, &reply), 0);
	assert_int_not_equal(reply.body.attr.attr.size, 5);
	assert_int_equal(rig_open(rig, ask, FUSE_OPEN, O_RDONLY, &reply), EACCES);
	assert_int_equal(rig_getattr(rig, missing, &reply), ENOENT);
	assert_int_equal(rig_open(rig, missing, FUSE_OPEN, O_RDONLY, &reply), ENOENT);
	assert_int_equal(rig_getattr(rig, directory, &reply), 0);
	ask.uid = 1000;
	assert_int_equal(rig_getattr(rig, ask, &reply), ENOENT);
	assert_int_equal(rig_open(rig, ask, FUSE_OPEN, O_RDONLY, &reply), ENOENT);
	ask.pid = 0;
	assert_int_equal(rig_getattr(rig, ask, &reply), ENOENT);
	assert_int_equal(rig_open(rig, ask, FUSE_OPEN, O_RDONLY, &reply), ENOENT);
}

/* Without an engine nobody says which container asks. */
static void self_is_nobodys_without_an_engine(void **state)
{
	struct rig *rig = rig_of(state);

	put_grant(rig, "container/lonely", "mine");
	expect_absent(rig, rig->web, "self", "mine");
	expect_absent(rig, rig->web, "self", RIG_FILE);
}

/* Who has not been named yet is not shown what the others have. */
static void self_lists_nothing_to_whom_nobody_has_named(void **state)
{
	struct rig *rig = rig_of(state);
	struct ask directory = rig_by(rig->web, 1000, rig_node(rig, "self"));
	struct ask own = rig_by(rig->web, 1000, rig->consumer);
	struct reply reply;

	put_grant(rig, "container/lonely", "lonely");
	must_ok(rig_read(rig, directory, FUSE_READDIR, 0, 0, 4096, false, &reply));
	assert_int_equal(reply.length, 0);
	/* The directory that it was given is another matter: it lists what it is about to read. */
	must_ok(rig_read(rig, own, FUSE_READDIR, 0, 0, 4096, false, &reply));
	assert_int_not_equal(reply.length, 0);
	engine_denies(rig, 'a');
	must_ok(rig_read(rig, directory, FUSE_READDIR, 0, 0, 4096, false, &reply));
	assert_int_equal(reply.length, 0);
	must_ok(rig_read(rig, own, FUSE_READDIR, 0, 0, 4096, false, &reply));
	assert_int_equal(reply.length, 0);
}

/* The id in another cgroup is another container, until its engine says otherwise. */
static void a_dead_containers_id_is_not_its_successors(void **state)
{
	struct rig *rig = rig_of(state);
	char path[SCRATCH_CGROUP_MAX];
	struct container_facts facts = facts_of('a', "shop/web");
	struct ask ask = open_ask(rig, 0, rig->file);
	struct reply reply;
	uint64_t unique;

	engine_says(rig, &facts);
	expect_bytes(rig, rig->web, RIG_CONSUMER "/" RIG_FILE, "first");
	scratch_end(rig->web);
	assert_true(scratch_container(scratch_unified(), 'a', path));
	scratch_rmdir(path);
	rig->web = rig_reader('a');
	assert_true(rig->web > 0);
	ask.pid = rig->web;
	unique = send_open(rig, ask);
	expect_silence(rig);
	engine_denies(rig, 'a');
	assert_int_equal(expect_answer(rig, 0, unique, &reply), EACCES);
}

#define with_rig(test) cmocka_unit_test_setup_teardown(test, rig_set_up, rig_tear_down)
#define with_engine(test) cmocka_unit_test_setup_teardown(test, rig_set_up_engine, rig_tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		with_engine(a_container_is_the_consumer_its_engine_says),
		with_engine(what_lies_above_lists_nothing),
		with_engine(all_rules_hold_or_it_is_not_the_consumer),
		with_engine(a_rule_acts_on_what_is_open),
		with_rig(without_an_engine_no_rule_holds),
		with_engine(a_user_of_the_host_is_a_consumer),
		with_engine(a_unit_of_the_host_is_a_consumer),
		with_engine(self_is_what_its_reader_has),
		with_engine(self_takes_the_containers_name_before_its_service),
		with_engine(self_is_a_service_only_by_a_strong_rule),
		with_engine(self_is_nobodys_to_the_host),
		with_rig(self_is_nobodys_without_an_engine),
		with_engine(self_lists_nothing_to_whom_nobody_has_named),
		with_engine(a_dead_containers_id_is_not_its_successors),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
