/* SPDX-License-Identifier: Apache-2.0 */
/* What a grant says besides whose it is: until when, of which version, with a newline, to which
 * process; and a consumer that is frozen. */
#include "passing.h"
#include "situation.h"

#define HOUR_NS (3600ull * 1000000000)
#define YEAR_NS (365 * 24 * HOUR_NS)

static void put_anew(struct rig *rig)
{
	rig_put_grant(rig, &rig->grant);
}

/* Set how far time is at least, as after a clock that was set back. */
static void set_floor(struct rig *rig, uint64_t real_ns)
{
	model_write_lock(rig->model);
	rig->model->floor = (struct clock_floor){ real_ns, clock_boottime_ns() };
	model_unlock(rig->model);
}

static void expired_it_is_not_there(void **state)
{
	struct rig *rig = rig_of(state);
	struct ask web = rig_by(rig->web, 1000, rig->file);
	struct ask root = rig_by(rig->host, 0, rig->file);
	struct ask directory = rig_by(rig->web, 1000, rig->consumer);
	uint64_t now = clock_realtime_ns(), fh;
	struct reply reply;

	rig->grant.expires_ns = now + YEAR_NS;
	put_anew(rig);
	must_ok(rig_open(rig, web, FUSE_OPEN, O_RDONLY, &reply));
	fh = reply.body.open.fh;
	must_ok(rig_read(rig, web, FUSE_READ, fh, 0, 9, false, &reply));
	/* The clock is behind, and still it is over: nothing is extended. */
	set_floor(rig, now + YEAR_NS);
	assert_int_equal(rig_read(rig, web, FUSE_READ, fh, 0, 9, false, &reply), ENOENT);
	assert_int_equal(rig_open(rig, web, FUSE_OPEN, O_RDONLY, &reply), ENOENT);
	assert_int_equal(rig_getattr(rig, web, &reply), ENOENT);
	assert_int_equal(rig_access(rig, web, R_OK, &reply), ENOENT);
	must_ok(rig_read(rig, directory, FUSE_READDIR, 0, 0, 4096, false, &reply));
	assert_int_equal(reply.length, 0);
	/* Its name stays for the kernel, and operators see what was granted. */
	assert_int_equal(rig_lookup(rig, directory, RIG_FILE, &reply), 0);
	assert_int_equal(rig_getattr(rig, root, &reply), 0);
	/* Given longer, what is open goes on. */
	rig->grant.expires_ns = now + 2 * YEAR_NS;
	put_anew(rig);
	must_ok(rig_read(rig, web, FUSE_READ, fh, 0, 9, false, &reply));
	assert_memory_equal(reply.body.bytes, "first", 5);
}

static void a_grant_ends_by_the_clock(void **state)
{
	struct rig *rig = rig_of(state);
	struct ask web = rig_by(rig->web, 1000, rig->file);
	struct reply reply;

	rig->grant.expires_ns = clock_realtime_ns() + HOUR_NS;
	put_anew(rig);
	must_ok(rig_open(rig, web, FUSE_OPEN, O_RDONLY, &reply));
	let_pass(HOUR_NS);
	assert_int_equal(rig_open(rig, web, FUSE_OPEN, O_RDONLY, &reply), ENOENT);
	assert_int_equal(rig_getattr(rig, web, &reply), ENOENT);
}

static void one_version_is_read_whatever_comes_after(void **state)
{
	struct rig *rig = rig_of(state);
	struct grant_record current = rig_grant(rig, RIG_CONSUMER, "current"), revoked;
	struct ask web = rig_by(rig->web, 1000, rig->file);
	struct ask newest = rig_by(rig->web, 1000, rig_node(rig, RIG_CONSUMER "/current"));
	struct reply reply;

	rig_rotate(rig, "the second", 10);
	rig_put_grant(rig, &current);
	rig->grant.version = 1;
	put_anew(rig);
	for (int i = 0; i < 3; i++) {
		must_ok(rig_getattr(rig, web, &reply));
		assert_int_equal(reply.body.attr.attr.size, 5);
		must_ok(rig_open(rig, web, FUSE_OPEN, O_RDONLY, &reply));
		must_ok(rig_read(rig, web, FUSE_READ, reply.body.open.fh, 0, 99, false, &reply));
		assert_int_equal(reply.length, 5);
		assert_memory_equal(reply.body.bytes, "first", 5);
		must_ok(rig_open(rig, newest, FUSE_OPEN, O_RDONLY, &reply));
		must_ok(rig_read(rig, newest, FUSE_READ, reply.body.open.fh, 0, 99, false, &reply));
		assert_int_not_equal(reply.length, 5);
		if (!i)
			rig_rotate(rig, "and a third", 11);
		if (i != 1)
			continue;
		rig_end_core(rig);
		rig_start_core(rig);
		rig_run_core(rig);
	}
	/* Not pinned any more it is the newest again. */
	rig->grant.version = 0;
	put_anew(rig);
	must_ok(rig_open(rig, web, FUSE_OPEN, O_RDONLY, &reply));
	must_ok(rig_read(rig, web, FUSE_READ, reply.body.open.fh, 0, 99, false, &reply));
	assert_int_equal(reply.length, 11);
	revoked = rig_revoked(&rig->grant);
	rig_put_grant(rig, &revoked);
	assert_int_equal(rig_open(rig, web, FUSE_OPEN, O_RDONLY, &reply), ENOENT);
}

/* Read by parts of every size from every offset it is the same bytes, and a byte more. */
static void expect_parts(struct rig *rig, uint64_t fh, const char *value, size_t length)
{
	struct ask web = rig_by(rig->web, 1000, rig->file);
	struct reply reply;

	for (size_t offset = 0; offset <= length + 2; offset++)
		for (uint32_t size = 0; size <= length + 2; size++) {
			size_t there = offset < length ? length - offset : 0;

			must_ok(rig_read(rig, web, FUSE_READ, fh, offset, size, false, &reply));
			assert_int_equal(reply.length, there < size ? there : size);
			assert_memory_equal(reply.body.bytes, value + offset, reply.length);
		}
	must_ok(rig_read(rig, web, FUSE_READ, fh, INT64_MAX, 4096, false, &reply));
	assert_int_equal(reply.length, 0);
	must_ok(rig_read(rig, web, FUSE_READ, fh, UINT64_MAX, 4096, false, &reply));
	assert_int_equal(reply.length, 0);
}

static void a_newline_is_added_as_one_byte(void **state)
{
	struct rig *rig = rig_of(state);
	static const struct {
		const char *value;
		size_t length;
	} rows[] = { { "first", 5 }, { "x", 1 }, { "ends in one\n", 12 }, { "a\0b", 3 } };
	struct ask web = rig_by(rig->web, 1000, rig->file);
	struct reply reply;

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
		for (int newline = 0; newline < 2; newline++) {
			size_t length = rows[i].length + (size_t)newline;
			char value[32];
			uint64_t fh;

			rig_rotate(rig, rows[i].value, rows[i].length);
			rig->grant.flags = newline ? GRANT_NEWLINE : 0;
			put_anew(rig);
			memcpy(value, rows[i].value, rows[i].length);
			value[rows[i].length] = '\n';
			must_ok(rig_getattr(rig, web, &reply));
			assert_int_equal(reply.body.attr.attr.size, length);
			must_ok(rig_open(rig, web, FUSE_OPEN, O_RDONLY, &reply));
			fh = reply.body.open.fh;
			expect_parts(rig, fh, value, length);
			/* An open file is what it was opened as. */
			rig->grant.flags ^= GRANT_NEWLINE;
			put_anew(rig);
			expect_parts(rig, fh, value, length);
			must_ok(rig_release(rig, web, fh, &reply));
		}
}

static void the_main_process_alone_reads(void **state)
{
	struct rig *rig = rig_of(state);
	pid_t second = 0, first = main_process('a', &second);
	struct ask ask = rig_by(first, 1000, rig->file);
	struct reply reply;
	uint64_t fh;

	if (!first)
		skip();
	rig->grant.flags = GRANT_MAIN_PROCESS;
	put_anew(rig);
	must_ok(rig_open(rig, ask, FUSE_OPEN, O_RDONLY, &reply));
	fh = reply.body.open.fh;
	must_ok(rig_read(rig, ask, FUSE_READ, fh, 0, 9, false, &reply));
	/* Others of the same container see it, and read nothing; of what it has open, neither. */
	ask.pid = second;
	assert_int_equal(rig_getattr(rig, ask, &reply), 0);
	assert_int_equal(rig_open(rig, ask, FUSE_OPEN, O_RDONLY, &reply), EACCES);
	assert_int_equal(rig_access(rig, ask, R_OK, &reply), EACCES);
	assert_int_equal(rig_read(rig, ask, FUSE_READ, fh, 0, 9, false, &reply), EACCES);
	/* Nor one that was put into the container from outside, root or not. */
	ask = rig_by(rig->web, 0, rig->file);
	assert_int_equal(rig_open(rig, ask, FUSE_OPEN, O_RDONLY, &reply), EACCES);
	rig->grant.flags = 0;
	put_anew(rig);
	assert_int_equal(rig_open(rig, ask, FUSE_OPEN, O_RDONLY, &reply), 0);
	scratch_end(first);
}

static void a_frozen_consumer_reads_nothing(void **state)
{
	struct rig *rig = rig_of(state);
	struct grant_record other = rig_grant(rig, "compose/shop/db", "file");
	struct ask web = rig_by(rig->web, 1000, rig->file);
	struct ask db = rig_by(rig->web, 1000, rig_node(rig, "compose/shop/db/file"));
	struct consumer_record record;
	struct reply reply;
	uint64_t fh;

	rig_put_grant(rig, &other);
	must_ok(rig_open(rig, web, FUSE_OPEN, O_RDONLY, &reply));
	fh = reply.body.open.fh;
	record = rig_bind(rig, RIG_CONSUMER, (const char *const[]){ NULL });
	record.frozen_ns = 9;
	rig_put_consumer(rig, &record);
	for (int cores = 0; cores < 2; cores++) {
		assert_int_equal(rig_open(rig, web, FUSE_OPEN, O_RDONLY, &reply), EACCES);
		assert_int_equal(rig_read(rig, web, FUSE_READ, fh, 0, 9, false, &reply), EACCES);
		assert_int_equal(rig_access(rig, web, R_OK, &reply), EACCES);
		assert_int_equal(rig_getattr(rig, web, &reply), 0);
		assert_int_equal(rig_open(rig, db, FUSE_OPEN, O_RDONLY, &reply), 0);
		if (cores)
			break;
		rig_end_core(rig);
		rig_start_core(rig);
		rig_run_core(rig);
	}
	record.frozen_ns = 0;
	rig_put_consumer(rig, &record);
	assert_int_equal(rig_open(rig, web, FUSE_OPEN, O_RDONLY, &reply), 0);
}

/* Who read it last, and which version: by the name that its engine gave it. */
static void the_last_reader_is_noted(void **state)
{
	struct rig *rig = rig_of(state);
	struct grant_record user = rig_grant(rig, "user/0", "file");
	struct ask web = rig_by(rig->web, 1000, rig->file);
	char name[VAULT_USER_MAX + 1];
	uint64_t before = clock_realtime_ns(), when = 0, version = 0;
	struct reply reply;

	engine_names(rig, 'a', "shop/web");
	engine_names(rig, 'b', "lonely");
	grant_last_read(
		rig->model, model_grant_by_id(rig->model, rig->grant.id), &when, &version, name);
	assert_string_equal(name, "");
	must_ok(rig_getattr(rig, web, &reply));
	assert_int_equal(
		rig_open(rig, rig_by(rig->other, 0, rig->file), FUSE_OPEN, 0, &reply), ENOENT);
	assert_false(grant_use_changed(rig->model, model_grant_by_id(rig->model, rig->grant.id)));
	rig_rotate(rig, "second", 6);
	must_ok(rig_open(rig, web, FUSE_OPEN, O_RDONLY, &reply));
	grant_last_read(
		rig->model, model_grant_by_id(rig->model, rig->grant.id), &when, &version, name);
	assert_string_equal(name, "container/shop-web-1 aaaaaaaaaaaa");
	assert_int_equal(version, 2);
	assert_true(when >= before && when <= clock_realtime_ns());
	rig_put_grant(rig, &user);
	must_ok(rig_open(
		rig, rig_by(rig->host, 0, rig_node(rig, "user/0/file")), FUSE_OPEN, 0, &reply));
	grant_last_read(rig->model, model_grant_by_id(rig->model, user.id), &when, &version, name);
	assert_true(!strncmp(name, "unit/", 5) || !strcmp(name, "user/0"));
}

#define with_rig(test) cmocka_unit_test_setup_teardown(test, rig_set_up, rig_tear_down)
#define with_engine(test) cmocka_unit_test_setup_teardown(test, rig_set_up_engine, rig_tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		with_rig(expired_it_is_not_there),
		with_rig(a_grant_ends_by_the_clock),
		with_rig(one_version_is_read_whatever_comes_after),
		with_rig(a_newline_is_added_as_one_byte),
		with_rig(the_main_process_alone_reads),
		with_rig(a_frozen_consumer_reads_nothing),
		with_engine(the_last_reader_is_noted),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
