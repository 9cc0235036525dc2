/* SPDX-License-Identifier: Apache-2.0 */
/* What gate does for core, whom it tells how that went, and what nobody else can have it do. */
#include "rig.h"

#define ACT_END " HTTP/1.0\r\nHost: tacit\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"
#define SIGNAL_REQUEST "POST /containers/" ID "/kill?signal=SIGHUP" ACT_END
#define RESTART_REQUEST "POST /containers/" ID "/restart?t=10" ACT_END

static void act_through(int channel, uint32_t number, enum act what)
{
	struct frame_act body = { .number = number, .engine = 1, .what = what, .id = ID };

	if (what == ACT_SIGNAL)
		memcpy(body.signal, "HUP", sizeof "HUP");
	assert_int_equal(frame_send(channel, FRAME_ACT, &body, sizeof body, -1, NULL), 0);
}

static void act(uint32_t number)
{
	act_through(core, number, ACT_SIGNAL);
}

/* Core is told by gate that there will be no answer. */
static void core_is_told(uint32_t number, int32_t code)
{
	struct frame frame;

	expect(core, ROLE_CORE, FRAME_ACTED, &frame);
	assert_int_equal(frame.body.acted.number, number);
	assert_int_equal(frame.body.acted.code, code);
	assert_int_equal(frame.body.acted.status, 0);
}

/* The pipe that engine is given for an act. */
static int acted(uint32_t number)
{
	struct frame frame;

	expect(engine, ROLE_ENGINE, FRAME_GIVE, &frame);
	assert_int_equal(frame.body.give.what, GIVE_ACTED);
	assert_int_equal(frame.body.give.index, number);
	assert_int_equal(frame.body.give.status, 0);
	assert_true(frame.fd >= 0);
	return frame.fd;
}

static int start_act(uint32_t number, int *api)
{
	act(number);
	*api = connect_api(ticket());
	return acted(number);
}

/* The answer goes to engine, which reads it; gate says nothing of it. */
static void engine_reads_the_answer(void **state)
{
	static const char text[] = "HTTP/1.0 204 No Content\r\n\r\n";
	int api, pipe = start_act(5, &api);

	(void)state;
	expect_bytes(api, SIGNAL_REQUEST);
	assert_true(is_quiet(api));
	assert_int_equal(write(api, text, strlen(text)), strlen(text));
	close(api);
	expect_bytes(pipe, text);
	expect_end(pipe);
	close(pipe);
	assert_true(is_quiet(core));
}

static void restarts(void **state)
{
	int api, pipe;

	(void)state;
	act_through(core, 1, ACT_RESTART);
	api = connect_api(ticket());
	pipe = acted(1);
	expect_bytes(api, RESTART_REQUEST);
	close(pipe);
	expect_end(api);
	close(api);
	assert_true(is_quiet(core));
}

static void no_connection_is_told_core(void **state)
{
	(void)state;
	act(1);
	give_engine(ticket(), -TACIT_UNAVAILABLE, -1);
	core_is_told(1, -TACIT_UNAVAILABLE);
	/* Its number is free again. */
	act(1);
	give_engine(ticket(), -TACIT_DENIED, -1);
	core_is_told(1, -TACIT_DENIED);
	assert_true(is_quiet(engine));
}

/* Nobody could say how it ended: it is not begun. */
static void without_engine_nothing_is_done(void **state)
{
	uint32_t index;
	int api;

	(void)state;
	act(1);
	index = ticket();
	let_go(&engine);
	api = connect_api(index);
	core_is_told(1, -TACIT_UNAVAILABLE);
	expect_end(api);
	close(api);
	act(2);
	core_is_told(2, -TACIT_UNAVAILABLE);
	assert_true(is_quiet(holder));
}

static void without_holder_nothing_is_done(void **state)
{
	(void)state;
	act(1);
	ticket();
	let_go(&holder);
	core_is_told(1, -TACIT_UNAVAILABLE);
	act(2);
	core_is_told(2, -TACIT_UNAVAILABLE);
}

/* The one that would have told core of it is gone. */
static void engine_ends_meanwhile(void **state)
{
	int api, pipe = start_act(9, &api);

	(void)state;
	expect_bytes(api, SIGNAL_REQUEST);
	let_go(&engine);
	core_is_told(9, -TACIT_UNAVAILABLE);
	expect_end(api);
	close(pipe);
	close(api);
	new_engine();
	pipe = start_act(10, &api);
	close(pipe);
	close(api);
}

static void another_core(void **state)
{
	int api[2], pipe[2], ask_api, ask_pipe = start(1, &ask_api), old = core;

	(void)state;
	expect_bytes(ask_api, REQUEST);
	pipe[0] = start_act(1, &api[0]);
	expect_bytes(api[0], SIGNAL_REQUEST);
	core = new_peer(ROLE_CORE);
	expect_end(api[0]);
	expect_end(pipe[0]);
	expect_end(old);
	close(old);
	/* Its numbers are its own. */
	pipe[1] = start_act(1, &api[1]);
	expect_bytes(api[1], SIGNAL_REQUEST);
	let_go(&core);
	expect_end(api[1]);
	/* What engine asks goes on. */
	assert_int_equal(write(ask_api, "on", 2), 2);
	expect_bytes(ask_pipe, "on");
	for (int i = 0; i < 2; i++) {
		close(api[i]);
		close(pipe[i]);
	}
	close(ask_pipe);
	close(ask_api);
}

/* All places of both, with the same numbers; one more of each is refused. */
static void acts_and_asks_have_places_of_their_own(void **state)
{
	int api[GATE_ACTS_MAX + GATE_ASKS_MAX], pipe[GATE_ACTS_MAX + GATE_ASKS_MAX];
	int32_t status;

	(void)state;
	for (uint32_t i = 0; i < GATE_ACTS_MAX; i++)
		pipe[i] = start_act(i + 1, &api[i]);
	act(100);
	core_is_told(100, -TACIT_LIMIT);
	for (uint32_t i = 0; i < GATE_ASKS_MAX; i++)
		pipe[GATE_ACTS_MAX + i] = start(i + 1, &api[GATE_ACTS_MAX + i]);
	ask(100);
	assert_int_equal(answer(100, &status), -1);
	assert_int_equal(status, -TACIT_LIMIT);
	assert_true(is_quiet(holder));
	for (int i = 0; i < GATE_ACTS_MAX + GATE_ASKS_MAX; i++) {
		expect_bytes(api[i], i < GATE_ACTS_MAX ? SIGNAL_REQUEST : REQUEST);
		close(pipe[i]);
		close(api[i]);
	}
}

static void engine_may_not_act(void **state)
{
	(void)state;
	act_through(engine, 1, ACT_SIGNAL);
	assert_int_equal(status_of_child(), 1);
}

static void core_may_not_ask(void **state)
{
	struct frame_ask body = { .ask = 1, .what = ASK_LIST };

	(void)state;
	assert_int_equal(frame_send(core, FRAME_ASK, &body, sizeof body, -1, NULL), 0);
	assert_int_equal(status_of_child(), 1);
}

static void what_core_may_not_do(void **state)
{
	struct frame_act body = { .number = 1, .what = ACT_SIGNAL, .signal = "KILL", .id = ID };

	(void)state;
	assert_int_equal(frame_send(core, FRAME_ACT, &body, sizeof body, -1, NULL), 0);
	assert_int_equal(status_of_child(), 1);
}

static void what_core_may_not_give(void **state)
{
	const struct frame_give give = { .what = GIVE_ENGINE, .index = 1 };

	(void)state;
	assert_int_equal(frame_send(core, FRAME_GIVE, &give, sizeof give, engine, NULL), 0);
	assert_int_equal(status_of_child(), 1);
}

static void a_number_twice(void **state)
{
	(void)state;
	act(1);
	ticket();
	act(1);
	assert_int_equal(status_of_child(), 1);
}

#define test(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		test(engine_reads_the_answer),
		test(restarts),
		test(no_connection_is_told_core),
		test(without_engine_nothing_is_done),
		test(without_holder_nothing_is_done),
		test(engine_ends_meanwhile),
		test(another_core),
		test(acts_and_asks_have_places_of_their_own),
		test(engine_may_not_act),
		test(core_may_not_ask),
		test(what_core_may_not_do),
		test(what_core_may_not_give),
		test(a_number_twice),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
