/* SPDX-License-Identifier: Apache-2.0 */
/* Rotations that the agent begins by itself. A crash is a core that begins with the store alone,
 * which it may do between any two commits. */
#include "shop.h"

static void must_have_rotated(struct shop *shop)
{
	desk_current(shop->desk, RIG_SECRET, "second");
	assert_int_equal(count_states(shop, "current"), 1);
	assert_int_equal(count_states(shop, "previous"), 1);
	assert_int_equal(count_states(shop, "next"), 0);
	assert_int_equal(the_secret(shop)->version_count, 2);
	assert_int_equal(the_secret(shop)->versions[1].made_by, MADE_BY_AGENT);
	assert_int_equal(the_schedule(shop)->step, ROTATION_IDLE);
	assert_int_equal(the_schedule(shop)->version, 0);
	assert_true(the_schedule(shop)->next_ns > clock_realtime_ns());
	assert_string_equal(the_schedule(shop)->reason, "");
}

static void a_random_value_becomes_current_when_it_is_due(void **state)
{
	struct shop *shop = *state;
	struct core *core = &shop->desk->core;
	struct doc_item item;

	schedule(shop, "", 30 * DAY_S, DAY_S);
	expect_nothing(shop);
	desk_current(shop->desk, RIG_SECRET, "first");
	assert_int_equal(schedules_patience(core), 60000);
	now(shop);
	assert_in_range(schedules_patience(core), 0, 2);
	expect_nothing(shop); /* of holder */
	assert_int_equal(the_secret(shop)->current, 2);
	assert_int_equal(the_secret(shop)->versions[1].size, 16);
	assert_true(the_secret(shop)->previous_until_ns > clock_realtime_ns());
	assert_true(the_schedule(shop)->next_ns > clock_realtime_ns());
	expect_nothing(shop);
	assert_int_equal(the_secret(shop)->current, 2);
	assert_int_equal(desk_ask(shop->desk, VERB_SECRET_INSPECT, RIG_SECRET), 0);
	assert_int_equal(desk_number(shop->desk, "every_seconds", 0), 30 * DAY_S);
	assert_int_equal(desk_number(shop->desk, "overlap_seconds", 0), DAY_S);
	assert_int_equal(desk_number(shop->desk, "generate", 0), 16);
	desk_text(shop->desk, "alphabet", 0, "hex");
	desk_text(shop->desk, "state", 0, "waiting");
	assert_true(desk_item(shop->desk, "rotator", 0, &item) && item.type == DOC_NONE);
	assert_true(desk_item(shop->desk, "reason", 0, &item) && item.type == DOC_NONE);
	assert_true(desk_item(shop->desk, "next_at", 0, &item) && item.type == DOC_TIME);
}

static void a_rotator_goes_through_its_steps(void **state)
{
	struct shop *shop = *state;

	schedule(shop, "postgres", 30 * DAY_S, DAY_S);
	now(shop);
	run(shop, "make", 0);
	desk_current(shop->desk, RIG_SECRET, "first");
	assert_int_equal(the_secret(shop)->next, 2);
	assert_int_equal(the_schedule(shop)->version, 2);
	run(shop, "run", 0);
	run(shop, "verify", 0);
	must_have_rotated(shop);
	expect_nothing(shop);
	crash(shop);
	must_have_rotated(shop);
	expect_nothing(shop);
}

/* In which step, and where in it: before it is asked for, while it runs, when it has ended but
 * nothing is written of it, and after. */
enum moment { BEFORE, WHILE, ENDED, AFTER, MOMENTS };

static void run_and_die(struct shop *shop, const char *argument, enum moment moment)
{
	struct program program;

	if (moment == BEFORE)
		crash(shop);
	if (moment == WHILE || moment == ENDED) {
		program = next_program(shop);
		assert_string_equal(program.run.argument, argument);
		if (moment == ENDED && program.output >= 0)
			assert_int_equal(write(program.output, "other", 5), 5);
		leave(&program);
		crash(shop);
	}
	run(shop, argument, 0);
	if (moment == AFTER)
		crash(shop);
}

static void core_may_die_anywhere(void **state)
{
	static const char *const steps[] = { "make", "run", "verify" };

	for (int step = 0; step < 3; step++)
		for (enum moment moment = BEFORE; moment < MOMENTS; moment++) {
			struct shop *shop;
			void *fresh;

			(void)state;
			assert_int_equal(shop_set_up(&fresh), 0);
			shop = fresh;
			schedule(shop, "postgres", 30 * DAY_S, 0);
			now(shop);
			for (int i = 0; i < 3; i++)
				if (i == step)
					run_and_die(shop, steps[i], moment);
				else
					run(shop, steps[i], 0);
			must_have_rotated(shop);
			crash(shop);
			must_have_rotated(shop);
			expect_nothing(shop);
			assert_int_equal(shop_tear_down(&fresh), 0);
		}
}

static void what_does_not_work_is_undone(void **state)
{
	struct shop *shop = *state;
	struct doc_item item;

	schedule(shop, "postgres", 30 * DAY_S, 0);
	now(shop);
	run(shop, "make", 0);
	run(shop, "run", 0);
	for (unsigned int i = 1; i <= ROTATION_ATTEMPTS; i++) {
		run(shop, "verify", 1);
		assert_int_equal(the_schedule(shop)->attempts, i);
		assert_string_equal(
			the_schedule(shop)->reason, "verify: it ended with exit status 1");
		if (i < ROTATION_ATTEMPTS) {
			assert_true(the_schedule(shop)->not_before_ns ==
				    the_schedule(shop)->last_ns + (1000000000ull << (i - 1)));
			if (i == ROTATION_ATTEMPTS - 1)
				expect_nothing(shop); /* for 8 s */
			if (i == 2)
				crash(shop); /* what had failed so far is known afterwards */
			now(shop);
		}
	}
	run(shop, "undo", 2);
	assert_int_equal(the_secret(shop)->next, 2);
	now(shop);
	crash(shop);
	run(shop, "undo", 0);
	desk_current(shop->desk, RIG_SECRET, "first");
	assert_int_equal(the_secret(shop)->next, 0);
	expect_nothing(shop);
	assert_int_equal(desk_ask(shop->desk, VERB_SECRET_INSPECT, RIG_SECRET), 0);
	desk_text(shop->desk, "step", 0, "idle");
	desk_text(shop->desk, "state", 0, "failing");
	desk_text(shop->desk, "reason", 0, "verify: it ended with exit status 1");
	assert_true(desk_item(shop->desk, "staged_version", 0, &item) && item.type == DOC_NONE);
	pack_free(&shop->desk->reply);
	doc_open(&shop->desk->reply, NULL, DOC_OBJECT);
	doc_put_rotations(&shop->desk->reply, &shop->desk->core);
	doc_close(&shop->desk->reply);
	assert_int_equal(desk_number(shop->desk, "scheduled", 0), 1);
	desk_text(shop->desk, "secret", 0, RIG_SECRET);
	assert_true(desk_item(shop->desk, "next_attempt_at", 0, &item) && item.type == DOC_TIME);
	assert_int_equal(desk_count(shop->desk, "since"), 0);
}

static void what_make_does_not_say_is_random(void **state)
{
	struct shop *shop = *state;
	char random[64];
	struct program program;
	size_t length;

	schedule(shop, "postgres", 0, 0);
	expect_nothing(shop);
	now(shop);
	program = next_program(shop);
	assert_int_equal(program.run.version, 2);
	length = read_stream(&program.new_value, random, sizeof random - 1);
	assert_int_equal(length, 16);
	random[length] = '\0';
	assert_int_equal(strspn(random, "0123456789abcdef"), 16);
	end_as(shop, &program, RUN_EXITED, 0);
	desk_is(shop->desk, secret_blob(desk_secret(shop->desk, RIG_SECRET), 2), random);
	program = next_program(shop);
	assert_int_equal(program.run.version, 2);
	expect_stream(&program.new_value, random);
	end_as(shop, &program, RUN_EXITED, 0);
}

/* What the program writes is read while it runs, so that neither waits for the other. */
static void write_all(struct shop *shop, int fd, size_t length)
{
	static const uint8_t bytes[4096] = { 'x' };
	size_t at = 0;

	assert_true(fcntl(fd, F_SETFL, O_NONBLOCK) == 0);
	while (at < length) {
		size_t step = length - at < sizeof bytes ? length - at : sizeof bytes;
		ssize_t put = write(fd, bytes, step);

		if (put < 0 && schedules_stream_fd(&shop->desk->core) < 0)
			return; /* it has seen enough: EPIPE */
		at += put > 0 ? (size_t)put : 0;
		schedules_stream_ready(&shop->desk->core);
	}
}

static void the_largest_value_goes_through_and_no_larger(void **state)
{
	struct shop *shop = *state;
	char *text = malloc(TACIT_VALUE_MAX + 1);
	struct program program;

	assert_non_null(text);
	signal(SIGPIPE, SIG_IGN);
	schedule(shop, "postgres", 0, 0);
	now(shop);
	program = next_program(shop);
	assert_true(schedules_stream_fd(&shop->desk->core) >= 0);
	write_all(shop, program.output, TACIT_VALUE_MAX + 1);
	assert_int_equal(schedules_stream_fd(&shop->desk->core), -1);
	end_as(shop, &program, RUN_EXITED, 0);
	assert_non_null(strstr(the_schedule(shop)->reason, "make: it wrote more than"));
	assert_int_equal(the_secret(shop)->next, 0);
	now(shop);
	program = next_program(shop);
	write_all(shop, program.output, TACIT_VALUE_MAX);
	end_as(shop, &program, RUN_EXITED, 0);
	assert_int_equal(the_secret(shop)->next, 2);
	assert_int_equal(the_secret(shop)->versions[1].size, TACIT_VALUE_MAX);
	/* It lies in the pipe as a whole: core does not feed it. */
	program = next_program(shop);
	assert_int_equal(
		read_stream(&program.new_value, text, TACIT_VALUE_MAX + 1), TACIT_VALUE_MAX);
	end_as(shop, &program, RUN_EXITED, 0);
	free(text);
}

static void operators_keep_away_from_a_rotator_at_work(void **state)
{
	static const enum verb verbs[] = { VERB_SECRET_PROMOTE, VERB_SECRET_ROLLBACK,
		VERB_SECRET_REMOVE };
	struct shop *shop = *state;

	schedule(shop, "postgres", 0, 0);
	now(shop);
	run(shop, "make", 0);
	for (size_t i = 0; i < sizeof verbs / sizeof verbs[0]; i++) {
		shop->desk->request.version = 1;
		assert_true(desk_ask(shop->desk, verbs[i], RIG_SECRET) < 0);
	}
	assert_int_equal(desk_value(shop->desk, VERB_SECRET_ROTATE, RIG_SECRET, "x"), -TACIT_BUSY);
	assert_int_equal(desk_value(shop->desk, VERB_SECRET_STAGE, RIG_SECRET, "x"), -TACIT_BUSY);
	assert_int_equal(desk_ask(shop->desk, VERB_SECRET_SCHEDULE, RIG_SECRET), -TACIT_BUSY);
	shop->desk->request.generate = 8;
	assert_int_equal(desk_ask(shop->desk, VERB_SECRET_SCHEDULE, RIG_SECRET), -TACIT_BUSY);
	now(shop); /* does not begin it again */
	run(shop, "run", 0);
	run(shop, "verify", 0);
	desk_current(shop->desk, RIG_SECRET, "second");
}

/* Before anything is staged, an operator comes first. */
static void what_was_made_of_another_value_is_not_taken(void **state)
{
	struct shop *shop = *state;
	struct program program;

	schedule(shop, "postgres", 0, 0);
	now(shop);
	program = next_program(shop);
	assert_int_equal(write(program.output, "second", 6), 6);
	assert_int_equal(desk_value(shop->desk, VERB_SECRET_ROTATE, RIG_SECRET, "by hand"), 0);
	end_as(shop, &program, RUN_EXITED, 0);
	assert_int_equal(the_secret(shop)->next, 0);
	desk_current(shop->desk, RIG_SECRET, "by hand");
	program = next_program(shop); /* it is still due */
	assert_string_equal(program.run.argument, "make");
	expect_stream(&program.old_value, "by hand");
	/* Or of another schedule. */
	schedule(shop, "postgres", DAY_S, 0);
	end_as(shop, &program, RUN_EXITED, 0);
	assert_int_equal(the_secret(shop)->next, 0);
	now(shop);
	program = next_program(shop);
	/* Or the secret is gone. */
	assert_int_equal(desk_ask(shop->desk, VERB_SECRET_SCHEDULE, RIG_SECRET), 0);
	end_as(shop, &program, RUN_EXITED, 0);
	assert_int_equal(the_secret(shop)->next, 0);
	assert_null(model_schedule(shop->desk->core.model, desk_secret(shop->desk, RIG_SECRET)));
	assert_int_equal(desk_ask(shop->desk, VERB_SECRET_SCHEDULE, RIG_SECRET), -TACIT_NOT_FOUND);
}

static void a_lane_that_is_taken_is_no_failure(void **state)
{
	struct shop *shop = *state;
	struct program program;

	schedule(shop, "postgres", 0, 0);
	now(shop);
	program = next_program(shop);
	end_as(shop, &program, RUN_BUSY, 0);
	assert_int_equal(the_schedule(shop)->attempts, 0);
	assert_true(shop->desk->core.rotator->not_before_ns != 0);
	assert_in_range(schedules_patience(&shop->desk->core), 0, 1001);
	shop->desk->core.rotator->not_before_ns = UINT64_MAX;
	expect_nothing(shop);
	shop->desk->core.rotator->not_before_ns = 0;
	run(shop, "make", 0);
}

static void the_ways_to_fail_are_said(void **state)
{
	static const struct {
		enum run_end end;
		int status;
		const char *reason;
	} rows[] = {
		{ RUN_EXITED, 3, "make: it ended with exit status 3" },
		{ RUN_KILLED, 9, "make: it was ended by signal 9" },
		{ RUN_TIMED_OUT, 0, "make: it had not ended after 120 s" },
		{ RUN_REFUSED, 0, "make: there is no such program" },
	};
	struct shop *shop = *state;

	schedule(shop, "postgres", 0, 0);
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		struct program program;

		now(shop);
		program = next_program(shop);
		end_as(shop, &program, rows[i].end, rows[i].status);
		assert_int_equal(
			strncmp(the_schedule(shop)->reason, rows[i].reason, strlen(rows[i].reason)),
			0);
		assert_int_equal(the_schedule(shop)->attempts, 1);
	}
}

static void locked_it_does_nothing_and_knows_nothing(void **state)
{
	struct shop *shop = *state;
	struct core *core = &shop->desk->core;
	struct program program;

	schedule(shop, "postgres", 0, 0);
	now(shop);
	program = next_program(shop);
	assert_int_equal(write(program.output, "second", 6), 6);
	schedules_stream_ready(core);
	model_write_lock(core->model);
	model_clear(core->model);
	model_unlock(core->model);
	assert_true(core->model->locked);
	schedules_work(core);
	assert_null(core->rotator->written);
	assert_null(core->rotator->random);
	assert_int_equal(schedules_stream_fd(core), -1);
	assert_int_equal(schedules_patience(core), -1);
	assert_int_equal(core_load(core, NULL), 0);
	expect_nothing(shop); /* the other one has not ended */
	end_as(shop, &program, RUN_EXITED, 0);
	assert_int_equal(the_secret(shop)->next, 0);
	run(shop, "make", 0);
}

/* The store takes nothing when the step has ended, as when its disk is full. */
static void what_cannot_be_written_down_is_not_done(void **state)
{
	struct shop *shop = *state;
	struct core *core = &shop->desk->core;
	struct fixture *store = &shop->desk->rig->store;
	struct program program;

	schedule(shop, "postgres", 0, 0);
	now(shop);
	program = next_program(shop);
	assert_int_equal(write(program.output, "second", 6), 6);
	vault_forget(core->vault);
	end_as(shop, &program, RUN_EXITED, 0);
	assert_int_equal(the_secret(shop)->next, 0);
	assert_int_equal(the_schedule(shop)->step, ROTATION_IDLE);
	assert_int_equal(the_schedule(shop)->attempts, 0);
	assert_true(core->rotator->not_before_ns != 0);
	assert_in_range(schedules_patience(core), 0, 5001);
	assert_int_equal(vault_unlock(core->vault, store->key, store->root, NULL), 0);
	core->rotator->not_before_ns = 0;
	run(shop, "make", 0);
	/* It takes what is said of the failure, but not the change: somebody is in its way. */
	assert_int_equal(vault_begin(core->vault, NULL), 0);
	run(shop, "run", 0);
	assert_int_equal(the_schedule(shop)->step, ROTATION_RUN);
	assert_int_equal(the_schedule(shop)->attempts, 1);
	now(shop);
	run(shop, "run", 0);
	run(shop, "verify", 0);
	desk_current(shop->desk, RIG_SECRET, "second");
}

static void what_cannot_be_undone_can_be_given_up(void **state)
{
	struct shop *shop = *state;

	schedule(shop, "postgres", 0, 0);
	now(shop);
	run(shop, "make", 0);
	for (unsigned int i = 0; i < ROTATION_ATTEMPTS; i++) {
		assert_int_equal(
			desk_ask(shop->desk, VERB_SECRET_SCHEDULE, RIG_SECRET), -TACIT_BUSY);
		run(shop, "run", 1);
		now(shop);
	}
	assert_int_equal(desk_ask(shop->desk, VERB_SECRET_SCHEDULE, RIG_SECRET), -TACIT_BUSY);
	run(shop, "undo", 1);
	assert_int_equal(desk_ask(shop->desk, VERB_SECRET_SCHEDULE, RIG_SECRET), 0);
	assert_int_equal(the_secret(shop)->next, 0);
	desk_current(shop->desk, RIG_SECRET, "first");
	expect_nothing(shop);
	assert_int_equal(desk_value(shop->desk, VERB_SECRET_ROTATE, RIG_SECRET, "by hand"), 0);
}

static void a_schedule_has_bounds(void **state)
{
	struct shop *shop = *state;
	struct frame_request *request = &shop->desk->request;

	request->generate = SCHEDULE_LENGTH_MAX + 1;
	assert_int_equal(desk_ask(shop->desk, VERB_SECRET_SCHEDULE, RIG_SECRET), -TACIT_INVALID);
	request->generate = 1;
	request->alphabet = 77;
	assert_int_equal(desk_ask(shop->desk, VERB_SECRET_SCHEDULE, RIG_SECRET), -TACIT_INVALID);
	request->generate = 1;
	request->every_ns = UINT64_MAX;
	assert_int_equal(desk_ask(shop->desk, VERB_SECRET_SCHEDULE, RIG_SECRET), -TACIT_INVALID);
	request->generate = 1;
	strcpy(request->rotator, "../sh");
	assert_int_equal(desk_ask(shop->desk, VERB_SECRET_SCHEDULE, RIG_SECRET), -TACIT_INVALID);
	request->generate = 1;
	assert_int_equal(desk_ask(shop->desk, VERB_SECRET_SCHEDULE, "missing"), -TACIT_NOT_FOUND);
	request->flags = REQUEST_NOW;
	assert_int_equal(desk_ask(shop->desk, VERB_SECRET_SCHEDULE, RIG_SECRET), -TACIT_NOT_FOUND);
	assert_null(model_schedule(shop->desk->core.model, desk_secret(shop->desk, RIG_SECRET)));
	assert_int_equal(desk_ask(shop->desk, VERB_SECRET_INSPECT, RIG_SECRET), 0);
	assert_int_equal(desk_count(shop->desk, "schedule"), 1); /* null */
}

/* One program at a time, and whatever has waited longest; random values wait for none. */
static void a_rotator_at_work_delays_no_random_value(void **state)
{
	struct shop *shop = *state;
	struct program program;

	assert_int_equal(desk_value(shop->desk, VERB_SECRET_CREATE, "other", "first"), 0);
	schedule(shop, "postgres", 0, 0);
	now(shop);
	program = next_program(shop);
	shop->desk->request.generate = 8;
	assert_int_equal(desk_ask(shop->desk, VERB_SECRET_SCHEDULE, "other"), 0);
	shop->desk->request.flags = REQUEST_NOW;
	assert_int_equal(desk_ask(shop->desk, VERB_SECRET_SCHEDULE, "other"), 0);
	expect_nothing(shop);
	assert_int_equal(desk_secret(shop->desk, "other")->record.current, 2);
	end_as(shop, &program, RUN_EXITED, 0);
	assert_int_equal(the_secret(shop)->next, 2);
}

/* It may be the only copy of what the world expects next. */
static void what_an_operator_has_staged_is_not_replaced(void **state)
{
	struct shop *shop = *state;
	struct program program;

	schedule(shop, "postgres", 0, 0);
	assert_int_equal(desk_value(shop->desk, VERB_SECRET_STAGE, RIG_SECRET, "mine"), 0);
	now(shop);
	expect_nothing(shop);
	assert_string_equal(
		the_schedule(shop)->reason, "make: an operator has staged a version: promote it");
	assert_int_equal(the_secret(shop)->next, 2);
	assert_int_equal(desk_ask(shop->desk, VERB_SECRET_PROMOTE, RIG_SECRET), 0);
	now(shop);
	program = next_program(shop);
	assert_int_equal(desk_value(shop->desk, VERB_SECRET_STAGE, RIG_SECRET, "mine, too"), 0);
	end_as(shop, &program, RUN_EXITED, 0);
	assert_int_equal(the_schedule(shop)->step, ROTATION_IDLE);
	assert_int_equal(the_secret(shop)->next, 3);
	desk_is(shop->desk, secret_blob(desk_secret(shop->desk, RIG_SECRET), 3), "mine, too");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, shop_set_up, shop_tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_random_value_becomes_current_when_it_is_due),
		TEST(a_rotator_goes_through_its_steps),
		cmocka_unit_test(core_may_die_anywhere),
		TEST(what_does_not_work_is_undone),
		TEST(what_make_does_not_say_is_random),
		TEST(the_largest_value_goes_through_and_no_larger),
		TEST(operators_keep_away_from_a_rotator_at_work),
		TEST(what_was_made_of_another_value_is_not_taken),
		TEST(a_lane_that_is_taken_is_no_failure),
		TEST(the_ways_to_fail_are_said),
		TEST(locked_it_does_nothing_and_knows_nothing),
		TEST(what_cannot_be_written_down_is_not_done),
		TEST(what_cannot_be_undone_can_be_given_up),
		TEST(a_schedule_has_bounds),
		TEST(a_rotator_at_work_delays_no_random_value),
		TEST(what_an_operator_has_staged_is_not_replaced),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
