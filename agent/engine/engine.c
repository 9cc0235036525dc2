/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/engine.h"

#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/log.h"
#include "engine/acts.h"
#include "engine/sync.h"

struct engine {
	int holder; /* channel, or -1 */
	uint32_t count;
	struct tell tell; /* has the channel to core */
	struct asks asks; /* has the channel to gate */
	struct acts acts;
	struct waits waits;
	struct sync sync[CONFIG_ENGINES_MAX];
};

static void on_began(void *context, uint32_t index)
{
	struct engine *engine = context;

	sync_began(&engine->sync[index], clock_monotonic_ns());
}

static void on_more(void *context, uint32_t index, const char *bytes, size_t length)
{
	struct engine *engine = context;

	sync_more(&engine->sync[index], bytes, length);
}

static void on_over(
	void *context, uint32_t index, enum ask what, const char *id, const struct answer *answer)
{
	struct engine *engine = context;

	sync_over(&engine->sync[index], what, id, answer, clock_monotonic_ns());
}

/* What was known or under way is of the core or the gate before, and that core is told so, if it is
 * still there. */
static void stop_all(struct engine *engine)
{
	for (uint32_t i = 0; i < engine->count; i++)
		sync_stop(&engine->sync[i]);
}

static void start_all(struct engine *engine)
{
	if (engine->tell.channel < 0 || engine->asks.gate < 0)
		return;
	for (uint32_t i = 0; i < engine->count; i++)
		sync_start(&engine->sync[i], clock_monotonic_ns());
}

static void connect_core(struct engine *engine, int channel)
{
	stop_all(engine);
	acts_drop(&engine->acts);
	tell_connect(&engine->tell, channel);
	start_all(engine);
}

static void connect_gate(struct engine *engine, int channel)
{
	stop_all(engine);
	asks_connect(&engine->asks, channel);
	start_all(engine);
}

static int take_gift(struct engine *engine, struct frame *frame, struct err *err)
{
	const struct frame_give *give = &frame->body.give;

	if (give->what == GIVE_PEER && give->index == ROLE_CORE && frame->fd >= 0)
		connect_core(engine, take_fd(&frame->fd));
	else if (give->what == GIVE_PEER && give->index == ROLE_GATE && frame->fd >= 0)
		connect_gate(engine, take_fd(&frame->fd));
	else
		return err_set(err, TACIT_INVALID, "holder gave what engine has no use for");
	return 0;
}

static int take_frame(struct engine *engine, struct frame *frame, struct err *err)
{
	switch (frame->type) {
	case FRAME_GIVE:
		return take_gift(engine, frame, err);
	case FRAME_GO:
		return frame_send(engine->holder, FRAME_READY, NULL, 0, -1, err);
	case FRAME_PING:
		return frame_send(engine->holder, FRAME_PONG, NULL, 0, -1, err);
	default:
		return err_set(err, TACIT_INVALID, "holder sent a frame engine does not know");
	}
}

static int hear_holder(struct engine *engine, struct err *err)
{
	struct frame frame = { .fd = -1 };
	int status = frame_receive(engine->holder, ROLE_HOLDER, ROLE_ENGINE, &frame, err);

	if (!status)
		status = take_frame(engine, &frame, err);
	if (frame.fd >= 0)
		close(frame.fd);
	if (status != -TACIT_UNAVAILABLE)
		return status;
	close(take_fd(&engine->holder));
	return 0;
}

/* A thread of core waits: every engine that answers is asked, at once. */
static void identify(struct engine *engine, const char *id)
{
	uint32_t engines = 0;

	for (uint32_t i = 0; i < engine->count; i++)
		if (engine->sync[i].state != ENGINE_DOWN)
			engines |= 1u << i;
	if (!waits_add(&engine->waits, id, engines))
		return;
	for (uint32_t i = 0; i < engine->count; i++)
		if ((engines & 1u << i) && !jobs_want(&engine->sync[i].jobs, id, JOBS_WAITED))
			waits_failed(&engine->waits, id, i);
}

static int hear_core(struct engine *engine, struct err *err)
{
	struct frame frame;
	int status = frame_receive(engine->tell.channel, ROLE_CORE, ROLE_ENGINE, &frame, err);

	if (status == -TACIT_UNAVAILABLE) {
		connect_core(engine, -1);
		return 0;
	}
	if (status < 0)
		return status;
	if (frame.fd >= 0)
		close(frame.fd);
	if (frame.type != FRAME_IDENTIFY || !container_id_ok(frame.body.container_id.id))
		return err_set(err, TACIT_INVALID, "core asks for what is no container");
	identify(engine, frame.body.container_id.id);
	return 0;
}

static int take_answer(struct engine *engine, struct frame *frame, struct err *err)
{
	const struct frame_give *give = &frame->body.give;

	if (frame->type == FRAME_GIVE && give->what == GIVE_ANSWER)
		return asks_take(&engine->asks, frame, err);
	if (frame->type != FRAME_GIVE || give->what != GIVE_ACTED || frame->fd < 0)
		return err_set(err, TACIT_INVALID, "gate gave what engine has no use for");
	acts_take(&engine->acts, give->index, take_fd(&frame->fd), clock_monotonic_ns());
	return 0;
}

static int hear_gate(struct engine *engine, struct err *err)
{
	struct frame frame = { .fd = -1 };
	int status = frame_receive(engine->asks.gate, ROLE_GATE, ROLE_ENGINE, &frame, err);

	if (!status)
		status = take_answer(engine, &frame, err);
	if (frame.fd >= 0)
		close(frame.fd);
	if (status != -TACIT_UNAVAILABLE)
		return status;
	connect_gate(engine, -1);
	return 0;
}

/* Milliseconds, rounded up, to the next thing that is due; -1: nothing is. */
static int patience(const struct engine *engine)
{
	uint64_t next = asks_next_deadline(&engine->asks), now = clock_monotonic_ns(), left;
	uint64_t acted = acts_next_deadline(&engine->acts);

	next = acted < next ? acted : next;
	for (uint32_t i = 0; i < engine->count; i++) {
		uint64_t due = sync_next_deadline(&engine->sync[i]);

		next = due < next ? due : next;
	}
	if (next == ASKS_NEVER)
		return -1;
	left = next > now ? (next - now + 999999) / 1000000 : 0;
	return left > INT_MAX ? INT_MAX : (int)left;
}

enum {
	POLL_HOLDER,
	POLL_CORE,
	POLL_GATE,
	POLL_ASKS,
	POLL_ACTS = POLL_ASKS + ASKS_MAX,
	POLLS = POLL_ACTS + ACTS_MAX
};

/* What engines say is read before anybody replaces a channel, so what was polled is what is read.
 * What holder says comes before what its news let others say: an act of a core that is new here
 * would be lost as one of the core before. It may replace the others' channels: they are heard in
 * the next turn. */
static int hear(
	struct engine *engine, struct pollfd *polls, const uint32_t *numbers, struct err *err)
{
	int status = 0;

	asks_read(&engine->asks, polls + POLL_ASKS, numbers);
	acts_read(&engine->acts, polls + POLL_ACTS);
	if (polls[POLL_CORE].revents & POLLOUT)
		tell_flush(&engine->tell);
	if (polls[POLL_HOLDER].revents)
		return hear_holder(engine, err);
	if (polls[POLL_GATE].revents)
		status = hear_gate(engine, err);
	if (!status && (polls[POLL_CORE].revents & ~POLLOUT))
		status = hear_core(engine, err);
	return status;
}

static void do_what_is_due(struct engine *engine)
{
	uint64_t now = clock_monotonic_ns();

	asks_expire(&engine->asks, now);
	acts_expire(&engine->acts, now);
	for (uint32_t i = 0; i < engine->count; i++)
		sync_tick(&engine->sync[i], now);
}

static int turn(struct engine *engine, struct err *err)
{
	struct pollfd polls[POLLS];
	uint32_t numbers[ASKS_MAX];
	int status;

	polls[POLL_HOLDER] = (struct pollfd){ engine->holder, POLLIN, 0 };
	polls[POLL_CORE] = (struct pollfd){ engine->tell.channel, POLLIN, 0 };
	if (engine->tell.oldest)
		polls[POLL_CORE].events |= POLLOUT;
	polls[POLL_GATE] = (struct pollfd){ engine->asks.gate, POLLIN, 0 };
	asks_watch(&engine->asks, polls + POLL_ASKS, numbers);
	acts_watch(&engine->acts, polls + POLL_ACTS);
	if (poll(polls, POLLS, patience(engine)) < 0)
		return errno == EINTR ? 0 : err_errno(err, errno, TACIT_INTERNAL, "poll");
	status = hear(engine, polls, numbers, err);
	if (!status && engine->tell.overrun)
		status = err_set(err, TACIT_UNAVAILABLE, "core does not read what it is told");
	if (!status)
		do_what_is_due(engine);
	return status;
}

static void open_all(struct engine *engine, int holder, const struct config *config)
{
	const struct asks_listener listener = {
		.context = engine, .began = on_began, .more = on_more, .over = on_over
	};

	engine->holder = holder;
	engine->count = (uint32_t)config->engine_count;
	engine->tell.channel = -1;
	engine->waits.tell = &engine->tell;
	asks_open(&engine->asks, &listener);
	acts_open(&engine->acts, &engine->tell);
	for (uint32_t i = 0; i < engine->count; i++)
		sync_open(&engine->sync[i], i, config->engines[i], ASKS_MAX / engine->count,
			&engine->asks, &engine->tell, &engine->waits);
}

int engine_run(int holder, const struct config *config, struct err *err)
{
	_free_ struct engine *engine = calloc(1, sizeof *engine);
	int status = 0;

	if (!engine)
		return err_set(err, TACIT_LIMIT, "no memory");
	open_all(engine, holder, config);
	while (!status && (engine->holder >= 0 || engine->tell.channel >= 0))
		status = turn(engine, err);
	connect_core(engine, -1);
	connect_gate(engine, -1);
	if (engine->holder >= 0)
		close(engine->holder);
	return status;
}
