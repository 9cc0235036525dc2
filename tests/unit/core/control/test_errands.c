/* SPDX-License-Identifier: Apache-2.0 */
/* What is asked of holder and gate: in which order it is sent, how it ends, and what is left of it.
 */
#include <dirent.h>
#include <fcntl.h>
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "core/control/agenda/errands.h"

#define MINUTE_NS (60 * 1000000000ull)

static struct core core;
static int holder, gate; /* the other ends */
static uint64_t later_ns;
static int descriptors;

uint64_t __wrap_clock_monotonic_ns(void);
uint64_t __wrap_clock_monotonic_ns(void)
{
	return MINUTE_NS + later_ns;
}

static int count_descriptors(void)
{
	DIR *dir = opendir("/proc/self/fd");
	int count = 0;

	assert_non_null(dir);
	while (readdir(dir))
		count++;
	closedir(dir);
	return count;
}

static void meet(int *ours, int *theirs)
{
	int pair[2];

	assert_int_equal(frame_pair(pair, NULL), 0);
	*ours = pair[0];
	*theirs = pair[1];
}

static int set_up(void **state)
{
	(void)state;
	assert_int_equal(seal_start(NULL), 0);
	later_ns = 0;
	core = (struct core){ .errands = errands_new() };
	assert_non_null(core.errands);
	meet(&core.holder, &holder);
	meet(&core.gate, &gate);
	descriptors = count_descriptors();
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	if (core.holder >= 0)
		close(core.holder);
	close(core.gate);
	close(holder);
	close(gate);
	close(errands_send_fd(&core));
	close(errands_end_fd(&core));
	free(core.errands);
	return 0;
}

static bool is_readable(int fd)
{
	struct pollfd wait = { fd, POLLIN, 0 };

	return poll(&wait, 1, 0) == 1;
}

static int a_file(void)
{
	int fd = open("/dev/null", O_RDWR | O_CLOEXEC);

	assert_true(fd >= 0);
	return fd;
}

static int ask_run(uint32_t lane, bool old, bool new, uint32_t *number)
{
	struct frame_run run = { .lane = lane, .timeout_ms = 30000, .program = "reload" };
	int stream[ERRAND_STREAMS] = { -1, old ? a_file() : -1, new ? a_file() : -1, -1 };
	int status = errands_run(&core, &run, stream, NULL);

	assert_int_equal(stream[1], -1);
	assert_int_equal(stream[2], -1);
	*number = run.number;
	return status;
}

static int ask_act(uint32_t *number)
{
	struct frame_act act = { .what = ACT_SIGNAL, .signal = "HUP" };
	int status = errands_act(&core, &act, NULL);

	*number = act.number;
	return status;
}

static struct frame hear(int channel, enum role who)
{
	struct frame frame;

	assert_true(is_readable(channel));
	assert_int_equal(frame_receive(channel, ROLE_CORE, who, &frame, NULL), 0);
	if (frame.fd >= 0)
		close(frame.fd);
	return frame;
}

static void expect_run(uint32_t number)
{
	struct frame frame = hear(holder, ROLE_HOLDER);

	assert_int_equal(frame.type, FRAME_RUN);
	assert_int_equal(frame.body.run.number, number);
}

static void expect_stream(uint32_t index)
{
	struct frame frame = hear(holder, ROLE_HOLDER);

	assert_int_equal(frame.type, FRAME_GIVE);
	assert_int_equal(frame.body.give.what, GIVE_STREAM);
	assert_int_equal(frame.body.give.index, index);
	assert_true(frame.fd >= 0);
}

static void expect_act(uint32_t number)
{
	struct frame frame = hear(gate, ROLE_GATE);

	assert_int_equal(frame.type, FRAME_ACT);
	assert_int_equal(frame.body.act.number, number);
}

static void tell_ran(uint32_t number, enum run_end how, int32_t exit_status)
{
	struct frame_ran ran = { .number = number, .end = how, .status = exit_status };

	errands_ran(&core, &ran);
}

static void tell_acted(uint32_t number, int32_t code, uint32_t http)
{
	struct frame_acted acted = { .number = number, .code = code, .status = http };

	errands_acted(&core, &acted);
}

static void expect_end(uint32_t number, bool done, bool busy, const char *reason)
{
	struct errand_end end;

	assert_true(is_readable(errands_end_fd(&core)) || errands_patience(&core) == 0);
	assert_true(errands_next_end(&core, &end));
	assert_int_equal(end.number, number);
	assert_int_equal(end.done, done);
	assert_int_equal(end.busy, busy);
	assert_string_equal(end.reason, reason);
}

static void expect_no_end(void)
{
	struct errand_end end;

	assert_false(errands_next_end(&core, &end));
	assert_false(is_readable(errands_end_fd(&core)));
}

static void a_program_is_run_and_its_end_is_told_once(void **state)
{
	uint32_t number;

	(void)state;
	assert_false(is_readable(errands_send_fd(&core)));
	assert_int_equal(ask_run(RUN_HOOK, false, false, &number), 0);
	assert_int_not_equal(number, 0);
	assert_true(is_readable(errands_send_fd(&core)));
	errands_send(&core);
	assert_false(is_readable(errands_send_fd(&core)));
	expect_run(number);
	expect_no_end();
	tell_ran(number, RUN_EXITED, 0);
	expect_end(number, true, false, "");
	expect_no_end();
	tell_ran(number, RUN_EXITED, 0);
	expect_no_end();
}

static void each_way_to_end_has_its_reason(void **state)
{
	static const struct {
		enum run_end how;
		int32_t status;
		bool busy;
		const char *reason;
	} ends[] = {
		{ RUN_EXITED, 3, false, "it ended with exit status 3" },
		{ RUN_KILLED, 9, false, "it was ended by signal 9" },
		{ RUN_TIMED_OUT, 0, false, "it had not ended after 30 s, and was killed" },
		{ RUN_REFUSED, 0, false, "there is no such program that root alone can have made" },
		{ RUN_BUSY, 0, true, "another program is being run" },
	};
	uint32_t number;

	(void)state;
	for (size_t i = 0; i < sizeof ends / sizeof *ends; i++) {
		assert_int_equal(ask_run(RUN_ROTATOR, false, false, &number), 0);
		errands_send(&core);
		tell_ran(number, ends[i].how, ends[i].status);
		expect_end(number, false, ends[i].busy, ends[i].reason);
	}
}

static void what_an_engine_answered_decides(void **state)
{
	static const struct {
		int32_t code;
		uint32_t http;
		bool done, busy;
		const char *reason;
	} ends[] = {
		{ 0, 200, true, false, "" },
		{ 0, 204, true, false, "" },
		{ 0, 304, true, false, "" },
		{ 0, 404, true, false, "" },
		{ 0, 409, true, false, "" },
		{ 0, 500, false, false, "its engine answered 500" },
		{ 0, 0, false, false, "its engine answered 0" },
		{ 0, 300, false, false, "its engine answered 300" },
		{ -TACIT_UNAVAILABLE, 204, false, false,
			"its engine could not be asked (unavailable)" },
		{ -TACIT_LIMIT, 0, false, true, "gate is at too many acts" },
		{ -TACIT_BUSY, 0, false, true, "gate is at too many acts" },
	};
	uint32_t number;

	(void)state;
	for (size_t i = 0; i < sizeof ends / sizeof *ends; i++) {
		assert_int_equal(ask_act(&number), 0);
		errands_send(&core);
		expect_act(number);
		tell_acted(number, ends[i].code, ends[i].http);
		expect_end(number, ends[i].done, ends[i].busy, ends[i].reason);
	}
}

static void streams_go_just_before_their_program(void **state)
{
	uint32_t number[3];

	(void)state;
	assert_int_equal(ask_run(RUN_ROTATOR, true, true, &number[0]), 0);
	assert_int_equal(ask_run(RUN_HOOK, false, false, &number[1]), 0);
	assert_int_equal(ask_run(RUN_ROTATOR, false, true, &number[2]), 0);
	errands_send(&core);
	expect_stream(RUN_OLD_FD);
	expect_stream(RUN_NEW_FD);
	expect_run(number[0]);
	expect_run(number[1]);
	/* One of a lane at a time: the third waits for the first. */
	assert_false(is_readable(holder));
	tell_ran(number[0], RUN_EXITED, 0);
	assert_true(is_readable(errands_send_fd(&core)));
	errands_send(&core);
	expect_stream(RUN_NEW_FD);
	expect_run(number[2]);
	assert_int_equal(count_descriptors(), descriptors);
}

/* A key's program has a standard input, whose bytes are all there when it begins. */
static void a_key_program_is_given_its_input(void **state)
{
	struct frame_run run = { .lane = RUN_KEY, .timeout_ms = 30000, .program = "tpm" };
	int stream[ERRAND_STREAMS] = { -1, -1, -1, -1 };
	char text[16] = "";

	(void)state;
	assert_int_equal(
		errands_make_stream((const uint8_t *)"wrapped", 7, &stream[STREAM_INPUT], NULL), 0);
	assert_int_equal(read(stream[STREAM_INPUT], text, sizeof text), 7);
	assert_string_equal(text, "wrapped");
	assert_int_equal(read(stream[STREAM_INPUT], text, sizeof text), 0);
	assert_int_equal(errands_run(&core, &run, stream, NULL), 0);
	assert_int_equal(stream[STREAM_INPUT], -1);
	errands_send(&core);
	expect_stream(0);
	expect_run(run.number);
	assert_int_equal(count_descriptors(), descriptors);
}

/* Who waits for one of them alone. */
static void one_end_is_taken_before_the_others(void **state)
{
	struct errand_end end;
	uint32_t hook, key;

	(void)state;
	assert_int_equal(ask_run(RUN_HOOK, false, false, &hook), 0);
	assert_int_equal(ask_run(RUN_KEY, false, false, &key), 0);
	errands_send(&core);
	tell_ran(hook, RUN_EXITED, 0);
	assert_true(is_readable(errands_end_fd(&core)));
	assert_false(errands_take_end(&core, key, &end));
	assert_false(is_readable(errands_end_fd(&core)));
	tell_ran(key, RUN_EXITED, 7);
	assert_true(is_readable(errands_end_fd(&core)));
	assert_true(errands_take_end(&core, key, &end));
	assert_int_equal(end.number, key);
	assert_false(end.done);
	expect_end(hook, true, false, "");
	expect_no_end();
	assert_false(errands_take_end(&core, key, &end));
}

/* Who waited in vain has kept nobody else's end to himself. */
static void a_wait_in_vain_hides_no_other_end(void **state)
{
	struct errand_end end;
	uint32_t hook, key;

	(void)state;
	assert_int_equal(ask_run(RUN_HOOK, false, false, &hook), 0);
	assert_int_equal(ask_run(RUN_KEY, false, false, &key), 0);
	errands_send(&core);
	tell_ran(hook, RUN_EXITED, 0);
	assert_false(errands_take_end(&core, key, &end));
	assert_false(is_readable(errands_end_fd(&core)));
	errands_drop(&core, key);
	expect_end(hook, true, false, "");
}

static void what_is_dropped_is_not_begun(void **state)
{
	uint32_t first, second, third;

	(void)state;
	assert_int_equal(ask_run(RUN_KEY, true, false, &first), 0);
	assert_int_equal(ask_run(RUN_KEY, true, false, &second), 0);
	assert_int_equal(ask_run(RUN_KEY, false, false, &third), 0);
	errands_send(&core);
	expect_stream(RUN_OLD_FD);
	expect_run(first);
	errands_drop(&core, second);
	errands_drop(&core, second + 1);
	assert_int_equal(count_descriptors(), descriptors);
	/* What has been begun ends as it does, and keeps its lane until then. */
	errands_drop(&core, first);
	errands_send(&core);
	assert_false(is_readable(holder));
	tell_ran(first, RUN_EXITED, 0);
	errands_send(&core);
	expect_run(third);
	assert_false(is_readable(holder));
}

/* Until holder takes no more. */
static void fill_channel(void)
{
	static const struct frame_publish filler;

	while (frame_send_now(core.holder, FRAME_PUBLISH, &filler, sizeof filler, -1, NULL) == 0)
		;
}

static void drain_channel(void)
{
	static struct frame ignored;

	while (recv(holder, &ignored, sizeof ignored, MSG_DONTWAIT) > 0)
		;
}

static void a_channel_that_is_full_is_written_to_when_it_is_not(void **state)
{
	uint32_t number;

	(void)state;
	assert_int_equal(errands_events(&core, ROLE_HOLDER), POLLIN);
	fill_channel();
	assert_int_equal(ask_run(RUN_ROTATOR, true, true, &number), 0);
	errands_send(&core);
	assert_int_equal(errands_events(&core, ROLE_HOLDER), POLLIN | POLLOUT);
	assert_int_equal(errands_events(&core, ROLE_GATE), POLLIN);
	drain_channel();
	errands_send(&core);
	assert_int_equal(errands_events(&core, ROLE_HOLDER), POLLIN);
	expect_stream(RUN_OLD_FD);
	expect_stream(RUN_NEW_FD);
	expect_run(number);
	assert_int_equal(count_descriptors(), descriptors);
}

/* Let the channel have room for a stream and not for a program. */
static void send_a_part(void)
{
	static struct frame ignored;
	int open = count_descriptors();

	do {
		assert_true(recv(holder, &ignored, sizeof ignored, MSG_DONTWAIT) > 0);
		errands_send(&core);
	} while (count_descriptors() == open);
	assert_int_equal(errands_events(&core, ROLE_HOLDER), POLLIN | POLLOUT);
}

/* What is left of one that was sent in part. */
static void expect_the_rest(uint32_t number)
{
	struct frame frame;
	uint32_t last = 0;

	while ((frame = hear(holder, ROLE_HOLDER)).type != FRAME_RUN) {
		if (frame.type == FRAME_PUBLISH)
			continue;
		assert_int_equal(frame.type, FRAME_GIVE);
		assert_true(frame.body.give.index > last);
		last = frame.body.give.index;
		errands_send(&core);
	}
	assert_int_equal(last, RUN_NEW_FD);
	assert_int_equal(frame.body.run.number, number);
}

static void streams_that_were_sent_are_of_no_other_program(void **state)
{
	int size = 4096;
	uint32_t first, second;

	(void)state;
	assert_int_equal(setsockopt(core.holder, SOL_SOCKET, SO_SNDBUF, &size, sizeof size), 0);
	fill_channel();
	assert_int_equal(ask_run(RUN_ROTATOR, true, true, &first), 0);
	assert_int_equal(ask_run(RUN_HOOK, false, false, &second), 0);
	send_a_part();
	/* However long that takes, it is neither over nor overtaken. */
	later_ns = 60 * MINUTE_NS;
	expect_end(second, false, true, "nobody was there to do it");
	expect_no_end();
	assert_int_equal(ask_run(RUN_HOOK, false, false, &second), 0);
	expect_the_rest(first);
	errands_send(&core);
	expect_run(second);
	assert_int_equal(count_descriptors(), descriptors);
}

static void what_was_sent_to_who_is_lost_has_failed(void **state)
{
	uint32_t run, waiting, act;

	(void)state;
	assert_int_equal(ask_run(RUN_HOOK, true, false, &run), 0);
	assert_int_equal(ask_run(RUN_HOOK, true, false, &waiting), 0);
	assert_int_equal(ask_act(&act), 0);
	errands_send(&core);
	close(take_fd(&core.holder));
	errands_lost(&core, ROLE_HOLDER);
	expect_end(run, false, false, "holder was lost meanwhile");
	expect_no_end();
	errands_lost(&core, ROLE_ENGINE);
	expect_end(act, false, false, "engine was lost meanwhile");
	expect_no_end();
	assert_int_equal(ask_act(&act), 0);
	errands_lost(&core, ROLE_GATE);
	expect_no_end(); /* it has not been sent */
	errands_send(&core);
	errands_lost(&core, ROLE_GATE);
	expect_end(act, false, false, "gate was lost meanwhile");
	/* Nor has that one; and what was given for it is not kept for ever. */
	later_ns = 6 * MINUTE_NS;
	expect_end(waiting, false, true, "nobody was there to do it");
	assert_int_equal(count_descriptors(), descriptors - 1);
}

static void what_is_lost_in_part_was_not_begun(void **state)
{
	uint32_t number;

	(void)state;
	fill_channel();
	assert_int_equal(ask_run(RUN_ROTATOR, true, true, &number), 0);
	send_a_part();
	errands_lost(&core, ROLE_HOLDER);
	expect_end(number, false, true, "holder was lost meanwhile");
	assert_int_equal(errands_events(&core, ROLE_HOLDER), POLLIN);
	assert_int_equal(count_descriptors(), descriptors);
}

static void without_channels_it_waits(void **state)
{
	int gate_channel = core.gate, holder_channel = core.holder;
	uint32_t run, act;

	(void)state;
	core.gate = core.holder = -1;
	assert_int_equal(ask_run(RUN_HOOK, false, false, &run), 0);
	assert_int_equal(ask_act(&act), 0);
	errands_send(&core);
	expect_no_end();
	core.gate = gate_channel;
	core.holder = holder_channel;
	errands_send(&core);
	expect_run(run);
	expect_act(act);
}

static void what_nobody_speaks_of_ends_at_its_deadline(void **state)
{
	const char *late = "nothing was heard of it in time";
	uint32_t run, act;

	(void)state;
	assert_int_equal(errands_patience(&core), -1);
	assert_int_equal(ask_run(RUN_HOOK, false, false, &run), 0);
	assert_int_equal(ask_act(&act), 0);
	assert_in_range(errands_patience(&core), 61000, 300001);
	errands_send(&core);
	assert_in_range(errands_patience(&core), 0, 60001);
	later_ns = MINUTE_NS - 1000000000;
	expect_no_end();
	later_ns = MINUTE_NS;
	assert_int_equal(errands_patience(&core), 0);
	expect_end(run, false, false, late);
	expect_end(act, false, false, late);
	/* Too late. */
	tell_ran(run, RUN_EXITED, 0);
	tell_acted(act, 0, 204);
	expect_no_end();
	assert_int_equal(errands_patience(&core), -1);
}

static void who_speaks_of_what_is_not_theirs_is_not_heard(void **state)
{
	uint32_t run, act, unsent;

	(void)state;
	assert_int_equal(ask_run(RUN_HOOK, false, false, &run), 0);
	assert_int_equal(ask_act(&act), 0);
	errands_send(&core);
	assert_int_equal(ask_act(&unsent), 0);
	tell_acted(run, 0, 204);
	tell_ran(act, RUN_EXITED, 0);
	tell_acted(unsent, 0, 204);
	tell_acted(0, 0, 204);
	tell_ran(0, RUN_EXITED, 0);
	expect_no_end();
}

static void what_is_no_end_of_an_act_is_refused(void **state)
{
	static const int32_t codes[] = { 1, TACIT_CODES, -TACIT_CODES, INT32_MAX, INT32_MIN };
	struct frame frame = { .type = FRAME_ACTED };
	uint32_t act;

	(void)state;
	assert_int_equal(ask_act(&act), 0);
	errands_send(&core);
	frame.body.acted = (struct frame_acted){ .number = act };
	for (size_t i = 0; i < sizeof codes / sizeof *codes; i++) {
		frame.body.acted.code = codes[i];
		assert_int_equal(core_hear_acted(&core, &frame, NULL), -TACIT_INVALID);
	}
	/* gate may give descriptors, but to engine. */
	frame.body.acted.code = 0;
	frame.type = FRAME_GIVE;
	assert_int_equal(core_hear_acted(&core, &frame, NULL), -TACIT_INVALID);
	expect_no_end();
	frame.type = FRAME_ACTED;
	frame.body.acted.code = -(TACIT_CODES - 1);
	assert_int_equal(core_hear_acted(&core, &frame, NULL), 0);
	assert_true(errands_next_end(&core, &(struct errand_end){ 0 }));
}

static void they_are_bounded_and_no_number_is_used_twice(void **state)
{
	static uint32_t number[ERRANDS_MAX];
	uint32_t more;

	(void)state;
	for (int i = 0; i < ERRANDS_MAX; i++) {
		if (i % 2)
			assert_int_equal(ask_act(&number[i]), 0);
		else
			assert_int_equal(ask_run(RUN_ROTATOR, false, false, &number[i]), 0);
		for (int j = 0; j < i; j++)
			assert_int_not_equal(number[i], number[j]);
	}
	assert_int_equal(ask_act(&more), -TACIT_BUSY);
	assert_int_equal(ask_run(RUN_ROTATOR, true, true, &more), -TACIT_BUSY);
	assert_int_equal(count_descriptors(), descriptors);
	/* Acts are few at a time, in order; each that ends lets one more go. */
	errands_send(&core);
	for (int i = 1; is_readable(gate); i += 2)
		expect_act(number[i]);
	tell_acted(number[1], 0, 204);
	errands_send(&core);
	assert_true(is_readable(gate));
	/* One that has ended has its place until the worker has been told. */
	assert_int_equal(ask_act(&more), -TACIT_BUSY);
	expect_end(number[1], true, false, "");
	assert_int_equal(ask_act(&more), 0);
	assert_int_equal(ask_act(&more), -TACIT_BUSY);
}

#define with_channels(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		with_channels(a_program_is_run_and_its_end_is_told_once),
		with_channels(each_way_to_end_has_its_reason),
		with_channels(what_an_engine_answered_decides),
		with_channels(streams_go_just_before_their_program),
		with_channels(a_key_program_is_given_its_input),
		with_channels(one_end_is_taken_before_the_others),
		with_channels(a_wait_in_vain_hides_no_other_end),
		with_channels(what_is_dropped_is_not_begun),
		with_channels(a_channel_that_is_full_is_written_to_when_it_is_not),
		with_channels(streams_that_were_sent_are_of_no_other_program),
		with_channels(what_was_sent_to_who_is_lost_has_failed),
		with_channels(what_is_lost_in_part_was_not_begun),
		with_channels(without_channels_it_waits),
		with_channels(what_nobody_speaks_of_ends_at_its_deadline),
		with_channels(who_speaks_of_what_is_not_theirs_is_not_heard),
		with_channels(what_is_no_end_of_an_act_is_refused),
		with_channels(they_are_bounded_and_no_number_is_used_twice),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
