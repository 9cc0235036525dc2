/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/acts.h"

#include <errno.h>
#include <unistd.h>

#include "base/cleanup.h"

void acts_open(struct acts *acts, struct tell *tell)
{
	acts->tell = tell;
	for (int i = 0; i < ACTS_MAX; i++)
		acts->act[i].pipe = -1;
}

static void release(struct act_state *act)
{
	if (act->pipe >= 0)
		close(take_fd(&act->pipe));
}

void acts_drop(struct acts *acts)
{
	for (int i = 0; i < ACTS_MAX; i++)
		release(&acts->act[i]);
}

/* Core knows before gate does: gate says nothing of an act whose pipe was closed. */
static void finish(struct acts *acts, struct act_state *act, int code, int status)
{
	tell_acted(acts->tell, act->number, code, status);
	release(act);
}

void acts_take(struct acts *acts, uint32_t number, int pipe, uint64_t now)
{
	for (int i = 0; i < ACTS_MAX; i++) {
		struct act_state *act = &acts->act[i];

		if (act->pipe >= 0)
			continue;
		act->number = number;
		act->pipe = pipe;
		act->deadline = now + ACTS_NS;
		act->length = 0;
		return;
	}
	close(pipe);
	tell_acted(acts->tell, number, -TACIT_LIMIT, 0);
}

void acts_watch(const struct acts *acts, struct pollfd *polls)
{
	for (int i = 0; i < ACTS_MAX; i++)
		polls[i] = (struct pollfd){ acts->act[i].pipe, POLLIN, 0 };
}

static void read_one(struct acts *acts, struct act_state *act)
{
	struct http_head head;
	ssize_t got = read(act->pipe, act->text + act->length, sizeof act->text - act->length);
	int found;

	if (got < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (got <= 0) {
		finish(acts, act, -TACIT_UNAVAILABLE, 0);
		return;
	}
	act->length += (size_t)got;
	/* One that has no end within all the room there is, is none. */
	found = http_head_read(act->text, act->length, &head, NULL);
	if (found < 0)
		finish(acts, act, found, 0);
	else if (found)
		finish(acts, act, 0, head.status);
}

void acts_read(struct acts *acts, const struct pollfd *polls)
{
	for (int i = 0; i < ACTS_MAX; i++)
		if (polls[i].revents && polls[i].fd >= 0)
			read_one(acts, &acts->act[i]);
}

void acts_expire(struct acts *acts, uint64_t now)
{
	for (int i = 0; i < ACTS_MAX; i++)
		if (acts->act[i].pipe >= 0 && acts->act[i].deadline <= now)
			finish(acts, &acts->act[i], -TACIT_UNAVAILABLE, 0);
}

uint64_t acts_next_deadline(const struct acts *acts)
{
	uint64_t next = ACTS_NEVER;

	for (int i = 0; i < ACTS_MAX; i++)
		if (acts->act[i].pipe >= 0 && acts->act[i].deadline < next)
			next = acts->act[i].deadline;
	return next;
}
