/* SPDX-License-Identifier: Apache-2.0 */
/* OPENs that wait while core dies: the next one answers each of them once, and the one that kills
 * not at all. */
#include "passing.h"

static void a_core_takes_up_what_waits(void **state)
{
	struct rig *rig = rig_of(state);
	uint64_t unique[4];
	struct reply reply;

	for (unsigned int i = 0; i < 4; i++) {
		struct ask ask = open_ask(rig, i < 3 ? rig->web : rig->other, rig->file);

		ask.thread = i % 2;
		unique[i] = send_open(rig, ask);
		expect_parked(rig, i + 1);
	}
	rig_end_core(rig);
	rig_start_core(rig);
	rig_run_core(rig);
	expect_silence(rig);
	expect_parked(rig, 4);
	send_interrupt(rig, unique[2], 1);
	assert_int_equal(expect_answer(rig, 0, unique[2], &reply), EINTR);
	engine_names(rig, 'a', "shop/web");
	assert_int_equal(expect_answer(rig, 0, unique[0], &reply), 0);
	assert_int_equal(expect_answer(rig, 1, unique[1], &reply), 0);
	engine_names(rig, 'b', "shop/db");
	assert_int_equal(expect_answer(rig, 1, unique[3], &reply), ENOENT);
	expect_silence(rig);
	expect_parked(rig, 0);
	assert_int_equal(server_open_handles(rig->server), 2);
	assert_int_equal(atomic_load(&rig->handover->parked_count), 4);
}

/* Its patience began with the first core. */
static void a_takeover_gives_nobody_more_time(void **state)
{
	struct rig *rig = rig_of(state);
	uint64_t unique = send_open(rig, open_ask(rig, rig->web, rig->file));
	struct reply reply;

	expect_parked(rig, 1);
	let_pass(RIG_PATIENCE_NS / 2);
	rig_end_core(rig);
	rig_start_core(rig);
	rig_run_core(rig);
	expect_silence(rig);
	let_pass(RIG_PATIENCE_NS / 2);
	server_wake_parked(rig->server);
	assert_int_equal(expect_answer(rig, 0, unique, &reply), EACCES);
}

/* Killed between putting it into the table and clearing its slot: it is in both. */
static void what_is_in_a_slot_as_well_is_answered_once(void **state)
{
	struct rig *rig = rig_of(state);
	struct ask ask = open_ask(rig, rig->web, rig->file);
	struct reply reply;

	ask.unique = send_open(rig, ask);
	expect_parked(rig, 1);
	rig_end_core(rig);
	rig_start_core(rig);
	rig_leave(rig, &ask, 0);
	rig_run_core(rig);
	expect_silence(rig);
	assert_int_equal(server_parked(rig->server), 1);
	engine_names(rig, 'a', "shop/web");
	assert_int_equal(expect_answer(rig, 0, ask.unique, &reply), 0);
	expect_silence(rig);
	assert_int_equal(server_open_handles(rig->server), 1);
}

/* Answered by a core that died before it could write so down: the handle is the same one. */
static void what_was_answered_makes_no_second_handle(void **state)
{
	struct rig *rig = rig_of(state);
	struct ask ask = open_ask(rig, rig->web, rig->file);
	struct reply reply;
	uint64_t fh;

	ask.unique = send_open(rig, ask);
	expect_parked(rig, 1);
	engine_names(rig, 'a', "shop/web");
	must_ok(expect_answer(rig, 0, ask.unique, &reply));
	fh = reply.body.open.fh;
	expect_parked(rig, 0);
	rig_end_core(rig);
	atomic_store(&rig->handover->parked[0].state, PARKED_WAITING);
	rig_start_core(rig);
	engine_names(rig, 'a', "shop/web");
	rig_run_core(rig);
	must_ok(expect_answer(rig, 0, ask.unique, &reply));
	assert_int_equal(reply.body.open.fh, fh);
	assert_int_equal(server_open_handles(rig->server), 1);
}

/* As holder finds the doorman's slot after a crash. */
static void blame_the_doorman(struct rig *rig, const struct ask *ask, uint32_t strikes)
{
	struct ask at_hand = *ask;

	at_hand.thread = rig->threads;
	rig_leave(rig, &at_hand, strikes);
}

/* It counts against the one that was in the doorman's hand, from crash to crash. */
static void a_parked_request_that_kills_is_answered_with_an_error(void **state)
{
	struct rig *rig = rig_of(state);
	struct ask good = open_ask(rig, rig->web, rig->file), bad = good;
	struct reply reply;

	bad.thread = 1;
	good.unique = send_open(rig, good);
	expect_parked(rig, 1);
	bad.unique = send_open(rig, bad);
	expect_parked(rig, 2);
	for (unsigned int crash = 1; crash <= HANDOVER_STRIKES; crash++) {
		rig_end_core(rig);
		blame_the_doorman(rig, &bad, 1);
		rig_start_core(rig);
		rig_run_core(rig);
		if (crash < HANDOVER_STRIKES)
			assert_int_equal(server_parked(rig->server), 2);
	}
	assert_int_equal(expect_answer(rig, 1, bad.unique, &reply), EIO);
	expect_parked(rig, 1);
	/* The same, asked anew, has its lives again: in the same place of the table, too. */
	bad.unique = send_open(rig, bad);
	expect_parked(rig, 2);
	rig_end_core(rig);
	blame_the_doorman(rig, &bad, HANDOVER_STRIKES - 1);
	rig_start_core(rig);
	rig_run_core(rig);
	engine_names(rig, 'a', "shop/web");
	assert_int_equal(expect_answer(rig, 0, good.unique, &reply), 0);
	assert_int_equal(expect_answer(rig, 1, bad.unique, &reply), 0);
	expect_silence(rig);
}

/* It had its handle, and crashed at its answer: nobody will ever release that. */
static void what_is_given_up_leaves_nothing_open(void **state)
{
	struct rig *rig = rig_of(state);
	struct ask ask = open_ask(rig, rig->web, rig->file);
	struct reply reply;

	ask.unique = send_open(rig, ask);
	expect_parked(rig, 1);
	engine_names(rig, 'a', "shop/web");
	must_ok(expect_answer(rig, 0, ask.unique, &reply));
	expect_parked(rig, 0);
	rig_end_core(rig);
	atomic_store(&rig->handover->parked[0].state, PARKED_WAITING);
	blame_the_doorman(rig, &ask, HANDOVER_STRIKES);
	rig_start_core(rig);
	rig_run_core(rig);
	assert_int_equal(expect_answer(rig, 0, ask.unique, &reply), EIO);
	assert_int_equal(server_open_handles(rig->server), 0);
	assert_int_equal(rig->model->plain_bytes, 0);
	assert_int_equal(model_consumer(rig->model, RIG_CONSUMER)->open_handles, 0);
}

/* What was at hand and is not parked any more was answered: nobody is blamed. */
static void strikes_for_an_answered_request_are_nobodys(void **state)
{
	struct rig *rig = rig_of(state);
	struct ask ask = open_ask(rig, rig->web, rig->file);
	struct reply reply;

	ask.unique = send_open(rig, ask);
	expect_parked(rig, 1);
	rig_end_core(rig);
	{
		struct ask gone = ask;

		gone.unique = ask.unique + 100;
		blame_the_doorman(rig, &gone, HANDOVER_STRIKES);
	}
	rig_start_core(rig);
	rig_run_core(rig);
	expect_silence(rig);
	engine_names(rig, 'a', "shop/web");
	assert_int_equal(expect_answer(rig, 0, ask.unique, &reply), 0);
	assert_int_equal(atomic_load(&rig->handover->slots[rig->threads].strikes), 0);
}

#define with_engine(test) cmocka_unit_test_setup_teardown(test, rig_set_up_engine, rig_tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		with_engine(a_core_takes_up_what_waits),
		with_engine(a_takeover_gives_nobody_more_time),
		with_engine(what_is_in_a_slot_as_well_is_answered_once),
		with_engine(what_was_answered_makes_no_second_handle),
		with_engine(a_parked_request_that_kills_is_answered_with_an_error),
		with_engine(what_is_given_up_leaves_nothing_open),
		with_engine(strikes_for_an_answered_request_are_nobodys),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
