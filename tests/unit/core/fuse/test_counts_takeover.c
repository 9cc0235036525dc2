/* SPDX-License-Identifier: Apache-2.0 */
/* Counted reads, and a core that dies after each step of counting one: what the store says was
 * given is given, once, and nothing else is. */
#include "counting.h"

#define READS 3

static int set_up_two_threads(void **state)
{
	rig_set_up_threads(state, 2);
	rig_start_core(*state);
	rig_run_core(*state);
	return 0;
}

/* After the last step but the answer, as a core leaves it: the doorman of ours would answer. */
static void settle_without_an_answer(struct rig *rig)
{
	for (unsigned int i = 0; i < HANDOVER_PARKED; i++) {
		struct handover_parked *entry = &rig->handover->parked[i];

		if (atomic_load(&entry->state) == PARKED_FREE)
			continue;
		atomic_store(&entry->count, COUNT_GIVEN);
		atomic_store(&entry->number, 0);
	}
}

static void take_over(struct rig *rig, bool settled)
{
	rig_end_core(rig);
	if (settled)
		settle_without_an_answer(rig);
	rig_start_core(rig);
	rig_run_core(rig);
}

/* Before it was taken (-1), then after each step. */
static void a_core_that_dies_between_any_steps_gives_it_once(void **state)
{
	struct rig *rig = rig_of(state);
	struct ask web = open_ask(rig, rig->web, rig->file);
	struct reply reply;
	uint64_t unique;

	for (int step = -1; step < (int)STEPS; step++) {
		print_message("step %d\n", step);
		give_reads_anew(rig, READS);
		for (uint32_t i = 1; i <= READS; i++) {
			unique = send_open(rig, web);
			assert_true(wants_count(rig, PATIENCE_MS));
			if (step >= 0)
				count_when_asked(rig,
					step == STEP_SETTLED ? STEP_REMEMBERED : (enum step)step);
			expect_parked(rig, 1);
			assert_false(answered_within(rig, 0, 0));
			take_over(rig, step == STEP_SETTLED);
			count_until_all_are_answered(rig);
			assert_int_equal(expect_answer(rig, 0, unique, &reply), 0);
			assert_int_equal(used_by(rig, 'a'), i);
			assert_int_equal(server_open_handles(rig->server), 1);
			must_ok(rig_release(rig, web, reply.body.open.fh, &reply));
		}
		unique = send_open(rig, web);
		assert_int_equal(expect_answer(rig, 0, unique, &reply), ENOENT);
		expect_no_count(rig);
	}
}

/* And the next core dies at the next step. */
static void cores_that_die_one_after_another_give_it_once(void **state)
{
	struct rig *rig = rig_of(state);
	struct ask web = open_ask(rig, rig->web, rig->file);
	struct reply reply;
	uint64_t unique;

	give_reads(rig, 1);
	unique = send_open(rig, web);
	assert_true(wants_count(rig, PATIENCE_MS));
	for (int step = STEP_TAKEN; step <= STEP_WRITTEN; step++) {
		count_when_asked(rig, (enum step)step);
		take_over(rig, false);
	}
	assert_int_equal(expect_answer(rig, 0, unique, &reply), 0);
	assert_int_equal(used_by(rig, 'a'), 1);
	unique = send_open(rig, web);
	assert_int_equal(expect_answer(rig, 0, unique, &reply), ENOENT);
}

/* All of them wait for the one read; the core that had it in hand dies at every step. */
static void of_many_that_wait_one_gets_the_last_read(void **state)
{
	struct rig *rig = rig_of(state);
	struct ask web = open_ask(rig, rig->web, rig->file);

	for (int step = -1; step < (int)STEPS - 1; step++) {
		unsigned int given = 0;

		print_message("step %d\n", step);
		give_reads_anew(rig, 1);
		for (unsigned int i = 0; i < 16; i++) {
			web.thread = i % 2;
			send_open(rig, web);
			expect_parked(rig, i + 1);
		}
		assert_true(wants_count(rig, PATIENCE_MS));
		if (step >= 0)
			count_when_asked(rig, (enum step)step);
		take_over(rig, false);
		count_until_all_are_answered(rig);
		for (unsigned int i = 0; i < 16; i++) {
			struct reply reply;

			assert_true(answered_within(rig, i % 2, PATIENCE_MS));
			rig_receive(rig, i % 2, &reply);
			given += !reply.errnum;
			assert_true(!reply.errnum || reply.errnum == ENOENT);
		}
		assert_int_equal(given, 1);
		assert_int_equal(used_by(rig, 'a'), 1);
		expect_parked(rig, 0);
	}
}

/* A power cut, after which the store says less: nothing of the mount is left either. */
static void a_number_alone_gives_nothing(void **state)
{
	struct rig *rig = rig_of(state);
	struct ask web = open_ask(rig, rig->web, rig->file);
	struct reply reply;
	uint64_t unique;

	give_reads(rig, 1);
	unique = send_open(rig, web);
	count_when_asked(rig, STEP_NUMBERED);
	take_over(rig, false);
	assert_true(wants_count(rig, PATIENCE_MS));
	expect_silence(rig);
	assert_int_equal(used_by(rig, 'a'), 0);
	count_when_asked(rig, STEP_SETTLED);
	assert_int_equal(expect_answer(rig, 0, unique, &reply), 0);
}

/* It stands for a read that the dead core was about to write: of the next core it is nobody's. */
static void a_number_that_was_not_written_down_is_forgotten(void **state)
{
	struct rig *rig = rig_of(state);
	struct ask web = open_ask(rig, rig->web, rig->file);
	uint64_t first, second;
	struct reply reply;

	give_reads(rig, 1);
	first = send_open(rig, web);
	count_when_asked(rig, STEP_NUMBERED);
	second = send_open(rig, web);
	expect_parked(rig, 2);
	take_over(rig, false);
	/* The other is given the read, and what this one waits for is over. */
	count_when_asked(rig, STEP_TAKEN);
	count_when_asked(rig, STEP_SETTLED);
	assert_int_equal(expect_answer(rig, 0, first, &reply), ENOENT);
	assert_int_equal(expect_answer(rig, 0, second, &reply), 0);
	assert_int_equal(used_by(rig, 'a'), 1);
}

static void a_refusal_is_handed_over(void **state)
{
	struct rig *rig = rig_of(state);
	struct reply reply;
	uint64_t unique;

	give_reads(rig, 1);
	unique = send_open(rig, open_ask(rig, rig->web, rig->file));
	assert_true(wants_count(rig, PATIENCE_MS));
	rig_end_core(rig);
	atomic_store(&rig->handover->parked[0].count, COUNT_REFUSED);
	rig_start_core(rig);
	rig_run_core(rig);
	assert_int_equal(expect_answer(rig, 0, unique, &reply), EACCES);
	expect_no_count(rig);
}

#define with_rig(test) cmocka_unit_test_setup_teardown(test, set_up_two_threads, rig_tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		with_rig(a_core_that_dies_between_any_steps_gives_it_once),
		with_rig(cores_that_die_one_after_another_give_it_once),
		with_rig(of_many_that_wait_one_gets_the_last_read),
		with_rig(a_number_alone_gives_nothing),
		with_rig(a_number_that_was_not_written_down_is_forgotten),
		with_rig(a_refusal_is_handed_over),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
