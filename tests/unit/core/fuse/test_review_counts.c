/* SPDX-License-Identifier: Apache-2.0 */
/* Whose read is counted when many want to be, and that what was counted for one grant opens no
 * other. */
#include "counting.h"

#define CROWD 8

/* One container opens again as soon as it is answered; the other, which came after it, has its turn
 * when each of the crowd has had one. */
static void who_opens_all_the_time_does_not_keep_others_from_it(void **state)
{
	struct rig *rig = rig_of(state);
	struct ask crowd = open_ask(rig, rig->web, rig->file);
	struct ask one = open_ask(rig, rig->other, rig->file);
	struct server_count count;
	struct reply reply;
	unsigned int before = 0;

	engine_names(rig, 'a', "shop/web");
	engine_names(rig, 'b', "shop/web");
	give_reads(rig, 1000);
	for (unsigned int i = 0; i < CROWD; i++)
		send_open(rig, crowd);
	expect_parked(rig, CROWD);
	one.thread = 1;
	send_open(rig, one);
	for (;;) {
		expect_to_be_counted(rig, CROWD + 1);
		assert_true(count_next(rig, STEP_SETTLED, &count));
		if (count.container[0] == 'b')
			break;
		assert_in_range(++before, 1, CROWD);
		assert_true(answered_within(rig, 0, PATIENCE_MS));
		rig_receive(rig, 0, &reply);
		send_open(rig, crowd);
	}
	assert_true(answered_within(rig, 1, PATIENCE_MS));
	rig_receive(rig, 1, &reply);
	assert_int_equal(reply.errnum, 0);
}

/* Taken back and granted anew between the count and the answer: the count was another grant's. */
static void granted_anew_it_has_not_been_counted(void **state)
{
	struct rig *rig = rig_of(state);
	struct ask ask = open_ask(rig, rig->web, rig->file);
	struct grant_record anew;
	struct server_count count;
	struct reply reply;
	struct err err;

	engine_names(rig, 'a', "shop/web");
	give_reads(rig, 1);
	anew = rig->grant;
	anew.created_ns++;
	ask.unique = send_open(rig, ask);
	assert_true(wants_count(rig, PATIENCE_MS));
	assert_true(count_next(rig, STEP_REMEMBERED, &count));
	model_write_lock(rig->model);
	server_settle_count(rig->server, &count, true);
	must(model_put_grant(rig->model, &anew, &err));
	model_unlock(rig->model);
	assert_int_equal(expect_answer(rig, 0, ask.unique, &reply), EACCES);
	ask.unique = send_open(rig, ask);
	count_when_asked(rig, STEP_SETTLED);
	assert_int_equal(expect_answer(rig, 0, ask.unique, &reply), 0);
	assert_int_equal(rig_open(rig, ask, FUSE_OPEN, O_RDONLY, &reply), ENOENT);
	assert_int_equal(server_open_handles(rig->server), 1);
}

#define with_engine(test) cmocka_unit_test_setup_teardown(test, rig_set_up_engine, rig_tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		with_engine(who_opens_all_the_time_does_not_keep_others_from_it),
		with_engine(granted_anew_it_has_not_been_counted),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
