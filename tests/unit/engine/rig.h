/* SPDX-License-Identifier: Apache-2.0 */
/* engine's real loop in a child, between a holder, a core and a gate that the test plays. Every
 * wait has a deadline far longer than anything needs, and the loop's time is granted_time.h's. */
#ifndef TACIT_TESTS_RIG_H
#define TACIT_TESTS_RIG_H

#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "engine/engine.h"
#include "tests/unit/granted_time.h"
#include "wire/frame.h"

#define RIG_PATIENCE_S 60
#define RIG_QUIET_MS 60 /* nothing more comes */
#define RIG_ENGINES 2

#define RIG_ID "8a11ed93ab775cba6925506f6c0be67f49d85d620c763081be11d3296a4ca67b"
#define RIG_OTHER_ID "26ba1d2dbd4073df100c3c24ff62fc9e5daa10c2c84eb9b6100496936c615693"
#define RIG_IMAGE "sha256:2a5de530a96a09a848a16c0c150dc76d6dc32773731cd364f307fb5630b7a549"

struct rig {
	pid_t child;
	int holder, core, gate; /* -1 when the test let go of it */
};

static inline void rig_be_patient(int socket)
{
	const struct timeval patience = { .tv_sec = RIG_PATIENCE_S };

	assert_int_equal(
		setsockopt(socket, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience), 0);
}

static inline int rig_peer(struct rig *rig, enum role role)
{
	const struct frame_give give = { .what = GIVE_PEER, .index = role };
	int pair[2];

	assert_int_equal(frame_pair(pair, NULL), 0);
	rig_be_patient(pair[0]);
	assert_int_equal(frame_send(rig->holder, FRAME_GIVE, &give, sizeof give, pair[1], NULL), 0);
	close(pair[1]);
	return pair[0];
}

static inline void rig_new_core(struct rig *rig)
{
	if (rig->core >= 0)
		close(rig->core);
	rig->core = rig_peer(rig, ROLE_CORE);
}

static inline void rig_new_gate(struct rig *rig)
{
	if (rig->gate >= 0)
		close(rig->gate);
	rig->gate = rig_peer(rig, ROLE_GATE);
}

static inline void rig_open(struct rig *rig)
{
	struct config config = { .engines = { "first", "second" }, .engine_count = RIG_ENGINES };
	int pair[2];

	assert_int_equal(frame_pair(pair, NULL), 0);
	rig_be_patient(pair[0]);
	fflush(NULL);
	granted_time_begin();
	rig->child = fork();
	if (!rig->child) {
		granted_time_enter();
		close(pair[0]);
		_exit(engine_run(pair[1], &config, NULL) < 0 ? 1 : 0);
	}
	close(pair[1]);
	rig->holder = pair[0];
	rig->core = rig->gate = -1;
}

/* How the child ended. */
static inline int rig_status(struct rig *rig)
{
	int status;

	assert_int_equal(waitpid(rig->child, &status, 0), rig->child);
	assert_true(WIFEXITED(status));
	rig->child = 0;
	return WEXITSTATUS(status);
}

static inline void rig_let_go(int *fd)
{
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}

/* With holder and core it ends by itself, and well. */
static inline void rig_close(struct rig *rig)
{
	rig_let_go(&rig->holder);
	rig_let_go(&rig->core);
	if (rig->child)
		assert_int_equal(rig_status(rig), 0);
	rig_let_go(&rig->gate);
}

/* What engine sends to role `to`, through `channel`. */
static inline void rig_expect(int channel, enum role to, enum frame_type type, struct frame *frame)
{
	struct err err;

	granted_time_await(channel, RIG_PATIENCE_S * 1000);
	if (frame_receive(channel, ROLE_ENGINE, to, frame, &err) < 0)
		fail_msg("waiting for frame %d: %s", type, err.text);
	if (frame->type != type)
		fail_msg("frame %u instead of %d", frame->type, type);
	assert_int_equal(frame->fd, -1);
}

static inline bool rig_is_quiet(int channel)
{
	return !granted_time_await(channel, RIG_QUIET_MS);
}

/* An ask that comes next: its number. */
static inline uint32_t rig_expect_ask(
	struct rig *rig, uint32_t engine, enum ask what, const char *id)
{
	struct frame frame;

	rig_expect(rig->gate, ROLE_GATE, FRAME_ASK, &frame);
	assert_int_equal(frame.body.ask.what, what);
	assert_int_equal(frame.body.ask.engine, engine);
	assert_string_equal(frame.body.ask.id, id);
	return frame.body.ask.ask;
}

static inline void rig_refuse(struct rig *rig, uint32_t number, enum tacit_code code)
{
	const struct frame_give give = {
		.what = GIVE_ANSWER, .index = number, .status = -(int32_t)code
	};

	assert_int_equal(frame_send(rig->gate, FRAME_GIVE, &give, sizeof give, -1, NULL), 0);
}

/* The end of a pipe that the answer to the ask is written into. */
static inline int rig_answer_pipe(struct rig *rig, uint32_t number)
{
	const struct frame_give give = { .what = GIVE_ANSWER, .index = number };
	int ends[2];

	assert_int_equal(pipe(ends), 0);
	assert_int_equal(frame_send(rig->gate, FRAME_GIVE, &give, sizeof give, ends[0], NULL), 0);
	close(ends[0]);
	return ends[1];
}

static inline void rig_write(int pipe, const char *text)
{
	assert_int_equal(write(pipe, text, strlen(text)), strlen(text));
}

#define RIG_OK "HTTP/1.0 200 OK\r\nServer: test\r\n\r\n"
#define RIG_NOT_FOUND "HTTP/1.0 404 Not Found\r\n\r\n{}"
#define RIG_FAILED "HTTP/1.0 500 Internal Server Error\r\n\r\n{}"

static inline void rig_answer(struct rig *rig, uint32_t number, const char *text)
{
	int pipe = rig_answer_pipe(rig, number);

	rig_write(pipe, text);
	close(pipe);
}

/* A container of RIG_IMAGE, labelled a=1, as an engine inspects it. */
static inline void rig_answer_container(
	struct rig *rig, uint32_t number, const char *id, const char *state)
{
	char text[1024];

	snprintf(text, sizeof text,
		RIG_OK "{\"Id\":\"%s\",\"Name\":\"/web\",\"Image\":\"" RIG_IMAGE
		       "\",\"State\":{\"Status\":\"%s\"},\"Config\":{\"Image\":\"nginx\","
		       "\"Labels\":{\"a\":\"1\",\"maker\":\"x\"}}}",
		id, state);
	rig_answer(rig, number, text);
}

#define RIG_IMAGE_ANSWER RIG_OK "{\"RepoDigests\":[],\"Config\":{\"Labels\":{\"maker\":\"x\"}}}"

static inline void rig_expect_state(struct rig *rig, uint32_t engine, enum engine_state state)
{
	struct frame frame;

	rig_expect(rig->core, ROLE_CORE, FRAME_ENGINE_STATE, &frame);
	assert_int_equal(frame.body.engine_state.engine, engine);
	assert_int_equal(frame.body.engine_state.state, state);
}

static inline void rig_expect_came(
	struct rig *rig, uint32_t engine, const char *id, enum container_life life)
{
	struct frame frame;

	rig_expect(rig->core, ROLE_CORE, FRAME_CAME, &frame);
	assert_int_equal(container_facts_check(&frame.body.came.facts, NULL), 0);
	assert_string_equal(frame.body.came.facts.id, id);
	assert_int_equal(frame.body.came.facts.engine, engine);
	assert_int_equal(frame.body.came.life, life);
}

static inline void rig_expect_went(struct rig *rig, const char *id, bool removed)
{
	struct frame frame;

	rig_expect(rig->core, ROLE_CORE, FRAME_WENT, &frame);
	assert_string_equal(frame.body.went.id, id);
	assert_int_equal(frame.body.went.removed, removed);
}

static inline void rig_expect_unknown(struct rig *rig, const char *id)
{
	struct frame frame;

	rig_expect(rig->core, ROLE_CORE, FRAME_UNKNOWN, &frame);
	assert_string_equal(frame.body.container_id.id, id);
}

static inline void rig_identify(struct rig *rig, const char *id)
{
	struct frame_container_id wanted = { .id = "" };

	memcpy(wanted.id, id, strlen(id) + 1);
	assert_int_equal(
		frame_send(rig->core, FRAME_IDENTIFY, &wanted, sizeof wanted, -1, NULL), 0);
}

static inline void rig_event(int events, const char *action, const char *id)
{
	char line[512];

	snprintf(line, sizeof line,
		"{\"Type\":\"container\",\"Action\":\"%s\",\"Actor\":{\"ID\":\"%s\"}}\n", action,
		id);
	rig_write(events, line);
}

#endif
