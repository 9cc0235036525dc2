/* SPDX-License-Identifier: Apache-2.0 */
/* Grants of so many reads: each is written down before it is answered, and there are exactly so
 * many, whoever asks at once and wherever core dies. */
#include "counting.h"
#include "passing.h"

#define AT_ONCE 16

static int set_up_two_threads(void **state)
{
	rig_set_up_threads(state, 2);
	rig_start_core(*state);
	rig_run_core(*state);
	return 0;
}

static void a_read_is_answered_when_it_is_written_down(void **state)
{
	struct rig *rig = rig_of(state);
	struct ask web = open_ask(rig, rig->web, rig->file);
	struct server_count count;
	struct reply reply;
	uint64_t unique;

	give_reads(rig, 2);
	assert_false(wants_count(rig, 0));
	unique = send_open(rig, web);
	assert_true(wants_count(rig, PATIENCE_MS));
	expect_silence(rig);
	assert_true(count_next(rig, STEP_REMEMBERED, &count));
	assert_int_equal(count.unique, unique);
	assert_memory_equal(count.grant_id, rig->grant.id, SEAL_ID_BYTES);
	assert_int_equal(strspn(count.container, "a"), CONTAINER_ID_LENGTH);
	expect_no_count(rig);
	expect_silence(rig);
	server_settle_count(rig->server, &count, true);
	assert_int_equal(expect_answer(rig, 0, unique, &reply), 0);
	must_ok(rig_read(rig, web, FUSE_READ, reply.body.open.fh, 0, 9, false, &reply));
	assert_memory_equal(reply.body.bytes, "first", 5);
	assert_int_equal(used_by(rig, 'a'), 1);
	expect_parked(rig, 0);
	expect_silence(rig);
}

/* The last read is remembered before it is settled: whatever wakes the doorman between the two, the
 * reader whose read it is, is not told that none are left. */
static void a_read_that_is_being_counted_is_not_used_up(void **state)
{
	struct rig *rig = rig_of(state);
	uint64_t unique, late;
	struct server_count count;
	struct reply reply;

	give_reads(rig, 1);
	unique = send_open(rig, open_ask(rig, rig->web, rig->file));
	assert_true(wants_count(rig, PATIENCE_MS));
	assert_true(count_next(rig, STEP_REMEMBERED, &count));
	server_wake_parked(rig->server);
	expect_silence(rig);
	/* Nor is another given it. */
	late = send_open(rig, open_ask(rig, rig->web, rig->file));
	assert_int_equal(expect_answer(rig, 0, late, &reply), ENOENT);
	server_settle_count(rig->server, &count, true);
	assert_int_equal(expect_answer(rig, 0, unique, &reply), 0);
	expect_silence(rig);
}

static void after_so_many_it_is_not_there(void **state)
{
	struct rig *rig = rig_of(state);
	struct ask web = open_ask(rig, rig->web, rig->file), other = web;
	struct reply reply;
	uint64_t unique, fh = 0;

	other.pid = rig->other;
	give_reads(rig, 3);
	for (int i = 0; i < 3; i++) {
		if (i)
			must_ok(rig_release(rig, web, fh, &reply));
		unique = send_open(rig, web);
		count_when_asked(rig, STEP_SETTLED);
		must_ok(expect_answer(rig, 0, unique, &reply));
		fh = reply.body.open.fh;
	}
	unique = send_open(rig, web);
	assert_int_equal(expect_answer(rig, 0, unique, &reply), ENOENT);
	/* What is open is read on, and asked how long it is. */
	must_ok(rig_getattr(rig, web, &reply));
	assert_int_equal(reply.body.attr.attr.size, 5);
	must_ok(rig_read(rig, web, FUSE_READ, fh, 0, 2, false, &reply));
	must_ok(rig_read(rig, web, FUSE_READ, fh, 2, 9, false, &reply));
	assert_int_equal(reply.length, 3);
	must_ok(rig_release(rig, web, fh, &reply));
	assert_int_equal(rig_getattr(rig, web, &reply), ENOENT);
	assert_int_equal(rig_access(rig, web, R_OK, &reply), ENOENT);
	assert_int_equal(rig_read(rig, rig_by(rig->web, 0, rig->consumer), FUSE_READDIR, 0, 0, 4096,
				 false, &reply),
		0);
	assert_int_equal(reply.length, 0);
	/* Each container has its own. */
	unique = send_open(rig, other);
	count_when_asked(rig, STEP_SETTLED);
	assert_int_equal(expect_answer(rig, 0, unique, &reply), 0);
	assert_int_equal(used_by(rig, 'a'), 3);
	assert_int_equal(used_by(rig, 'b'), 1);
	expect_no_count(rig);
	/* More are given: they are there again. */
	give_reads(rig, 4);
	must_ok(rig_getattr(rig, web, &reply));
	unique = send_open(rig, web);
	count_when_asked(rig, STEP_SETTLED);
	assert_int_equal(expect_answer(rig, 0, unique, &reply), 0);
}

/* An open file of another container is not its own. */
static void used_up_it_is_seen_by_who_has_it_open(void **state)
{
	struct rig *rig = rig_of(state);
	const pid_t pids[] = { rig->web, rig->other };
	struct reply reply;
	uint64_t fh = 0;

	give_reads(rig, 1);
	for (int i = 0; i < 2; i++) {
		uint64_t unique = send_open(rig, open_ask(rig, pids[i], rig->file));

		count_when_asked(rig, STEP_SETTLED);
		must_ok(expect_answer(rig, 0, unique, &reply));
		fh = reply.body.open.fh;
	}
	must_ok(rig_release(rig, rig_by(rig->other, 0, rig->file), fh, &reply));
	assert_int_equal(rig_getattr(rig, rig_by(rig->web, 0, rig->file), &reply), 0);
	assert_int_equal(rig_getattr(rig, rig_by(rig->other, 0, rig->file), &reply), ENOENT);
}

/* The store did not take it: the value is not given, and no read is lost. */
static void what_is_not_written_down_is_not_given(void **state)
{
	struct rig *rig = rig_of(state);
	struct ask web = open_ask(rig, rig->web, rig->file);
	struct server_count count;
	struct reply reply;
	uint64_t unique;

	give_reads(rig, 1);
	unique = send_open(rig, web);
	assert_true(wants_count(rig, PATIENCE_MS));
	assert_true(count_next(rig, STEP_NUMBERED, &count));
	server_settle_count(rig->server, &count, false);
	assert_int_equal(expect_answer(rig, 0, unique, &reply), EACCES);
	unique = send_open(rig, web);
	count_when_asked(rig, STEP_SETTLED);
	assert_int_equal(expect_answer(rig, 0, unique, &reply), 0);
}

/* A store that takes too long is not waited for; what it says later is said of nobody. */
static void a_slow_store_is_not_waited_for(void **state)
{
	struct rig *rig = rig_of(state);
	struct ask web = open_ask(rig, rig->web, rig->file);
	struct server_count count;
	uint64_t unique, next;
	struct reply reply;

	give_reads(rig, 5);
	unique = send_open(rig, web);
	assert_true(wants_count(rig, PATIENCE_MS));
	assert_true(count_next(rig, STEP_NUMBERED, &count));
	let_patience_pass(rig);
	assert_int_equal(expect_answer(rig, 0, unique, &reply), EACCES);
	expect_parked(rig, 0);
	next = send_open(rig, web);
	expect_parked(rig, 1);
	server_settle_count(rig->server, &count, true);
	expect_silence(rig);
	count_when_asked(rig, STEP_SETTLED);
	assert_int_equal(expect_answer(rig, 0, next, &reply), 0);
}

static void who_is_killed_meanwhile_is_not_counted(void **state)
{
	struct rig *rig = rig_of(state);
	uint64_t unique;
	struct reply reply;

	give_reads(rig, 1);
	unique = send_open(rig, open_ask(rig, rig->web, rig->file));
	assert_true(wants_count(rig, PATIENCE_MS));
	send_interrupt(rig, unique, 0);
	assert_int_equal(expect_answer(rig, 0, unique, &reply), EINTR);
	expect_parked(rig, 0);
	assert_false(count_next(rig, STEP_SETTLED, &(struct server_count){ 0 }));
	assert_int_equal(used_by(rig, 'a'), 0);
}

/* The kernel sends it again while it is being counted: it is that read, and no second one. */
static void sent_again_it_is_counted_once(void **state)
{
	struct rig *rig = rig_of(state);
	struct ask web = open_ask(rig, rig->web, rig->file);
	struct server_count count;
	struct reply reply;

	give_reads(rig, 2);
	web.unique = send_open(rig, web) | UNIQUE_RESENT;
	assert_true(wants_count(rig, PATIENCE_MS));
	assert_true(count_next(rig, STEP_TAKEN, &count));
	rig_send(rig, &web);
	expect_arrivals(rig, 2);
	expect_silence(rig);
	expect_no_count(rig);
	server_settle_count(rig->server, &count, true);
	assert_int_equal(expect_answer(rig, 0, web.unique, &reply), 0);
	expect_silence(rig);
}

/* Known first, then counted. */
static void a_stranger_is_asked_about_before_it_is_counted(void **state)
{
	struct rig *rig = rig_of(state);
	struct reply reply;
	uint64_t unique;

	give_reads(rig, 1);
	unique = send_open(rig, open_ask(rig, rig->web, rig->file));
	expect_parked(rig, 1);
	assert_false(wants_count(rig, SILENCE_MS));
	engine_names(rig, 'a', "shop/web");
	count_when_asked(rig, STEP_SETTLED);
	assert_int_equal(expect_answer(rig, 0, unique, &reply), 0);
	assert_int_equal(atomic_load(&rig->handover->parked_count), 1);
	unique = send_open(rig, open_ask(rig, rig->web, rig->file));
	assert_int_equal(expect_answer(rig, 0, unique, &reply), ENOENT);
}

static void in_self_reads_are_counted_as_well(void **state)
{
	struct rig *rig = rig_of(state);
	struct ask self = open_ask(rig, rig->web, rig_node(rig, "self/mine"));
	struct reply reply;
	uint64_t unique, fh;

	engine_names(rig, 'a', "lonely");
	rig->grant = rig_grant(rig, "container/lonely", "mine");
	give_reads(rig, 1);
	unique = send_open(rig, self);
	count_when_asked(rig, STEP_SETTLED);
	must_ok(expect_answer(rig, 0, unique, &reply));
	fh = reply.body.open.fh;
	must_ok(rig_read(rig, self, FUSE_READ, fh, 0, 9, false, &reply));
	/* The same read, by whichever name. */
	self.node = rig_node(rig, "container/lonely/mine");
	unique = send_open(rig, self);
	assert_int_equal(expect_answer(rig, 0, unique, &reply), ENOENT);
	assert_int_equal(used_by(rig, 'a'), 1);
}

static void to_wake_a_watcher_is_no_read(void **state)
{
	struct rig *rig = rig_of(state);
	struct ask toucher = rig_by(rig->host, geteuid(), rig->file);
	struct reply reply;

	give_reads(rig, 1);
	server_set_toucher(rig->server, rig->host);
	must_ok(rig_open(rig, toucher, FUSE_OPEN, O_WRONLY, &reply));
	expect_no_count(rig);
	assert_int_equal(atomic_load(&rig->handover->parked_count), 0);
}

/* Everybody at once, while the doorman is woken for nothing as often as can be. */
static void *wake_on(void *arg)
{
	struct rig *rig = arg;

	while (rig->wakes) {
		server_wake_parked(rig->server);
		usleep(20);
	}
	return NULL;
}

static void of_many_at_once_so_many_read(void **state)
{
	struct rig *rig = rig_of(state);
	pthread_t waker;

	rig->wakes = true;
	assert_int_equal(pthread_create(&waker, NULL, wake_on, rig), 0);
	for (uint32_t reads = 1; reads <= 5; reads++) {
		unsigned int given = 0, denied = 0;

		give_reads_anew(rig, reads);
		for (unsigned int i = 0; i < AT_ONCE; i++) {
			struct ask web = open_ask(rig, rig->web, rig->file);

			web.thread = i % rig->threads;
			send_open(rig, web);
		}
		for (unsigned int i = 0; i < AT_ONCE;) {
			struct server_count count;

			while (count_next(rig, STEP_SETTLED, &count))
				;
			for (unsigned int thread = 0; thread < rig->threads; thread++) {
				struct reply reply;

				if (!answered_within(rig, thread, 1))
					continue;
				rig_receive(rig, thread, &reply);
				assert_true(!reply.errnum || reply.errnum == ENOENT);
				given += !reply.errnum;
				denied += reply.errnum == ENOENT;
				i++;
			}
		}
		assert_int_equal(given, reads);
		assert_int_equal(denied, AT_ONCE - reads);
		assert_int_equal(used_by(rig, 'a'), reads);
		assert_false(server_next_count(rig->server, &(struct server_count){ 0 }));
		expect_parked(rig, 0);
	}
	rig->wakes = false;
	assert_int_equal(pthread_join(waker, NULL), 0);
	expect_silence(rig);
}

#define with_rig(test) cmocka_unit_test_setup_teardown(test, set_up_two_threads, rig_tear_down)
#define with_engine(test) cmocka_unit_test_setup_teardown(test, rig_set_up_engine, rig_tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		with_rig(a_read_is_answered_when_it_is_written_down),
		with_rig(a_read_that_is_being_counted_is_not_used_up),
		with_rig(after_so_many_it_is_not_there),
		with_rig(used_up_it_is_seen_by_who_has_it_open),
		with_rig(what_is_not_written_down_is_not_given),
		with_rig(a_slow_store_is_not_waited_for),
		with_rig(who_is_killed_meanwhile_is_not_counted),
		with_rig(sent_again_it_is_counted_once),
		with_engine(a_stranger_is_asked_about_before_it_is_counted),
		with_engine(in_self_reads_are_counted_as_well),
		with_rig(to_wake_a_watcher_is_no_read),
		with_rig(of_many_at_once_so_many_read),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
