/* SPDX-License-Identifier: Apache-2.0 */
/* From the ring into the log, each record once, however often and wherever core dies. */
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/wait.h>

#include "base/clock.h"
#include "core/audit/pump.h"
#include "rig.h"

static struct audit_ring *new_ring(int *fd)
{
	struct audit_ring *ring;

	assert_int_equal(audit_ring_create(fd, NULL), 0);
	assert_int_equal(audit_ring_map(*fd, &ring, NULL), 0);
	return ring;
}

/* The records come by their numbers in the log, which are those of rig_record() here. */
static void count_durable(void *with, const struct audit_record *record, uint64_t number)
{
	assert_int_equal(number, ++*(unsigned int *)with);
	assert_int_equal(record->unique, number);
}

static void lanes_are_merged_by_time(void **state)
{
	struct audit_pump_state pumped;
	unsigned int durable = 0;
	struct audit_ring *ring;
	struct audit_pump *pump;
	struct rig rig;
	int fd;

	(void)state;
	rig_start(&rig);
	rig_open(&rig);
	ring = new_ring(&fd);
	pump = audit_pump_new(ring, rig.log);
	audit_pump_on_durable(pump, count_durable, &durable);
	assert_int_equal(audit_pump_run(pump, NULL), 0);
	for (uint64_t i = 1; i <= 50; i++) {
		struct audit_record record = rig_record(i);

		assert_true(audit_ring_put(ring, (unsigned int)(i * 7 % AUDIT_LANES), &record));
	}
	assert_int_equal(durable, 0);
	assert_int_equal(audit_pump_run(pump, NULL), 0);
	assert_int_equal(durable, 50);
	audit_pump_state(pump, &pumped);
	assert_int_equal(pumped.written, 50);
	assert_int_equal(pumped.groups, 1);
	assert_int_equal(pumped.queue, 0);
	assert_int_equal(pumped.blocked_since_ns, 0);
	rig_expect(&rig, 50);
	audit_pump_free(pump);
	audit_ring_unmap(ring);
	close(fd);
	rig_end(&rig);
}

static void long_queue_goes_in_groups(void **state)
{
	struct audit_ring *ring;
	struct audit_pump *pump;
	struct rig rig;
	int fd, groups = 0;

	(void)state;
	rig_start(&rig);
	rig_open(&rig);
	ring = new_ring(&fd);
	pump = audit_pump_new(ring, rig.log);
	for (uint64_t i = 1; i <= AUDIT_LANE_RECORDS; i++) {
		struct audit_record record = rig_record(i);

		assert_true(audit_ring_put(ring, 0, &record));
	}
	while (audit_pump_run(pump, NULL) == 1)
		groups++;
	assert_int_equal(groups, AUDIT_LANE_RECORDS / AUDIT_BATCH_RECORDS);
	rig_expect(&rig, AUDIT_LANE_RECORDS);
	audit_pump_free(pump);
	audit_ring_unmap(ring);
	close(fd);
	rig_end(&rig);
}

static void lost_records_are_told_of_once(void **state)
{
	struct audit_record record = rig_record(1);
	struct audit_reader *reader;
	struct audit_ring *ring;
	struct audit_pump *pump;
	struct rig rig;
	uint64_t number;
	int fd;

	(void)state;
	rig_start(&rig);
	rig_open(&rig);
	ring = new_ring(&fd);
	for (unsigned int i = 0; i < AUDIT_LANE_RECORDS + 3; i++)
		audit_ring_put(ring, 5, &record);
	for (int core = 0; core < 3; core++) {
		pump = audit_pump_new(ring, rig.log);
		while (audit_pump_run(pump, NULL) == 1)
			;
		audit_pump_free(pump);
		rig_close(&rig);
		rig_open(&rig);
	}
	assert_int_equal(audit_reader_open(&rig.options, 0, &reader, NULL), 0);
	assert_int_equal(audit_reader_next(reader, &record, &number, NULL), 1);
	assert_int_equal(record.kind, AUDIT_AGENT);
	assert_string_equal(record.act, "lost");
	assert_string_equal(record.outcome, "3");
	while (audit_reader_next(reader, &record, &number, NULL) == 1)
		assert_string_equal(record.act, "open");
	assert_int_equal(number, AUDIT_LANE_RECORDS + 1);
	audit_reader_close(reader);
	audit_ring_unmap(ring);
	close(fd);
	rig_end(&rig);
}

/* The log of a host that was started again has another ring, whose counters begin anew. */
static void another_ring_begins_anew(void **state)
{
	struct rig rig;

	(void)state;
	rig_start(&rig);
	for (uint64_t boot = 0; boot < 3; boot++) {
		struct audit_pump *pump;
		struct audit_ring *ring;
		int fd;

		rig_open(&rig);
		ring = new_ring(&fd);
		pump = audit_pump_new(ring, rig.log);
		for (uint64_t i = 1; i <= 4; i++) {
			struct audit_record record = rig_record(boot * 4 + i);

			assert_true(audit_ring_put(ring, 1, &record));
		}
		assert_int_equal(audit_pump_run(pump, NULL), 0);
		audit_pump_free(pump);
		audit_ring_unmap(ring);
		close(fd);
		rig_close(&rig);
	}
	rig_expect(&rig, 12);
	rig_end(&rig);
}

/* What is in the way of the log is refused and not waited for; producers go on, until the lane is
 * full, and know. */
static void blocked_target_stops_nobody(void **state)
{
	struct audit_pump_state pumped;
	struct audit_ring *ring;
	struct audit_pump *pump;
	struct rig rig;
	char file[128], aside[128];
	int fd;

	(void)state;
	rig_start(&rig);
	rig_open(&rig);
	ring = new_ring(&fd);
	pump = audit_pump_new(ring, rig.log);
	rig_path(&rig, "audit-00000001", file);
	rig_path(&rig, "aside", aside);
	assert_int_equal(audit_pump_run(pump, NULL), 0);
	close(rig.log->file);
	rig.log->file = open("/dev/full", O_WRONLY | O_CLOEXEC);
	assert_int_equal(rename(file, aside), 0);
	assert_int_equal(mkfifo(file, 0600), 0);
	for (uint64_t i = 1; i <= AUDIT_LANE_RECORDS; i++) {
		struct audit_record record = rig_record(i);

		assert_true(audit_ring_put(ring, 0, &record));
		if (i % 50 == 0)
			assert_int_equal(audit_pump_run(pump, NULL), -TACIT_IO);
	}
	audit_pump_state(pump, &pumped);
	assert_true(pumped.blocked_since_ns > 0);
	assert_int_equal(pumped.failures, AUDIT_LANE_RECORDS / 50);
	assert_int_equal(pumped.queue, AUDIT_LANE_RECORDS);
	assert_false(audit_ring_put(ring, 0, &(struct audit_record){ .kind = AUDIT_READ }));
	assert_int_equal(rename(aside, file), 0);
	while (audit_pump_run(pump, NULL) == 1)
		;
	audit_pump_state(pump, &pumped);
	assert_int_equal(pumped.blocked_since_ns, 0);
	/* And that one was lost. */
	assert_int_equal(pumped.written, AUDIT_LANE_RECORDS + 1);
	assert_int_equal(rig_verify(&rig, &(struct audit_verdict){ 0 }), 0);
	audit_pump_free(pump);
	audit_ring_unmap(ring);
	close(fd);
	rig_end(&rig);
}

/* The storm: a core of four producers and a pump, that is killed again and again. What a producer
 * has in hand lies in memory that outlives it, as a request of the kernel does in its slot. */
#define PRODUCERS 4
#define KILLS 40
#define REQUESTS 1500u /* of each producer, at least */

struct outside {
	struct {
		_Atomic uint64_t in_hand;  /* number of the request; 0: none */
		_Atomic uint64_t answered; /* how many were, and so their numbers */
	} slot[PRODUCERS];
	_Atomic uint64_t found; /* requests done again whose record was there already */
};

struct core {
	struct audit_ring *ring;
	struct outside *outside;
	struct audit_options options;
};

struct producer {
	const struct core *core;
	unsigned int lane;
};

static uint64_t request_number(unsigned int lane, uint64_t sequence)
{
	return sequence * PRODUCERS + lane + 1;
}

static void record_one(const struct producer *producer, struct audit_record *record)
{
	record->time_ns = clock_realtime_ns();
	while (audit_ring_waiting(producer->core->ring, producer->lane) == AUDIT_LANE_RECORDS)
		sched_yield();
	if (!audit_ring_put(producer->core->ring, producer->lane, record))
		_exit(5);
}

static void serve(const struct producer *producer, uint64_t unique, bool again)
{
	struct outside *outside = producer->core->outside;
	struct audit_record record = rig_record(unique), found;
	bool taken;

	if (again && audit_ring_find(producer->core->ring, unique, &found, &taken))
		outside->found++;
	else
		record_one(producer, &record);
	/* The answer takes its time, and core may die meanwhile. */
	if (!again)
		usleep(100);
	outside->slot[producer->lane].answered++;
	outside->slot[producer->lane].in_hand = 0;
}

/* Answered twice is found out by the count alone: between the two stores the number was done. */
static void resume(const struct producer *producer)
{
	struct outside *outside = producer->core->outside;
	uint64_t unique = outside->slot[producer->lane].in_hand;
	uint64_t done = outside->slot[producer->lane].answered;

	if (unique && unique == request_number(producer->lane, done))
		serve(producer, unique, true);
	outside->slot[producer->lane].in_hand = 0;
}

static void *produce(void *arg)
{
	const struct producer *producer = arg;
	struct outside *outside = producer->core->outside;

	for (;;) {
		uint64_t unique =
			request_number(producer->lane, outside->slot[producer->lane].answered);

		outside->slot[producer->lane].in_hand = unique;
		serve(producer, unique, false);
	}
	return NULL;
}

static void be_core(const struct core *core, unsigned int seed)
{
	struct producer producers[PRODUCERS];
	pthread_t threads[PRODUCERS];
	struct audit_found found;
	struct audit_pump *pump;
	struct audit_log *log;

	if (audit_log_open(&core->options, &log, &found, NULL) < 0 || found.broken ||
		found.state_lost)
		_exit(3);
	pump = audit_pump_new(core->ring, log);
	/* Room for what is done again: mostly before anything else is written, or after a group. */
	for (bool full = true; full;) {
		full = false;
		for (unsigned int i = 0; i < PRODUCERS; i++)
			full = full || audit_ring_waiting(core->ring, i) == AUDIT_LANE_RECORDS;
		if ((full || seed % 3 == 0) && audit_pump_run(pump, NULL) < 0)
			_exit(4);
	}
	for (unsigned int i = 0; i < PRODUCERS; i++) {
		producers[i] = (struct producer){ core, i };
		resume(&producers[i]);
	}
	for (unsigned int i = 0; i < PRODUCERS; i++)
		pthread_create(&threads[i], NULL, produce, &producers[i]);
	for (;;)
		if (audit_pump_run(pump, NULL) < 0)
			_exit(4);
}

static uint64_t answered(const struct outside *outside)
{
	uint64_t least = UINT64_MAX;

	for (unsigned int i = 0; i < PRODUCERS; i++)
		if (outside->slot[i].answered < least)
			least = outside->slot[i].answered;
	return least;
}

/* One life of a core, ended after it has done something, at a moment that chance chooses. */
static void live_and_die(const struct core *core, unsigned int seed)
{
	uint64_t goal = answered(core->outside) + REQUESTS / KILLS + seed % 7;
	pid_t child = fork();
	int status;

	assert_true(child >= 0);
	if (!child)
		be_core(core, seed);
	while (answered(core->outside) < goal) {
		usleep(500 + seed * 7919 % 1000);
		if (waitpid(child, &status, WNOHANG) == child)
			fail_msg("core ended by itself: %d", WEXITSTATUS(status));
	}
	kill(child, SIGKILL);
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFSIGNALED(status));
}

/* Each request that was answered is there once, one that was not at most once. */
static void expect_each_once(const struct rig *rig, const struct outside *outside)
{
	static uint8_t seen[PRODUCERS][1u << 20];
	struct audit_reader *reader;
	struct audit_record record;
	struct err err = { 0 };
	uint64_t number, total = 0;
	int result;

	memset(seen, 0, sizeof seen);
	assert_int_equal(audit_reader_open(&rig->options, 0, &reader, NULL), 0);
	while ((result = audit_reader_next(reader, &record, &number, &err)) == 1) {
		uint64_t lane = (record.unique - 1) % PRODUCERS;
		uint64_t sequence = (record.unique - 1) / PRODUCERS;

		assert_true(sequence < sizeof seen[0]);
		if (++seen[lane][sequence] > 1)
			fail_msg("request %d of producer %d is there twice", (int)sequence,
				(int)lane);
		total++;
	}
	if (result < 0)
		fail_msg("%s", err.text);
	audit_reader_close(reader);
	for (unsigned int lane = 0; lane < PRODUCERS; lane++)
		for (uint64_t i = 0; i < outside->slot[lane].answered; i++)
			if (!seen[lane][i] && i < sizeof seen[0])
				fail_msg("request %d of producer %u is not there", (int)i, lane);
	print_message(
		"           %d kills, %d records, none lost, none doubled\n", KILLS, (int)total);
	print_message("           %d requests that were done again were recorded already\n",
		(int)outside->found);
	assert_true(outside->found > 0);
}

static void every_record_is_there_once_after_any_kill(void **state)
{
	struct core core = { 0 };
	struct audit_pump *pump;
	struct rig rig;
	int fd;

	(void)state;
	rig_start(&rig);
	rig.options.file_bytes = 1u << 18;
	core.options = rig.options;
	core.ring = new_ring(&fd);
	core.outside = mmap(NULL, sizeof *core.outside, PROT_READ | PROT_WRITE,
		MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	assert_ptr_not_equal(core.outside, MAP_FAILED);
	for (unsigned int i = 0; i < KILLS; i++)
		live_and_die(&core, i);
	rig_open(&rig);
	pump = audit_pump_new(core.ring, rig.log);
	while (audit_pump_run(pump, NULL) == 1)
		;
	assert_int_equal(audit_ring_queue(core.ring), 0);
	/* Whoever waited for room had not been answered: that is no loss. */
	audit_pump_free(pump);
	rig_close(&rig);
	expect_each_once(&rig, core.outside);
	munmap(core.outside, sizeof *core.outside);
	audit_ring_unmap(core.ring);
	close(fd);
	rig_end(&rig);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(lanes_are_merged_by_time),
		cmocka_unit_test(long_queue_goes_in_groups),
		cmocka_unit_test(lost_records_are_told_of_once),
		cmocka_unit_test(another_ring_begins_anew),
		cmocka_unit_test(blocked_target_stops_nobody),
		cmocka_unit_test(every_record_is_there_once_after_any_kill),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
