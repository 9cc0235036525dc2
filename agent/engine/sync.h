/* SPDX-License-Identifier: Apache-2.0 */
/* One configured engine: its stream of events, then the list of its containers, then every change.
 *
 * The stream is asked for first, and the list when it flows: what happens in between is heard. When
 * the stream ends the engine is down, and it is tried again until it comes back. */
#ifndef TACIT_ENGINE_SYNC_H
#define TACIT_ENGINE_SYNC_H

#include "engine/asks.h"
#include "engine/jobs.h"
#include "engine/lines.h"

/* Between two tries of an engine that is down: at first, more with each, and at most; a container
 * that starts when its engine is back must be served within a second. */
#define SYNC_RETRY_NS 100000000u
#define SYNC_RETRY_MOST_NS 500000000u

/* From the beginning of the stream to the list: dockerd sends the head of the stream just before it
 * begins to put events into it. */
#define SYNC_LIST_PAUSE_NS 20000000u

/* Between two lists, when one could not be read or an event was lost. */
#define SYNC_RELIST_NS 2000000000u

struct sync {
	uint32_t engine;
	const char *socket; /* what the engine is called in the log */
	struct asks *asks;
	struct tell *tell;
	struct jobs jobs;
	struct lines lines;
	enum engine_state state; /* as core was told */
	bool listed;             /* the list has been read: `jobs` has what is left of it */
	bool lost;               /* an event was: it has to be listed again */
	bool said_why;           /* the log has why it is down */
	uint64_t retry_at;       /* when events are asked for; ASKS_NEVER */
	uint64_t retry_ns;       /* how long to wait after the next failure */
	uint64_t list_at;        /* when the list is; ASKS_NEVER */
	uint64_t listed_at;      /* when it was */
};

void sync_open(struct sync *sync, uint32_t engine, const char *socket, unsigned int share,
	struct asks *asks, struct tell *tell, struct waits *waits);

/* Both core and gate are there: tell core that the engine is down, and begin. */
void sync_start(struct sync *sync, uint64_t now);

/* Core or gate is not. What core is waiting for is answered as far as it depends on this. */
void sync_stop(struct sync *sync);

/* Ask for what is due. */
void sync_tick(struct sync *sync, uint64_t now);
uint64_t sync_next_deadline(const struct sync *sync); /* or ASKS_NEVER */

/* What asks_listener tells of this engine. */
void sync_began(struct sync *sync, uint64_t now);
void sync_more(struct sync *sync, const char *bytes, size_t length);
void sync_over(struct sync *sync, enum ask what, const char *id, const struct answer *answer,
	uint64_t now);

#endif
