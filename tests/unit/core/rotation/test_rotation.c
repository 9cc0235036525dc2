/* SPDX-License-Identifier: Apache-2.0 */
/* The agent's own rotations: every step with every end of it, and every order in which a process
 * may die between its commits. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "core/rotation/rotation.h"

#define SECOND_NS 1000000000ull
#define DAY_NS (86400 * SECOND_NS)
#define NOW_NS (1700000000 * SECOND_NS)

static struct schedule_record a_record(enum rotation_step step)
{
	struct schedule_record record = { .every_ns = 30 * DAY_NS,
		.generate_length = 32,
		.rotator = "postgres",
		.next_ns = NOW_NS - 1,
		.step = step,
		.version = step == ROTATION_IDLE ? 0 : 8 };

	if (step == ROTATION_UNDO) {
		record.attempts = ROTATION_ATTEMPTS;
		strcpy(record.reason, "verify: no");
	}
	return record;
}

static void a_step_that_is_done_is_followed_by_the_next(void **state)
{
	static const struct {
		enum rotation_step step;
		enum rotation_change change;
		enum rotation_step after;
		uint64_t version;
	} rows[] = {
		{ ROTATION_IDLE, ROTATION_STAGE, ROTATION_RUN, 8 },
		{ ROTATION_RUN, ROTATION_NO_CHANGE, ROTATION_VERIFY, 8 },
		{ ROTATION_VERIFY, ROTATION_SWITCH, ROTATION_IDLE, 0 },
		{ ROTATION_UNDO, ROTATION_DROP, ROTATION_IDLE, 0 },
	};

	(void)state;
	assert_int_equal(sizeof rows / sizeof rows[0], ROTATION_STEPS);
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		struct schedule_record record = a_record(rows[i].step), after;

		assert_int_equal(rotation_done(&record, 8, NOW_NS, &after), rows[i].change);
		assert_int_equal(after.step, rows[i].after);
		assert_int_equal(after.version, rows[i].version);
		assert_true(after.last_ns == NOW_NS && !after.not_before_ns);
		assert_int_equal(rotation_is_failing(&after), rows[i].step == ROTATION_UNDO);
	}
}

static void a_step_that_fails_is_tried_again(void **state)
{
	static const enum rotation_step given_up[ROTATION_STEPS] = {
		[ROTATION_IDLE] = ROTATION_IDLE,
		[ROTATION_RUN] = ROTATION_UNDO,
		[ROTATION_VERIFY] = ROTATION_UNDO,
	};

	(void)state;
	for (enum rotation_step step = ROTATION_IDLE; step < ROTATION_UNDO; step++) {
		struct schedule_record record = a_record(step);
		uint64_t now = NOW_NS;

		for (unsigned int attempt = 1; attempt < ROTATION_ATTEMPTS; attempt++) {
			struct schedule_record before = record;

			rotation_failed(&before, "it was killed", now, &record);
			assert_int_equal(record.step, step);
			assert_int_equal(record.version, before.version);
			assert_int_equal(record.attempts, attempt);
			assert_true(record.last_ns == now);
			assert_true(rotation_due_ns(&record) == now + (SECOND_NS << (attempt - 1)));
			now = rotation_due_ns(&record);
		}
		rotation_failed(&record, "it was killed", now, &record);
		assert_int_equal(record.step, given_up[step]);
		assert_int_equal(record.attempts, ROTATION_ATTEMPTS);
		assert_true(rotation_due_ns(&record) ==
			    (step == ROTATION_IDLE ? now + ROTATION_REST_NS : 0));
		assert_string_equal(record.reason, step == ROTATION_IDLE ? "make: it was killed"
						   : step == ROTATION_RUN
							   ? "run: it was killed"
							   : "verify: it was killed");
	}
}

static void what_cannot_be_undone_is_tried_for_ever(void **state)
{
	struct schedule_record record = a_record(ROTATION_UNDO), after;
	uint64_t now = NOW_NS, waited = 0;

	(void)state;
	for (int i = 0; i < 1000; i++) {
		rotation_failed(&record, "it has no password", now, &record);
		assert_int_equal(record.step, ROTATION_UNDO);
		assert_int_equal(record.version, 8);
		assert_string_equal(record.reason, "verify: no; undo: it has no password");
		assert_true(rotation_due_ns(&record) - now >= waited);
		waited = rotation_due_ns(&record) - now;
		assert_true(waited >= SECOND_NS && waited <= ROTATION_BACKOFF_MAX_NS);
		now += waited;
	}
	assert_true(waited == ROTATION_BACKOFF_MAX_NS);
	/* In the end it was undone. What is said then is why that was done. */
	assert_int_equal(rotation_done(&record, 9, now, &after), ROTATION_DROP);
	assert_string_equal(after.reason, "verify: no");
	assert_int_equal(after.attempts, ROTATION_ATTEMPTS);
	assert_true(rotation_due_ns(&after) == now + ROTATION_REST_NS);
	record.attempts = UINT32_MAX;
	rotation_failed(&record, "again", now, &after);
	assert_int_equal(after.attempts, UINT32_MAX);
	assert_true(rotation_due_ns(&after) == now + ROTATION_BACKOFF_MAX_NS);
}

/* A rotation that fails again rests for as long as it did before. */
static void each_rotation_has_its_attempts(void **state)
{
	struct schedule_record record = a_record(ROTATION_IDLE);
	uint64_t now = NOW_NS;

	(void)state;
	record.every_ns = 0;
	for (unsigned int i = 1; i <= 7 * ROTATION_ATTEMPTS; i++) {
		rotation_failed(&record, "no", now, &record);
		if (i % ROTATION_ATTEMPTS)
			assert_true(rotation_due_ns(&record) - now < 60 * SECOND_NS);
		else
			assert_true(rotation_due_ns(&record) == now + ROTATION_REST_NS);
		now = rotation_due_ns(&record);
	}
}

static void it_rests_no_longer_than_it_would_wait_anyway(void **state)
{
	struct schedule_record record = a_record(ROTATION_UNDO), after;

	(void)state;
	record.every_ns = 90 * SECOND_NS;
	rotation_done(&record, 0, NOW_NS, &after);
	assert_true(rotation_due_ns(&after) == NOW_NS + 90 * SECOND_NS);
	record.every_ns = 0; /* an operator wanted it: that stands */
	rotation_done(&record, 0, NOW_NS, &after);
	assert_true(rotation_due_ns(&after) == NOW_NS + ROTATION_REST_NS);
}

static void without_a_rotator_a_value_is_current_at_once(void **state)
{
	struct schedule_record record = a_record(ROTATION_IDLE), after;

	(void)state;
	record.rotator[0] = '\0';
	assert_null(rotation_argument(&record));
	assert_int_equal(rotation_done(&record, 8, NOW_NS, &after), ROTATION_REPLACE);
	assert_int_equal(after.step, ROTATION_IDLE);
	assert_int_equal(after.version, 0);
	assert_true(rotation_due_ns(&after) == NOW_NS + 30 * DAY_NS);
	rotation_failed(&record, "the store is full", NOW_NS, &after);
	assert_string_equal(after.reason, "the store is full");
	assert_true(rotation_due_ns(&after) == NOW_NS + SECOND_NS);
}

static void it_is_due_when_it_says(void **state)
{
	struct schedule_record record = a_record(ROTATION_IDLE), after;

	(void)state;
	assert_true(rotation_due_ns(&record) == NOW_NS - 1);
	record.not_before_ns = NOW_NS + 5;
	assert_true(rotation_due_ns(&record) == NOW_NS + 5);
	record.next_ns = 0;
	assert_true(rotation_due_ns(&record) == ROTATION_NEVER);
	rotation_asked(&record, NOW_NS, &after);
	assert_true(rotation_due_ns(&after) == NOW_NS);
	record = a_record(ROTATION_RUN);
	record.next_ns = 0;
	assert_true(rotation_due_ns(&record) == 0); /* at once */
	record = a_record(ROTATION_VERIFY);
	record.every_ns = 0;
	rotation_done(&record, 0, NOW_NS, &after);
	assert_true(rotation_due_ns(&after) == ROTATION_NEVER);
	record.every_ns = UINT64_MAX;
	rotation_done(&record, 0, NOW_NS, &after);
	assert_true(rotation_due_ns(&after) == ROTATION_NEVER);
}

static void an_operator_begins_anew_what_is_not_under_way(void **state)
{
	(void)state;
	for (enum rotation_step step = ROTATION_IDLE; step < ROTATION_STEPS; step++) {
		struct schedule_record record = a_record(step), after;

		rotation_failed(&record, "no", NOW_NS, &record);
		rotation_asked(&record, NOW_NS + 1, &after);
		assert_int_equal(after.step, step);
		assert_int_equal(after.version, record.version);
		assert_true(rotation_due_ns(&after) <= NOW_NS + 1);
		assert_int_equal(after.attempts, step == ROTATION_IDLE ? 0 : record.attempts);
		assert_int_equal(!after.reason[0], step == ROTATION_IDLE);
	}
}

/* And one that is put right by less than an hour makes nothing due. */
static void a_clock_that_is_set_back_delays_nothing(void **state)
{
	struct schedule_record record = a_record(ROTATION_IDLE), after;

	(void)state;
	record.rotator[0] = '\0';
	rotation_done(&record, 8, NOW_NS, &after);
	assert_true(rotation_due_at(&after, NOW_NS) == NOW_NS + 30 * DAY_NS);
	assert_true(rotation_due_at(&after, NOW_NS - 3599 * SECOND_NS) == NOW_NS + 30 * DAY_NS);
	assert_true(rotation_due_at(&after, NOW_NS - DAY_NS) == NOW_NS - DAY_NS);
	record = a_record(ROTATION_UNDO);
	rotation_failed(&record, "no", NOW_NS, &after);
	assert_true(rotation_due_at(&after, NOW_NS) == NOW_NS + SECOND_NS);
	assert_true(rotation_due_at(&after, NOW_NS - DAY_NS) == NOW_NS - DAY_NS);
	after.step = ROTATION_IDLE;
	after.next_ns = 0;
	assert_true(rotation_due_at(&after, NOW_NS - DAY_NS) == ROTATION_NEVER);
}

static void a_version_that_is_lost_ends_its_rotation(void **state)
{
	(void)state;
	for (enum rotation_step step = ROTATION_RUN; step < ROTATION_STEPS; step++) {
		struct schedule_record record = a_record(step), after;

		rotation_lost(&record, NOW_NS, &after);
		assert_int_equal(after.step, ROTATION_IDLE);
		assert_int_equal(after.version, 0);
		assert_true(rotation_is_failing(&after));
		assert_true(rotation_due_ns(&after) == NOW_NS + ROTATION_REST_NS);
	}
}

static void reasons_are_cut_where_they_do_not_fit(void **state)
{
	struct schedule_record record = a_record(ROTATION_VERIFY);
	char longest[VAULT_REASON_MAX + 1];

	(void)state;
	memset(longest, 'a', sizeof longest - 1);
	longest[sizeof longest - 1] = '\0';
	for (int i = 0; i < 20; i++) {
		rotation_failed(&record, longest, NOW_NS, &record);
		assert_int_equal(strlen(record.reason), VAULT_REASON_MAX);
		assert_int_equal(strncmp(record.reason, "verify: aaa", 11), 0);
	}
	assert_int_equal(record.step, ROTATION_UNDO);
}

static void a_state_is_a_word(void **state)
{
	struct schedule_record record = a_record(ROTATION_IDLE);

	(void)state;
	assert_string_equal(rotation_state(&record, NOW_NS, false), "waiting");
	assert_string_equal(rotation_state(&record, NOW_NS, true), "running");
	assert_string_equal(
		rotation_state(&record, NOW_NS + ROTATION_OVERDUE_NS, false), "overdue");
	record.attempts = 1;
	assert_string_equal(rotation_state(&record, NOW_NS, true), "failing");
	record = a_record(ROTATION_RUN);
	assert_string_equal(rotation_state(&record, NOW_NS, false), "running");
	assert_true(rotation_is_overdue(&record, NOW_NS + ROTATION_OVERDUE_NS));
	assert_false(rotation_is_overdue(&record, NOW_NS + ROTATION_OVERDUE_NS - 1));
	record.next_ns = 0;
	assert_false(rotation_is_overdue(&record, UINT64_MAX));
	assert_string_equal(rotation_step_word(ROTATION_IDLE), "idle");
	assert_string_equal(rotation_step_word(ROTATION_RUN), "run");
	assert_string_equal(rotation_step_word(ROTATION_VERIFY), "verify");
	assert_string_equal(rotation_step_word(ROTATION_UNDO), "undo");
	record = a_record(ROTATION_IDLE);
	assert_string_equal(rotation_argument(&record), "make");
}

/* A world with a store that is written all at once, and a rotator that changes what passwords it
 * takes. Of each rotation, the store has a record, and which versions are current and next. */
struct world {
	struct schedule_record record;
	uint64_t current, next, last_number;
	uint64_t accepts[2]; /* the versions that log in; 0: none */
	unsigned int switched, dropped, done[ROTATION_STEPS];
};

static bool logs_in(const struct world *world, uint64_t version)
{
	return world->accepts[0] == version || world->accepts[1] == version;
}

/* What the rotator does out there: each step the same however often it is done. */
static void act(struct world *world)
{
	world->done[world->record.step]++;
	if (world->record.step == ROTATION_RUN)
		world->accepts[1] = world->record.version;
	if (world->record.step == ROTATION_UNDO)
		world->accepts[1] = 0;
	if (world->record.step == ROTATION_VERIFY)
		assert_true(logs_in(world, world->record.version));
}

static void commit(
	struct world *world, enum rotation_change change, const struct schedule_record *after)
{
	uint64_t staged = world->record.version;

	switch (change) {
	case ROTATION_STAGE:
		world->next = ++world->last_number;
		assert_int_equal(after->version, world->next);
		break;
	case ROTATION_SWITCH:
		assert_int_equal(staged, world->next);
		assert_true(world->done[ROTATION_RUN] && world->done[ROTATION_VERIFY]);
		world->current = staged;
		world->accepts[0] = staged; /* the old one ends with its overlap */
		world->next = 0;
		world->switched++;
		break;
	case ROTATION_DROP:
		world->next = 0;
		world->dropped++;
		break;
	case ROTATION_REPLACE:
		fail_msg("a rotator's value is staged first");
		break;
	case ROTATION_NO_CHANGE:
		break;
	}
	world->record = *after;
	assert_int_equal(world->record.version, world->next);
	assert_true(logs_in(world, world->current));
}

/* What becomes of a step: it may fail, and the process may die before the rotator has done
 * anything, or before what it did is written down. */
enum fate { DONE, FAILED, DIED_BEFORE, DIED_AFTER, FATES };

static void live(struct world *world, enum fate fate, uint64_t now)
{
	struct schedule_record after;
	enum rotation_change change = ROTATION_NO_CHANGE;

	if (fate != DIED_BEFORE)
		act(world);
	if (fate == DONE)
		change = rotation_done(&world->record, world->last_number + 1, now, &after);
	else if (fate == FAILED)
		rotation_failed(&world->record, "no", now, &after);
	else
		return; /* the next process finds the record as it was */
	commit(world, change, &after);
}

static struct world a_world(void)
{
	return (struct world){
		.record = a_record(ROTATION_IDLE), .current = 7, .last_number = 7, .accepts = { 7 }
	};
}

/* Each of the first six steps ends in each of four ways; then nothing fails any more. */
static void every_order_of_deaths_ends_with_one_current_version(void **state)
{
	enum { STEPS_DEEP = 6 };

	(void)state;
	for (unsigned int order = 0; order < 1u << 2 * STEPS_DEEP; order++) {
		struct world world = a_world();
		uint64_t now = NOW_NS;
		unsigned int step = 0;

		while (!world.switched) {
			if (rotation_due_ns(&world.record) > now)
				now = rotation_due_ns(&world.record);
			live(&world, step < STEPS_DEEP ? order >> 2 * step & 3 : DONE, now);
			if (++step > 100)
				fail_msg("order %x does not end", order);
		}
		assert_int_equal(world.current, world.last_number);
		assert_true(world.last_number == 8 + world.dropped && world.dropped <= 1);
		assert_int_equal(world.next, 0);
		assert_true(rotation_due_ns(&world.record) == now + 30 * DAY_NS);
		assert_false(rotation_is_failing(&world.record));
	}
}

/* The same, where run or verify never works: the old version stays, and the new one is gone. */
static void what_never_works_is_undone_whatever_dies(void **state)
{
	(void)state;
	for (enum rotation_step broken = ROTATION_RUN; broken <= ROTATION_VERIFY; broken++)
		for (unsigned int order = 0; order < 1u << 12; order++) {
			struct world world = a_world();
			uint64_t now = NOW_NS;
			unsigned int lived = 0;

			while (!world.dropped) {
				/* It dies before or after, or it lives. */
				enum fate fate = lived < 12 && order >> lived & 1
							 ? (lived & 1 ? DIED_AFTER : DIED_BEFORE)
						 : world.record.step == broken ? FAILED
									       : DONE;

				now = rotation_due_ns(&world.record) > now
					      ? rotation_due_ns(&world.record)
					      : now;
				live(&world, fate, now);
				if (++lived > 100)
					fail_msg("order %x does not end", order);
			}
			assert_int_equal(world.switched, 0);
			assert_int_equal(world.current, 7);
			assert_int_equal(world.accepts[1], 0);
			assert_int_equal(world.record.step, ROTATION_IDLE);
			assert_true(rotation_is_failing(&world.record));
			assert_true(rotation_due_ns(&world.record) == now + ROTATION_REST_NS);
		}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_step_that_is_done_is_followed_by_the_next),
		cmocka_unit_test(a_step_that_fails_is_tried_again),
		cmocka_unit_test(what_cannot_be_undone_is_tried_for_ever),
		cmocka_unit_test(each_rotation_has_its_attempts),
		cmocka_unit_test(it_rests_no_longer_than_it_would_wait_anyway),
		cmocka_unit_test(without_a_rotator_a_value_is_current_at_once),
		cmocka_unit_test(it_is_due_when_it_says),
		cmocka_unit_test(an_operator_begins_anew_what_is_not_under_way),
		cmocka_unit_test(a_version_that_is_lost_ends_its_rotation),
		cmocka_unit_test(reasons_are_cut_where_they_do_not_fit),
		cmocka_unit_test(a_state_is_a_word),
		cmocka_unit_test(every_order_of_deaths_ends_with_one_current_version),
		cmocka_unit_test(what_never_works_is_undone_whatever_dies),
		cmocka_unit_test(a_clock_that_is_set_back_delays_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
