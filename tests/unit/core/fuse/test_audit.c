/* SPDX-License-Identifier: Apache-2.0 */
/* Who was given what, and who was not: each read is recorded once, whichever core answers it; a
 * denial is a record, and a flood of them a number. */
#include "audited.h"

static struct rig *rig_with_names(struct rig *rig)
{
	engine_names(rig, 'a', "shop/web");
	engine_names(rig, 'b', "shop/db");
	return rig;
}

static void a_read_is_recorded_with_all_that_is_known(void **state)
{
	struct rig *rig = rig_of(state);
	const struct audit_record *record;
	struct reply reply;
	struct ask ask;
	char id[CONTAINER_ID_LENGTH + 1] = { 0 };

	rig_with_names(rig);
	rig_rotate(rig, "second", 6);
	ask = open_ask(rig, rig->web, rig->file);
	ask.unique = send_open(rig, ask);
	must_ok(expect_answer(rig, 0, ask.unique, &reply));
	assert_int_equal(audited(rig), 1);
	record = audit_at(rig, 0);
	memset(id, 'a', CONTAINER_ID_LENGTH);
	assert_int_equal(record->kind, AUDIT_READ);
	assert_int_equal(record->unique, ask.unique);
	assert_int_equal(record->version, 2);
	assert_int_equal(record->pid, rig->web);
	assert_int_equal(record->uid, 1000);
	assert_int_equal(record->operator_uid, AUDIT_NOBODY);
	assert_int_equal(record->count, 0);
	assert_true(record->time_ns > 0);
	assert_memory_equal(record->secret_id, rig->secret.id, sizeof record->secret_id);
	assert_string_equal(record->secret, RIG_SECRET);
	assert_string_equal(record->consumer, RIG_CONSUMER);
	assert_string_equal(record->container, id);
	assert_string_equal(record->act, "open");
	assert_string_equal(record->rule, "consumer");
	assert_string_equal(record->outcome, "ok");
	/* A child of this very program. */
	assert_memory_equal(record->comm, "test_audit", strlen(record->comm));
	assert_true(record->comm[0]);
	assert_int_equal(rig_read(rig, rig_by(rig->web, 1000, rig->file), FUSE_READ,
				 reply.body.open.fh, 0, 100, false, &reply),
		0);
	assert_int_equal(audited(rig), 1);
	assert_true(atomic_load(&rig->wakes_of_audit) > 0);
}

static void reads_are_never_told_together(void **state)
{
	struct rig *rig = rig_of(state);
	struct reply reply;

	rig_with_names(rig);
	for (unsigned int i = 0; i < 50; i++)
		must_ok(rig_open(
			rig, rig_by(rig->web, 1000, rig->file), FUSE_OPEN, O_RDONLY, &reply));
	assert_int_equal(audited(rig), 50);
}

/* Nobody else gets so far as to an OPEN: the shell says that there is no such file. */
static void who_looks_at_what_is_anothers_is_recorded(void **state)
{
	struct rig *rig = rig_of(state);
	struct reply reply;

	rig_with_names(rig);
	assert_int_equal(rig_getattr(rig, rig_by(rig->other, 1000, rig->file), &reply), ENOENT);
	assert_int_equal(
		rig_access(rig, rig_by(rig->other, 1000, rig->file), R_OK, &reply), ENOENT);
	assert_int_equal(rig_getattr(rig, rig_by(rig->host, 1000, rig->file), &reply), ENOENT);
	assert_int_equal(
		rig_open(rig, rig_by(rig->other, 1000, rig->file), FUSE_OPEN, O_RDONLY, &reply),
		ENOENT);
	assert_int_equal(audited(rig), 4);
	expect_denial(audit_at(rig, 0), "stat", "other-consumer", "ENOENT");
	assert_string_equal(audit_at(rig, 0)->secret, RIG_SECRET);
	assert_string_equal(audit_at(rig, 0)->consumer, RIG_CONSUMER);
	assert_int_equal(audit_at(rig, 0)->version, 0);
	expect_denial(audit_at(rig, 1), "access", "other-consumer", "ENOENT");
	expect_denial(audit_at(rig, 2), "stat", "host-process", "ENOENT");
	assert_string_equal(audit_at(rig, 2)->container, "");
	expect_denial(audit_at(rig, 3), "open", "other-consumer", "ENOENT");
}

static void what_is_no_attempt_is_not_recorded(void **state)
{
	struct rig *rig = rig_of(state);
	struct grant_record gone;
	struct reply reply;

	rig_with_names(rig);
	/* A name that is there, by whoever asks; one that is not; a directory. */
	must_ok(rig_lookup(rig, rig_by(rig->other, 1000, rig->consumer), RIG_FILE, &reply));
	assert_int_equal(
		rig_lookup(rig, rig_by(rig->other, 1000, rig->consumer), "none", &reply), ENOENT);
	must_ok(rig_getattr(rig, rig_by(rig->other, 1000, rig->consumer), &reply));
	/* An operator looks. */
	must_ok(rig_getattr(rig, rig_by(rig->host, 0, rig->file), &reply));
	/* What was granted once. */
	gone = rig_revoked(&rig->grant);
	rig_put_grant(rig, &gone);
	assert_int_equal(rig_getattr(rig, rig_by(rig->web, 1000, rig->file), &reply), ENOENT);
	/* A toucher, of nothing. */
	server_set_toucher(rig->server, rig->host);
	rig_open(rig, rig_by(rig->host, geteuid(), rig->file), FUSE_OPEN, O_WRONLY, &reply);
	assert_int_equal(audited(rig), 0);
	assert_int_equal(
		rig_open(rig, rig_by(rig->web, 1000, rig->file), FUSE_OPEN, O_RDONLY, &reply),
		ENOENT);
	assert_int_equal(audited(rig), 1);
	expect_denial(audit_at(rig, 0), "open", "not-granted", "ENOENT");
	assert_string_equal(audit_at(rig, 0)->consumer, RIG_CONSUMER);
}

static void an_open_file_that_is_read_no_further_is_recorded(void **state)
{
	struct rig *rig = rig_of(state);
	struct grant_record gone = rig_revoked(&rig->grant);
	struct reply reply;
	uint64_t fh;

	rig_with_names(rig);
	must_ok(rig_open(rig, rig_by(rig->web, 1000, rig->file), FUSE_OPEN, O_RDONLY, &reply));
	fh = reply.body.open.fh;
	/* The page cache is refused to all: that is not a denial. */
	assert_int_equal(rig_read(rig, rig_by(rig->web, 1000, rig->file), FUSE_READ, fh, 0, 100,
				 true, &reply),
		EINVAL);
	assert_int_equal(audited(rig), 1);
	rig_put_grant(rig, &gone);
	assert_int_equal(rig_read(rig, rig_by(rig->web, 1000, rig->file), FUSE_READ, fh, 0, 100,
				 false, &reply),
		ENOENT);
	assert_int_equal(audited(rig), 2);
	expect_denial(audit_at(rig, 1), "read", "not-granted", "ENOENT");
}

static void locked_every_open_is_a_denial_without_a_name(void **state)
{
	struct rig *rig = rig_of(state);
	struct reply reply;

	rig_lock(rig);
	assert_int_equal(
		rig_open(rig, rig_by(rig->web, 1000, rig->file), FUSE_OPEN, O_RDONLY, &reply),
		ENOKEY);
	assert_int_equal(audited(rig), 1);
	expect_denial(audit_at(rig, 0), "open", "locked", "ENOKEY");
	assert_string_equal(audit_at(rig, 0)->secret, "");
	assert_string_equal(audit_at(rig, 0)->consumer, "");
}

static void a_flood_of_denials_is_a_record_and_a_number(void **state)
{
	struct rig *rig = rig_of(state);
	struct reply reply;

	rig_with_names(rig);
	for (unsigned int i = 0; i < 50; i++)
		rig_getattr(rig, rig_by(rig->other, 1000, rig->file), &reply);
	/* Of another kind. */
	rig_getattr(rig, rig_by(rig->other, 1001, rig->file), &reply);
	assert_int_equal(audited(rig), 2);
	assert_true(server_settle_denials(rig->server));
	assert_int_equal(audited(rig), 2);
	let_second_pass(rig);
	assert_false(server_settle_denials(rig->server));
	assert_int_equal(audited(rig), 3);
	assert_int_equal(audit_at(rig, 0)->count, 0);
	assert_int_equal(audit_at(rig, 2)->count, 49);
	assert_int_equal(audit_at(rig, 2)->unique, 0);
	assert_int_equal(audit_at(rig, 2)->pid, 0);
	assert_string_equal(audit_at(rig, 2)->container, audit_at(rig, 0)->container);
	expect_denial(audit_at(rig, 2), "stat", "other-consumer", "ENOENT");
	/* And then the next one is the first again. */
	rig_getattr(rig, rig_by(rig->other, 1000, rig->file), &reply);
	assert_int_equal(audited(rig), 4);
	assert_int_equal(audit_at(rig, 3)->count, 0);
	let_second_pass(rig);
	assert_false(server_settle_denials(rig->server));
	assert_int_equal(audited(rig), 4);
}

/* Nobody is kept out of the log by those who are denied. */
static void denials_leave_room_for_what_is_given(void **state)
{
	struct rig *rig = rig_of(state);
	struct reply reply;

	rig_with_names(rig);
	for (uint32_t uid = 1; uid <= AUDIT_LANE_RECORDS; uid++)
		rig_getattr(rig, rig_by(rig->other, 1000 + uid, rig->file), &reply);
	assert_int_equal(audited(rig), AUDIT_LANE_RECORDS / 2);
	assert_int_equal(audit_ring_lost(rig->ring), AUDIT_LANE_RECORDS / 2);
	must_ok(rig_open(rig, rig_by(rig->web, 1000, rig->file), FUSE_OPEN, O_RDONLY, &reply));
	assert_int_equal(audited(rig), AUDIT_LANE_RECORDS / 2 + 1);
	assert_int_equal(audit_at(rig, AUDIT_LANE_RECORDS / 2)->kind, AUDIT_READ);
}

static void a_full_lane_stops_no_read(void **state)
{
	struct rig *rig = rig_of(state);
	struct reply reply;

	rig_with_names(rig);
	for (unsigned int i = 0; i < AUDIT_LANE_RECORDS + 3; i++) {
		must_ok(rig_open(
			rig, rig_by(rig->web, 1000, rig->file), FUSE_OPEN, O_RDONLY, &reply));
		must_ok(rig_release(
			rig, rig_by(rig->web, 1000, rig->file), reply.body.open.fh, &reply));
	}
	assert_int_equal(audited(rig), AUDIT_LANE_RECORDS);
	assert_int_equal(audit_ring_lost(rig->ring), 3);
}

static void start_next_core(struct rig *rig)
{
	rig_end_core(rig);
	rig_start_core(rig);
	engine_names(rig, 'a', "shop/web");
	engine_names(rig, 'b', "shop/db");
}

/* A core dies with a request in hand: before it has put the record, or after it. */
static void a_request_done_again_is_recorded_once(void **state)
{
	struct rig *rig = rig_of(state);
	struct ask read = open_ask(rig, rig->web, rig->file);
	struct ask denied = open_ask(rig, rig->other, rig->file);
	struct reply reply;

	rig_with_names(rig);
	read.unique = 1000;
	denied.unique = 1002;
	denied.thread = 1;
	for (int core = 0; core < 3; core++) {
		start_next_core(rig);
		rig_leave(rig, &read, 0);
		rig_leave(rig, &denied, 0);
		rig_run_core(rig);
		must_ok(expect_answer(rig, 0, read.unique, &reply));
		assert_int_equal(expect_answer(rig, 1, denied.unique, &reply), ENOENT);
		assert_int_equal(audited(rig), 2);
		assert_int_equal(audited_of(rig, read.unique), 1);
		assert_int_equal(audited_of(rig, denied.unique), 1);
	}
	let_second_pass(rig);
	server_settle_denials(rig->server);
	assert_int_equal(audited(rig), 2);
	/* What the log has already, too. */
	log_has_it(rig);
	start_next_core(rig);
	rig_leave(rig, &read, 0);
	rig_run_core(rig);
	must_ok(expect_answer(rig, 0, read.unique, &reply));
	assert_int_equal(audited(rig), 0);
}

static void a_request_sent_again_is_recorded_once(void **state)
{
	struct rig *rig = rig_of(state);
	struct ask ask = open_ask(rig, rig->web, rig->file);
	struct reply reply;

	rig_with_names(rig);
	ask.unique = 1000;
	must_ok(rig_ask(rig, &ask, &reply));
	ask.unique |= UNIQUE_RESENT;
	ask.thread = 1;
	must_ok(rig_ask(rig, &ask, &reply));
	assert_int_equal(audited(rig), 1);
	assert_int_equal(audit_at(rig, 0)->unique, 1000);
}

/* What was counted is told by the next core; and a denial that it counted is not counted again. */
static void what_was_counted_outlives_core(void **state)
{
	struct rig *rig = rig_of(state);
	struct ask ask = rig_by(rig->other, 1000, rig->file);
	struct fuse_getattr_in body = { 0 };
	struct reply reply;

	rig_with_names(rig);
	ask.opcode = FUSE_GETATTR;
	ask.body = &body;
	ask.length = sizeof body;
	for (ask.unique = 1000; ask.unique <= 1008; ask.unique += 2)
		assert_int_equal(rig_ask(rig, &ask, &reply), ENOENT);
	assert_int_equal(audited(rig), 1);
	ask.unique = 1008;
	start_next_core(rig);
	rig_leave(rig, &ask, 0);
	rig_run_core(rig);
	assert_int_equal(expect_answer(rig, 0, ask.unique, &reply), ENOENT);
	let_second_pass(rig);
	server_settle_denials(rig->server);
	assert_int_equal(audited(rig), 2);
	assert_int_equal(audit_at(rig, 1)->count, 4);
}

/* A core dies when it has put the number, and before it says that it did. */
static void a_number_is_told_once(void **state)
{
	struct rig *rig = rig_of(state);
	struct audit_merged *merged = rig->ring->lanes[0].merged;
	struct reply reply;
	unsigned int used = 0;

	rig_with_names(rig);
	for (int i = 0; i < 3; i++)
		rig_getattr(rig, rig_by(rig->other, 1000, rig->file), &reply);
	while (!atomic_load(&merged[used].since_ns))
		used++;
	let_second_pass(rig);
	server_settle_denials(rig->server);
	assert_int_equal(audited(rig), 2);
	rig_end_core(rig);
	atomic_store(&merged[used].since_ns, 1);
	rig_start_core(rig);
	rig_run_core(rig);
	server_settle_denials(rig->server);
	assert_int_equal(audited(rig), 2);
	/* Or when it was about to put it. */
	rig_end_core(rig);
	atomic_store(&merged[used].since_ns, 1);
	atomic_store(&merged[used].place, audit_ring_next(rig->ring, 0));
	rig_start_core(rig);
	rig_run_core(rig);
	server_settle_denials(rig->server);
	assert_int_equal(audited(rig), 3);
	assert_int_equal(audit_at(rig, 2)->count, 2);
}

/* An OPEN that waited for an engine: answered, or denied, and recorded once, though a core dies
 * before it could say that it had answered. */
static void a_parked_open_is_recorded_once(void **state)
{
	struct rig *rig = rig_of(state);
	struct ask ask = open_ask(rig, rig->web, rig->file);
	struct reply reply;

	for (pid_t reader = rig->web; reader; reader = reader == rig->web ? rig->other : 0) {
		ask.pid = reader;
		ask.unique = send_open(rig, ask);
		expect_parked(rig, 1);
		assert_int_equal(audited(rig), reader == rig->web ? 0 : 1);
		engine_names(rig, reader == rig->web ? 'a' : 'b',
			reader == rig->web ? "shop/web" : "shop/db");
		assert_int_equal(
			expect_answer(rig, 0, ask.unique, &reply), reader == rig->web ? 0 : ENOENT);
		expect_parked(rig, 0);
		rig_end_core(rig);
		atomic_store(&rig->handover->parked[0].state, PARKED_WAITING);
		rig_start_core(rig);
		engine_names(rig, 'a', "shop/web");
		if (reader == rig->other)
			engine_names(rig, 'b', "shop/db");
		rig_run_core(rig);
		expect_answer(rig, 0, ask.unique, &reply);
		expect_parked(rig, 0);
		assert_int_equal(audited_of(rig, ask.unique), 1);
	}
	assert_int_equal(audit_ring_waiting(rig->ring, AUDIT_LANE_DOORMAN), 2);
}

#define with_engine(test) cmocka_unit_test_setup_teardown(test, rig_set_up_engine, rig_tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		with_engine(a_read_is_recorded_with_all_that_is_known),
		with_engine(reads_are_never_told_together),
		with_engine(who_looks_at_what_is_anothers_is_recorded),
		with_engine(what_is_no_attempt_is_not_recorded),
		with_engine(an_open_file_that_is_read_no_further_is_recorded),
		with_engine(locked_every_open_is_a_denial_without_a_name),
		with_engine(a_flood_of_denials_is_a_record_and_a_number),
		with_engine(denials_leave_room_for_what_is_given),
		with_engine(a_full_lane_stops_no_read),
		with_engine(a_request_done_again_is_recorded_once),
		with_engine(a_request_sent_again_is_recorded_once),
		with_engine(what_was_counted_outlives_core),
		with_engine(a_number_is_told_once),
		with_engine(a_parked_open_is_recorded_once),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
