/* SPDX-License-Identifier: Apache-2.0 */
/* Which paths toucher is asked to write to: each once for a commit, never two of the same waiting,
 * in the order they came. */
#include "desk.h"

#define HOUR_NS (3600 * 1000000000ull)

static int toucher; /* the other end of the core's channel */
static uint64_t later_ns;

uint64_t __real_clock_realtime_ns(void);
uint64_t __wrap_clock_realtime_ns(void);
uint64_t __wrap_clock_realtime_ns(void)
{
	return __real_clock_realtime_ns() + later_ns;
}

static int meet_toucher(void **state)
{
	struct desk *desk;
	int pair[2];

	later_ns = 0;
	desk_set_up(state);
	desk = *state;
	assert_int_equal(frame_pair(pair, NULL), 0);
	desk->core.toucher = pair[0];
	toucher = pair[1];
	assert_int_equal(desk_ungrant(desk, RIG_SECRET, RIG_CONSUMER, RIG_FILE), 0);
	return 0;
}

static int part_from_toucher(void **state)
{
	struct desk *desk = *state;

	close(desk->core.toucher);
	close(toucher);
	return desk_tear_down(state);
}

/* The next path that is asked for; "" when none is. */
static const char *next(struct desk *desk)
{
	static struct frame frame;

	desk->core.touching = false;
	touches_next(&desk->core);
	if (!desk->core.touching)
		return "";
	assert_int_equal(frame_receive(toucher, ROLE_CORE, ROLE_TOUCHER, &frame, NULL), 0);
	assert_int_equal(frame.type, FRAME_TOUCH);
	return frame.body.touch.path;
}

static void forget(struct desk *desk)
{
	while (next(desk)[0])
		;
}

static void rotate(struct desk *desk, uint64_t overlap_ns)
{
	desk->request.lifetime_ns = overlap_ns;
	assert_int_equal(desk_value(desk, VERB_SECRET_ROTATE, RIG_SECRET, "next"), 0);
}

static void grant_with_previous(struct desk *desk, const char *file)
{
	desk->request.grant_flags = GRANT_WITH_PREVIOUS;
	assert_int_equal(desk_grant(desk, RIG_SECRET, DESK_WEB, file), 0);
}

static void a_flood_is_one_touch_of_each_path(void **state)
{
	struct desk *desk = *state;

	assert_int_equal(desk_grant(desk, RIG_SECRET, DESK_WEB, "a"), 0);
	assert_int_equal(desk_grant(desk, RIG_SECRET, "container/x1", "a"), 0);
	for (int i = 0; i < 20; i++)
		rotate(desk, 0);
	assert_string_equal(next(desk), DESK_WEB "/a");
	assert_string_equal(next(desk), "self/a");
	/* One that is under way is not one that waits: it may have come before the change. */
	rotate(desk, 0);
	assert_string_equal(next(desk), "container/x1/a");
	assert_string_equal(next(desk), DESK_WEB "/a");
	assert_string_equal(next(desk), "self/a");
	assert_string_equal(next(desk), "");
}

static void one_is_under_way_at_a_time(void **state)
{
	struct desk *desk = *state;
	int channel = desk->core.toucher;
	char byte;

	assert_int_equal(desk_grant(desk, RIG_SECRET, DESK_WEB, "a"), 0);
	rotate(desk, 0);
	assert_string_equal(next(desk), DESK_WEB "/a");
	touches_next(&desk->core);
	assert_int_equal(recv(toucher, &byte, 1, MSG_PEEK | MSG_DONTWAIT), -1);
	/* It waits for a toucher that is gone, too. */
	desk->core.toucher = -1;
	assert_string_equal(next(desk), "");
	desk->core.toucher = channel;
	assert_string_equal(next(desk), "self/a");
}

static void a_bundles_files_are_touched_in_their_folders(void **state)
{
	static const char *const paths[] = { DESK_WEB "/tls/cert", "self/tls/cert",
		DESK_WEB "/tls/key", "self/tls/key", "" };
	struct desk *desk = *state;

	assert_int_equal(desk_members(desk, VERB_BUNDLE_CREATE, "tls", "cert=c key=k"), 0);
	assert_int_equal(desk_grant(desk, "tls/", DESK_WEB, ""), 0);
	assert_string_equal(next(desk), "");
	assert_int_equal(desk_members(desk, VERB_BUNDLE_ROTATE, "tls", "cert=c key=k"), 0);
	for (size_t i = 0; i < sizeof paths / sizeof paths[0]; i++)
		assert_string_equal(next(desk), paths[i]);
	assert_int_equal(desk_members(desk, VERB_BUNDLE_ROTATE, "tls", "key=k"), 0);
	assert_string_equal(next(desk), DESK_WEB "/tls/key");
}

static void what_is_staged_or_of_one_version_wakes_nobody(void **state)
{
	struct desk *desk = *state;

	desk->request.version = 1;
	assert_int_equal(desk_grant(desk, RIG_SECRET, DESK_WEB, "pinned"), 0);
	rotate(desk, 0);
	assert_string_equal(next(desk), "");
	assert_int_equal(desk_grant(desk, RIG_SECRET, DESK_WEB, "a"), 0);
	assert_int_equal(desk_value(desk, VERB_SECRET_STAGE, RIG_SECRET, "staged"), 0);
	assert_string_equal(next(desk), "");
	assert_int_equal(desk_ask(desk, VERB_SECRET_PROMOTE, RIG_SECRET), 0);
	assert_string_equal(next(desk), DESK_WEB "/a");
}

static void the_previous_file_is_touched_when_it_comes_and_goes(void **state)
{
	struct desk *desk = *state;

	grant_with_previous(desk, "a");
	assert_int_equal(desk_grant(desk, RIG_SECRET, DESK_WEB, "b"), 0);
	rotate(desk, 0);
	assert_string_equal(next(desk), DESK_WEB "/a");
	assert_string_equal(next(desk), "self/a");
	assert_string_equal(next(desk), DESK_WEB "/a.previous");
	assert_string_equal(next(desk), "self/a.previous");
	forget(desk);
	assert_int_equal(desk_ask(desk, VERB_SECRET_RETIRE, RIG_SECRET), 0);
	assert_string_equal(next(desk), DESK_WEB "/a.previous");
	assert_string_equal(next(desk), "self/a.previous");
	assert_string_equal(next(desk), "");
}

static void an_overlap_that_ends_by_itself_is_told_once(void **state)
{
	struct desk *desk = *state;

	grant_with_previous(desk, "a");
	touches_overlaps_ended(&desk->core);
	assert_int_equal(touches_patience(&desk->core), -1);
	rotate(desk, HOUR_NS);
	forget(desk);
	assert_in_range(touches_patience(&desk->core), 1, HOUR_NS / 1000000 + 1);
	touches_overlaps_ended(&desk->core);
	assert_string_equal(next(desk), "");
	later_ns = HOUR_NS;
	assert_int_equal(touches_patience(&desk->core), 0);
	touches_overlaps_ended(&desk->core);
	assert_string_equal(next(desk), DESK_WEB "/a.previous");
	assert_string_equal(next(desk), "self/a.previous");
	assert_string_equal(next(desk), "");
	assert_int_equal(touches_patience(&desk->core), -1);
	touches_overlaps_ended(&desk->core);
	assert_string_equal(next(desk), "");
}

static void the_next_of_several_overlaps_is_waited_for(void **state)
{
	struct desk *desk = *state;

	grant_with_previous(desk, "a");
	assert_int_equal(desk_value(desk, VERB_SECRET_CREATE, "other", "x"), 0);
	desk->request.grant_flags = GRANT_WITH_PREVIOUS;
	assert_int_equal(desk_grant(desk, "other", DESK_WEB, "b"), 0);
	rotate(desk, 2 * HOUR_NS);
	desk->request.lifetime_ns = HOUR_NS;
	assert_int_equal(desk_value(desk, VERB_SECRET_ROTATE, "other", "y"), 0);
	touches_overlaps_ended(&desk->core);
	assert_in_range(touches_patience(&desk->core), 1, HOUR_NS / 1000000 + 1);
	forget(desk);
	later_ns = HOUR_NS;
	touches_overlaps_ended(&desk->core);
	assert_string_equal(next(desk), DESK_WEB "/b.previous");
	assert_string_equal(next(desk), "self/b.previous");
	assert_string_equal(next(desk), "");
	assert_in_range(touches_patience(&desk->core), 1, HOUR_NS / 1000000 + 1);
	later_ns = 2 * HOUR_NS;
	touches_overlaps_ended(&desk->core);
	assert_string_equal(next(desk), DESK_WEB "/a.previous");
	assert_string_equal(next(desk), "self/a.previous");
	assert_string_equal(next(desk), "");
}

static void what_ended_before_a_core_died_is_told_by_the_next(void **state)
{
	struct desk *desk = *state;

	grant_with_previous(desk, "a");
	rotate(desk, HOUR_NS);
	forget(desk);
	later_ns = HOUR_NS + 1000000000;
	desk->core.touches.overlaps_seen_ns = 0; /* as a new one begins */
	desk_restart(desk);
	assert_int_equal(touches_patience(&desk->core), 0);
	touches_overlaps_ended(&desk->core);
	assert_string_equal(next(desk), DESK_WEB "/a.previous");
}

static void what_ends_while_it_is_locked_is_told_later(void **state)
{
	struct desk *desk = *state;

	grant_with_previous(desk, "a");
	rotate(desk, HOUR_NS);
	forget(desk);
	model_clear(desk->core.model);
	later_ns = HOUR_NS;
	assert_int_equal(touches_patience(&desk->core), -1);
	touches_overlaps_ended(&desk->core);
	assert_string_equal(next(desk), "");
	desk_restart(desk);
	touches_overlaps_ended(&desk->core);
	assert_string_equal(next(desk), DESK_WEB "/a.previous");
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, meet_toucher, part_from_toucher)
	const struct CMUnitTest tests[] = {
		TEST(a_flood_is_one_touch_of_each_path),
		TEST(one_is_under_way_at_a_time),
		TEST(a_bundles_files_are_touched_in_their_folders),
		TEST(what_is_staged_or_of_one_version_wakes_nobody),
		TEST(the_previous_file_is_touched_when_it_comes_and_goes),
		TEST(an_overlap_that_ends_by_itself_is_told_once),
		TEST(the_next_of_several_overlaps_is_waited_for),
		TEST(what_ended_before_a_core_died_is_told_by_the_next),
		TEST(what_ends_while_it_is_locked_is_told_later),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
