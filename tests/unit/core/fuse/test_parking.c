/* SPDX-License-Identifier: Apache-2.0 */
/* OPENs that wait for an engine's word: what waits and what never does, for how long, and how many.
 */
#include "passing.h"

#define ONE_CONTAINER_MAX 64 /* as park.c has it */
#define SHORT_NS (100 * MS_NS)

static void an_open_waits_for_the_engines_word(void **state)
{
	struct rig *rig = rig_of(state);
	struct ask web = open_ask(rig, rig->web, rig->file);
	uint64_t unique = send_open(rig, web);
	char id[CONTAINER_ID_LENGTH + 1];
	struct reply reply;

	expect_silence(rig);
	expect_parked(rig, 1);
	assert_true(containers_next_question(rig->containers, id));
	assert_int_equal(strspn(id, "a"), CONTAINER_ID_LENGTH);
	server_wake_parked(rig->server); /* for nothing */
	expect_silence(rig);
	engine_names(rig, 'a', "shop/web");
	assert_int_equal(expect_answer(rig, 0, unique, &reply), 0);
	must_ok(rig_read(rig, web, FUSE_READ, reply.body.open.fh, 0, 9, false, &reply));
	assert_memory_equal(reply.body.bytes, "first", 5);
	expect_parked(rig, 0);
	assert_int_equal(atomic_load(&rig->handover->parked_count), 1);
	assert_true(atomic_load(&rig->handover->parked_total_ns) >= SILENCE_MS * MS_NS);
	assert_int_equal(atomic_load(&rig->handover->parked_longest_ns),
		atomic_load(&rig->handover->parked_total_ns));
	assert_int_equal(atomic_load(&rig->handover->parked_refused), 0);
	expect_silence(rig);
	/* Known, it waits no more. */
	must_ok(rig_open(rig, web, FUSE_OPEN, O_RDONLY, &reply));
}

static void it_may_turn_out_to_be_another(void **state)
{
	struct rig *rig = rig_of(state);
	uint64_t unique = send_open(rig, open_ask(rig, rig->web, rig->file));
	struct reply reply;

	expect_parked(rig, 1);
	engine_names(rig, 'a', "shop/db");
	assert_int_equal(expect_answer(rig, 0, unique, &reply), ENOENT);
	expect_parked(rig, 0);
	assert_int_equal(atomic_load(&rig->handover->parked_refused), 0);
}

/* In `self` every name may turn out to be the reader's. */
static void a_name_in_self_waits_as_well(void **state)
{
	struct rig *rig = rig_of(state);
	struct grant_record grant = rig_grant(rig, "container/lonely", "mine");
	struct ask web = open_ask(rig, rig->web, rig_node(rig, "self/mine"));
	struct ask other = open_ask(rig, rig->other, web.node);
	struct reply reply;
	uint64_t unique;

	rig_put_grant(rig, &grant);
	unique = send_open(rig, web);
	expect_silence(rig);
	engine_names(rig, 'a', "lonely");
	assert_int_equal(expect_answer(rig, 0, unique, &reply), 0);
	unique = send_open(rig, other);
	expect_silence(rig);
	engine_names(rig, 'b', "shop/web");
	assert_int_equal(expect_answer(rig, 0, unique, &reply), ENOENT);
	/* What is in nobody's directory is not worth a question. */
	other.node = rig_node(rig, "self/never");
	unique = send_open(rig, other);
	assert_int_equal(expect_answer(rig, 0, unique, &reply), ENOENT);
}

/* Any answer is at once here: nobody gives up within an hour. */
static void whom_no_engine_knows_is_denied_at_once(void **state)
{
	struct rig *rig = rig_of(state);
	struct ask web = open_ask(rig, rig->web, rig->file);
	uint64_t unique = send_open(rig, web);
	struct reply reply;

	expect_parked(rig, 1);
	engine_denies(rig, 'a');
	assert_int_equal(expect_answer(rig, 0, unique, &reply), EACCES);
	expect_parked(rig, 0);
	assert_int_equal(atomic_load(&rig->handover->parked_refused), 1);
	/* And is not asked about as often as it can open. */
	unique = send_open(rig, web);
	assert_int_equal(expect_answer(rig, 0, unique, &reply), EACCES);
	assert_int_equal(atomic_load(&rig->handover->parked_count), 1);
	assert_int_equal(rig_getattr(rig, rig_by(rig->web, 0, rig->file), &reply), ENOENT);
}

/* Nothing wakes the doorman but its own deadline. */
static void an_open_waits_so_long_and_then_no_longer(void **state)
{
	struct rig *rig = rig_of(state);
	uint64_t since = clock_monotonic_ns();
	uint64_t unique = send_open(rig, open_ask(rig, rig->web, rig->file));
	struct reply reply;

	assert_int_equal(expect_answer(rig, 0, unique, &reply), EACCES);
	assert_true(clock_monotonic_ns() - since >= SHORT_NS);
	expect_parked(rig, 0);
	assert_int_equal(atomic_load(&rig->handover->parked_count), 1);
	assert_int_equal(atomic_load(&rig->handover->parked_refused), 1);
	assert_true(atomic_load(&rig->handover->parked_longest_ns) >= SHORT_NS);
}

static void after_its_time_it_is_denied_and_the_next_one_waits(void **state)
{
	struct rig *rig = rig_of(state);
	uint64_t unique = send_open(rig, open_ask(rig, rig->web, rig->file));
	struct reply reply;

	expect_parked(rig, 1);
	let_pass(RIG_PATIENCE_NS / 2);
	server_wake_parked(rig->server);
	expect_silence(rig);
	let_pass(RIG_PATIENCE_NS / 2);
	server_wake_parked(rig->server);
	assert_int_equal(expect_answer(rig, 0, unique, &reply), EACCES);
	expect_parked(rig, 0);
	assert_int_equal(atomic_load(&rig->handover->parked_refused), 1);
	unique = send_open(rig, open_ask(rig, rig->web, rig->file));
	expect_parked(rig, 1);
	engine_names(rig, 'a', "shop/web");
	assert_int_equal(expect_answer(rig, 0, unique, &reply), 0);
}

/* By the one that waits, and by others, on its thread and on another. */
static void nothing_but_an_open_waits(void **state)
{
	struct rig *rig = rig_of(state);
	struct ask other = rig_by(rig->other, 1000, rig->file);
	struct reply reply;
	uint64_t fh, unique;

	engine_names(rig, 'b', "shop/web");
	must_ok(rig_open(rig, other, FUSE_OPEN, O_RDONLY, &reply));
	fh = reply.body.open.fh;
	unique = send_open(rig, open_ask(rig, rig->web, rig->file));
	expect_parked(rig, 1);
	for (unsigned int thread = 0; thread < rig->threads; thread++) {
		struct ask file = rig_by(rig->web, 1000, rig->file);
		struct ask directory = rig_by(rig->web, 1000, rig->consumer);

		file.thread = directory.thread = other.thread = thread;
		assert_int_equal(rig_lookup(rig, directory, RIG_FILE, &reply), 0);
		assert_int_equal(rig_getattr(rig, file, &reply), 0);
		assert_int_equal(rig_getattr(rig, directory, &reply), 0);
		assert_int_equal(rig_access(rig, file, F_OK, &reply), 0);
		assert_int_equal(rig_access(rig, file, R_OK, &reply), EACCES);
		assert_int_equal(rig_open(rig, directory, FUSE_OPENDIR, 0, &reply), 0);
		must_ok(rig_read(rig, directory, FUSE_READDIR, 0, 0, 4096, false, &reply));
		assert_true(reply.length > 0);
		assert_int_equal(rig_read(rig, file, FUSE_READ, fh, 0, 9, false, &reply), EACCES);
		assert_int_equal(rig_open(rig, file, FUSE_OPEN, O_WRONLY, &reply), EROFS);
		assert_int_equal(rig_open(rig, file, FUSE_OPEN, O_RDWR, &reply), EROFS);
		assert_int_equal(rig_open(rig, file, FUSE_OPEN, O_RDONLY | O_TRUNC, &reply), EROFS);
		must_ok(rig_read(rig, other, FUSE_READ, fh, 0, 9, false, &reply));
		must_ok(rig_open(rig, other, FUSE_OPEN, O_RDONLY, &reply));
		must_ok(rig_release(rig, other, reply.body.open.fh, &reply));
	}
	assert_int_equal(server_parked(rig->server), 1);
	engine_names(rig, 'a', "shop/web");
	assert_int_equal(expect_answer(rig, 0, unique, &reply), 0);
	assert_int_equal(atomic_load(&rig->handover->parked_count), 1);
}

/* A READ of what was opened before its container was doubted: it is that container's, still. */
static void what_is_open_is_read_while_its_container_is_asked_about(void **state)
{
	struct rig *rig = rig_of(state);
	struct ask web = rig_by(rig->web, 1000, rig->file);
	struct reply reply;
	char id[CONTAINER_ID_LENGTH + 1] = { 0 };
	uint64_t fh, unique;

	engine_names(rig, 'a', "shop/web");
	must_ok(rig_open(rig, web, FUSE_OPEN, O_RDONLY, &reply));
	fh = reply.body.open.fh;
	memset(id, 'a', CONTAINER_ID_LENGTH);
	containers_went(rig->containers, id, false);
	unique = send_open(rig, open_ask(rig, rig->web, rig->file));
	expect_parked(rig, 1);
	must_ok(rig_read(rig, web, FUSE_READ, fh, 0, 9, false, &reply));
	assert_memory_equal(reply.body.bytes, "first", 5);
	engine_names(rig, 'a', "shop/web");
	assert_int_equal(expect_answer(rig, 0, unique, &reply), 0);
}

/* A reader that was killed waits for nothing but this answer. */
static void an_interrupted_open_is_answered_at_once(void **state)
{
	struct rig *rig = rig_of(state);
	uint64_t first = send_open(rig, open_ask(rig, rig->web, rig->file)), second;
	struct reply reply;

	second = send_open(rig, open_ask(rig, rig->web, rig->file));
	expect_parked(rig, 2);
	send_interrupt(rig, second, 1);
	assert_int_equal(expect_answer(rig, 0, second, &reply), EINTR);
	expect_parked(rig, 1);
	engine_names(rig, 'a', "shop/web");
	assert_int_equal(expect_answer(rig, 0, first, &reply), 0);
	expect_silence(rig);
	assert_int_equal(server_open_handles(rig->server), 1);
}

/* It may be about to be parked: the kernel asks again, until there is nothing to interrupt. */
static void an_interrupt_of_something_else_is_to_be_said_again(void **state)
{
	struct rig *rig = rig_of(state);
	uint64_t parked = send_open(rig, open_ask(rig, rig->web, rig->file));
	struct reply reply;

	expect_parked(rig, 1);
	for (unsigned int thread = 0; thread < rig->threads; thread++) {
		send_interrupt(rig, parked + 100, thread);
		assert_int_equal(expect_answer(rig, thread, (parked + 100) | 1, &reply), EAGAIN);
	}
	assert_int_equal(server_parked(rig->server), 1);
	engine_names(rig, 'a', "shop/web");
	assert_int_equal(expect_answer(rig, 0, parked, &reply), 0);
	expect_parked(rig, 0);
	send_interrupt(rig, parked, 0);
	assert_int_equal(expect_answer(rig, 0, parked | 1, &reply), EAGAIN);
}

static void no_container_takes_the_whole_table(void **state)
{
	struct rig *rig = rig_of(state);
	struct ask web = open_ask(rig, rig->web, rig->file);
	struct ask other = open_ask(rig, rig->other, rig->file);
	struct reply reply;
	uint64_t unique;

	other.thread = 1;
	for (unsigned int i = 0; i < ONE_CONTAINER_MAX; i++)
		send_open(rig, web);
	expect_parked(rig, ONE_CONTAINER_MAX);
	unique = send_open(rig, web);
	assert_int_equal(expect_answer(rig, 0, unique, &reply), EAGAIN);
	unique = send_open(rig, other);
	expect_parked(rig, ONE_CONTAINER_MAX + 1);
	engine_names(rig, 'b', "shop/web");
	assert_int_equal(expect_answer(rig, 1, unique, &reply), 0);
	engine_names(rig, 'a', "shop/web");
	for (unsigned int i = 0; i < ONE_CONTAINER_MAX; i++) {
		assert_true(answered_within(rig, 0, PATIENCE_MS));
		rig_receive(rig, 0, &reply);
		assert_int_equal(reply.errnum, 0);
	}
	expect_parked(rig, 0);
	assert_int_equal(server_open_handles(rig->server), ONE_CONTAINER_MAX + 1);
}

/* Those who take all they can leave a place for whoever comes then. */
static void no_containers_together_take_the_whole_table(void **state)
{
	struct rig *rig = rig_of(state);
	static const char digits[] = "cdef1";
	pid_t pids[sizeof digits - 1];
	unsigned int parked = 0;
	struct reply reply;
	uint64_t unique;

	for (size_t i = 0; i < sizeof pids / sizeof *pids; i++) {
		pids[i] = rig_reader(digits[i]);
		assert_true(pids[i] > 0);
	}
	for (unsigned int i = 0; i < HANDOVER_PARKED; i++) {
		unique = send_open(rig, open_ask(rig, pids[i / ONE_CONTAINER_MAX], rig->file));
		while (server_parked(rig->server) == parked && !answered_within(rig, 0, 1))
			;
		if (server_parked(rig->server) == parked)
			assert_int_equal(expect_answer(rig, 0, unique, &reply), EAGAIN);
		else
			parked++;
	}
	assert_true(parked >= 3 * ONE_CONTAINER_MAX);
	send_open(rig, open_ask(rig, pids[HANDOVER_PARKED / ONE_CONTAINER_MAX], rig->file));
	expect_parked(rig, ++parked);
	for (size_t i = 0; i < sizeof pids / sizeof *pids; i++)
		engine_denies(rig, digits[i]);
	for (unsigned int i = 0; i < parked; i++) {
		assert_true(answered_within(rig, 0, PATIENCE_MS));
		rig_receive(rig, 0, &reply);
		assert_int_equal(reply.errnum, EACCES);
	}
	expect_parked(rig, 0);
	for (size_t i = 0; i < sizeof pids / sizeof *pids; i++)
		scratch_end(pids[i]);
}

/* What the kernel sends again is the request that waits already, and is answered by its new number.
 */
static void a_request_sent_again_waits_once(void **state)
{
	struct rig *rig = rig_of(state);
	struct ask ask = open_ask(rig, rig->web, rig->file);
	struct reply reply;

	ask.unique = send_open(rig, ask) | UNIQUE_RESENT;
	expect_parked(rig, 1);
	ask.thread = 1;
	rig_send(rig, &ask);
	expect_arrivals(rig, 2);
	expect_silence(rig);
	assert_int_equal(server_parked(rig->server), 1);
	assert_int_equal(atomic_load(&rig->handover->parked_count), 1);
	engine_names(rig, 'a', "shop/web");
	assert_int_equal(expect_answer(rig, 1, ask.unique, &reply), 0);
	expect_silence(rig);
	assert_int_equal(server_open_handles(rig->server), 1);
	assert_int_equal(atomic_load(&rig->handover->parked_count), 1);
}

/* The kernel names what it interrupts by the number it knows, whichever that is. */
static void a_request_sent_again_can_be_interrupted(void **state)
{
	struct rig *rig = rig_of(state);
	struct ask ask = open_ask(rig, rig->web, rig->file);
	struct reply reply;

	ask.unique = send_open(rig, ask) | UNIQUE_RESENT;
	expect_parked(rig, 1);
	rig_send(rig, &ask);
	expect_arrivals(rig, 2);
	expect_silence(rig);
	send_interrupt(rig, ask.unique, 0);
	assert_int_equal(expect_answer(rig, 0, ask.unique, &reply), EINTR);
	expect_silence(rig);
	expect_parked(rig, 0);
}

static void locked_meanwhile_it_is_told_so(void **state)
{
	struct rig *rig = rig_of(state);
	uint64_t unique = send_open(rig, open_ask(rig, rig->web, rig->file));
	struct reply reply;

	expect_parked(rig, 1);
	rig_lock(rig);
	server_wake_parked(rig->server);
	assert_int_equal(expect_answer(rig, 0, unique, &reply), ENOKEY);
	expect_parked(rig, 0);
	rig_unlock(rig);
}

static void revoked_meanwhile_it_is_gone(void **state)
{
	struct rig *rig = rig_of(state);
	struct grant_record revoked = rig_revoked(&rig->grant);
	uint64_t unique = send_open(rig, open_ask(rig, rig->web, rig->file));
	struct reply reply;

	expect_parked(rig, 1);
	rig_put_grant(rig, &revoked);
	engine_names(rig, 'a', "shop/web");
	assert_int_equal(expect_answer(rig, 0, unique, &reply), ENOENT);
}

static int set_up_for_a_short_time(void **state)
{
	return rig_set_up_engine_for(state, RIG_ENGINE_THREADS, SHORT_NS);
}

#define with_engine(test) cmocka_unit_test_setup_teardown(test, rig_set_up_engine, rig_tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		with_engine(an_open_waits_for_the_engines_word),
		with_engine(it_may_turn_out_to_be_another),
		with_engine(a_name_in_self_waits_as_well),
		with_engine(whom_no_engine_knows_is_denied_at_once),
		cmocka_unit_test_setup_teardown(an_open_waits_so_long_and_then_no_longer,
			set_up_for_a_short_time, rig_tear_down),
		with_engine(after_its_time_it_is_denied_and_the_next_one_waits),
		with_engine(nothing_but_an_open_waits),
		with_engine(what_is_open_is_read_while_its_container_is_asked_about),
		with_engine(an_interrupted_open_is_answered_at_once),
		with_engine(an_interrupt_of_something_else_is_to_be_said_again),
		with_engine(no_container_takes_the_whole_table),
		with_engine(no_containers_together_take_the_whole_table),
		with_engine(a_request_sent_again_waits_once),
		with_engine(a_request_sent_again_can_be_interrupted),
		with_engine(locked_meanwhile_it_is_told_so),
		with_engine(revoked_meanwhile_it_is_gone),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
