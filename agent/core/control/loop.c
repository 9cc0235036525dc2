/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/log.h"
#include "core/control/agenda/errands.h"
#include "core/control/audit/auditor.h"

#define STUCK_NS 1500000000ull /* a request takes microseconds: this one will not end */

static void keep(int *place, int fd)
{
	if (*place >= 0)
		close(*place);
	*place = fd;
}

static void meet_peer(struct core *core, const struct frame *frame)
{
	if (frame->body.give.index == ROLE_TOUCHER) {
		keep(&core->toucher, frame->fd);
		core->touching = false;
		core->toucher_pid = frame->body.give.pid;
		if (core->server)
			server_set_toucher(core->server, core->toucher_pid);
		touches_next(core);
	} else if (frame->body.give.index == ROLE_ENGINE) {
		/* It tells everything anew; what was asked of its predecessor is asked again. */
		keep(&core->engine, frame->fd);
		errands_lost(core, ROLE_ENGINE);
		if (core->containers) {
			containers_engines_lost(core->containers);
			containers_ask_again(core->containers);
		}
	} else if (frame->body.give.index == ROLE_GATE) {
		keep(&core->gate, frame->fd);
		errands_lost(core, ROLE_GATE);
		errands_send(core);
	} else if (frame->body.give.index == ROLE_API) {
		int unused = atomic_exchange(&core->api_channel, frame->fd);

		if (unused >= 0)
			close(unused);
		eventfd_write(core->api_wake, 1);
	} else {
		close(frame->fd);
	}
}

static void take_key(struct core *core, const struct frame *frame)
{
	hold_mutex(&core->key_mutex);

	if (frame->body.give.index != core->key_source) {
		/* Of one that was not waited for any longer. */
		if (frame->fd >= 0)
			close(frame->fd);
		return;
	}
	keep(&core->key_fd, frame->fd);
	core->key_status = frame->body.give.status;
	pthread_cond_signal(&core->key_given);
}

void core_take_gift(struct core *core, const struct frame *frame)
{
	switch (frame->body.give.what) {
	case GIVE_DEVICE:
		if (frame->body.give.index < HANDOVER_THREADS_MAX)
			core->device[frame->body.give.index] = frame->fd;
		break;
	case GIVE_HANDOVER:
		keep(&core->handover_fd, frame->fd);
		break;
	case GIVE_KEY_PAGE:
		keep(&core->keys_fd, frame->fd);
		break;
	case GIVE_AUDIT_RING:
		keep(&core->audit_fd, frame->fd);
		break;
	case GIVE_COPY:
		auditor_take_copy(core, frame->fd);
		break;
	case GIVE_ADOPT:
		keep(&core->adopt_fd, frame->fd);
		break;
	case GIVE_MOUNT:
		keep(&core->mount_fd, frame->fd);
		break;
	case GIVE_LISTENER:
		keep(&core->listener_fd, frame->fd);
		break;
	case GIVE_PEER:
		meet_peer(core, frame);
		break;
	case GIVE_KEY_FILE:
		take_key(core, frame);
		break;
	default:
		break;
	}
}

static int count_users(struct core *core)
{
	struct mount_user users[64];
	size_t count = mount_users(core, users, 64);
	unsigned int live = 0;

	for (size_t i = 0; i < count && i < 64; i++)
		live += !users[i].stale;
	return (int)live;
}

static int on_holder(struct core *core, struct err *err)
{
	struct frame frame;
	struct frame_stop_answer answer = { 0 };

	if (frame_receive(core->holder, ROLE_HOLDER, ROLE_CORE, &frame, err) < 0)
		return -1;
	switch (frame.type) {
	case FRAME_GIVE:
		core_take_gift(core, &frame);
		return 0;
	case FRAME_PING:
		/* Silence when a thread is stuck: holder then replaces us. */
		return server_moves(core->server, STUCK_NS)
			       ? frame_send(core->holder, FRAME_PONG, NULL, 0, -1, err)
			       : 0;
	case FRAME_STOP:
		if (!frame.body.stop.force)
			answer.held_by = (uint32_t)count_users(core);
		if (answer.held_by)
			return frame_send(
				core->holder, FRAME_STOP_ANSWER, &answer, sizeof answer, -1, err);
		atomic_store(&core->stop_asked, true);
		eventfd_write(core->api_wake, 1);
		return 0;
	case FRAME_UPGRADE_FAILED:
		log_error("upgrade: %s", frame.body.text.text);
		return 0;
	case FRAME_RAN:
		errands_ran(core, &frame.body.ran);
		return 0;
	default:
		return 0;
	}
}

static void on_toucher(struct core *core)
{
	struct frame_expel expel = { ROLE_TOUCHER };
	struct frame frame;
	int status = frame_receive(core->toucher, ROLE_TOUCHER, ROLE_CORE, &frame, NULL);

	if (status < 0)
		keep(&core->toucher, -1);
	if (status == -TACIT_INVALID)
		frame_send_now(core->holder, FRAME_EXPEL, &expel, sizeof expel, -1, NULL);
	if (status == 0)
		core->touching = false;
	touches_next(core);
}

static void on_engine(struct core *core)
{
	struct frame_expel expel = { ROLE_ENGINE };
	struct err err;
	int status = core_hear_engine(core, &err);

	if (status == 0)
		return;
	keep(&core->engine, -1);
	containers_engines_lost(core->containers);
	errands_lost(core, ROLE_ENGINE);
	if (status == -TACIT_INVALID) {
		log_error("%s", err.text);
		frame_send_now(core->holder, FRAME_EXPEL, &expel, sizeof expel, -1, NULL);
	}
}

/* gate says of acts that they could not be done, and nothing else. */
static void on_gate(struct core *core)
{
	struct frame_expel expel = { ROLE_GATE };
	struct frame frame = { .fd = -1 };
	struct err err;
	int status = frame_receive(core->gate, ROLE_GATE, ROLE_CORE, &frame, &err);

	if (status == 0)
		status = core_hear_acted(core, &frame, &err);
	if (frame.fd >= 0)
		close(frame.fd);
	if (status == 0)
		return;
	keep(&core->gate, -1);
	errands_lost(core, ROLE_GATE);
	if (status == -TACIT_INVALID) {
		log_error("%s", err.text);
		frame_send_now(core->holder, FRAME_EXPEL, &expel, sizeof expel, -1, NULL);
	}
}

/* holder died: serve on. A new one adopts the mount, and replaces us. */
static void become_orphan(struct core *core)
{
	log_warning("holder is gone: serving on until a new one adopts the mount");
	keep(&core->holder, -1);
	errands_lost(core, ROLE_HOLDER);
}

int core_run(struct core *core, struct err *err)
{
	enum { HOLDER, TOUCHER, TOUCH, ENGINE, QUESTION, GATE, ERRAND, GONE, ADOPT, CHANNELS };

	for (;;) {
		struct pollfd channels[CHANNELS] = {
			[HOLDER] = { core->holder, errands_events(core, ROLE_HOLDER), 0 },
			[TOUCHER] = { core->toucher, POLLIN, 0 },
			[TOUCH] = { core->touch_wake, POLLIN, 0 },
			[ENGINE] = { core->engine, POLLIN, 0 },
			[QUESTION] = { containers_wake_fd(core->containers), POLLIN, 0 },
			[GATE] = { core->gate, errands_events(core, ROLE_GATE), 0 },
			[ERRAND] = { errands_send_fd(core), POLLIN, 0 },
			[GONE] = { server_gone_fd(core->server), POLLIN, 0 },
			[ADOPT] = { core->holder < 0 ? core->adopt_fd : -1, POLLIN, 0 },
		};
		eventfd_t ignored;

		if (poll(channels, CHANNELS, -1) < 0 && errno != EINTR)
			return err_errno(err, errno, TACIT_INTERNAL, "poll");
		if (channels[GONE].revents)
			return 0;
		if (channels[ERRAND].revents ||
			(channels[HOLDER].revents | channels[GATE].revents) & POLLOUT)
			errands_send(core);
		if (channels[HOLDER].revents & ~POLLOUT && on_holder(core, err) < 0)
			become_orphan(core);
		if (channels[TOUCHER].revents && core->toucher == channels[TOUCHER].fd)
			on_toucher(core);
		if (channels[ENGINE].revents && core->engine == channels[ENGINE].fd)
			on_engine(core);
		if (channels[GATE].revents & ~POLLOUT && core->gate == channels[GATE].fd)
			on_gate(core);
		if (channels[QUESTION].revents)
			core_ask_engine(core);
		if (channels[TOUCH].revents && eventfd_read(core->touch_wake, &ignored) == 0)
			touches_next(core);
		if (channels[ADOPT].revents)
			core_answer_adoption(core);
	}
}

int core_receive_gifts(struct core *core, struct err *err)
{
	struct frame frame;

	for (;;) {
		if (frame_receive(core->holder, ROLE_HOLDER, ROLE_CORE, &frame, err) < 0)
			return err_wrap(err, "start");
		if (frame.type == FRAME_GO)
			break;
		if (frame.type == FRAME_GIVE)
			core_take_gift(core, &frame);
	}
	if (core->handover_fd < 0 || core->keys_fd < 0 || core->audit_fd < 0)
		return err_set(err, TACIT_INTERNAL, "start: holder gave too little");
	return 0;
}
