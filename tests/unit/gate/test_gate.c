/* SPDX-License-Identifier: Apache-2.0 */
/* gate's real loop in a child, between a holder, an engine and an engine's API that the test plays:
 * what it passes on, what it refuses, and when it lets go. Every wait has a deadline far longer
 * than anything needs. */
#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "gate/gate.h"
#include "wire/frame.h"

#define PATIENCE_S 60
#define QUIET_MS 60
#define ID "8a11ed93ab775cba6925506f6c0be67f49d85d620c763081be11d3296a4ca67b"
#define REQUEST "GET /containers/" ID "/json HTTP/1.0\r\nHost: tacit\r\nConnection: close\r\n\r\n"

static pid_t child;
static int holder, engine; /* the test's ends */

static void be_patient(int socket)
{
	const struct timeval patience = { .tv_sec = PATIENCE_S };

	assert_int_equal(
		setsockopt(socket, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience), 0);
}

static void new_engine(void)
{
	const struct frame_give give = { .what = GIVE_PEER, .index = ROLE_ENGINE };
	int pair[2];

	assert_int_equal(frame_pair(pair, NULL), 0);
	be_patient(pair[0]);
	assert_int_equal(frame_send(holder, FRAME_GIVE, &give, sizeof give, pair[1], NULL), 0);
	close(pair[1]);
	engine = pair[0];
}

static int set_up(void **state)
{
	int pair[2];

	(void)state;
	assert_int_equal(frame_pair(pair, NULL), 0);
	be_patient(pair[0]);
	fflush(NULL);
	child = fork();
	if (!child) {
		close(pair[0]);
		_exit(gate_run(pair[1], NULL) < 0 ? 1 : 0);
	}
	close(pair[1]);
	holder = pair[0];
	new_engine();
	return 0;
}

static void let_go(int *fd)
{
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}

static int status_of_child(void)
{
	int status;

	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFEXITED(status));
	child = 0;
	return WEXITSTATUS(status);
}

/* Without holder and engine it ends by itself, and well. */
static int tear_down(void **state)
{
	(void)state;
	let_go(&holder);
	let_go(&engine);
	if (child)
		assert_int_equal(status_of_child(), 0);
	return 0;
}

static void expect(int channel, enum role to, enum frame_type type, struct frame *frame)
{
	struct err err;

	if (frame_receive(channel, ROLE_GATE, to, frame, &err) < 0)
		fail_msg("waiting for frame %d: %s", type, err.text);
	assert_int_equal(frame->type, type);
}

static bool is_quiet(int fd)
{
	struct pollfd poll_one = { fd, POLLIN, 0 };

	return !poll(&poll_one, 1, QUIET_MS);
}

static void ask(uint32_t number)
{
	struct frame_ask body = { .ask = number, .engine = 1, .what = ASK_CONTAINER, .id = ID };

	assert_int_equal(frame_send(engine, FRAME_ASK, &body, sizeof body, -1, NULL), 0);
}

/* What holder is asked for: its ticket. */
static uint32_t ticket(void)
{
	struct frame frame;

	expect(holder, ROLE_HOLDER, FRAME_NEED_ENGINE, &frame);
	assert_int_equal(frame.body.need_engine.engine, 1);
	return frame.body.need_engine.ask;
}

static void give_engine(uint32_t index, int status, int fd)
{
	const struct frame_give give = { .what = GIVE_ENGINE, .index = index, .status = status };

	assert_int_equal(frame_send(holder, FRAME_GIVE, &give, sizeof give, fd, NULL), 0);
}

/* A connection, whose other end is the engine's API. */
static int connect_api(uint32_t index)
{
	int pair[2];

	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair), 0);
	be_patient(pair[0]);
	give_engine(index, 0, pair[1]);
	close(pair[1]);
	return pair[0];
}

/* The answer to ask `number`: its pipe, or -1 and why. */
static int answer(uint32_t number, int32_t *status)
{
	struct frame frame;

	expect(engine, ROLE_ENGINE, FRAME_GIVE, &frame);
	assert_int_equal(frame.body.give.what, GIVE_ANSWER);
	assert_int_equal(frame.body.give.index, number);
	*status = frame.body.give.status;
	assert_int_equal(frame.fd >= 0, *status == 0);
	return frame.fd;
}

static void expect_bytes(int fd, const char *text)
{
	char bytes[1024];
	size_t length = strlen(text), at = 0;

	while (at < length) {
		struct pollfd poll_one = { fd, POLLIN, 0 };
		ssize_t got;

		assert_int_equal(poll(&poll_one, 1, PATIENCE_S * 1000), 1);
		got = read(fd, bytes + at, length - at);
		assert_true(got > 0);
		at += (size_t)got;
	}
	assert_memory_equal(bytes, text, length);
}

static void expect_end(int fd)
{
	struct pollfd poll_one = { fd, POLLIN, 0 };
	char byte;

	assert_int_equal(poll(&poll_one, 1, PATIENCE_S * 1000), 1);
	assert_int_equal(read(fd, &byte, 1), 0);
}

/* From the ask to the pipe. */
static int start(uint32_t number, int *api)
{
	int32_t status;

	ask(number);
	*api = connect_api(ticket());
	return answer(number, &status);
}

static void holder_is_answered(void **state)
{
	struct frame frame;

	(void)state;
	assert_int_equal(frame_send(holder, FRAME_GO, NULL, 0, -1, NULL), 0);
	expect(holder, ROLE_HOLDER, FRAME_READY, &frame);
	assert_int_equal(frame_send(holder, FRAME_PING, NULL, 0, -1, NULL), 0);
	expect(holder, ROLE_HOLDER, FRAME_PONG, &frame);
}

/* The pipe is there at once; the answer comes as it comes, and ends when it ends. */
static void passed_on(void **state)
{
	int api, pipe = start(7, &api);

	(void)state;
	expect_bytes(api, REQUEST);
	assert_true(is_quiet(api));
	assert_true(is_quiet(pipe));
	assert_int_equal(write(api, "one", 3), 3);
	expect_bytes(pipe, "one");
	assert_int_equal(write(api, "two", 3), 3);
	expect_bytes(pipe, "two");
	assert_int_equal(write(api, "last", 4), 4);
	close(api);
	expect_bytes(pipe, "last");
	expect_end(pipe);
	close(pipe);
}

/* More than a pipe holds, to a reader that takes its time: nothing is lost, and nothing spins. */
static void more_than_a_pipe_holds(void **state)
{
	static char sent[1 << 19], got[sizeof sent];
	int api, pipe = start(1, &api);
	size_t at = 0;
	pid_t writer;

	(void)state;
	expect_bytes(api, REQUEST);
	for (size_t i = 0; i < sizeof sent; i++)
		sent[i] = (char)(i * 31 + i / 257);
	writer = fork();
	if (!writer)
		_exit(write(api, sent, sizeof sent) != sizeof sent);
	close(api);
	usleep(QUIET_MS * 1000);
	while (at < sizeof got) {
		struct pollfd poll_one = { pipe, POLLIN, 0 };
		ssize_t part;

		assert_int_equal(poll(&poll_one, 1, PATIENCE_S * 1000), 1);
		part = read(pipe, got + at, sizeof got - at);
		assert_true(part > 0);
		at += (size_t)part;
	}
	assert_memory_equal(got, sent, sizeof sent);
	expect_end(pipe);
	close(pipe);
	assert_int_equal(waitpid(writer, NULL, 0), writer);
}

static uint64_t cpu_of_child(void)
{
	struct timespec used;
	clockid_t clock;

	assert_int_equal(clock_getcpuclockid(child, &clock), 0);
	assert_int_equal(clock_gettime(clock, &used), 0);
	return (uint64_t)used.tv_sec * 1000000000u + (uint64_t)used.tv_nsec;
}

/* As much as connection and pipe take together. */
static void fill(int api)
{
	static const char bytes[1 << 16];

	for (int refusals = 0; refusals < 4;) {
		if (send(api, bytes, sizeof bytes, MSG_DONTWAIT) > 0)
			continue;
		refusals++;
		usleep(QUIET_MS * 1000 / 4);
	}
}

/* Nobody reads, and there is more: that is waited for, and not asked about again and again. */
static void a_full_pipe(void **state)
{
	int api, pipe = start(1, &api);
	uint64_t before;

	(void)state;
	expect_bytes(api, REQUEST);
	fill(api);
	before = cpu_of_child();
	usleep(4 * QUIET_MS * 1000);
	assert_true(cpu_of_child() - before < QUIET_MS * 1000000u);
	close(pipe);
	close(api);
}

/* That a pipe has no reader any more can be found by writing into it. */
static void broken_pipe(void **state)
{
	struct frame frame;

	(void)state;
	ask(1);
	ticket();
	assert_int_equal(kill(child, SIGPIPE), 0);
	assert_int_equal(frame_send(holder, FRAME_PING, NULL, 0, -1, NULL), 0);
	expect(holder, ROLE_HOLDER, FRAME_PONG, &frame);
}

/* engine closes the pipe: the connection ends, whatever it was waiting for. */
static void not_wanted_any_more(void **state)
{
	char byte;
	int api, pipe = start(1, &api);

	(void)state;
	expect_bytes(api, REQUEST);
	close(pipe);
	expect_end(api);
	close(api);
	/* The same when the pipe is full. */
	pipe = start(1, &api);
	expect_bytes(api, REQUEST);
	fill(api);
	close(pipe);
	/* What the other side has not read makes an error of its end. */
	while (recv(api, &byte, 1, 0) > 0)
		continue;
	assert_true(send(api, &byte, 1, MSG_NOSIGNAL) < 0);
	close(api);
}

static void refused_by_holder(void **state)
{
	int32_t status;

	(void)state;
	ask(1);
	give_engine(ticket(), -TACIT_UNAVAILABLE, -1);
	assert_int_equal(answer(1, &status), -1);
	assert_int_equal(status, -TACIT_UNAVAILABLE);
	/* Its number is free again. */
	ask(1);
	give_engine(ticket(), -TACIT_DENIED, -1);
	assert_int_equal(answer(1, &status), -1);
	assert_int_equal(status, -TACIT_DENIED);
}

/* What holder gives for an ask of an engine that is gone is not taken for one of the next. */
static void late_connection(void **state)
{
	uint32_t first, second;
	int32_t status;
	int api, pipe;

	(void)state;
	ask(1);
	first = ticket();
	let_go(&engine);
	new_engine();
	ask(1);
	second = ticket();
	assert_int_not_equal(first, second);
	api = connect_api(first);
	expect_end(api);
	close(api);
	assert_true(is_quiet(engine));
	api = connect_api(second);
	pipe = answer(1, &status);
	expect_bytes(api, REQUEST);
	close(pipe);
	close(api);
}

static void another_engine(void **state)
{
	int api, pipe = start(1, &api);

	(void)state;
	expect_bytes(api, REQUEST);
	let_go(&engine);
	expect_end(api);
	expect_end(pipe);
	close(pipe);
	close(api);
	new_engine();
	pipe = start(1, &api);
	expect_bytes(api, REQUEST);
	close(pipe);
	close(api);
}

/* The one before may not know yet that it has been replaced. */
static void two_engines(void **state)
{
	int api, pipe = start(1, &api), old = engine;

	(void)state;
	expect_bytes(api, REQUEST);
	new_engine();
	expect_end(api);
	expect_end(pipe);
	expect_end(old);
	close(old);
	close(pipe);
	close(api);
	pipe = start(1, &api);
	expect_bytes(api, REQUEST);
	close(pipe);
	close(api);
}

static void too_many(void **state)
{
	int api[GATE_ASKS_MAX], pipe[GATE_ASKS_MAX];
	int32_t status;

	(void)state;
	for (uint32_t i = 0; i < GATE_ASKS_MAX; i++)
		pipe[i] = start(i + 1, &api[i]);
	ask(100);
	assert_int_equal(answer(100, &status), -1);
	assert_int_equal(status, -TACIT_LIMIT);
	assert_true(is_quiet(holder));
	/* One that is let go of makes room at once. */
	close(pipe[3]);
	pipe[3] = start(101, &api[3]);
	for (int i = 0; i < GATE_ASKS_MAX; i++) {
		close(pipe[i]);
		close(api[i]);
	}
}

static void holder_ends(void **state)
{
	int32_t status;
	int api, pipe = start(1, &api);

	(void)state;
	expect_bytes(api, REQUEST);
	ask(2);
	ticket();
	let_go(&holder);
	assert_int_equal(answer(2, &status), -1);
	assert_int_equal(status, -TACIT_UNAVAILABLE);
	ask(3);
	assert_int_equal(answer(3, &status), -1);
	assert_int_equal(status, -TACIT_UNAVAILABLE);
	/* What flows goes on. */
	assert_int_equal(write(api, "on", 2), 2);
	expect_bytes(pipe, "on");
	close(pipe);
	close(api);
}

static void what_engine_may_not_ask(void **state)
{
	struct frame_ask body = { .ask = 1, .what = ASK_CONTAINER, .id = "../../secrets" };

	(void)state;
	assert_int_equal(frame_send(engine, FRAME_ASK, &body, sizeof body, -1, NULL), 0);
	assert_int_equal(status_of_child(), 1);
}

static void no_connection_and_no_reason(void **state)
{
	(void)state;
	ask(1);
	give_engine(ticket(), 0, -1);
	assert_int_equal(status_of_child(), 1);
}

static void a_connection_and_a_reason(void **state)
{
	(void)state;
	ask(1);
	give_engine(ticket(), -TACIT_DENIED, engine);
	assert_int_equal(status_of_child(), 1);
}

static void a_number_twice(void **state)
{
	(void)state;
	ask(1);
	ticket();
	ask(1);
	assert_int_equal(status_of_child(), 1);
}

static void what_engine_may_not_send(void **state)
{
	(void)state;
	assert_int_equal(frame_send(engine, FRAME_PONG, NULL, 0, -1, NULL), 0);
	assert_int_equal(status_of_child(), 1);
}

static void what_holder_may_not_give(void **state)
{
	const struct frame_give give = { .what = GIVE_PEER, .index = ROLE_CORE };

	(void)state;
	assert_int_equal(frame_send(holder, FRAME_GIVE, &give, sizeof give, engine, NULL), 0);
	assert_int_equal(status_of_child(), 1);
}

#define test(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		test(holder_is_answered),
		test(passed_on),
		test(more_than_a_pipe_holds),
		test(a_full_pipe),
		test(broken_pipe),
		test(not_wanted_any_more),
		test(refused_by_holder),
		test(late_connection),
		test(another_engine),
		test(two_engines),
		test(too_many),
		test(holder_ends),
		test(what_engine_may_not_ask),
		test(no_connection_and_no_reason),
		test(a_connection_and_a_reason),
		test(a_number_twice),
		test(what_engine_may_not_send),
		test(what_holder_may_not_give),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
