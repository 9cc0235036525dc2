/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/log.h"
#include "core/control/agenda/errands.h"
#include "core/control/audit/auditor.h"
#include "core/control/call.h"

/* What is written down once in a while is written down now: core is ended when holder has this. */
static void let_stop(struct core *core)
{
	static const struct frame_stop_answer go_ahead = { 0 };

	auditor_flush(core);
	keep_uses(core, true);
	frame_send(core->holder, FRAME_STOP_ANSWER, &go_ahead, sizeof go_ahead, -1, NULL);
}

static void after_reply(struct call *call)
{
	if (call->stop)
		let_stop(call->core);
	if (call->upgrade)
		frame_send(call->core->holder, FRAME_UPGRADE, NULL, 0, -1, NULL);
}

static int send_reply(
	int channel, const struct call *call, int status, const struct err *why, struct err *err)
{
	struct frame_reply reply = { .code = (uint32_t)-status };

	if (status < 0)
		snprintf(reply.text, sizeof reply.text, "%.*s", (int)sizeof reply.text - 1,
			why->text);
	else
		reply.body_length = (uint32_t)call->reply.length;
	status = frame_send(channel, FRAME_REPLY, &reply, sizeof reply, -1, err);
	if (status < 0 || !reply.body_length)
		return status;
	return frame_send_octets(channel, call->reply.bytes, call->reply.length, err);
}

/* One request, its body, its answer. Negative: the channel is over. */
static int serve(struct core *core, int channel, struct err *err)
{
	struct frame frame;
	struct call call = {
		.core = core, .request = &frame.body.request, .reply = { .limit = REPLY_BODY_MAX }
	};
	_free_ uint8_t *body = NULL;
	struct err why = { 0 };
	uint32_t length;
	int status = frame_receive(channel, ROLE_API, ROLE_CORE, &frame, err);

	if (status < 0)
		return status;
	if (frame.fd >= 0)
		close(frame.fd);
	length = frame.body.request.body_length;
	if (frame.type != FRAME_REQUEST || length > REQUEST_BODY_MAX)
		return err_set(err, TACIT_INVALID, "channel: api asks for what is not");
	body = malloc(length + 1);
	if (!body)
		return err_set(err, TACIT_LIMIT, "out of memory");
	status = frame_receive_octets(channel, ROLE_API, ROLE_CORE, body, length, err);
	if (status < 0)
		return status;
	call.body = body;
	status = call_dispatch(&call, &why);
	if (status == 0 && call.reply.failed)
		status = err_set(&why, TACIT_LIMIT, "the answer is too long");
	status = send_reply(channel, &call, status, &why, err);
	pack_free(&call.reply);
	after_reply(&call);
	return status;
}

static void take_channel(struct core *core, int *channel)
{
	int fresh = atomic_exchange(&core->api_channel, -1);

	if (fresh < 0)
		return;
	if (*channel >= 0)
		close(*channel);
	*channel = fresh;
}

/* One request of api, or the end of its channel. */
static void hear_api(struct core *core, int *channel)
{
	struct frame_expel expel = { ROLE_API };
	struct err err;
	int status = serve(core, *channel, &err);

	hooks_changed(core);
	if (status < 0)
		close(take_fd(channel));
	if (status == -TACIT_INVALID) {
		log_error("%s", err.text);
		frame_send(core->holder, FRAME_EXPEL, &expel, sizeof expel, -1, NULL);
	}
}

void core_wait(struct core *core, int fd, uint64_t deadline_ns)
{
	struct pollfd wait[] = { { fd, POLLIN, 0 },
		{ core->server ? server_count_fd(core->server) : -1, POLLIN, 0 } };
	uint64_t now = clock_monotonic_ns();
	int ms = -1;

	if (deadline_ns != UINT64_MAX)
		ms = deadline_ns > now ? (int)((deadline_ns - now) / 1000000) + 1 : 0;
	if (poll(wait, 2, ms) > 0 && wait[1].revents)
		keep_counts(core);
}

static void hear_ends(struct core *core)
{
	struct errand_end end;

	while (errands_next_end(core, &end))
		if (!hooks_errand_ended(core, &end))
			schedules_errand_ended(core, &end);
}

/* What nobody asks for. Each of them knows whether there is anything for it to do. */
static void work(struct core *core)
{
	keep_uses(core, false);
	touches_overlaps_ended(core);
	containers_runs_look(core->containers);
	hear_ends(core);
	schedules_work(core);
	hooks_work(core);
}

/* How long there is nothing to do, in ms; -1: for ever. */
static int patience(const struct core *core)
{
	static int (*const of[])(const struct core *core) = { keep_patience, touches_patience,
		errands_patience, hooks_patience, schedules_patience };
	int least = -1;

	for (size_t i = 0; i < sizeof of / sizeof *of; i++) {
		int wait = of[i](core);

		if (wait >= 0 && (least < 0 || wait < least))
			least = wait;
	}
	return least;
}

static void *run(void *arg)
{
	enum { WAKE, API, COUNT, KEEP, ERRAND, STREAM };
	struct core *core = arg;
	int channel = -1;

	core_end_transfers(core);
	core_first_unlock(core);
	starting_end(core);
	frame_send(core->holder, FRAME_READY, NULL, 0, -1, NULL);
	for (;;) {
		struct pollfd wait[] = {
			[WAKE] = { core->api_wake, POLLIN, 0 },
			[API] = { channel, POLLIN, 0 },
			[COUNT] = { server_count_fd(core->server), POLLIN, 0 },
			[KEEP] = { containers_keep_fd(core->containers), POLLIN, 0 },
			[ERRAND] = { errands_end_fd(core), POLLIN, 0 },
			[STREAM] = { schedules_stream_fd(core), POLLIN, 0 },
		};
		eventfd_t ignored;

		if (poll(wait, sizeof wait / sizeof wait[0], patience(core)) < 0 && errno != EINTR)
			break;
		if (wait[COUNT].revents)
			keep_counts(core);
		if (wait[KEEP].revents)
			keep_containers(core);
		if (wait[STREAM].revents)
			schedules_stream_ready(core);
		if (wait[API].revents)
			hear_api(core, &channel);
		work(core);
		if (atomic_exchange(&core->stop_asked, false))
			let_stop(core);
		if (wait[WAKE].revents && eventfd_read(core->api_wake, &ignored) == 0)
			take_channel(core, &channel);
	}
	return NULL;
}

int worker_start(struct core *core, struct err *err)
{
	pthread_t thread;

	if (pthread_create(&thread, NULL, run, core))
		return err_set(err, TACIT_LIMIT, "no thread to be had");
	return 0;
}
