/* SPDX-License-Identifier: Apache-2.0 */
#include "gate/gate.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/log.h"
#include "gate/flow.h"
#include "wire/frame.h"

struct gate {
	int holder, engine; /* channels, or -1 */
	uint32_t tickets;   /* given out */
	struct flow flow[GATE_ASKS_MAX];
};

static void end_flows(struct gate *gate)
{
	for (int i = 0; i < GATE_ASKS_MAX; i++)
		flow_end(&gate->flow[i]);
}

static void drop_engine(struct gate *gate)
{
	if (gate->engine >= 0)
		close(take_fd(&gate->engine));
	end_flows(gate);
}

/* engine takes what it asked for: one that does not read is lost, and its asks with it. */
static void answer(struct gate *gate, uint32_t number, int32_t status, int fd)
{
	struct frame_give give = { .what = GIVE_ANSWER, .index = number, .status = status };
	struct err err;

	if (gate->engine >= 0 &&
		frame_send_now(gate->engine, FRAME_GIVE, &give, sizeof give, fd, &err) < 0) {
		log_warning("engine: %s", err.text);
		drop_engine(gate);
	}
}

static struct flow *find(struct gate *gate, enum flow_state state)
{
	for (int i = 0; i < GATE_ASKS_MAX; i++)
		if (gate->flow[i].state == state)
			return &gate->flow[i];
	return NULL;
}

static bool number_taken(const struct gate *gate, uint32_t number)
{
	for (int i = 0; i < GATE_ASKS_MAX; i++)
		if (gate->flow[i].state != FLOW_FREE && gate->flow[i].number == number)
			return true;
	return false;
}

static int take_ask(struct gate *gate, const struct frame_ask *ask, struct err *err)
{
	struct frame_need_engine need = { .ask = gate->tickets + 1, .engine = ask->engine };
	struct request request;
	struct flow *flow;

	if (request_build(ask, &request, err) < 0)
		return -TACIT_INVALID;
	if (number_taken(gate, ask->ask))
		return err_set(err, TACIT_INVALID, "engine gave a number to two asks");
	flow = find(gate, FLOW_FREE);
	if (!flow) {
		answer(gate, ask->ask, -TACIT_LIMIT, -1);
		return 0;
	}
	if (gate->holder < 0 ||
		frame_send(gate->holder, FRAME_NEED_ENGINE, &need, sizeof need, -1, NULL) < 0) {
		answer(gate, ask->ask, -TACIT_UNAVAILABLE, -1);
		return 0;
	}
	gate->tickets++;
	*flow = (struct flow){ .state = FLOW_WAITING,
		.number = ask->ask,
		.ticket = need.ask,
		.connection = -1,
		.pipe = -1,
		.request = request };
	return 0;
}

/* A connection, or why there is none. What it was for may be gone: then it is closed again. */
static int take_connection(struct gate *gate, struct frame *frame, struct err *err)
{
	const struct frame_give *give = &frame->body.give;
	_close_ int connection = take_fd(&frame->fd), pipe = -1;
	struct flow *flow = NULL;
	struct err why;

	if ((connection < 0) != (give->status != 0))
		return err_set(err, TACIT_INVALID, "holder gave no connection, and no reason");
	for (int i = 0; i < GATE_ASKS_MAX && !flow; i++)
		if (gate->flow[i].state == FLOW_WAITING && gate->flow[i].ticket == give->index)
			flow = &gate->flow[i];
	if (!flow)
		return 0;
	if (connection >= 0 && flow_start(flow, connection, &pipe, &why) < 0) {
		log_warning("an answer: %s", why.text);
		answer(gate, flow->number, -(int32_t)why.code, -1);
		flow_end(flow);
		return 0;
	}
	take_fd(&connection);
	answer(gate, flow->number, give->status, pipe);
	if (give->status)
		flow_end(flow);
	return 0;
}

static int take_gift(struct gate *gate, struct frame *frame, struct err *err)
{
	const struct frame_give *give = &frame->body.give;

	if (give->what == GIVE_ENGINE)
		return take_connection(gate, frame, err);
	if (give->what != GIVE_PEER || give->index != ROLE_ENGINE || frame->fd < 0)
		return err_set(err, TACIT_INVALID, "holder gave what gate has no use for");
	drop_engine(gate);
	gate->engine = take_fd(&frame->fd);
	return 0;
}

static int take_frame(struct gate *gate, struct frame *frame, struct err *err)
{
	switch (frame->type) {
	case FRAME_GIVE:
		return take_gift(gate, frame, err);
	case FRAME_GO:
		return frame_send(gate->holder, FRAME_READY, NULL, 0, -1, err);
	case FRAME_PING:
		return frame_send(gate->holder, FRAME_PONG, NULL, 0, -1, err);
	default:
		return err_set(err, TACIT_INVALID, "holder sent a frame gate does not know");
	}
}

/* holder is gone: what was asked of it will not come. Answers under way still do. */
static void drop_holder(struct gate *gate)
{
	struct flow *flow;

	close(take_fd(&gate->holder));
	while ((flow = find(gate, FLOW_WAITING))) {
		flow_end(flow);
		answer(gate, flow->number, -TACIT_UNAVAILABLE, -1);
	}
}

static int hear_holder(struct gate *gate, struct err *err)
{
	struct frame frame = { .fd = -1 };
	int status = frame_receive(gate->holder, ROLE_HOLDER, ROLE_GATE, &frame, err);

	if (!status)
		status = take_frame(gate, &frame, err);
	if (frame.fd >= 0)
		close(frame.fd);
	if (status != -TACIT_UNAVAILABLE)
		return status;
	drop_holder(gate);
	return 0;
}

static int hear_engine(struct gate *gate, struct err *err)
{
	struct frame frame = { .fd = -1 };
	int status = frame_receive(gate->engine, ROLE_ENGINE, ROLE_GATE, &frame, err);

	if (!status)
		return take_ask(gate, &frame.body.ask, err);
	if (status != -TACIT_UNAVAILABLE)
		return status;
	drop_engine(gate);
	return 0;
}

enum { POLL_HOLDER, POLL_ENGINE, POLL_FLOWS };

/* Flows first: what they free is there for the asks that come next, and none of the flows that
 * were polled has been replaced yet. */
static int turn(struct gate *gate, struct err *err)
{
	struct pollfd polls[POLL_FLOWS + GATE_ASKS_MAX * FLOW_POLLS];
	struct pollfd *flows = polls + POLL_FLOWS;
	int status = 0;

	polls[POLL_HOLDER] = (struct pollfd){ gate->holder, POLLIN, 0 };
	polls[POLL_ENGINE] = (struct pollfd){ gate->engine, POLLIN, 0 };
	for (int i = 0; i < GATE_ASKS_MAX; i++)
		flow_watch(&gate->flow[i], flows + i * FLOW_POLLS);
	if (poll(polls, sizeof polls / sizeof polls[0], -1) < 0)
		return errno == EINTR ? 0 : err_errno(err, errno, TACIT_INTERNAL, "poll");
	for (int i = 0; i < GATE_ASKS_MAX; i++)
		if (!flow_step(&gate->flow[i], flows + i * FLOW_POLLS))
			flow_end(&gate->flow[i]);
	if (polls[POLL_ENGINE].revents)
		status = hear_engine(gate, err);
	if (!status && polls[POLL_HOLDER].revents)
		status = hear_holder(gate, err);
	return status;
}

int gate_run(int holder, struct err *err)
{
	struct gate gate = { .holder = holder, .engine = -1 };
	int status = 0;

	/* splice() has no flag against it: a pipe that nobody reads is an error, not the end. */
	signal(SIGPIPE, SIG_IGN);
	for (int i = 0; i < GATE_ASKS_MAX; i++)
		gate.flow[i].connection = gate.flow[i].pipe = -1;
	while (!status && (gate.holder >= 0 || gate.engine >= 0))
		status = turn(&gate, err);
	drop_engine(&gate);
	if (gate.holder >= 0)
		close(gate.holder);
	return status;
}
