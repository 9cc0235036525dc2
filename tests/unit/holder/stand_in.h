/* SPDX-License-Identifier: Apache-2.0 */
/* A role's process as holder sees it, in place of core, toucher, api, engine and gate: it says what
 * it is given in a file of its own, log/ROLE, and does what it is told at a socket, log/ROLE.sock:
 *
 *   send TYPE A B     a frame to holder, with two numbers as its body
 *   peer ROLE TEXT    TEXT to that role, by the channel that came last
 *   engine TEXT       TEXT into the engine's connection that came last
 *   run NUMBER LANE TIMEOUT PROGRAM [ARGUMENT]   a FRAME_RUN; its end is said as "ran ..."
 *   stream INDEX TEXT a pipe for the next program: one with TEXT in it, or (1) one whose bytes are
 *                     said as "output TEXT"
 *   file INDEX        a file in place of such a pipe
 *   deaf              no ping is answered any more
 *   exit              end
 *
 * A file log/ROLE.broken makes it end before it is ready. Included once per test program. */
#ifndef TACIT_TEST_STAND_IN_H
#define TACIT_TEST_STAND_IN_H

#include <fcntl.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <unistd.h>

#include "wire/frame.h"

#define STAND_IN_TEXT 256

struct stand_in {
	const char *root;
	enum role role;
	FILE *log;
	int commands;
	int peer[ROLES];
	int engine;
	int output; /* of a program */
	bool deaf;
};

__attribute__((format(printf, 2, 3))) static inline void tell(
	struct stand_in *self, const char *format, ...)
{
	va_list list;

	va_start(list, format);
	vfprintf(self->log, format, list);
	va_end(list);
	fflush(self->log);
}

/* Capabilities of all five sets together, in hexadecimal. */
static inline unsigned long long capabilities_of_all_sets(void)
{
	FILE *status = fopen("/proc/self/status", "re");
	unsigned long long all = 0, set;
	char line[256];

	while (status && fgets(line, sizeof line, status))
		if (sscanf(line, "Cap%*3s: %llx", &set) == 1)
			all |= set;
	if (!status)
		return ~0ull;
	fclose(status);
	return all;
}

static inline unsigned int open_files(void)
{
	unsigned int count = 0;

	for (int fd = 0; fd < 256; fd++)
		count += fcntl(fd, F_GETFD) >= 0;
	return count;
}

/* By itself, or by a ring that makes sockets for it. */
static inline bool has_network(void)
{
	char parameters[256] = { 0 };
	int channel = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	int ring = (int)syscall(SYS_io_uring_setup, 1, parameters);

	if (channel >= 0)
		close(channel);
	if (ring >= 0)
		close(ring);
	return channel >= 0 || ring >= 0;
}

static inline void say_who(struct stand_in *self, unsigned int files)
{
	extern char **environ;

	tell(self, "start %d\n", getpid());
	tell(self, "uid %u\ngid %u\ngroups %d\n", getuid(), getgid(), getgroups(0, NULL));
	tell(self, "nnp %d caps %llx files %u environment %d network %d\n",
		prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0), capabilities_of_all_sets(), files,
		environ && environ[0], has_network());
}

static inline void take_gift(struct stand_in *self, const struct frame *frame)
{
	const struct frame_give *give = &frame->body.give;
	bool blocks = frame->fd >= 0 && !(fcntl(frame->fd, F_GETFL) & O_NONBLOCK);

	if (give->what == GIVE_PEER && give->index < ROLES) {
		tell(self, "peer %s\n", role_name((enum role)give->index));
		if (self->peer[give->index] >= 0)
			close(self->peer[give->index]);
		self->peer[give->index] = frame->fd;
		return;
	}
	tell(self, "give %u %u %s%s%s\n", give->what, give->index,
		give->status ? "refused" : "granted", frame->fd >= 0 ? " with" : " without",
		give->what == GIVE_ENGINE && blocks ? " that blocks" : "");
	if (give->what == GIVE_ENGINE)
		self->engine = frame->fd;
}

/* False: the end. */
static inline bool hear_holder(struct stand_in *self)
{
	struct frame_stop_answer answer = { .held_by = 0 };
	struct frame frame;

	if (frame_receive(ROLE_HOLDER_FD, ROLE_HOLDER, self->role, &frame, NULL) < 0)
		return false;
	switch (frame.type) {
	case FRAME_GIVE:
		take_gift(self, &frame);
		return true;
	case FRAME_GO:
		tell(self, "go\n");
		return !frame_send(ROLE_HOLDER_FD, FRAME_READY, NULL, 0, -1, NULL);
	case FRAME_PING:
		return self->deaf || !frame_send(ROLE_HOLDER_FD, FRAME_PONG, NULL, 0, -1, NULL);
	case FRAME_STOP:
		return !frame_send(
			ROLE_HOLDER_FD, FRAME_STOP_ANSWER, &answer, sizeof answer, -1, NULL);
	case FRAME_RAN:
		tell(self, "ran %u %u %u %d\n", frame.body.ran.number, frame.body.ran.lane,
			frame.body.ran.end, frame.body.ran.status);
		return true;
	default:
		tell(self, "frame %u\n", frame.type);
		return true;
	}
}

static inline void send_body(unsigned int type, uint32_t a, uint32_t b)
{
	uint32_t body[2] = { a, b };
	size_t length = type == FRAME_NEED_ENGINE ? 8 : type == FRAME_EXPEL ? 4 : 0;

	frame_send(ROLE_HOLDER_FD, (enum frame_type)type, body, length, -1, NULL);
}

static inline void send_stream(struct stand_in *self, uint32_t index, const char *text)
{
	const struct frame_give give = { .what = GIVE_STREAM, .index = index };
	int ends[2];

	if (pipe2(ends, O_CLOEXEC))
		return;
	if (index == STDOUT_FILENO)
		self->output = ends[0];
	else if (write(ends[1], text, strlen(text)) < 0)
		return;
	frame_send(
		ROLE_HOLDER_FD, FRAME_GIVE, &give, sizeof give, ends[index == STDOUT_FILENO], NULL);
	close(ends[1]);
	if (index != STDOUT_FILENO)
		close(ends[0]);
}

static inline void send_file(uint32_t index)
{
	const struct frame_give give = { .what = GIVE_STREAM, .index = index };
	int fd = open("/dev/null", O_RDWR | O_CLOEXEC);

	frame_send(ROLE_HOLDER_FD, FRAME_GIVE, &give, sizeof give, fd, NULL);
	close(fd);
}

/* A text that is too long for its field has no end there. */
static inline void put_text(char *field, size_t size, const char *text)
{
	size_t length = strlen(text) + 1;

	memcpy(field, text, length < size ? length : size);
}

static inline void send_run(const char *command)
{
	char program[STAND_IN_TEXT] = "", argument[STAND_IN_TEXT] = "";
	struct frame_run run = {
		.version = UINT64_MAX, .secret = "tls/cert", .consumer = "compose/shop/web"
	};

	if (sscanf(command, "run %u %u %u %255s %255s", &run.number, &run.lane, &run.timeout_ms,
		    program, argument) < 4)
		return;
	put_text(run.program, sizeof run.program, program);
	put_text(run.argument, sizeof run.argument, argument);
	frame_send(ROLE_HOLDER_FD, FRAME_RUN, &run, sizeof run, -1, NULL);
}

static inline void hear_output(struct stand_in *self)
{
	char text[STAND_IN_TEXT] = "";

	if (read(self->output, text, sizeof text - 1) > 0) {
		tell(self, "output %s\n", text);
		return;
	}
	tell(self, "output-end\n");
	close(self->output);
	self->output = -1;
}

static inline enum role role_of(const char *name)
{
	enum role role = ROLE_CORE;

	while (role < ROLES && strcmp(role_name(role), name))
		role++;
	return role;
}

static inline bool obey(struct stand_in *self)
{
	char command[STAND_IN_TEXT] = "", word[STAND_IN_TEXT], text[STAND_IN_TEXT];
	unsigned int type, a, b;
	enum role role;

	if (recv(self->commands, command, sizeof command - 1, 0) <= 0)
		return true;
	if (sscanf(command, "send %u %u %u", &type, &a, &b) == 3)
		send_body(type, a, b);
	else if (!strncmp(command, "run ", 4))
		send_run(command);
	else if (sscanf(command, "stream %u %255s", &a, text) == 2)
		send_stream(self, a, text);
	else if (sscanf(command, "file %u", &a) == 1)
		send_file(a);
	else if (sscanf(command, "engine %255s", text) == 1)
		send(self->engine, text, strlen(text), MSG_NOSIGNAL);
	else if (sscanf(command, "peer %255s %255s", word, text) == 2 &&
		 (role = role_of(word)) < ROLES)
		send(self->peer[role], text, strlen(text), MSG_NOSIGNAL);
	else if (!strcmp(command, "deaf"))
		self->deaf = true;
	return strcmp(command, "exit") != 0;
}

static inline void hear_peer(struct stand_in *self, enum role role)
{
	char text[STAND_IN_TEXT] = "";

	if (recv(self->peer[role], text, sizeof text - 1, MSG_DONTWAIT) > 0) {
		tell(self, "from %s %s\n", role_name(role), text);
		return;
	}
	close(self->peer[role]);
	self->peer[role] = -1;
}

static inline void stand_in_loop(struct stand_in *self)
{
	bool on = true;

	while (on) {
		struct pollfd poll_for[ROLES + 2] = { { ROLE_HOLDER_FD, POLLIN, 0 } };

		for (enum role role = ROLE_CORE; role < ROLES; role++)
			poll_for[role] = (struct pollfd){ self->peer[role], POLLIN, 0 };
		poll_for[ROLES] = (struct pollfd){ self->commands, POLLIN, 0 };
		poll_for[ROLES + 1] = (struct pollfd){ self->output, POLLIN, 0 };
		poll(poll_for, ROLES + 2, -1);
		if (poll_for[ROLES + 1].revents)
			hear_output(self);
		for (enum role role = ROLE_CORE; role < ROLES; role++)
			if (poll_for[role].revents)
				hear_peer(self, role);
		on = (!poll_for[ROLE_HOLDER].revents || hear_holder(self)) &&
		     (!poll_for[ROLES].revents || obey(self));
	}
}

/* Never returns. The scratch root is its second argument, as every role's. */
static inline void stand_in_main(char **argv)
{
	struct stand_in self = { .root = argv[2], .engine = -1, .output = -1 };
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	unsigned int files = open_files();
	char path[256];

	self.role = role_of(argv[0] + strlen("tacit-"));
	for (enum role role = ROLE_HOLDER; role < ROLES; role++)
		self.peer[role] = -1;
	snprintf(path, sizeof path, "%s/log/%s", self.root, role_name(self.role));
	self.log = fopen(path, "ae");
	if (!self.log)
		_exit(1);
	say_who(&self, files);
	strcat(path, ".broken");
	if (!access(path, F_OK))
		_exit(1);
	snprintf(address.sun_path, sizeof address.sun_path, "%s/log/%s.sock", self.root,
		role_name(self.role));
	unlink(address.sun_path);
	self.commands = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (bind(self.commands, (struct sockaddr *)&address, sizeof address))
		_exit(1);
	stand_in_loop(&self);
	_exit(0);
}

#endif
