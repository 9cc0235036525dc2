/* SPDX-License-Identifier: Apache-2.0 */
/* Acts under way: core had gate do something to a container, and gate has given the pipe with what
 * the engine answers. Its head is read, core is told the status, and the pipe is let go. Nothing
 * here waits; every buffer has a limit. */
#ifndef TACIT_ENGINE_ACTS_H
#define TACIT_ENGINE_ACTS_H

#include <poll.h>
#include <stdint.h>

#include "engine/http.h"
#include "engine/tell.h"

#define ACTS_MAX 64 /* as many as gate has under way at once */

/* How long the head may take: an engine answers a restart when the container runs again. */
#define ACTS_NS 60000000000u
#define ACTS_NEVER UINT64_MAX

/* One act. Private to acts.c. */
struct act_state {
	uint32_t number;   /* core's name for it */
	int pipe;          /* -1: this place is free */
	uint64_t deadline; /* CLOCK_MONOTONIC */
	size_t length;
	char text[HTTP_HEAD_MAX];
};

struct acts {
	struct tell *tell;
	struct act_state act[ACTS_MAX];
};

void acts_open(struct acts *acts, struct tell *tell);

/* There is another core, or none: nobody wants to know any more. */
void acts_drop(struct acts *acts);

/* Read the answer to act `number` from `pipe`, which is owned from here on. Core is told at once
 * when there is no place left for it. Times are clock_monotonic_ns(), always given. */
void acts_take(struct acts *acts, uint32_t number, int pipe, uint64_t now);

/* Fill in ACTS_MAX places, for poll(). Read from those that it found ready, before any is taken. */
void acts_watch(const struct acts *acts, struct pollfd *polls);
void acts_read(struct acts *acts, const struct pollfd *polls);

/* End those that have taken too long. */
void acts_expire(struct acts *acts, uint64_t now);
uint64_t acts_next_deadline(const struct acts *acts); /* or ACTS_NEVER */

#endif
