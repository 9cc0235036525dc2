/* SPDX-License-Identifier: Apache-2.0 */
/* A clock that is a year ahead for a while, and then is right again: what the agent does by itself
 * it goes on doing. */
#include "shop.h"

#define SECOND UINT64_C(1000000000)
#define YEAR_NS (365 * DAY_S * SECOND)

static uint64_t passed_ns, ahead_ns;

uint64_t __wrap_clock_monotonic_ns(void);
uint64_t __wrap_clock_boottime_ns(void);
uint64_t __wrap_clock_realtime_ns(void);

uint64_t __wrap_clock_monotonic_ns(void)
{
	return 1000 * SECOND + passed_ns++;
}

uint64_t __wrap_clock_boottime_ns(void)
{
	return 2000 * SECOND + passed_ns++;
}

uint64_t __wrap_clock_realtime_ns(void)
{
	return UINT64_C(1800000000) * SECOND + passed_ns++ + ahead_ns;
}

static int clock_set_up(void **state)
{
	passed_ns = ahead_ns = 0;
	return shop_set_up(state);
}

static void what_is_scheduled_goes_on(void **state)
{
	struct shop *shop = *state;

	schedule(shop, "", 30 * DAY_S, 0);
	ahead_ns = YEAR_NS;
	expect_nothing(shop);
	assert_int_equal(the_secret(shop)->current, 2);
	ahead_ns = 0;
	expect_nothing(shop);
	passed_ns += 31 * DAY_S * SECOND;
	expect_nothing(shop);
	assert_true(the_secret(shop)->current > 2);
}

static void a_rotator_is_tried_again(void **state)
{
	struct shop *shop = *state;
	struct program program;

	schedule(shop, "postgres", 30 * DAY_S, 0);
	now(shop);
	run(shop, "make", 0);
	ahead_ns = YEAR_NS;
	run(shop, "run", 1);
	ahead_ns = 0;
	passed_ns += 600 * SECOND;
	program = next_program(shop);
	assert_string_equal(program.run.argument, "run");
	end_as(shop, &program, RUN_EXITED, 0);
}

static unsigned int count_runs(struct shop *shop)
{
	struct frame frame;
	unsigned int count = 0;

	hooks_work(&shop->desk->core);
	while (is_asked(shop)) {
		struct errand_end end;
		struct frame_ran ran = { .lane = RUN_HOOK, .end = RUN_EXITED };

		assert_int_equal(
			frame_receive(shop->holder, ROLE_CORE, ROLE_HOLDER, &frame, NULL), 0);
		assert_int_equal(frame.type, FRAME_RUN);
		ran.number = frame.body.run.number;
		errands_ran(&shop->desk->core, &ran);
		assert_true(errands_next_end(&shop->desk->core, &end));
		assert_true(hooks_errand_ended(&shop->desk->core, &end));
		hooks_work(&shop->desk->core);
		count++;
	}
	return count;
}

static void rotate_it(struct shop *shop)
{
	assert_int_equal(desk_value(shop->desk, VERB_SECRET_ROTATE, RIG_SECRET, "another"), 0);
	hooks_changed(&shop->desk->core);
	passed_ns += 60 * SECOND;
}

static void hooks_go_on(void **state)
{
	struct shop *shop = *state;

	snprintf(
		shop->desk->request.on_rotate, sizeof shop->desk->request.on_rotate, "exec:reload");
	assert_int_equal(desk_grant(shop->desk, RIG_SECRET, DESK_WEB, "token"), 0);
	ahead_ns = YEAR_NS;
	rotate_it(shop);
	assert_int_equal(count_runs(shop), 1);
	ahead_ns = 0;
	rotate_it(shop);
	assert_int_equal(count_runs(shop), 1);
}

static void the_end_of_an_overlap_is_told(void **state)
{
	struct shop *shop = *state;
	struct core *core = &shop->desk->core;

	shop->desk->request.grant_flags = GRANT_WITH_PREVIOUS;
	assert_int_equal(desk_grant(shop->desk, RIG_SECRET, DESK_WEB, "token"), 0);
	ahead_ns = YEAR_NS;
	touches_overlaps_ended(core);
	ahead_ns = 0;
	shop->desk->request.lifetime_ns = 3600 * SECOND;
	rotate_it(shop);
	touches_overlaps_ended(core);
	desk_drop_touches(shop->desk);
	passed_ns += 3600 * SECOND;
	touches_overlaps_ended(core);
	assert_non_null(core->touches.waiting);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
			what_is_scheduled_goes_on, clock_set_up, shop_tear_down),
		cmocka_unit_test_setup_teardown(
			a_rotator_is_tried_again, clock_set_up, shop_tear_down),
		cmocka_unit_test_setup_teardown(hooks_go_on, clock_set_up, shop_tear_down),
		cmocka_unit_test_setup_teardown(
			the_end_of_an_overlap_is_told, clock_set_up, shop_tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
