/* SPDX-License-Identifier: Apache-2.0 */
/* gate's real loop in a child, between a holder, an engine, a core and an engine's API that the
 * test plays. Every wait has a deadline far longer than anything needs. Included once per test
 * program. */
#ifndef TACIT_TESTS_GATE_RIG_H
#define TACIT_TESTS_GATE_RIG_H

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
static int holder, engine, core; /* the test's ends */

static inline void be_patient(int socket)
{
	const struct timeval patience = { .tv_sec = PATIENCE_S };

	assert_int_equal(
		setsockopt(socket, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience), 0);
}

static inline int new_peer(enum role role)
{
	const struct frame_give give = { .what = GIVE_PEER, .index = role };
	int pair[2];

	assert_int_equal(frame_pair(pair, NULL), 0);
	be_patient(pair[0]);
	assert_int_equal(frame_send(holder, FRAME_GIVE, &give, sizeof give, pair[1], NULL), 0);
	close(pair[1]);
	return pair[0];
}

static inline void new_engine(void)
{
	engine = new_peer(ROLE_ENGINE);
}

static inline int set_up(void **state)
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
	core = new_peer(ROLE_CORE);
	return 0;
}

static inline void let_go(int *fd)
{
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}

static inline int status_of_child(void)
{
	int status;

	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFEXITED(status));
	child = 0;
	return WEXITSTATUS(status);
}

/* Without holder and engine it ends by itself, and well. */
static inline int tear_down(void **state)
{
	(void)state;
	let_go(&holder);
	let_go(&engine);
	let_go(&core);
	if (child)
		assert_int_equal(status_of_child(), 0);
	return 0;
}

static inline void expect(int channel, enum role to, enum frame_type type, struct frame *frame)
{
	struct err err;

	if (frame_receive(channel, ROLE_GATE, to, frame, &err) < 0)
		fail_msg("waiting for frame %d: %s", type, err.text);
	assert_int_equal(frame->type, type);
}

static inline bool is_quiet(int fd)
{
	struct pollfd poll_one = { fd, POLLIN, 0 };

	return !poll(&poll_one, 1, QUIET_MS);
}

static inline void ask(uint32_t number)
{
	struct frame_ask body = { .ask = number, .engine = 1, .what = ASK_CONTAINER, .id = ID };

	assert_int_equal(frame_send(engine, FRAME_ASK, &body, sizeof body, -1, NULL), 0);
}

/* What holder is asked for: its ticket. */
static inline uint32_t ticket(void)
{
	struct frame frame;

	expect(holder, ROLE_HOLDER, FRAME_NEED_ENGINE, &frame);
	assert_int_equal(frame.body.need_engine.engine, 1);
	return frame.body.need_engine.ask;
}

static inline void give_engine(uint32_t index, int status, int fd)
{
	const struct frame_give give = { .what = GIVE_ENGINE, .index = index, .status = status };

	assert_int_equal(frame_send(holder, FRAME_GIVE, &give, sizeof give, fd, NULL), 0);
}

/* A connection, whose other end is the engine's API. */
static inline int connect_api(uint32_t index)
{
	int pair[2];

	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair), 0);
	be_patient(pair[0]);
	give_engine(index, 0, pair[1]);
	close(pair[1]);
	return pair[0];
}

/* The answer to ask `number`: its pipe, or -1 and why. */
static inline int answer(uint32_t number, int32_t *status)
{
	struct frame frame;

	expect(engine, ROLE_ENGINE, FRAME_GIVE, &frame);
	assert_int_equal(frame.body.give.what, GIVE_ANSWER);
	assert_int_equal(frame.body.give.index, number);
	*status = frame.body.give.status;
	assert_int_equal(frame.fd >= 0, *status == 0);
	return frame.fd;
}

static inline void expect_bytes(int fd, const char *text)
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

static inline void expect_end(int fd)
{
	struct pollfd poll_one = { fd, POLLIN, 0 };
	char byte;

	assert_int_equal(poll(&poll_one, 1, PATIENCE_S * 1000), 1);
	assert_int_equal(read(fd, &byte, 1), 0);
}

/* From the ask to the pipe. */
static inline int start(uint32_t number, int *api)
{
	int32_t status;

	ask(number);
	*api = connect_api(ticket());
	return answer(number, &status);
}

#endif
