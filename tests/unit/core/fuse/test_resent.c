/* SPDX-License-Identifier: Apache-2.0 */
/* A kernel that was asked to send again does not know the number of a request any more when core
 * answers it: it says ENOENT, and sends the same under another number. Here its end says so when
 * told to, by a writev(2) of the test's own. */
#include "counting.h"
#include "passing.h"

#include <sys/uio.h>

static struct {
	struct rig *rig;
	_Atomic int requeued;    /* answers that the kernel does not want, from now on */
	_Atomic bool says_again; /* and it sends again before it says so */
	struct ask again;
} kernel;

ssize_t writev(int fd, const struct iovec *parts, int count);
ssize_t writev(int fd, const struct iovec *parts, int count)
{
	if (atomic_load(&kernel.requeued) <= 0)
		return syscall(SYS_writev, fd, parts, count);
	atomic_fetch_sub(&kernel.requeued, 1);
	if (atomic_exchange(&kernel.says_again, false)) {
		rig_send(kernel.rig, &kernel.again);
		usleep(SILENCE_MS * 1000);
	}
	errno = ENOENT;
	return -1;
}

static void expect_requeued(void)
{
	for (int i = 0; i < PATIENCE_MS && atomic_load(&kernel.requeued) > 0; i++)
		usleep(1000);
	assert_int_equal(atomic_load(&kernel.requeued), 0);
}

static void a_read_that_was_counted_is_kept_for_the_request_sent_again(void **state)
{
	struct rig *rig = rig_of(state);
	struct ask web = open_ask(rig, rig->web, rig->file);
	struct reply reply;

	engine_names(rig, 'a', "shop/web");
	give_reads(rig, 1);
	web.unique = send_open(rig, web);
	assert_true(wants_count(rig, PATIENCE_MS));
	atomic_store(&kernel.requeued, 1);
	count_when_asked(rig, STEP_SETTLED);
	expect_requeued();
	expect_handles(rig, 0);
	usleep(SILENCE_MS * 1000);
	assert_int_equal(server_parked(rig->server), 1);
	web.unique |= UNIQUE_RESENT;
	web.thread = 1;
	rig_send(rig, &web);
	assert_int_equal(expect_answer(rig, 1, web.unique, &reply), 0);
	assert_int_equal(used_by(rig, 'a'), 1);
	assert_int_equal(server_open_handles(rig->server), 1);
	expect_parked(rig, 0);
	expect_no_count(rig);
}

/* It was answered already, by a core that died: nobody sends it again, and it does not stay. */
static void an_answer_that_nobody_wants_is_not_kept_for_long(void **state)
{
	struct rig *rig = rig_of(state);

	send_open(rig, open_ask(rig, rig->web, rig->file));
	expect_parked(rig, 1);
	atomic_store(&kernel.requeued, INT32_MAX);
	engine_names(rig, 'a', "shop/web");
	let_patience_pass(rig);
	expect_parked(rig, 0);
	atomic_store(&kernel.requeued, 0);
	assert_int_equal(server_open_handles(rig->server), 0);
	assert_int_equal(rig->model->plain_bytes, 0);
	expect_silence(rig);
}

/* Sent again while its first answer is on its way: whatever that one says, this one is answered. */
static void sent_again_while_it_is_answered_it_is_answered_again(void **state)
{
	static const struct {
		const char *name;
		int errnum;
	} rows[] = { { "shop/db", ENOENT }, { "shop/web", 0 } };
	struct rig *rig = rig_of(state);

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct ask ask = open_ask(rig, i ? rig->other : rig->web, rig->file);
		struct reply reply;

		ask.unique = send_open(rig, ask);
		expect_parked(rig, 1);
		ask.thread = 1;
		ask.unique |= UNIQUE_RESENT;
		kernel.rig = rig;
		kernel.again = ask;
		atomic_store(&kernel.says_again, true);
		atomic_store(&kernel.requeued, 1);
		engine_names(rig, i ? 'b' : 'a', rows[i].name);
		assert_int_equal(expect_answer(rig, 1, ask.unique, &reply), rows[i].errnum);
		expect_parked(rig, 0);
		assert_int_equal(server_open_handles(rig->server), i);
		expect_silence(rig);
	}
}

#define with_engine(test) cmocka_unit_test_setup_teardown(test, rig_set_up_engine, rig_tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		with_engine(a_read_that_was_counted_is_kept_for_the_request_sent_again),
		with_engine(an_answer_that_nobody_wants_is_not_kept_for_long),
		with_engine(sent_again_while_it_is_answered_it_is_answered_again),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
