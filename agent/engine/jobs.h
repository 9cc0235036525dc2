/* SPDX-License-Identifier: Apache-2.0 */
/* Containers of one engine that are being looked at: the engine is asked for each, then for its
 * image unless that is known, and core is told what they say together.
 *
 * What is told is never older than what was told before. A container that ends while it is being
 * looked at is looked at again: what was said of it may be of the time before. One that changes is
 * told of, and looked at again.
 *
 * Those that core waits for come first, and have places of their own among the asks. */
#ifndef TACIT_ENGINE_JOBS_H
#define TACIT_ENGINE_JOBS_H

#include "engine/asks.h"
#include "engine/images.h"
#include "engine/tell.h"
#include "engine/waits.h"

#define JOBS_MAX 4096   /* containers of one engine; those that core waits for are extra */
#define JOBS_ATTEMPTS 3 /* an engine that is busy may say 500 for a moment */

struct jobs {
	uint32_t engine;
	const char *socket; /* what the engine is called in the log */
	struct asks *asks;
	struct tell *tell;
	struct waits *waits;
	struct job *job;   /* by id */
	struct job *queue; /* those that are not asked for yet, the next one first */
	struct images images;
	unsigned int under_way; /* not in the queue */
	unsigned int most;      /* under way: the engine's share of the asks */
	unsigned int listed;    /* there because of the list, and not told yet */
	bool missed;            /* one of the list could not be asked for */
};

enum jobs_reason {
	JOBS_LISTED,  /* it is on the list of all */
	JOBS_CHANGED, /* there was an event */
	JOBS_WAITED,  /* core waits for it, and so do `waits` */
};

/* Look at a container, once more if that is needed. False when there are too many. */
bool jobs_want(struct jobs *jobs, const char *id, enum jobs_reason reason);

/* A container has ended, or is gone. */
void jobs_ended(struct jobs *jobs, const char *id);

/* Ask for those that are next, as many as may be asked for at once. */
void jobs_pump(struct jobs *jobs, uint64_t now);

/* The engine has answered for a container; for an image. */
void jobs_container(struct jobs *jobs, const char *id, const struct answer *answer, uint64_t now);
void jobs_image(struct jobs *jobs, const char *id, const struct answer *answer, uint64_t now);

/* The engine is gone: nobody is looked at any more, and who waits hears no more from it. Its asks
 * are the caller's to cancel. */
void jobs_clear(struct jobs *jobs);

#endif
