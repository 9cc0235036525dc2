/* SPDX-License-Identifier: Apache-2.0 */
/* Asks under way: sent to gate, answered by a pipe, read from it as the answer comes. Nothing here
 * waits; every buffer has a limit. Who wants to know what came is called from here, and may start
 * and cancel asks meanwhile. */
#ifndef TACIT_ENGINE_ASKS_H
#define TACIT_ENGINE_ASKS_H

#include <poll.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "engine/http.h"
#include "wire/frame.h"

/* Of gate's 64: those that were cancelled before gate had a pipe for them are over there later. */
#define ASKS_MAX 56

/* What a whole answer may have, without its head. */
#define ASKS_LIST_BYTES (4u << 20)
#define ASKS_INSPECT_BYTES (1u << 20)

/* How long a whole answer may take. A stream of events has no end, and takes its time to begin:
 * a daemon accepts connections long before it answers. */
#define ASKS_LIST_NS 30000000000u
#define ASKS_INSPECT_NS 2000000000u

#define ASKS_NEVER UINT64_MAX

/* How an ask ended. */
struct answer {
	int code;   /* 0, or -enum tacit_code: there is no whole answer */
	int status; /* of HTTP; when it is not HTTP_OK there is no text */
	char *text; /* the body; until the call returns, and may be changed */
	size_t length;
};

/* The one who wants to know. `id` is what was asked for. Not called for a cancelled ask. */
struct asks_listener {
	void *context;
	/* The stream of events has begun. */
	void (*began)(void *context, uint32_t engine);
	/* More of it. */
	void (*more)(void *context, uint32_t engine, const char *bytes, size_t length);
	/* An ask is over; of a stream of events too. */
	void (*over)(void *context, uint32_t engine, enum ask what, const char *id,
		const struct answer *answer);
};

/* One ask. Private to asks.c. */
struct ask_state {
	uint32_t number; /* gate's name for it; 0: this place is free */
	uint32_t engine;
	enum ask what;
	char id[CONTAINER_DIGEST_MAX + 1];
	int pipe;          /* -1 until gate has given it */
	uint64_t deadline; /* CLOCK_MONOTONIC, or ASKS_NEVER */
	bool has_head;
	struct http_head head;
	char *text; /* what has come: the head, then the body (but of events) */
	size_t length, room;
};

struct asks {
	int gate;      /* channel, or -1 */
	uint32_t last; /* number given */
	struct asks_listener listener;
	struct ask_state ask[ASKS_MAX];
};

void asks_open(struct asks *asks, const struct asks_listener *listener);

/* Another gate, or -1 for none: all asks are cancelled. Owns the channel. */
void asks_connect(struct asks *asks, int gate);

/* Ask. `id` is "" where the kind has none. TACIT_UNAVAILABLE: there is no gate, or it does not
 * read; TACIT_LIMIT: ASKS_MAX are under way. Times are clock_monotonic_ns(), always given. */
int asks_start(struct asks *asks, uint32_t engine, enum ask what, const char *id, uint64_t now,
	struct err *err);

/* All asks to an engine are no longer wanted. */
void asks_cancel(struct asks *asks, uint32_t engine);

/* gate has given GIVE_ANSWER: take it and its descriptor. TACIT_INVALID when it said what it may
 * not say. */
int asks_take(struct asks *asks, struct frame *frame, struct err *err);

/* Fill in ASKS_MAX places, for poll(), and the numbers of the asks they are of. */
void asks_watch(const struct asks *asks, struct pollfd *polls, uint32_t *numbers);
/* Read from those that poll() found ready. */
void asks_read(struct asks *asks, const struct pollfd *polls, const uint32_t *numbers);

/* End those that have taken too long. */
void asks_expire(struct asks *asks, uint64_t now);
uint64_t asks_next_deadline(const struct asks *asks); /* or ASKS_NEVER */

#endif
