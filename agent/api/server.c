/* SPDX-License-Identifier: Apache-2.0 */
#include "api/server.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "api/http.h"
#include "api/peer.h"
#include "base/cleanup.h"
#include "base/clock.h"
#include "base/log.h"

/* After accept() ran out of descriptors or memory: trying again at once would only spin. */
#define ACCEPT_PAUSE_NS 200000000u

/* Connections accepted before anything else gets its turn. */
#define ACCEPT_BATCH 16

struct server {
	int holder;   /* channel, or -1 when holder is gone */
	int listener; /* -1 until given */
	gid_t operators;
	bool serving;
	uint64_t accept_again; /* 0, or when the listener is polled again */
	struct http http;
	struct relay relay;
};

static int start_serving(struct server *server, struct err *err)
{
	int status;

	if (server->serving)
		return err_set(err, TACIT_INVALID, "holder said go twice");
	if (server->listener < 0)
		return err_set(err, TACIT_INVALID, "holder gave no listening socket");
	status = http_start(&server->http, &server->relay, err);
	if (status < 0)
		return status;
	server->serving = true;
	return frame_send(server->holder, FRAME_READY, NULL, 0, -1, err);
}

static int take_gift(struct server *server, struct frame *frame, struct err *err)
{
	_close_ int fd = take_fd(&frame->fd);
	const struct frame_give *give = &frame->body.give;

	if (fd < 0)
		return err_set(err, TACIT_INVALID, "holder gave nothing");
	if (give->what == GIVE_PEER && give->index == ROLE_CORE) {
		relay_connect(&server->relay, take_fd(&fd), clock_monotonic_ns());
		return 0;
	}
	if (give->what == GIVE_LISTENER && server->listener < 0) {
		/* However it was made: an accept() that waits would stop the loop. */
		if (fcntl(fd, F_SETFL, O_RDWR | O_NONBLOCK))
			return err_errno(err, errno, TACIT_INTERNAL, "listener");
		server->listener = take_fd(&fd);
		return 0;
	}
	return err_set(err, TACIT_INVALID, "holder gave what api has no use for");
}

static int take_frame(struct server *server, struct frame *frame, struct err *err)
{
	switch (frame->type) {
	case FRAME_GIVE:
		return take_gift(server, frame, err);
	case FRAME_GO:
		return start_serving(server, err);
	case FRAME_PING:
		return frame_send(server->holder, FRAME_PONG, NULL, 0, -1, err);
	default:
		return err_set(err, TACIT_INVALID, "holder sent a frame api does not know");
	}
}

/* holder speaks. When its channel has ended we go on for as long as there is a core. */
static int hear_holder(struct server *server, struct err *err)
{
	struct frame frame = { .fd = -1 };
	int status = frame_receive(server->holder, ROLE_HOLDER, ROLE_API, &frame, err);

	if (!status)
		status = take_frame(server, &frame, err);
	if (frame.fd >= 0)
		close(frame.fd);
	if (status != -TACIT_UNAVAILABLE)
		return status;
	close(take_fd(&server->holder));
	log_info("holder is gone: serving on while core is there");
	return 0;
}

static bool accept_one(struct server *server)
{
	_close_ int fd = accept4(server->listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
	struct peer peer;
	struct err err;

	if (fd < 0) {
		if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM)
			server->accept_again = clock_monotonic_ns() + ACCEPT_PAUSE_NS;
		return false;
	}
	if (peer_read(fd, server->operators, &peer, &err) < 0)
		log_warning("a client was dropped: %s", err.text);
	else
		http_admit(&server->http, take_fd(&fd), peer.uid, peer.is_operator);
	return true;
}

static void accept_some(struct server *server)
{
	for (int i = 0; i < ACCEPT_BATCH; i++)
		if (!accept_one(server))
			return;
}

/* Milliseconds, rounded up, until the earlier of `deadline` and `milliseconds` (-1: never). */
static int sooner(int milliseconds, uint64_t deadline, uint64_t now)
{
	uint64_t left = deadline > now ? (deadline - now + 999999) / 1000000 : 0;

	if (deadline == UINT64_MAX || (milliseconds >= 0 && left >= (uint64_t)milliseconds))
		return milliseconds;
	return left > INT_MAX ? INT_MAX : (int)left;
}

static int patience(const struct server *server)
{
	uint64_t now = clock_monotonic_ns();
	int milliseconds = -1;

	if (!server->serving)
		return -1;
	milliseconds =
		sooner(http_timeout(&server->http), relay_next_deadline(&server->relay), now);
	milliseconds = sooner(milliseconds, clients_next_deadline(&server->http.clients), now);
	if (server->accept_again)
		milliseconds = sooner(milliseconds, server->accept_again, now);
	return milliseconds;
}

enum { POLL_HOLDER, POLL_CORE, POLL_HTTP, POLL_LISTENER, POLLS };

/* A descriptor of -1 is skipped by poll(). */
static void watch(const struct server *server, struct pollfd *polls)
{
	polls[POLL_HOLDER] = (struct pollfd){ server->holder, POLLIN, 0 };
	polls[POLL_CORE] =
		(struct pollfd){ server->relay.channel, relay_events(&server->relay), 0 };
	polls[POLL_HTTP] = (struct pollfd){ -1, POLLIN, 0 };
	polls[POLL_LISTENER] = (struct pollfd){ -1, POLLIN, 0 };
	if (!server->serving)
		return;
	polls[POLL_HTTP].fd = http_descriptor(&server->http);
	if (!server->accept_again)
		polls[POLL_LISTENER].fd = server->listener;
}

static void do_http(struct server *server)
{
	uint64_t now = clock_monotonic_ns();

	if (server->accept_again <= now)
		server->accept_again = 0;
	relay_expire(&server->relay, now);
	clients_sweep(&server->http.clients, now);
	http_run(&server->http);
	relay_pump(&server->relay, now);
}

static int turn(struct server *server, struct err *err)
{
	struct pollfd polls[POLLS];
	int status = 0;

	watch(server, polls);
	if (poll(polls, POLLS, patience(server)) < 0)
		return errno == EINTR ? 0 : err_errno(err, errno, TACIT_INTERNAL, "poll");
	/* core first: a gift of holder may be a new channel in place of the one polled. */
	if (polls[POLL_CORE].revents & ~POLLOUT)
		status = relay_ready(&server->relay, clock_monotonic_ns(), err);
	if (!status && polls[POLL_HOLDER].revents)
		status = hear_holder(server, err);
	if (!status && polls[POLL_LISTENER].revents)
		accept_some(server);
	if (!status && server->serving)
		do_http(server);
	return status;
}

int server_run(int holder, gid_t operators, struct err *err)
{
	struct server server = { .holder = holder, .listener = -1, .operators = operators };
	int status = 0;

	relay_open(&server.relay, http_answered, &server.http);
	while (!status && (server.holder >= 0 || server.relay.channel >= 0))
		status = turn(&server, err);
	relay_close(&server.relay);
	if (server.serving) {
		http_run(&server.http);
		http_stop(&server.http);
	}
	if (server.holder >= 0)
		close(server.holder);
	if (server.listener >= 0)
		close(server.listener);
	return status;
}
