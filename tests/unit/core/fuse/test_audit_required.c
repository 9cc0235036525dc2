/* SPDX-License-Identifier: Apache-2.0 */
/* `audit required`: no OPEN is answered before the log has its record, and none waits for that
 * longer than its patience; no thread waits at all. */
#include "audited.h"
#include "counting.h"
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

/* The next core finds what this one had. */
static void start_next_core(struct rig *rig)
{
	rig_end_core(rig);
	rig_start_core(rig);
}

static uint64_t open_and_wait(struct rig *rig)
{
	uint64_t unique = send_open(rig, open_ask(rig, rig->web, rig->file));

	expect_audited(rig, 1);
	return unique;
}

static void expect_version(struct rig *rig, uint64_t fh, const char *value)
{
	struct reply reply;

	must_ok(rig_read(
		rig, rig_by(rig->web, 1000, rig->file), FUSE_READ, fh, 0, 100, false, &reply));
	assert_int_equal(reply.length, strlen(value));
	assert_memory_equal(reply.body.bytes, value, reply.length);
}

static void an_open_waits_until_the_log_has_it(void **state)
{
	struct rig *rig = rig_of(state);
	struct reply reply;
	uint64_t unique = open_and_wait(rig);

	assert_int_equal(audit_at(rig, 0)->unique, unique);
	assert_int_equal(audit_at(rig, 0)->kind, AUDIT_READ);
	assert_int_equal(audit_at(rig, 0)->version, 1);
	expect_silence(rig);
	server_wake_parked(rig->server);
	expect_silence(rig);
	assert_int_equal(server_open_handles(rig->server), 1);
	assert_int_equal(rig->model->plain_bytes, 0);
	/* Nothing else waits for it. */
	must_ok(rig_getattr(rig, rig_by(rig->web, 1000, rig->file), &reply));
	log_has_it(rig);
	must_ok(expect_answer(rig, 0, unique, &reply));
	expect_version(rig, reply.body.open.fh, "first");
	expect_parked(rig, 0);
	assert_int_equal(audited(rig), 0);
	assert_int_equal(audit_ring_next(rig->ring, AUDIT_LANE_DOORMAN), 2);
}

static void many_wait_for_one_group(void **state)
{
	struct rig *rig = rig_of(state);
	struct reply reply;

	for (unsigned int i = 0; i < 20; i++) {
		struct ask ask = open_ask(rig, rig->web, rig->file);

		ask.thread = i % 2;
		send_open(rig, ask);
	}
	expect_audited(rig, 20);
	expect_silence(rig);
	log_has_it(rig);
	for (unsigned int i = 0; i < 20; i++) {
		assert_true(answered_within(rig, i % 2, PATIENCE_MS));
		rig_receive(rig, i % 2, &reply);
		must_ok(reply.errnum);
	}
	assert_int_equal(audit_ring_next(rig->ring, AUDIT_LANE_DOORMAN), 21);
}

static void a_log_that_is_not_written_denies_at_the_deadline(void **state)
{
	struct rig *rig = rig_of(state);
	struct reply reply;
	uint64_t unique = open_and_wait(rig), other;

	other = send_open(rig, open_ask(rig, rig->web, rig->file));
	expect_audited(rig, 2);
	expect_silence(rig);
	let_patience_pass(rig);
	assert_int_equal(expect_answer(rig, 0, unique, &reply), EACCES);
	assert_int_equal(expect_answer(rig, 0, other, &reply), EACCES);
	/* Each was said to be given: of each it is said that it was not. */
	expect_audited(rig, 4);
	expect_denial(audit_at(rig, 2), "open", "audit", "EACCES");
	assert_int_equal(audit_at(rig, 2)->unique, unique);
	expect_denial(audit_at(rig, 3), "open", "audit", "EACCES");
	assert_int_equal(audit_at(rig, 3)->unique, other);
	expect_handles(rig, 0);
	/* It may be written any time later. */
	log_has_it(rig);
	expect_silence(rig);
}

/* The doorman looks at the clock by himself. */
static void a_deadline_needs_nobody_to_wake(void **state)
{
	struct rig *rig = rig_of(state);
	struct reply reply;

	rig_end_core(rig);
	rig->patience_ns = 50 * MS_NS;
	rig_start_core(rig);
	rig_run_core(rig);
	assert_int_equal(expect_answer(rig, 0, open_and_wait(rig), &reply), EACCES);
}

/* The switch was acknowledged after the OPEN began. */
static void what_is_recorded_is_given_though_it_was_rotated(void **state)
{
	struct rig *rig = rig_of(state);
	struct reply reply;
	uint64_t unique = open_and_wait(rig);

	rig_rotate(rig, "second", 6);
	log_has_it(rig);
	must_ok(expect_answer(rig, 0, unique, &reply));
	expect_version(rig, reply.body.open.fh, "first");
	expect_parked(rig, 0);
	assert_int_equal(audited(rig), 0);
	assert_int_equal(audit_ring_next(rig->ring, AUDIT_LANE_DOORMAN), 2);
	unique = open_and_wait(rig);
	assert_int_equal(audit_at(rig, 0)->version, 2);
	log_has_it(rig);
	must_ok(expect_answer(rig, 0, unique, &reply));
	expect_version(rig, reply.body.open.fh, "second");
}

/* A core that dies in between gives the same. */
static void what_is_recorded_is_given_by_the_next_core(void **state)
{
	struct rig *rig = rig_of(state);
	struct reply reply;
	uint64_t unique = open_and_wait(rig), next, fh;

	rig_rotate(rig, "second", 6);
	start_next_core(rig);
	rig_run_core(rig);
	next = send_open(rig, open_ask(rig, rig->web, rig->file));
	expect_audited(rig, 2);
	assert_int_equal(audit_at(rig, 0)->version, 1);
	assert_int_equal(audit_at(rig, 1)->version, 2);
	log_has_it(rig);
	must_ok(expect_answer(rig, 0, unique, &reply));
	fh = reply.body.open.fh;
	must_ok(expect_answer(rig, 0, next, &reply));
	expect_version(rig, reply.body.open.fh, "second");
	expect_version(rig, fh, "first");
	assert_int_equal(audit_ring_next(rig->ring, AUDIT_LANE_DOORMAN), 3);
}

static void granted_anew_meanwhile_is_recorded_again(void **state)
{
	struct rig *rig = rig_of(state);
	struct grant_record gone = rig_revoked(&rig->grant);
	struct reply reply;
	uint64_t unique = open_and_wait(rig);

	rig_put_grant(rig, &gone);
	rig_rotate(rig, "second", 6);
	rig->grant = rig_grant(rig, RIG_CONSUMER, RIG_FILE);
	rig_put_grant(rig, &rig->grant);
	log_has_it(rig);
	expect_audited(rig, 1);
	expect_silence(rig);
	assert_int_equal(audit_at(rig, 0)->version, 2);
	log_has_it(rig);
	must_ok(expect_answer(rig, 0, unique, &reply));
	expect_version(rig, reply.body.open.fh, "second");
	assert_int_equal(server_open_handles(rig->server), 1);
}

static void a_grant_that_ends_meanwhile_is_a_denial(void **state)
{
	struct rig *rig = rig_of(state);
	struct grant_record gone = rig_revoked(&rig->grant);
	struct reply reply;
	uint64_t unique = open_and_wait(rig);

	rig_put_grant(rig, &gone);
	log_has_it(rig);
	assert_int_equal(expect_answer(rig, 0, unique, &reply), ENOENT);
	expect_parked(rig, 0);
	assert_int_equal(server_open_handles(rig->server), 0);
	assert_int_equal(audited(rig), 1);
	expect_denial(audit_at(rig, 0), "open", "not-granted", "ENOENT");
}

/* A signal does not fail the open: it ends in a moment, or at its deadline. */
static void a_signal_meanwhile_changes_nothing(void **state)
{
	struct rig *rig = rig_of(state);
	struct reply reply;
	uint64_t unique = open_and_wait(rig);

	for (int i = 0; i < 3; i++)
		send_interrupt(rig, unique, 0);
	for (bool again = true; again;) {
		again = answered_within(rig, 0, SILENCE_MS);
		/* Before the doorman had looked at it the kernel is to say it again. */
		if (again) {
			rig_receive(rig, 0, &reply);
			assert_int_equal(reply.unique, unique | 1);
			assert_int_equal(reply.errnum, EAGAIN);
		}
	}
	expect_parked(rig, 1);
	log_has_it(rig);
	must_ok(expect_answer(rig, 0, unique, &reply));
	unique = open_and_wait(rig);
	server_wake_parked(rig->server);
	expect_silence(rig);
	send_interrupt(rig, unique, 0);
	expect_silence(rig);
	let_patience_pass(rig);
	assert_int_equal(expect_answer(rig, 0, unique, &reply), EACCES);
}

/* A core dies while the OPEN waits: with its record in the ring, in the log, or about to be put. */
static void a_takeover_records_nothing_twice(void **state)
{
	struct rig *rig = rig_of(state);
	struct reply reply;
	uint64_t unique = open_and_wait(rig);

	for (int core = 0; core < 2; core++) {
		start_next_core(rig);
		rig_run_core(rig);
		expect_silence(rig);
		assert_int_equal(audited(rig), 1);
	}
	rig_end_core(rig);
	rig_start_core(rig);
	for (unsigned int lane = 0; lane < AUDIT_LANES; lane++)
		audit_ring_taken(rig->ring, lane, atomic_load(&rig->ring->lanes[lane].put));
	rig_run_core(rig);
	must_ok(expect_answer(rig, 0, unique, &reply));
	expect_parked(rig, 0);
	assert_int_equal(audit_ring_next(rig->ring, AUDIT_LANE_DOORMAN), 2);
	/* Or it had been answered. */
	rig_end_core(rig);
	atomic_store(&rig->handover->parked[0].state, PARKED_WAITING);
	rig_start_core(rig);
	rig_run_core(rig);
	must_ok(expect_answer(rig, 0, unique, &reply));
	expect_parked(rig, 0);
	assert_int_equal(audit_ring_next(rig->ring, AUDIT_LANE_DOORMAN), 2);
	assert_int_equal(server_open_handles(rig->server), 1);
}

static void a_record_that_was_not_put_is_put_by_the_next_core(void **state)
{
	struct rig *rig = rig_of(state);
	struct audit_record other = { .unique = 77, .kind = AUDIT_READ, .version = 1 };
	struct reply reply;
	uint64_t unique = open_and_wait(rig);

	rig_end_core(rig);
	atomic_store(
		&rig->handover->parked[0].recorded, audit_ring_next(rig->ring, AUDIT_LANE_DOORMAN));
	/* And that place was another's. */
	assert_true(audit_ring_put(rig->ring, AUDIT_LANE_DOORMAN, &other));
	rig_start_core(rig);
	rig_run_core(rig);
	expect_silence(rig);
	log_has_it(rig);
	expect_audited(rig, 1);
	assert_int_equal(audit_at(rig, 0)->unique, unique);
	expect_silence(rig);
	log_has_it(rig);
	must_ok(expect_answer(rig, 0, unique, &reply));
}

static void a_lane_that_is_full_is_waited_for(void **state)
{
	struct rig *rig = rig_of(state);
	struct audit_record other = { .unique = 77, .kind = AUDIT_READ };
	struct reply reply;
	uint64_t unique;

	for (unsigned int i = 0; i < AUDIT_LANE_RECORDS; i++)
		assert_true(audit_ring_put(rig->ring, AUDIT_LANE_DOORMAN, &other));
	unique = send_open(rig, open_ask(rig, rig->web, rig->file));
	expect_parked(rig, 1);
	expect_silence(rig);
	assert_int_equal(audit_ring_lost(rig->ring), 0);
	log_has_it(rig);
	expect_audited(rig, 1);
	expect_silence(rig);
	log_has_it(rig);
	must_ok(expect_answer(rig, 0, unique, &reply));
	assert_int_equal(audit_ring_lost(rig->ring), 0);
}

/* A read that is counted is counted first: a record never says that something was given that its
 * grant did not allow any more. */
static void a_read_is_counted_and_then_recorded(void **state)
{
	struct rig *rig = rig_of(state);
	struct reply reply;
	uint64_t unique;

	give_reads(rig, 1);
	unique = send_open(rig, open_ask(rig, rig->web, rig->file));
	expect_to_be_counted(rig, 1);
	assert_int_equal(audited(rig), 0);
	count_when_asked(rig, STEP_SETTLED);
	expect_audited(rig, 1);
	expect_silence(rig);
	log_has_it(rig);
	must_ok(expect_answer(rig, 0, unique, &reply));
	unique = send_open(rig, open_ask(rig, rig->web, rig->file));
	assert_int_equal(expect_answer(rig, 0, unique, &reply), ENOENT);
	assert_int_equal(audited(rig), 1);
	expect_denial(audit_at(rig, 0), "open", "used-up", "ENOENT");
}

#define required(test) cmocka_unit_test_setup_teardown(test, set_up_required, rig_tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		required(an_open_waits_until_the_log_has_it),
		required(many_wait_for_one_group),
		required(a_log_that_is_not_written_denies_at_the_deadline),
		required(a_deadline_needs_nobody_to_wake),
		required(what_is_recorded_is_given_though_it_was_rotated),
		required(what_is_recorded_is_given_by_the_next_core),
		required(granted_anew_meanwhile_is_recorded_again),
		required(a_grant_that_ends_meanwhile_is_a_denial),
		required(a_signal_meanwhile_changes_nothing),
		required(a_takeover_records_nothing_twice),
		required(a_record_that_was_not_put_is_put_by_the_next_core),
		required(a_lane_that_is_full_is_waited_for),
		required(a_read_is_counted_and_then_recorded),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
