/* SPDX-License-Identifier: Apache-2.0 */
#include "gate/gate.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/log.h"
#include "gate/flows.h"
#include "wire/frame.h"

struct gate {
	int holder, engine, core; /* channels, or -1 */
	struct flows flows;
};

static void drop_core(struct gate *gate)
{
	if (gate->core >= 0)
		close(take_fd(&gate->core));
	flows_end(&gate->flows, ROLE_CORE);
}

/* Core takes what it is told: one that does not read is lost, and its acts with it. */
static void tell_core(struct gate *gate, uint32_t number, int32_t code)
{
	struct frame_acted acted = { .number = number, .code = code };
	struct err err;

	if (gate->core >= 0 &&
		frame_send_now(gate->core, FRAME_ACTED, &acted, sizeof acted, -1, &err) < 0) {
		log_warning("core: %s", err.text);
		drop_core(gate);
	}
}

/* The acts whose answers it was to read have nobody who could say how they end. */
static void drop_engine(struct gate *gate)
{
	struct flow *flow;

	if (gate->engine >= 0)
		close(take_fd(&gate->engine));
	flows_end(&gate->flows, ROLE_ENGINE);
	while ((flow = flows_under_way(&gate->flows, ROLE_CORE))) {
		flow_end(flow);
		tell_core(gate, flow->number, -TACIT_UNAVAILABLE);
	}
}

/* engine takes what it is given: one that does not read is lost, and its asks with it. */
static void give_engine(struct gate *gate, const struct frame_give *give, int fd)
{
	struct err err;

	if (gate->engine >= 0 &&
		frame_send_now(gate->engine, FRAME_GIVE, give, sizeof *give, fd, &err) < 0) {
		log_warning("engine: %s", err.text);
		drop_engine(gate);
	}
}

/* No connection, or no more of it: whoever asked is told, and the flow is over. */
static void refuse(struct gate *gate, struct flow *flow, int32_t code)
{
	const struct frame_give give = {
		.what = GIVE_ANSWER, .index = flow->number, .status = code
	};
	enum role asker = flow->asker;

	flow_end(flow);
	if (asker == ROLE_CORE)
		tell_core(gate, give.index, code);
	else
		give_engine(gate, &give, -1);
}

/* From here on it is engine that tells core of an act. When it cannot be given, engine is lost, and
 * the flow with it. */
static void pass_on(struct gate *gate, const struct flow *flow, int pipe)
{
	const struct frame_give give = {
		.what = flow->asker == ROLE_CORE ? GIVE_ACTED : GIVE_ANSWER, .index = flow->number
	};

	give_engine(gate, &give, pipe);
}

/* A new ask or act: holder is asked for a connection. */
static int start(struct gate *gate, enum role asker, uint32_t number, uint32_t engine,
	const struct request *request, struct err *err)
{
	struct frame_need_engine need = { .engine = engine };
	struct flow full = { .asker = asker, .number = number, .connection = -1, .pipe = -1 };
	struct flow *flow;

	if (flows_has(&gate->flows, asker, number))
		return err_set(
			err, TACIT_INVALID, "%s gave a number to two asks", role_name(asker));
	flow = flows_add(&gate->flows, asker, number, request);
	if (!flow) {
		refuse(gate, &full, -TACIT_LIMIT);
		return 0;
	}
	need.ask = flow->ticket;
	/* An act that nobody can say the end of is not begun. */
	if (gate->engine < 0 || gate->holder < 0 ||
		frame_send(gate->holder, FRAME_NEED_ENGINE, &need, sizeof need, -1, NULL) < 0)
		refuse(gate, flow, -TACIT_UNAVAILABLE);
	return 0;
}

static int take_ask(struct gate *gate, const struct frame *frame, struct err *err)
{
	const struct frame_ask *ask = &frame->body.ask;
	struct request request;
	int status = request_build(ask, &request, err);

	return status < 0 ? status : start(gate, ROLE_ENGINE, ask->ask, ask->engine, &request, err);
}

static int take_act(struct gate *gate, struct frame *frame, struct err *err)
{
	const struct frame_act *act = &frame->body.act;
	struct request request;
	int status;

	if (frame->fd >= 0)
		close(take_fd(&frame->fd));
	if (frame->type != FRAME_ACT)
		return err_set(err, TACIT_INVALID, "core sent a frame gate does not know");
	status = request_build_act(act, &request, err);
	return status < 0 ? status
			  : start(gate, ROLE_CORE, act->number, act->engine, &request, err);
}

/* A connection, or why there is none. What it was for may be gone: then it is closed again. */
static int take_connection(struct gate *gate, struct frame *frame, struct err *err)
{
	const struct frame_give *give = &frame->body.give;
	_close_ int connection = take_fd(&frame->fd), pipe = -1;
	struct flow *flow = flows_by_ticket(&gate->flows, give->index);
	struct err why;

	if ((connection < 0) != (give->status != 0))
		return err_set(err, TACIT_INVALID, "holder gave no connection, and no reason");
	if (!flow)
		return 0;
	if (connection < 0) {
		refuse(gate, flow, give->status);
	} else if (gate->engine < 0) {
		refuse(gate, flow, -TACIT_UNAVAILABLE);
	} else if (flow_start(flow, connection, &pipe, &why) < 0) {
		log_warning("an answer: %s", why.text);
		refuse(gate, flow, -(int32_t)why.code);
	} else {
		take_fd(&connection);
		pass_on(gate, flow, pipe);
	}
	return 0;
}

static int take_gift(struct gate *gate, struct frame *frame, struct err *err)
{
	const struct frame_give *give = &frame->body.give;

	if (give->what == GIVE_ENGINE)
		return take_connection(gate, frame, err);
	if (give->what == GIVE_PEER && give->index == ROLE_ENGINE && frame->fd >= 0) {
		drop_engine(gate);
		gate->engine = take_fd(&frame->fd);
	} else if (give->what == GIVE_PEER && give->index == ROLE_CORE && frame->fd >= 0) {
		drop_core(gate);
		gate->core = take_fd(&frame->fd);
	} else {
		return err_set(err, TACIT_INVALID, "holder gave what gate has no use for");
	}
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
	while ((flow = flows_in(&gate->flows, FLOW_WAITING)))
		refuse(gate, flow, -TACIT_UNAVAILABLE);
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
		return take_ask(gate, &frame, err);
	if (status != -TACIT_UNAVAILABLE)
		return status;
	drop_engine(gate);
	return 0;
}

static int hear_core(struct gate *gate, struct err *err)
{
	struct frame frame = { .fd = -1 };
	int status = frame_receive(gate->core, ROLE_CORE, ROLE_GATE, &frame, err);

	if (!status)
		return take_act(gate, &frame, err);
	if (status != -TACIT_UNAVAILABLE)
		return status;
	drop_core(gate);
	return 0;
}

enum { POLL_HOLDER, POLL_ENGINE, POLL_CORE, POLL_FLOWS };

/* Flows first: what they free is there for the asks that come next, and none of the flows that
 * were polled has been replaced yet. A channel may be: when holder has spoken, the others are heard
 * in the next turn. */
static int turn(struct gate *gate, struct err *err)
{
	struct pollfd polls[POLL_FLOWS + FLOWS_POLLS];
	int status = 0;

	polls[POLL_HOLDER] = (struct pollfd){ gate->holder, POLLIN, 0 };
	polls[POLL_ENGINE] = (struct pollfd){ gate->engine, POLLIN, 0 };
	polls[POLL_CORE] = (struct pollfd){ gate->core, POLLIN, 0 };
	flows_watch(&gate->flows, polls + POLL_FLOWS);
	if (poll(polls, sizeof polls / sizeof polls[0], -1) < 0)
		return errno == EINTR ? 0 : err_errno(err, errno, TACIT_INTERNAL, "poll");
	flows_step(&gate->flows, polls + POLL_FLOWS);
	if (polls[POLL_HOLDER].revents)
		return hear_holder(gate, err);
	if (polls[POLL_ENGINE].revents)
		status = hear_engine(gate, err);
	/* Telling it may have been the end of it. */
	if (!status && polls[POLL_CORE].revents && gate->core >= 0)
		status = hear_core(gate, err);
	return status;
}

int gate_run(int holder, struct err *err)
{
	struct gate gate = { .holder = holder, .engine = -1, .core = -1 };
	int status = 0;

	/* splice() has no flag against it: a pipe that nobody reads is an error, not the end. */
	signal(SIGPIPE, SIG_IGN);
	flows_open(&gate.flows);
	while (!status && (gate.holder >= 0 || gate.engine >= 0))
		status = turn(&gate, err);
	drop_core(&gate);
	drop_engine(&gate);
	if (gate.holder >= 0)
		close(gate.holder);
	return status;
}
