/* SPDX-License-Identifier: Apache-2.0 */
/* The auditor: what is put into the ring comes into the log, once and in any state of the agent;
 * what the log cannot take stops changes, and nobody waits for a disk. */
#include <dirent.h>
#include <poll.h>
#include <sys/stat.h>

#include "core/audit/reader.h"
#include "core/control/audit/auditor_parts.h"
#include "desk.h"

#define PATIENCE_MS 60000

struct place {
	struct desk *desk;
	struct core *core;
	char dir[64], aside[80];
	int holder; /* the other end of the channel to it */
};

static void use_dir(struct place *place, enum config_copy copy)
{
	struct core *core = place->core;
	int pair[2];

	auditor_free(core);
	snprintf(core->config.audit_dir, sizeof core->config.audit_dir, "%s", place->dir);
	core->config.audit_file_size = 64;
	core->config.audit_copy = copy;
	assert_int_equal(frame_pair(pair, NULL), 0);
	core->holder = pair[0];
	place->holder = pair[1];
	assert_int_equal(auditor_new(core, NULL), 0);
}

static int place_set_up(void **state)
{
	struct place *place = calloc(1, sizeof *place);
	void *desk;

	assert_non_null(place);
	assert_int_equal(desk_set_up(&desk), 0);
	place->desk = desk;
	place->core = &place->desk->core;
	strcpy(place->dir, "/tmp/tacit-test-XXXXXX");
	assert_non_null(mkdtemp(place->dir));
	snprintf(place->aside, sizeof place->aside, "%s.aside", place->dir);
	use_dir(place, CONFIG_COPY_NONE);
	*state = place;
	return 0;
}

static int place_tear_down(void **state)
{
	struct place *place = *state;
	void *desk = place->desk;

	auditor_free(place->core);
	close(place->core->holder);
	close(place->holder);
	scratch_remove(place->dir);
	free(place);
	return desk_tear_down(&desk);
}

static void start(struct place *place)
{
	struct err err;

	must(auditor_start(place->core, &err));
}

static void unlock(struct place *place)
{
	struct err err;

	must(auditor_unlocked(place->core, &err));
}

/* As a core that was killed and its successor. */
static void start_again(struct place *place)
{
	struct err err;

	auditor_free(place->core);
	must(auditor_new(place->core, &err));
}

static void put_read(const struct place *place, uint64_t unique)
{
	struct audit_record record = { .unique = unique,
		.time_ns = clock_realtime_ns(),
		.kind = AUDIT_READ,
		.uid = AUDIT_NOBODY,
		.operator_uid = AUDIT_NOBODY,
		.act = "open",
		.outcome = "ok",
		.secret = "shop/db_password" };

	assert_true(audit_ring_put(auditor_ring(place->core), 0, &record));
	auditor_wake(place->core, false);
}

static struct auditor_state now(const struct place *place)
{
	struct auditor_state state;

	auditor_state(place->core, &state);
	return state;
}

/* Until the ring is empty, without a word to anybody. */
static void expect_written(const struct place *place)
{
	for (int i = 0; i < PATIENCE_MS && now(place).pump.queue; i++)
		usleep(1000);
	assert_int_equal(now(place).pump.queue, 0);
}

static void expect_blocked(const struct place *place, bool blocked)
{
	for (int i = 0; i < PATIENCE_MS && now(place).blocked != blocked; i++)
		usleep(1000);
	assert_true(now(place).blocked == blocked);
}

/* How many records of this act and outcome the log has; all of it is sound. */
static unsigned int logged(const struct place *place, const char *act, const char *outcome)
{
	const struct audit_options *options = auditor_options(place->core);
	struct audit_verdict verdict;
	struct audit_reader *reader;
	struct audit_record record;
	unsigned int count = 0;
	struct err err = { 0 };
	uint64_t number;

	assert_non_null(options);
	if (audit_verify(options, NULL, &verdict, &err) < 0)
		fail_msg("%s", err.text);
	assert_int_equal(audit_reader_open(options, 0, &reader, NULL), 0);
	while (audit_reader_next(reader, &record, &number, NULL) == 1)
		count += !strcmp(record.act, act) && !strcmp(record.outcome, outcome);
	audit_reader_close(reader);
	return count;
}

static struct audit_record a_change(const char *act)
{
	struct audit_record change = { .uid = AUDIT_NOBODY, .operator_uid = 1000 };

	snprintf(change.act, sizeof change.act, "%s", act);
	return change;
}

static void what_is_in_the_ring_comes_into_the_log(void **state)
{
	struct place *place = *state;
	struct audit_record change = a_change("rotate");
	struct err err;

	start(place);
	unlock(place);
	assert_true(now(place).open);
	for (uint64_t i = 1; i <= 600; i++) {
		put_read(place, i);
		if (i % 200 == 0)
			expect_written(place);
	}
	must(auditor_begin(place->core, &change, &err));
	auditor_end(place->core, "ok");
	auditor_end(place->core, "nothing was begun");
	auditor_note(place->core, "hook", "shop/db_password", 0, "compose/shop/web", "failed");
	auditor_flush(place->core);
	assert_int_equal(now(place).pump.queue, 0);
	assert_int_equal(logged(place, "open", "ok"), 600);
	assert_int_equal(logged(place, "rotate", "ok"), 1);
	assert_int_equal(logged(place, "hook", "failed"), 1);
	assert_int_equal(logged(place, "open-log", "1"), 1);
	assert_int_equal(now(place).pump.lost, 0);
	assert_int_equal(now(place).position.number, 603);
	assert_string_equal(now(place).reason, "");
}

/* The first start of an agent that nobody has unlocked yet: no log, and nothing is amiss. */
static void locked_without_a_log_it_waits(void **state)
{
	struct place *place = *state;
	struct audit_record change = a_change("unlock");
	struct err err;

	start(place);
	put_read(place, 1);
	auditor_flush(place->core);
	assert_false(now(place).open);
	assert_false(now(place).blocked);
	assert_null(auditor_options(place->core));
	must(auditor_begin(place->core, &change, &err));
	unlock(place);
	auditor_end(place->core, "ok");
	auditor_flush(place->core);
	assert_int_equal(logged(place, "open", "ok"), 1);
	assert_int_equal(logged(place, "unlock", "ok"), 1);
}

static void locked_it_writes_on_and_has_no_key(void **state)
{
	static const uint8_t none[SEAL_KEY_BYTES];
	struct place *place = *state;
	struct auditor_keys *keys = place->core->auditor->keys;

	start(place);
	unlock(place);
	put_read(place, 1);
	auditor_lock(place->core);
	assert_null(auditor_options(place->core));
	assert_memory_equal(keys->wished, none, sizeof none);
	assert_memory_equal(keys->used, none, sizeof none);
	assert_memory_equal(keys->reading, none, sizeof none);
	assert_true(now(place).open);
	put_read(place, 2);
	expect_written(place);
	/* A core that starts while it is locked. */
	start_again(place);
	put_read(place, 3);
	start(place);
	expect_written(place);
	assert_true(now(place).open);
	unlock(place);
	assert_int_equal(logged(place, "open", "ok"), 3);
}

/* The key is the store's: another core reads what this one has written. */
static void each_core_finds_the_same_key(void **state)
{
	struct place *place = *state;

	for (uint64_t core = 1; core <= 3; core++) {
		/* As boot does it, before there is a thread: nobody waits. */
		unlock(place);
		start(place);
		put_read(place, core);
		expect_written(place);
		assert_int_equal(logged(place, "open", "ok"), core);
		start_again(place);
	}
	unlock(place);
	start(place);
	auditor_flush(place->core);
	assert_int_equal(logged(place, "open", "ok"), 3);
}

static void a_log_that_cannot_be_written_refuses_changes(void **state)
{
	struct place *place = *state;
	struct audit_record change = a_change("rotate");
	struct err err;

	assert_int_equal(rename(place->dir, place->aside), 0);
	start(place);
	assert_int_equal(auditor_unlocked(place->core, &err), -TACIT_NOT_FOUND);
	put_read(place, 1);
	expect_blocked(place, true);
	assert_true(now(place).reason[0]);
	assert_int_equal(auditor_begin(place->core, &change, &err), -TACIT_UNAVAILABLE);
	auditor_end(place->core, "ok");
	assert_int_equal(rename(place->aside, place->dir), 0);
	expect_blocked(place, false);
	expect_written(place);
	must(auditor_begin(place->core, &change, &err));
	auditor_end(place->core, "ok");
	auditor_flush(place->core);
	assert_int_equal(logged(place, "rotate", "ok"), 1);
	assert_int_equal(logged(place, "open", "ok"), 1);
	assert_string_equal(now(place).reason, "");
}

/* A thread that does not come back from a disk: nobody waits for it longer than the patience, and
 * changes are refused. */
static void nobody_waits_for_a_disk_that_hangs(void **state)
{
	struct place *place = *state;
	struct audit_record change = a_change("rotate");
	struct auditor *auditor = place->core->auditor;
	struct err err;

	must(auditor_begin(place->core, &change, &err));
	auditor_end(place->core, "ok");
	/* Said to be there, and at a disk since the beginning of time. */
	auditor->started = true;
	assert_int_equal(auditor_unlocked(place->core, &err), -TACIT_UNAVAILABLE);
	auditor_lock(place->core);
	auditor_flush(place->core);
	atomic_store(&auditor->busy_since_ns, 1);
	assert_true(now(place).blocked);
	assert_true(now(place).reason[0]);
	assert_int_equal(auditor_begin(place->core, &change, &err), -TACIT_UNAVAILABLE);
	auditor->started = false;
}

static void the_worker_never_fills_its_lane_with_changes(void **state)
{
	struct place *place = *state;
	struct audit_record change = a_change("rotate");
	struct err err;
	unsigned int begun = 0;

	while (auditor_begin(place->core, &change, &err) == 0 && ++begun <= AUDIT_LANE_RECORDS)
		auditor_end(place->core, "ok");
	assert_true(begun < AUDIT_LANE_RECORDS);
	for (unsigned int i = begun; i < AUDIT_LANE_RECORDS; i++)
		auditor_note(place->core, "hook", NULL, 0, NULL, "ok");
	assert_int_equal(now(place).pump.lost, 0);
}

static void a_change_that_a_core_did_not_end_is_interrupted(void **state)
{
	struct place *place = *state;
	struct audit_record change = a_change("rotate");
	struct err err;

	must(auditor_begin(place->core, &change, &err));
	start_again(place);
	start_again(place);
	must(auditor_begin(place->core, &change, &err));
	auditor_end(place->core, "ok");
	start_again(place);
	unlock(place);
	start(place);
	expect_written(place);
	auditor_flush(place->core);
	assert_int_equal(logged(place, "rotate", "interrupted"), 1);
	assert_int_equal(logged(place, "rotate", "ok"), 1);
}

/* Killed between the two stores that end a change. */
static void a_change_that_ended_is_recorded_as_it_did(void **state)
{
	struct place *place = *state;
	struct audit_ring *ring = auditor_ring(place->core);
	struct audit_record change = a_change("rotate");
	struct err err;

	for (int put = 0; put < 2; put++) {
		must(auditor_begin(place->core, &change, &err));
		auditor_end(place->core, "ok");
		if (!put)
			atomic_fetch_sub(&ring->lanes[AUDIT_LANE_WORKER].put, 1);
		atomic_store(&ring->intent.state, AUDIT_INTENT_ENDED);
		start_again(place);
		ring = auditor_ring(place->core);
		assert_int_equal(audit_ring_waiting(ring, AUDIT_LANE_WORKER), put + 1);
	}
	unlock(place);
	start(place);
	auditor_flush(place->core);
	assert_int_equal(logged(place, "rotate", "ok"), 2);
}

/* What the last core had under way is found, said, and recorded. */
static void what_opening_finds_is_recorded(void **state)
{
	struct place *place = *state;
	char path[128];

	start(place);
	unlock(place);
	put_read(place, 1);
	expect_written(place);
	auditor_free(place->core);
	snprintf(path, sizeof path, "%s/audit.state", place->dir);
	assert_int_equal(unlink(path), 0);
	assert_int_equal(auditor_new(place->core, NULL), 0);
	unlock(place);
	start(place);
	auditor_flush(place->core);
	assert_true(now(place).open);
	assert_true(now(place).position.file > 1);
}

/* The question to holder, and its answer. */
static int give_copy(struct place *place)
{
	struct frame frame;
	int pair[2];

	assert_int_equal(frame_receive(place->holder, ROLE_CORE, ROLE_HOLDER, &frame, NULL), 0);
	assert_int_equal(frame.type, FRAME_NEED_COPY);
	assert_int_equal(
		socketpair(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, pair), 0);
	auditor_take_copy(place->core, pair[0]);
	return pair[1];
}

static size_t receive_copy(int copy, char *text, size_t room)
{
	struct pollfd wait = { .fd = copy, .events = POLLIN };
	ssize_t got;

	assert_int_equal(poll(&wait, 1, PATIENCE_MS), 1);
	got = recv(copy, text, room - 1, 0);
	assert_true(got > 0);
	text[got] = '\0';
	return (size_t)got;
}

static void expect_copying(struct place *place, bool copying)
{
	for (int i = 0; i < PATIENCE_MS && now(place).copying != copying; i++)
		usleep(1000);
	assert_true(now(place).copying == copying);
}

static void each_record_is_told_to_syslog(void **state)
{
	struct place *place = *state;
	char text[AUDIT_LINE_MAX], head[64];
	int copy;

	use_dir(place, CONFIG_COPY_SYSLOG);
	start(place);
	copy = give_copy(place);
	expect_copying(place, true);
	unlock(place);
	put_read(place, 7);
	receive_copy(copy, text, sizeof text);
	snprintf(head, sizeof head, "<86>tacit[%d]: {\"number\":2,", getpid());
	assert_memory_equal(text, head, strlen(head));
	assert_non_null(strstr(text, "\"secret\":\"shop/db_password\""));
	assert_string_equal(text + strlen(text) - 2, "7}");
	assert_int_equal(now(place).copies_lost, 0);
	close(copy);
}

static void each_record_is_told_to_journald(void **state)
{
	struct place *place = *state;
	char text[2 * AUDIT_LINE_MAX];
	int copy;

	use_dir(place, CONFIG_COPY_JOURNALD);
	start(place);
	copy = give_copy(place);
	expect_copying(place, true);
	unlock(place);
	put_read(place, 7);
	receive_copy(copy, text, sizeof text);
	assert_memory_equal(text, "MESSAGE={\"number\":2,", 20);
	assert_non_null(strstr(text, "}\nPRIORITY=6\nSYSLOG_FACILITY=10\n"));
	assert_non_null(strstr(text, "\nSYSLOG_IDENTIFIER=tacit\n"));
	assert_non_null(strstr(text, "\nTACIT_SECRET=shop/db_password\n"));
	assert_non_null(strstr(text, "\nTACIT_NUMBER=2\n"));
	close(copy);
}

/* What nobody takes is counted, and the log does not wait for it; whoever is gone is asked for
 * again. */
static void a_target_that_does_not_take_is_counted(void **state)
{
	struct place *place = *state;
	uint64_t unique = 1;
	int copy;

	use_dir(place, CONFIG_COPY_SYSLOG);
	start(place);
	unlock(place);
	put_read(place, unique++);
	expect_written(place);
	assert_int_equal(now(place).copies_lost, 1);
	copy = give_copy(place);
	expect_copying(place, true);
	/* Until its queue is full. */
	while (now(place).copies_lost == 1 && unique < 100000) {
		put_read(place, unique++);
		expect_written(place);
	}
	assert_true(now(place).copies_lost > 1);
	assert_true(now(place).copying);
	auditor_flush(place->core);
	assert_int_equal(logged(place, "open", "ok"), unique - 1);
	close(copy);
	put_read(place, unique++);
	expect_copying(place, false);
	copy = give_copy(place);
	expect_copying(place, true);
	close(copy);
}

#define placed(test) cmocka_unit_test_setup_teardown(test, place_set_up, place_tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		placed(what_is_in_the_ring_comes_into_the_log),
		placed(locked_without_a_log_it_waits),
		placed(locked_it_writes_on_and_has_no_key),
		placed(each_core_finds_the_same_key),
		placed(a_log_that_cannot_be_written_refuses_changes),
		placed(nobody_waits_for_a_disk_that_hangs),
		placed(the_worker_never_fills_its_lane_with_changes),
		placed(a_change_that_a_core_did_not_end_is_interrupted),
		placed(a_change_that_ended_is_recorded_as_it_did),
		placed(what_opening_finds_is_recorded),
		placed(each_record_is_told_to_syslog),
		placed(each_record_is_told_to_journald),
		placed(a_target_that_does_not_take_is_counted),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
