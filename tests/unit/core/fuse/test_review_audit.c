/* SPDX-License-Identifier: Apache-2.0 */
/* What was recorded of a request says nothing of what a later core makes of it; and what was
 * answered is not recorded again, though a thread had it in hand yet. */
#include "audited.h"
#include "passing.h"

static int set_up_required(void **state)
{
	struct rig *rig;

	rig_set_up_threads(state, 2);
	rig = *state;
	rig->audit_required = true;
	rig_start_core(rig);
	rig_run_core(rig);
	return 0;
}

/* A core denies it and dies before it has answered; for the next one it is granted. */
static void a_denial_is_no_record_of_what_is_given(void **state)
{
	struct rig *rig = rig_of(state);
	struct grant_record gone = rig_revoked(&rig->grant);
	struct ask ask = open_ask(rig, rig->web, rig->file);
	struct reply reply;

	engine_names(rig, 'a', "shop/web");
	rig_put_grant(rig, &gone);
	ask.unique = send_open(rig, ask);
	assert_int_equal(expect_answer(rig, 0, ask.unique, &reply), ENOENT);
	assert_int_equal(audited(rig), 1);
	rig->grant = rig_grant(rig, RIG_CONSUMER, RIG_FILE);
	rig_put_grant(rig, &rig->grant);
	for (int core = 0; core < 2; core++) {
		rig_end_core(rig);
		rig_start_core(rig);
		engine_names(rig, 'a', "shop/web");
		rig_leave(rig, &ask, 0);
		rig_run_core(rig);
		must_ok(expect_answer(rig, 0, ask.unique, &reply));
		assert_int_equal(audited(rig), 2);
		assert_int_equal(audit_at(rig, 1)->unique, ask.unique);
		assert_int_equal(audit_at(rig, 1)->kind, AUDIT_READ);
	}
}

/* And the other way: what was about to be given was denied. */
static void what_was_about_to_be_given_is_denied(void **state)
{
	struct rig *rig = rig_of(state);
	struct grant_record gone = rig_revoked(&rig->grant);
	struct ask ask = open_ask(rig, rig->web, rig->file);
	struct reply reply;

	engine_names(rig, 'a', "shop/web");
	ask.unique = send_open(rig, ask);
	must_ok(expect_answer(rig, 0, ask.unique, &reply));
	rig_put_grant(rig, &gone);
	rig_end_core(rig);
	rig_start_core(rig);
	engine_names(rig, 'a', "shop/web");
	rig_leave(rig, &ask, 0);
	rig_run_core(rig);
	assert_int_equal(expect_answer(rig, 0, ask.unique, &reply), ENOENT);
	assert_int_equal(audited(rig), 2);
	expect_denial(audit_at(rig, 1), "open", "not-granted", "ENOENT");
}

/* The doorman has answered it before the thread that parked it let go of it, and core dies. */
static void what_the_doorman_answered_is_recorded_once(void **state)
{
	struct rig *rig = rig_of(state);
	struct ask ask = open_ask(rig, rig->web, rig->file);
	struct reply reply;

	ask.unique = send_open(rig, ask);
	expect_audited(rig, 1);
	log_has_it(rig);
	must_ok(expect_answer(rig, 0, ask.unique, &reply));
	expect_parked(rig, 0);
	rig_end_core(rig);
	rig_start_core(rig);
	rig_leave(rig, &ask, 0);
	rig_run_core(rig);
	must_ok(expect_answer(rig, 0, ask.unique, &reply));
	expect_parked(rig, 0);
	assert_int_equal(audit_ring_next(rig->ring, AUDIT_LANE_DOORMAN), 2);
	assert_int_equal(server_open_handles(rig->server), 1);
}

/* It was answered and closed before the doorman let go of it; another waits before it. */
static void what_was_closed_stays_closed_behind_another(void **state)
{
	struct rig *rig = rig_of(state);
	uint64_t first = send_open(rig, open_ask(rig, rig->web, rig->file)), second;
	struct handover_parked *parked = rig->handover->parked;
	struct reply reply;

	expect_audited(rig, 1);
	second = send_open(rig, open_ask(rig, rig->web, rig->file));
	expect_audited(rig, 2);
	for (unsigned int lane = 0; lane < AUDIT_LANES; lane++)
		audit_ring_taken(rig->ring, lane, atomic_load(&rig->ring->lanes[lane].put));
	server_wake_parked(rig->server);
	must_ok(expect_answer(rig, 0, first, &reply));
	must_ok(expect_answer(rig, 0, second, &reply));
	must_ok(rig_release(rig, rig_by(rig->web, 1000, rig->file), reply.body.open.fh, &reply));
	expect_parked(rig, 0);
	rig_rotate(rig, "second", 6);
	rig_end_core(rig);
	atomic_store(&parked[0].state, PARKED_WAITING);
	atomic_store(&parked[1].state, PARKED_WAITING);
	rig_start_core(rig);
	rig_run_core(rig);
	must_ok(expect_answer(rig, 0, first, &reply));
	expect_parked(rig, 0);
	assert_false(answered_within(rig, 0, SILENCE_MS));
	assert_int_equal(audit_ring_next(rig->ring, AUDIT_LANE_DOORMAN), 3);
}

#define required(test) cmocka_unit_test_setup_teardown(test, set_up_required, rig_tear_down)
#define with_engine(test) cmocka_unit_test_setup_teardown(test, rig_set_up_engine, rig_tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		with_engine(a_denial_is_no_record_of_what_is_given),
		with_engine(what_was_about_to_be_given_is_denied),
		required(what_the_doorman_answered_is_recorded_once),
		required(what_was_closed_stays_closed_behind_another),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
