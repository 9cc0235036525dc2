/* SPDX-License-Identifier: Apache-2.0 */
/* What is counted of answers: each once, under the right word, in the right bucket, and that of
 * several threads adds up. */
#include "waiting.h"

#define ADDS 200000u

static const struct tally nothing;

static void every_answer_has_a_word(void **state)
{
	static const int errnums[] = { EPERM, ENOENT, EINTR, EIO, EAGAIN, ENOMEM, EACCES, EBUSY,
		EINVAL, ENFILE, EMFILE, EROFS, ESTALE, ENOKEY };

	(void)state;
	for (int a = 0; a < TALLY_OUTCOMES; a++)
		for (int b = 0; b < a; b++)
			assert_string_not_equal(tally_outcome_word(a), tally_outcome_word(b));
	for (int rule = 0; rule < RULES; rule++) {
		assert_int_equal(tally_outcome_of(rule, 0), TALLY_OK);
		for (size_t i = 0; i < sizeof errnums / sizeof *errnums; i++)
			assert_in_range(
				tally_outcome_of(rule, errnums[i]), TALLY_OK + 1, TALLY_ERROR);
	}
	for (int rule = RULE_LOCKED; rule < RULE_OTHER_READER; rule++)
		assert_string_equal(
			tally_outcome_word(tally_outcome_of(rule, EACCES)), policy_rule_word(rule));
	assert_string_equal(tally_outcome_word(TALLY_OK), "ok");
	assert_int_equal(tally_outcome_of(RULE_CONSUMER, EACCES), TALLY_UNRECORDED);
	assert_int_equal(tally_outcome_of(RULE_CONSUMER, EMFILE), TALLY_LIMIT);
	assert_int_equal(tally_outcome_of(RULE_UNIDENTIFIED, EAGAIN), TALLY_LIMIT);
	assert_int_equal(tally_outcome_of(RULE_CONSUMER, ESTALE), TALLY_GONE);
	assert_int_equal(tally_outcome_of(RULE_CONSUMER, EINTR), TALLY_INTERRUPTED);
	assert_int_equal(tally_outcome_of(RULE_CONSUMER, EIO), TALLY_ERROR);
}

static void a_bound_is_in_its_own_bucket(void **state)
{
	struct tally tally = nothing;
	struct tally_sums sums = { 0 };
	uint64_t last = 0, sum = 0;

	(void)state;
	assert_null(tally_bound_ns(TALLY_BOUNDS));
	for (size_t i = 0; i < TALLY_BOUNDS; i++) {
		uint64_t bound = *tally_bound_ns(i);

		assert_true(bound > last);
		last = bound;
		tally_open(&tally, TALLY_OK, false, bound);
		tally_open(&tally, TALLY_OK, true, bound + 1);
		sum += bound;
	}
	assert_int_equal(last, 1000000000);
	tally_open(&tally, TALLY_OK, false, 0);
	tally_open(&tally, TALLY_OK, true, UINT64_C(1) << 40);
	tally_add(&tally, &sums);
	assert_int_equal(sums.opens[TALLY_OK], 2 * TALLY_BOUNDS + 2);
	assert_int_equal(sums.took_ns[0], sum);
	assert_int_equal(sums.took_ns[1], sum + TALLY_BOUNDS + (UINT64_C(1) << 40));
	for (size_t i = 0; i < TALLY_BUCKETS; i++) {
		assert_int_equal(sums.took[0][i], i ? i < TALLY_BOUNDS : 2);
		assert_int_equal(sums.took[1][i], i ? (i < TALLY_BOUNDS ? 1 : 2) : 0);
	}
}

struct adder {
	struct tally tally;
	pthread_t thread;
	_Atomic bool over;
};

static void *add_and_add(void *arg)
{
	struct adder *adder = arg;

	for (unsigned int i = 0; i < ADDS; i++) {
		tally_open(&adder->tally, i % TALLY_OUTCOMES, i & 1, i);
		tally_read(&adder->tally, i & 1 ? EIO : 0, i & 1 ? 0 : 3);
	}
	atomic_store(&adder->over, true);
	return NULL;
}

/* None is lost, and what is read meanwhile never goes back. */
static void threads_add_up(void **state)
{
	static struct adder adders[4];
	struct tally_sums sums, before = { 0 };
	bool over = false;
	uint64_t opens = 0;

	(void)state;
	for (int i = 0; i < 4; i++)
		pthread_create(&adders[i].thread, NULL, add_and_add, &adders[i]);
	while (!over) {
		over = true;
		for (int i = 0; i < 4; i++)
			over &= atomic_load(&adders[i].over);
		sums = (struct tally_sums){ 0 };
		for (int i = 0; i < 4; i++)
			tally_add(&adders[i].tally, &sums);
		assert_true(sums.reads >= before.reads && sums.took_ns[1] >= before.took_ns[1]);
		for (int i = 0; i < TALLY_OUTCOMES; i++)
			assert_true(sums.opens[i] >= before.opens[i]);
		before = sums;
	}
	for (int i = 0; i < 4; i++)
		pthread_join(adders[i].thread, NULL);
	for (int i = 0; i < TALLY_OUTCOMES; i++)
		opens += sums.opens[i];
	assert_int_equal(opens, 4 * ADDS);
	assert_int_equal(sums.reads, 2 * ADDS);
	assert_int_equal(sums.reads_refused, 2 * ADDS);
	assert_int_equal(sums.read_bytes, 6 * ADDS);
}

/* An answer is counted when its reader has it: by the time the thread is at its next request. */
static void settle(struct rig *rig)
{
	struct reply reply;

	rig_getattr(rig, rig_by(rig->host, 0, NODE_ROOT_ID), &reply);
}

static void opened(struct rig *rig, pid_t pid, uint64_t node, uint32_t flags, int errnum)
{
	struct ask ask = rig_by(pid, 1000, node);
	struct reply reply;

	assert_int_equal(rig_open(rig, ask, FUSE_OPEN, flags, &reply), errnum);
	if (!errnum)
		rig_release(rig, ask, reply.body.open.fh, &reply);
}

static void answers_are_counted(void **state)
{
	struct rig *rig = rig_of(state);
	struct tally_sums sums;
	uint64_t times = 0;

	opened(rig, rig->web, rig->file, O_RDONLY, 0);
	opened(rig, rig->web, rig->file, O_RDONLY, 0);
	opened(rig, rig->host, rig->file, O_RDONLY, ENOENT);
	opened(rig, rig->web, rig->file, O_WRONLY, EROFS);
	opened(rig, 0, rig->file, O_RDONLY, ENOENT);
	opened(rig, rig->web, rig_node(rig, RIG_CONSUMER "/nothing"), O_RDONLY, ENOENT);
	rig_lock(rig);
	opened(rig, rig->web, rig->file, O_RDONLY, ENOKEY);
	rig_unlock(rig);
	settle(rig);
	server_sums(rig->server, &sums);
	assert_int_equal(sums.opens[TALLY_OK], 2);
	assert_int_equal(sums.opens[TALLY_HOST_PROCESS], 1);
	assert_int_equal(sums.opens[TALLY_READ_ONLY], 1);
	assert_int_equal(sums.opens[TALLY_UNKNOWN_READER], 1);
	assert_int_equal(sums.opens[TALLY_NOT_GRANTED], 1);
	assert_int_equal(sums.opens[TALLY_LOCKED], 1);
	for (int i = 0; i < TALLY_BUCKETS; i++) {
		times += sums.took[0][i];
		assert_int_equal(sums.took[1][i], 0);
	}
	assert_int_equal(times, 7);
	assert_true(sums.took_ns[0] > 0);
	assert_int_equal(sums.reads + sums.reads_refused + sums.read_bytes, 0);
}

static void the_agent_itself_is_no_reader(void **state)
{
	struct rig *rig = rig_of(state);
	struct ask toucher = rig_by(rig->host, geteuid(), rig->file);
	struct tally_sums sums;
	struct reply reply;

	server_set_toucher(rig->server, rig->host);
	assert_int_equal(rig_open(rig, toucher, FUSE_OPEN, O_WRONLY, &reply), 0);
	settle(rig);
	server_sums(rig->server, &sums);
	assert_int_equal(sums.opens[TALLY_OK], 0);
	assert_int_equal(sums.took_ns[0], 0);
}

static void bytes_are_counted(void **state)
{
	struct rig *rig = rig_of(state);
	struct ask web = rig_by(rig->web, 1000, rig->file);
	struct tally_sums sums;
	struct reply reply;
	uint64_t handle;

	assert_int_equal(rig_open(rig, web, FUSE_OPEN, O_RDONLY, &reply), 0);
	handle = reply.body.open.fh;
	assert_int_equal(rig_read(rig, web, FUSE_READ, handle, 0, 4096, false, &reply), 0);
	assert_int_equal(reply.length, strlen("first"));
	assert_int_equal(rig_read(rig, web, FUSE_READ, handle, 5, 4096, false, &reply), 0);
	assert_int_equal(rig_read(rig, web, FUSE_READ, handle, 0, 4096, true, &reply), EINVAL);
	assert_int_equal(rig_read(rig, web, FUSE_READ, handle + 1, 0, 1, false, &reply), EBADF);
	settle(rig);
	server_sums(rig->server, &sums);
	assert_int_equal(sums.reads, 2);
	assert_int_equal(sums.read_bytes, strlen("first"));
	assert_int_equal(sums.reads_refused, 2);
}

/* Of those that wait the whole time counts, once, when they are answered. */
static void waiting_is_counted_apart(void **state)
{
	struct rig *rig = rig_of(state);
	struct ask ask = open_ask(rig, rig->web, rig->file);
	struct tally_sums sums;
	struct reply reply;
	uint64_t unique = send_open(rig, ask);

	expect_parked(rig, 1);
	server_wake_parked(rig->server);
	expect_silence(rig);
	server_sums(rig->server, &sums);
	assert_int_equal(sums.took_ns[0] + sums.took_ns[1], 0);
	engine_names(rig, 'a', "shop/web");
	assert_int_equal(expect_answer(rig, 0, unique, &reply), 0);
	ask = open_ask(rig, rig->other, rig->file);
	unique = send_open(rig, ask);
	expect_parked(rig, 1);
	send_interrupt(rig, unique, 0);
	assert_int_equal(expect_answer(rig, 0, unique, &reply), EINTR);
	expect_parked(rig, 0);
	server_sums(rig->server, &sums);
	assert_int_equal(sums.opens[TALLY_OK], 1);
	assert_int_equal(sums.opens[TALLY_INTERRUPTED], 1);
	assert_int_equal(sums.took_ns[0], 0);
	assert_true(sums.took_ns[1] >= rig->threads * SILENCE_MS * MS_NS);
}

/* A core begins at nothing, and counts what it takes over as its own. */
static void a_core_counts_for_itself(void **state)
{
	struct rig *rig;
	struct tally_sums sums;
	struct reply reply;
	struct ask ask;

	rig = rig_of(state);
	opened(rig, rig->web, rig->file, O_RDONLY, 0);
	rig_end_core(rig);
	ask = open_ask(rig, rig->web, rig->file);
	ask.unique = 4000;
	rig_leave(rig, &ask, HANDOVER_STRIKES);
	rig_start_core(rig);
	server_sums(rig->server, &sums);
	assert_int_equal(sums.opens[TALLY_OK], 0);
	rig_run_core(rig);
	rig_receive(rig, 0, &reply);
	assert_int_equal(reply.errnum, EIO);
	server_sums(rig->server, &sums);
	assert_int_equal(sums.opens[TALLY_ERROR], 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_answer_has_a_word),
		cmocka_unit_test(a_bound_is_in_its_own_bucket),
		cmocka_unit_test(threads_add_up),
		cmocka_unit_test_setup_teardown(answers_are_counted, rig_set_up, rig_tear_down),
		cmocka_unit_test_setup_teardown(
			the_agent_itself_is_no_reader, rig_set_up, rig_tear_down),
		cmocka_unit_test_setup_teardown(bytes_are_counted, rig_set_up, rig_tear_down),
		cmocka_unit_test_setup_teardown(
			waiting_is_counted_apart, rig_set_up_engine, rig_tear_down),
		cmocka_unit_test_setup_teardown(
			a_core_counts_for_itself, rig_set_up, rig_tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
