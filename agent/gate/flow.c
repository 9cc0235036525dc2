/* SPDX-License-Identifier: Apache-2.0 */
#include "gate/flow.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/cleanup.h"

#define SPLICE_MAX 65536 /* a pipe's usual size: one step fills it */

int flow_start(struct flow *flow, int connection, int *answer, struct err *err)
{
	int ends[2];

	if (pipe2(ends, O_CLOEXEC | O_NONBLOCK))
		return err_errno(err, errno, TACIT_LIMIT, "pipe");
	flow->connection = connection;
	flow->pipe = ends[1];
	flow->sent = 0;
	flow->state = FLOW_SENDING;
	*answer = ends[0];
	return 0;
}

void flow_watch(const struct flow *flow, struct pollfd polls[FLOW_POLLS])
{
	polls[FLOW_POLL_CONNECTION] = (struct pollfd){ flow->connection, POLLIN, 0 };
	polls[FLOW_POLL_PIPE] = (struct pollfd){ flow->pipe, 0, 0 };
	if (flow->state == FLOW_SENDING)
		polls[FLOW_POLL_CONNECTION].events = POLLOUT;
	if (flow->state == FLOW_FULL) {
		polls[FLOW_POLL_CONNECTION].fd = -1;
		polls[FLOW_POLL_PIPE].events = POLLOUT;
	}
}

static bool send_request(struct flow *flow)
{
	const struct request *request = &flow->request;
	ssize_t sent = send(flow->connection, request->text + flow->sent,
		request->length - flow->sent, MSG_NOSIGNAL | MSG_DONTWAIT);

	if (sent < 0)
		return errno == EAGAIN || errno == EINTR;
	flow->sent += (size_t)sent;
	if (flow->sent == request->length)
		flow->state = FLOW_IDLE;
	return true;
}

static bool move_answer(struct flow *flow)
{
	ssize_t moved =
		splice(flow->connection, NULL, flow->pipe, NULL, SPLICE_MAX, SPLICE_F_NONBLOCK);

	if (moved >= 0)
		return moved > 0;
	/* There was something to move: so it is the pipe that has no room. */
	if (errno == EAGAIN)
		flow->state = FLOW_FULL;
	return errno == EAGAIN || errno == EINTR;
}

bool flow_step(struct flow *flow, const struct pollfd polls[FLOW_POLLS])
{
	if (polls[FLOW_POLL_PIPE].revents & (POLLERR | POLLNVAL))
		return false;
	if (polls[FLOW_POLL_PIPE].revents && flow->state == FLOW_FULL)
		flow->state = FLOW_IDLE;
	if (!polls[FLOW_POLL_CONNECTION].revents)
		return true;
	return flow->state == FLOW_SENDING ? send_request(flow) : move_answer(flow);
}

void flow_end(struct flow *flow)
{
	if (flow->connection >= 0)
		close(take_fd(&flow->connection));
	if (flow->pipe >= 0)
		close(take_fd(&flow->pipe));
	flow->state = FLOW_FREE;
}
