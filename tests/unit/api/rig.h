/* SPDX-License-Identifier: Apache-2.0 */
/* The api's real loop in a child, between a holder and a core that the test plays, and raw sockets
 * in place of an HTTP client. Every wait has a deadline far longer than anything needs. */
#ifndef TACIT_TESTS_RIG_H
#define TACIT_TESTS_RIG_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "api/server.h"
#include "wire/doc.h"
#include "wire/frame.h"

#define RIG_PATIENCE_S 90
#define RIG_OPERATORS 54321 /* a group nobody has */
#define RIG_ANSWER_MAX (1u << 20)

struct rig {
	pid_t child;
	int holder; /* -1 when the test let go of it */
	int core;   /* the same */
	struct sockaddr_un address;
	socklen_t address_length;
	char answer[RIG_ANSWER_MAX]; /* the last one, head and body, NUL after it */
	size_t answer_length;
};

static inline void rig_be_patient(int socket)
{
	const struct timeval patience = { .tv_sec = RIG_PATIENCE_S };

	assert_int_equal(
		setsockopt(socket, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience), 0);
	assert_int_equal(
		setsockopt(socket, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience), 0);
}

static inline void rig_expect_from_api(struct rig *rig, enum frame_type type)
{
	struct frame frame;
	struct err err;

	if (frame_receive(rig->holder, ROLE_API, ROLE_HOLDER, &frame, &err) < 0)
		fail_msg("%s", err.text);
	assert_int_equal(frame.type, type);
}

static inline void rig_give(struct rig *rig, enum give what, int fd)
{
	const struct frame_give give = { .what = what, .index = ROLE_CORE };

	assert_int_equal(frame_send(rig->holder, FRAME_GIVE, &give, sizeof give, fd, NULL), 0);
	close(fd);
}

static inline void rig_new_core(struct rig *rig)
{
	int pair[2];

	assert_int_equal(frame_pair(pair, NULL), 0);
	rig_be_patient(pair[0]);
	rig->core = pair[0];
	rig_give(rig, GIVE_PEER, pair[1]);
}

static inline void rig_lose_core(struct rig *rig)
{
	close(rig->core);
	rig->core = -1;
}

static inline int rig_listen(struct rig *rig)
{
	int listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	/* No path: the system picks an abstract name. */
	rig->address = (struct sockaddr_un){ .sun_family = AF_UNIX };
	rig->address_length = sizeof rig->address;
	assert_true(listener >= 0);
	assert_int_equal(bind(listener, (struct sockaddr *)&rig->address, sizeof(sa_family_t)), 0);
	assert_int_equal(listen(listener, 128), 0);
	assert_int_equal(
		getsockname(listener, (struct sockaddr *)&rig->address, &rig->address_length), 0);
	return listener;
}

static inline int rig_start(void **state)
{
	struct rig *rig = calloc(1, sizeof *rig);
	int pair[2];

	assert_non_null(rig);
	assert_int_equal(frame_pair(pair, NULL), 0);
	rig->child = fork();
	assert_true(rig->child >= 0);
	if (!rig->child) {
		close(pair[0]);
		exit(server_run(pair[1], getuid() ? getgid() : RIG_OPERATORS, NULL) < 0);
	}
	close(pair[1]);
	rig_be_patient(pair[0]);
	rig->holder = pair[0];
	rig_give(rig, GIVE_LISTENER, rig_listen(rig));
	rig_new_core(rig);
	assert_int_equal(frame_send(rig->holder, FRAME_GO, NULL, 0, -1, NULL), 0);
	rig_expect_from_api(rig, FRAME_READY);
	*state = rig;
	return 0;
}

/* Whether the child ends, and how: its exit status. */
static inline int rig_wait(struct rig *rig)
{
	int status;

	assert_int_equal(waitpid(rig->child, &status, 0), rig->child);
	rig->child = 0;
	assert_true(WIFEXITED(status));
	return WEXITSTATUS(status);
}

static inline int rig_stop(void **state)
{
	struct rig *rig = *state;

	if (rig->holder >= 0)
		close(rig->holder);
	if (rig->core >= 0)
		close(rig->core);
	if (rig->child)
		assert_int_equal(rig_wait(rig), 0);
	free(rig);
	return 0;
}

static inline int rig_connect(struct rig *rig)
{
	int client = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	assert_true(client >= 0);
	rig_be_patient(client);
	assert_int_equal(connect(client, (struct sockaddr *)&rig->address, rig->address_length), 0);
	return client;
}

/* May fail half way: an answer can come before the whole request is read. */
static inline void rig_write(int client, const void *bytes, size_t length)
{
	const char *at = bytes;

	while (length) {
		ssize_t sent = send(client, at, length, MSG_NOSIGNAL);

		if (sent <= 0)
			return;
		at += sent;
		length -= (size_t)sent;
	}
}

/* To the end of the connection, which is closed; what it said is in rig->answer. */
static inline void rig_read(struct rig *rig, int client)
{
	ssize_t got;

	rig->answer_length = 0;
	while ((got = recv(client, rig->answer + rig->answer_length,
			RIG_ANSWER_MAX - 1 - rig->answer_length, 0)) > 0)
		rig->answer_length += (size_t)got;
	rig->answer[rig->answer_length] = '\0';
	close(client);
}

/* A request with a head of these lines and a body; sent, not yet answered. */
static inline int rig_send(struct rig *rig, const char *line, const void *body, size_t length)
{
	int client = rig_connect(rig);
	char head[8192];
	int used = snprintf(head, sizeof head, "%s HTTP/1.1\r\nHost: tacit\r\n", line);

	if (body)
		used += snprintf(
			head + used, sizeof head - (size_t)used, "Content-Length: %zu\r\n", length);
	used += snprintf(head + used, sizeof head - (size_t)used, "\r\n");
	rig_write(client, head, (size_t)used);
	if (length)
		rig_write(client, body, length);
	return client;
}

static inline void rig_assert_answer(const struct rig *rig, int status, const char *text)
{
	char line[32];

	snprintf(line, sizeof line, "HTTP/1.1 %d ", status);
	if (strncmp(rig->answer, line, strlen(line)) != 0 || !strstr(rig->answer, text))
		fail_msg("wanted %s and \"%s\", got: %.600s", line, text, rig->answer);
}

/* core: the request that comes next. Its octets go into `body`, which holds the largest. */
static inline struct frame_request rig_core_receive(struct rig *rig, void *body)
{
	struct frame frame;
	struct err err;

	if (frame_receive(rig->core, ROLE_API, ROLE_CORE, &frame, &err) < 0)
		fail_msg("%s", err.text);
	assert_int_equal(frame.type, FRAME_REQUEST);
	if (frame.body.request.body_length) {
		assert_non_null(body);
		assert_int_equal(frame_receive_octets(rig->core, ROLE_API, ROLE_CORE, body,
					 frame.body.request.body_length, NULL),
			0);
	}
	return frame.body.request;
}

static inline void rig_core_reply(
	struct rig *rig, enum tacit_code code, const char *text, const void *bytes, size_t length)
{
	struct frame_reply reply = { .code = code, .body_length = (uint32_t)length };

	snprintf(reply.text, sizeof reply.text, "%s", text);
	assert_int_equal(frame_send(rig->core, FRAME_REPLY, &reply, sizeof reply, -1, NULL), 0);
	assert_int_equal(frame_send_octets(rig->core, bytes, length, NULL), 0);
}

/* core: answer {"state":"serving"}. */
static inline void rig_core_reply_state(struct rig *rig)
{
	struct pack doc = { 0 };

	doc_open(&doc, NULL, DOC_OBJECT);
	doc_text(&doc, "state", "serving");
	doc_close(&doc);
	rig_core_reply(rig, TACIT_OK, "", doc.bytes, doc.length);
	pack_free(&doc);
}

/* The server still works, and core was not asked anything in between. */
static inline void rig_assert_alive(struct rig *rig)
{
	int client = rig_send(rig, "GET /v1/status", NULL, 0);

	assert_int_equal(rig_core_receive(rig, NULL).verb, VERB_STATUS);
	rig_core_reply_state(rig);
	rig_read(rig, client);
	rig_assert_answer(rig, 200, "\r\n\r\n{\"state\":\"serving\"}\n");
}

#endif
