/* SPDX-License-Identifier: Apache-2.0 */
/* What engine makes of the answers to core's acts: with a clock of the test's own, and in its real
 * loop. */
#include <fcntl.h>

#include "rig.h"

#include "engine/acts.h"

#define SECOND 1000000000ull
#define DONE "HTTP/1.0 204 No Content\r\n\r\n"

static struct tell tell = { .channel = -1 };
static struct acts acts;
static int core; /* the test's end */

static int set_up(void **state)
{
	int pair[2];

	(void)state;
	granted_time_begin();
	assert_int_equal(frame_pair(pair, NULL), 0);
	rig_be_patient(pair[0]);
	core = pair[0];
	tell_connect(&tell, pair[1]);
	acts_open(&acts, &tell);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	acts_drop(&acts);
	tell_connect(&tell, -1);
	close(core);
	return 0;
}

static int take(uint32_t number, uint64_t now)
{
	int ends[2];

	assert_int_equal(pipe2(ends, O_NONBLOCK | O_CLOEXEC), 0);
	acts_take(&acts, number, ends[0], now);
	return ends[1];
}

static void read_ready(void)
{
	struct pollfd polls[ACTS_MAX];

	acts_watch(&acts, polls);
	poll(polls, ACTS_MAX, 0);
	acts_read(&acts, polls);
}

static void expect_acted(int channel, uint32_t number, int code, uint32_t status)
{
	struct frame frame;

	rig_expect(channel, ROLE_CORE, FRAME_ACTED, &frame);
	assert_int_equal(frame.body.acted.number, number);
	assert_int_equal(frame.body.acted.code, code);
	assert_int_equal(frame.body.acted.status, status);
}

/* Nobody reads the pipe any more. */
static void is_let_go(int pipe)
{
	struct pollfd poll_one = { pipe, 0, 0 };

	assert_int_equal(poll(&poll_one, 1, RIG_PATIENCE_S * 1000), 1);
	assert_true(poll_one.revents & POLLERR);
	close(pipe);
}

static void answers(void **state)
{
	static const struct {
		const char *text;
		int code;
		uint32_t status;
	} rows[] = {
		{ DONE, 0, 204 },
		{ "HTTP/1.1 304 Not Modified\r\nDate: today\r\n\r\n", 0, 304 },
		{ "HTTP/1.0 404 Not Found\r\nContent-Length: 2\r\n\r\n{}", 0, 404 },
		{ "HTTP/1.0 409 Conflict\r\n\r\n{\"message\":", 0, 409 },
		{ "HTTP/1.0 500 Internal Server Error\n\n", 0, 500 },
		{ "SSH-2.0-OpenSSH\r\n\r\n", -TACIT_INVALID, 0 },
		{ "HTTP/1.0 999 No\r\n\r\n", -TACIT_INVALID, 0 },
		{ "\r\n\r\n", -TACIT_INVALID, 0 },
	};

	(void)state;
	for (uint32_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		int pipe = take(i + 1, 0);

		rig_write(pipe, rows[i].text);
		read_ready();
		expect_acted(core, i + 1, rows[i].code, rows[i].status);
		is_let_go(pipe);
	}
	assert_true(rig_is_quiet(core));
}

/* Piece by piece: not before the head is whole. */
static void in_pieces(void **state)
{
	int pipe = take(1, 0);

	(void)state;
	for (const char *at = DONE; at[1]; at++) {
		assert_int_equal(write(pipe, at, 1), 1);
		read_ready();
	}
	assert_true(rig_is_quiet(core));
	rig_write(pipe, "\n");
	read_ready();
	expect_acted(core, 1, 0, 204);
	is_let_go(pipe);
}

static void broken_off(void **state)
{
	int pipe = take(1, 0);

	(void)state;
	close(pipe);
	read_ready();
	expect_acted(core, 1, -TACIT_UNAVAILABLE, 0);
	pipe = take(2, 0);
	rig_write(pipe, "HTTP/1.0 204");
	close(pipe);
	read_ready();
	read_ready();
	expect_acted(core, 2, -TACIT_UNAVAILABLE, 0);
}

/* A head that does not end. */
static void limit(void **state)
{
	char line[1025];
	int pipe = take(1, 0);

	(void)state;
	memset(line, 'x', sizeof line);
	memcpy(line, "HTTP/1.0 200 OK\r\na: ", 20);
	line[sizeof line - 1] = '\0';
	for (int i = 0; i < HTTP_HEAD_MAX / 1024; i++) {
		assert_true(rig_is_quiet(core) || i > 16);
		rig_write(pipe, line);
		read_ready();
	}
	expect_acted(core, 1, -TACIT_INVALID, 0);
	is_let_go(pipe);
}

static void deadlines(void **state)
{
	int first = take(1, 0), second = take(2, 10 * SECOND);

	(void)state;
	assert_int_equal(acts_next_deadline(&acts), 60 * SECOND);
	acts_expire(&acts, 60 * SECOND - 1);
	assert_true(rig_is_quiet(core));
	acts_expire(&acts, 60 * SECOND);
	expect_acted(core, 1, -TACIT_UNAVAILABLE, 0);
	is_let_go(first);
	assert_int_equal(acts_next_deadline(&acts), 70 * SECOND);
	rig_write(second, DONE);
	read_ready();
	expect_acted(core, 2, 0, 204);
	is_let_go(second);
	assert_true(acts_next_deadline(&acts) == ACTS_NEVER);
	acts_expire(&acts, ACTS_NEVER - 1);
	assert_true(rig_is_quiet(core));
}

static void many(void **state)
{
	int pipes[ACTS_MAX], more;

	(void)state;
	for (uint32_t i = 0; i < ACTS_MAX; i++)
		pipes[i] = take(i + 1, 0);
	more = take(100, 0);
	expect_acted(core, 100, -TACIT_LIMIT, 0);
	is_let_go(more);
	for (uint32_t i = ACTS_MAX; i--;) {
		rig_write(pipes[i], DONE);
		read_ready();
		expect_acted(core, i + 1, 0, 204);
		is_let_go(pipes[i]);
	}
}

static struct rig rig;

static int set_up_loop(void **state)
{
	(void)state;
	rig_open(&rig);
	rig.gate = rig_peer(&rig, ROLE_GATE);
	rig_new_core(&rig);
	rig_expect_state(&rig, 0, ENGINE_DOWN);
	rig_expect_state(&rig, 1, ENGINE_DOWN);
	rig_expect_ask(&rig, 0, ASK_EVENTS, "");
	rig_expect_ask(&rig, 1, ASK_EVENTS, "");
	return 0;
}

static int tear_down_loop(void **state)
{
	(void)state;
	rig_close(&rig);
	return 0;
}

static int give_acted(uint32_t number)
{
	const struct frame_give give = { .what = GIVE_ACTED, .index = number };
	int ends[2];

	assert_int_equal(pipe2(ends, O_NONBLOCK | O_CLOEXEC), 0);
	assert_int_equal(frame_send(rig.gate, FRAME_GIVE, &give, sizeof give, ends[0], NULL), 0);
	close(ends[0]);
	return ends[1];
}

static void core_is_told(void **state)
{
	int first = give_acted(7), second = give_acted(8);

	(void)state;
	rig_write(second, DONE);
	expect_acted(rig.core, 8, 0, 204);
	close(first);
	expect_acted(rig.core, 7, -TACIT_UNAVAILABLE, 0);
	is_let_go(second);
}

/* The next core's number 7 is another act. */
static void another_core_is_not_told(void **state)
{
	int old = give_acted(7), known = give_acted(8), new;

	(void)state;
	rig_write(known, DONE);
	expect_acted(rig.core, 8, 0, 204);
	is_let_go(known);
	rig_new_core(&rig);
	is_let_go(old);
	rig_expect_state(&rig, 0, ENGINE_DOWN);
	rig_expect_state(&rig, 1, ENGINE_DOWN);
	new = give_acted(7);
	rig_write(new, "HTTP/1.0 404 Not Found\r\n\r\n");
	expect_acted(rig.core, 7, 0, 404);
	is_let_go(new);
}

/* What its gate had given is read to the end. */
static void another_gate(void **state)
{
	int pipe = give_acted(7), known = give_acted(8);

	(void)state;
	rig_write(known, DONE);
	expect_acted(rig.core, 8, 0, 204);
	is_let_go(known);
	rig_new_gate(&rig);
	rig_expect_ask(&rig, 0, ASK_EVENTS, "");
	rig_write(pipe, DONE);
	rig_expect_state(&rig, 0, ENGINE_DOWN);
	rig_expect_state(&rig, 1, ENGINE_DOWN);
	expect_acted(rig.core, 7, 0, 204);
	is_let_go(pipe);
}

static void an_act_without_a_pipe(void **state)
{
	const struct frame_give give = { .what = GIVE_ACTED, .index = 7 };

	(void)state;
	assert_int_equal(frame_send(rig.gate, FRAME_GIVE, &give, sizeof give, -1, NULL), 0);
	assert_int_equal(rig_status(&rig), 1);
}

static void what_gate_may_not_give(void **state)
{
	const struct frame_give give = { .what = GIVE_ENGINE, .index = 7 };

	(void)state;
	assert_int_equal(frame_send(rig.gate, FRAME_GIVE, &give, sizeof give, rig.core, NULL), 0);
	assert_int_equal(rig_status(&rig), 1);
}

#define test(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
#define in_loop(name) cmocka_unit_test_setup_teardown(name, set_up_loop, tear_down_loop)

int main(void)
{
	const struct CMUnitTest tests[] = {
		test(answers),
		test(in_pieces),
		test(broken_off),
		test(limit),
		test(deadlines),
		test(many),
		in_loop(core_is_told),
		in_loop(another_core_is_not_told),
		in_loop(another_gate),
		in_loop(an_act_without_a_pipe),
		in_loop(what_gate_may_not_give),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
