/* SPDX-License-Identifier: Apache-2.0 */
/* The ring of audit records: what is put in is there once, whole, and until it is taken, though its
 * process dies at any instruction. */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "wire/audit_ring.h"

static struct audit_record sample(uint64_t unique)
{
	struct audit_record record;

	memset(&record, 0, sizeof record); /* what is between the fields is compared, too */
	record.unique = record.time_ns = unique;
	record.kind = AUDIT_READ;
	snprintf(record.secret, sizeof record.secret, "secret-%llu", (unsigned long long)unique);
	return record;
}

static struct audit_ring *new_ring(int *fd)
{
	struct audit_ring *ring;

	assert_int_equal(audit_ring_create(fd, NULL), 0);
	assert_int_equal(audit_ring_map(*fd, &ring, NULL), 0);
	return ring;
}

static void drop_ring(struct audit_ring *ring, int fd)
{
	audit_ring_unmap(ring);
	close(fd);
}

static void new_one_is_empty(void **state)
{
	struct audit_ring *ring, *other;
	struct stat st;
	int fd, other_fd;

	(void)state;
	ring = new_ring(&fd);
	other = new_ring(&other_fd);
	for (unsigned int lane = 0; lane < AUDIT_LANES; lane++)
		assert_int_equal(audit_ring_waiting(ring, lane), 0);
	assert_int_equal(audit_ring_queue(ring), 0);
	assert_int_equal(audit_ring_lost(ring), 0);
	assert_memory_not_equal(ring->id, other->id, sizeof ring->id);
	assert_int_equal(fcntl(fd, F_GETFD), FD_CLOEXEC);
	assert_int_equal(fstat(fd, &st), 0);
	assert_int_equal(ftruncate(fd, st.st_size - 1), -1);
	drop_ring(other, other_fd);
	drop_ring(ring, fd);
	audit_ring_unmap(NULL);
}

static void other_memory_is_not_mapped(void **state)
{
	struct audit_ring *ring;
	struct err err = { 0 };
	uint32_t layout = AUDIT_RING_LAYOUT + 1;
	int fd, empty = memfd_create("empty", MFD_CLOEXEC);

	(void)state;
	assert_int_equal(audit_ring_map(empty, &ring, &err), -TACIT_CORRUPT);
	assert_int_equal(audit_ring_create(&fd, NULL), 0);
	assert_int_equal(pwrite(fd, &layout, sizeof layout, 4), sizeof layout);
	assert_int_equal(audit_ring_map(fd, &ring, &err), -TACIT_NEWER);
	close(fd);
	close(empty);
}

static void records_wait_in_order_until_taken(void **state)
{
	struct audit_ring *ring;
	int fd;

	(void)state;
	ring = new_ring(&fd);
	for (uint64_t i = 1; i <= 5; i++) {
		struct audit_record record = sample(i);

		assert_true(audit_ring_put(ring, 2, &record));
	}
	assert_int_equal(audit_ring_waiting(ring, 2), 5);
	assert_int_equal(audit_ring_waiting(ring, 3), 0);
	for (uint64_t i = 0; i < 5; i++)
		assert_int_equal(audit_ring_peek(ring, 2, i)->unique, i + 1);
	audit_ring_taken(ring, 2, 2);
	assert_int_equal(audit_ring_waiting(ring, 2), 3);
	assert_int_equal(audit_ring_peek(ring, 2, 0)->unique, 3);
	audit_ring_taken(ring, 2, 1); /* older */
	audit_ring_taken(ring, 2, 6); /* never reached */
	assert_int_equal(audit_ring_waiting(ring, 2), 3);
	assert_int_equal(audit_ring_queue(ring), 3);
	drop_ring(ring, fd);
}

static void full_lane_refuses_at_once_and_counts(void **state)
{
	struct audit_record record = sample(7);
	struct audit_ring *ring;
	int fd;

	(void)state;
	ring = new_ring(&fd);
	for (unsigned int i = 0; i < AUDIT_LANE_RECORDS; i++)
		assert_true(audit_ring_put(ring, 0, &record));
	record = sample(8);
	assert_false(audit_ring_put(ring, 0, &record));
	assert_false(audit_ring_put(ring, 0, &record));
	assert_int_equal(audit_ring_lost(ring), 2);
	assert_int_equal(audit_ring_peek(ring, 0, 0)->unique, 7);
	assert_true(audit_ring_put(ring, 1, &record)); /* the others are not full */
	audit_ring_taken(ring, 0, 1);
	assert_true(audit_ring_put(ring, 0, &record));
	assert_int_equal(audit_ring_peek(ring, 0, AUDIT_LANE_RECORDS - 1)->unique, 8);
	drop_ring(ring, fd);
}

static void request_is_found_until_others_take_its_place(void **state)
{
	struct audit_record record, found;
	struct audit_ring *ring;
	bool taken;
	int fd;

	(void)state;
	ring = new_ring(&fd);
	assert_false(audit_ring_find(ring, 1, &found, &taken));
	for (uint64_t i = 1; i <= AUDIT_LANE_RECORDS; i++) {
		record = sample(i);
		assert_true(audit_ring_put(ring, AUDIT_LANE_DOORMAN, &record));
	}
	audit_ring_taken(ring, AUDIT_LANE_DOORMAN, 100);
	/* The place that is filled next is not trusted: a core may have died in it. */
	assert_false(audit_ring_find(ring, 1, &found, &taken));
	for (uint64_t i = 2; i <= AUDIT_LANE_RECORDS; i++) {
		assert_true(audit_ring_find(ring, i, &found, &taken));
		record = sample(i);
		assert_memory_equal(&found, &record, sizeof record);
		assert_int_equal(taken, i <= 100);
	}
	assert_false(audit_ring_find(ring, AUDIT_LANE_RECORDS + 1, &found, &taken));
	record = sample(0);
	audit_ring_put(ring, 0, &record);
	assert_false(audit_ring_find(ring, 0, &found, &taken)); /* 0 is no request's */
	drop_ring(ring, fd);
}

/* The other process, which is ended at whatever instruction it is at: it puts a record in, and
 * takes one out. */
static void put_and_take(struct audit_ring *ring)
{
	struct audit_record record = sample(42);

	ptrace(PTRACE_TRACEME, 0, NULL, NULL);
	raise(SIGSTOP);
	audit_ring_put(ring, 0, &record);
	audit_ring_taken(ring, 0, 1);
	raise(SIGSTOP);
	_exit(0);
}

/* What a core that takes over now would find. */
static void check_step(const struct audit_ring *ring, unsigned int *seen)
{
	uint64_t put = ring->lanes[0].put, taken = ring->lanes[0].taken;
	struct audit_record record = sample(42), first = sample(41), found;
	bool was_taken, there = audit_ring_find(ring, 42, &found, &was_taken);

	assert_true(put == 1 || put == 2);
	assert_true(taken <= 1);
	assert_int_equal(there, put == 2);
	if (there) {
		assert_memory_equal(&found, &record, sizeof record);
		assert_false(was_taken);
		assert_memory_equal(audit_ring_peek(ring, 0, 1 - taken), &record, sizeof record);
	}
	if (!taken)
		assert_memory_equal(audit_ring_peek(ring, 0, 0), &first, sizeof first);
	seen[put - 1 + taken]++;
}

static void record_is_there_or_not_at_every_instruction(void **state)
{
	struct audit_record first = sample(41);
	struct audit_ring *ring;
	unsigned int seen[3] = { 0 }, steps = 0;
	int fd, status;
	pid_t child;

	(void)state;
	ring = new_ring(&fd);
	assert_true(audit_ring_put(ring, 0, &first));
	child = fork();
	assert_true(child >= 0);
	if (!child)
		put_and_take(ring);
	assert_int_equal(waitpid(child, &status, WUNTRACED), child);
	if (!WIFSTOPPED(status) || ptrace(PTRACE_SINGLESTEP, child, NULL, NULL)) {
		kill(child, SIGKILL);
		waitpid(child, &status, 0);
		drop_ring(ring, fd);
		skip();
	}
	while (waitpid(child, &status, 0) == child && WIFSTOPPED(status) &&
		WSTOPSIG(status) == SIGTRAP) {
		check_step(ring, seen);
		steps++;
		ptrace(PTRACE_SINGLESTEP, child, NULL, NULL);
	}
	kill(child, SIGKILL);
	waitpid(child, &status, 0);
	print_message("           %u instructions: %u before, %u put, %u taken\n", steps, seen[0],
		seen[1], seen[2]);
	assert_true(seen[0] && seen[1] && seen[2]);
	drop_ring(ring, fd);
}

#define PRODUCERS 4
#define PUTS 20000u

struct producer {
	struct audit_ring *ring;
	unsigned int lane;
};

static void *produce(void *arg)
{
	const struct producer *producer = arg;

	for (uint64_t i = 1; i <= PUTS;) {
		struct audit_record record = sample(i);

		if (audit_ring_put(producer->ring, producer->lane, &record))
			i++;
		else
			sched_yield();
	}
	return NULL;
}

/* All that is there now, in the order it was put in; how many. */
static unsigned int take_all(struct audit_ring *ring, unsigned int lane, uint64_t *next)
{
	uint64_t waiting = audit_ring_waiting(ring, lane);

	for (uint64_t i = 0; i < waiting; i++) {
		const struct audit_record *record = audit_ring_peek(ring, lane, i);
		struct audit_record expected = sample((*next)++);

		assert_memory_equal(record, &expected, sizeof expected);
	}
	audit_ring_taken(ring, lane, *next - 1);
	return (unsigned int)waiting;
}

static void producers_and_consumer_at_once_lose_nothing(void **state)
{
	struct producer producers[PRODUCERS];
	pthread_t threads[PRODUCERS];
	uint64_t next[PRODUCERS];
	struct audit_ring *ring;
	unsigned int total = 0;
	int fd;

	(void)state;
	ring = new_ring(&fd);
	for (unsigned int i = 0; i < PRODUCERS; i++) {
		producers[i] = (struct producer){ ring, i * 5 };
		next[i] = 1;
		assert_int_equal(pthread_create(&threads[i], NULL, produce, &producers[i]), 0);
	}
	while (total < PRODUCERS * PUTS) {
		unsigned int before = total;

		for (unsigned int i = 0; i < PRODUCERS; i++)
			total += take_all(ring, producers[i].lane, &next[i]);
		if (total == before)
			sched_yield();
	}
	for (unsigned int i = 0; i < PRODUCERS; i++)
		pthread_join(threads[i], NULL);
	assert_int_equal(audit_ring_queue(ring), 0);
	drop_ring(ring, fd);
}

/* A record is at its place until the one that comes a lane later is about to be put. */
static void a_record_is_found_by_its_place(void **state)
{
	struct audit_ring *ring;
	int fd;

	(void)state;
	ring = new_ring(&fd);
	assert_int_equal(audit_ring_next(ring, 3), 1);
	assert_null(audit_ring_at(ring, 3, 0));
	assert_null(audit_ring_at(ring, 3, 1));
	for (uint64_t i = 1; i <= 2 * AUDIT_LANE_RECORDS; i++) {
		struct audit_record record = sample(i);

		assert_int_equal(audit_ring_next(ring, 3), i);
		assert_true(audit_ring_put(ring, 3, &record));
		assert_int_equal(audit_ring_at(ring, 3, i)->unique, i);
		assert_false(audit_ring_is_taken(ring, 3, i));
		audit_ring_taken(ring, 3, i);
		assert_true(audit_ring_is_taken(ring, 3, i));
		assert_null(audit_ring_at(ring, 3, i + 1));
	}
	assert_int_equal(
		audit_ring_at(ring, 3, AUDIT_LANE_RECORDS + 2)->unique, AUDIT_LANE_RECORDS + 2);
	assert_null(audit_ring_at(ring, 3, AUDIT_LANE_RECORDS + 1));
	drop_ring(ring, fd);
}

static void expect_outcomes(const struct audit_ring *ring, const char *const *outcomes)
{
	uint64_t count = 0;

	for (; outcomes[count]; count++) {
		assert_true(count < audit_ring_waiting(ring, AUDIT_LANE_WORKER));
		assert_string_equal(
			audit_ring_peek(ring, AUDIT_LANE_WORKER, count)->outcome, outcomes[count]);
	}
	assert_int_equal(audit_ring_waiting(ring, AUDIT_LANE_WORKER), count);
}

/* Whoever does it dies after any of its stores. */
static void a_change_is_recorded_once_wherever_its_core_dies(void **state)
{
	struct audit_record change = sample(0);
	struct audit_ring *ring;
	int fd;

	(void)state;
	ring = new_ring(&fd);
	audit_ring_recover(ring, 1);
	expect_outcomes(ring, (const char *const[]){ NULL });
	audit_ring_begin(ring, &change);
	audit_ring_recover(ring, 2);
	audit_ring_recover(ring, 3);
	expect_outcomes(ring, (const char *const[]){ "interrupted", NULL });
	assert_int_equal(audit_ring_peek(ring, AUDIT_LANE_WORKER, 0)->time_ns, 2);
	audit_ring_begin(ring, &change);
	assert_true(audit_ring_end(ring, 4, "ok"));
	audit_ring_recover(ring, 5);
	expect_outcomes(ring, (const char *const[]){ "interrupted", "ok", NULL });
	/* After the put, before it is done with; and before the put. */
	atomic_store(&ring->intent.state, AUDIT_INTENT_ENDED);
	audit_ring_recover(ring, 6);
	expect_outcomes(ring, (const char *const[]){ "interrupted", "ok", NULL });
	atomic_store(&ring->intent.state, AUDIT_INTENT_ENDED);
	atomic_fetch_sub(&ring->lanes[AUDIT_LANE_WORKER].put, 1);
	audit_ring_recover(ring, 7);
	expect_outcomes(ring, (const char *const[]){ "interrupted", "ok", NULL });
	drop_ring(ring, fd);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(new_one_is_empty),
		cmocka_unit_test(other_memory_is_not_mapped),
		cmocka_unit_test(records_wait_in_order_until_taken),
		cmocka_unit_test(full_lane_refuses_at_once_and_counts),
		cmocka_unit_test(request_is_found_until_others_take_its_place),
		cmocka_unit_test(record_is_there_or_not_at_every_instruction),
		cmocka_unit_test(producers_and_consumer_at_once_lose_nothing),
		cmocka_unit_test(a_record_is_found_by_its_place),
		cmocka_unit_test(a_change_is_recorded_once_wherever_its_core_dies),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
