/* SPDX-License-Identifier: Apache-2.0 */
/* One point after the other: a child works until the disk (disk.h) does to it what the plan says,
 * and another child looks at what is left. Both may crash, and that is told.
 *
 * SIGKILL leaves what was written, synced or not: by itself it shows nothing of a sync that is
 * missing. That is what the manners that cut the power are for. */
#ifndef TACIT_TORTURE_PLAY_H
#define TACIT_TORTURE_PLAY_H

#include <stdatomic.h>

#include "disk.h"
#include "scene.h"

#define PLAY_TEXT_MAX 480

/* What worker, checker and parent share; zeros at each point. */
struct play_page {
	_Atomic uint32_t acked;    /* steps that came to an end with success */
	uint32_t calls, log_calls; /* of a worker that came to its end */
	uint32_t failures;         /* steps that failed, at a refused call */
	char text[PLAY_TEXT_MAX];  /* what is wrong */
};

/* What there is when somebody looks. */
enum play_verdict {
	PLAY_OLD = 10, /* exactly what was acknowledged */
	PLAY_NEW,      /* and the step that was under way */
	PLAY_LOST,     /* less than was acknowledged */
	PLAY_MIXED,    /* no state that there ever was */
	PLAY_UNSOUND,  /* it does not open, or is found damaged, or cannot be gone on with */
	PLAY_VERDICTS
};

struct play {
	const char *name;
	const struct scene *scene;
	void *with;
	struct play_page *page; /* scene_share() */
	/* In a child of its own each. A worker that finds something wrong says PLAY_UNSOUND. */
	enum play_verdict (*work)(const struct play *play, const struct disk_plan *plan);
	enum play_verdict (*check)(const struct play *play, const struct disk_plan *plan);
};

/* Shared by those who play side by side. */
struct play_tally {
	_Atomic uint32_t points, verdicts[PLAY_VERDICTS], failed_steps, crashes;
};

/* Calls of a worker to which nothing is done; ends the process when that does not go well. */
uint32_t play_count(const struct play *play, const struct disk_plan *plan);
/* Play to the end, at the call that the plan says; what is wrong is told on standard error. */
void play_point(const struct play *play, const struct disk_plan *plan, struct play_tally *tally);

/* Points at which something is wrong. */
uint32_t play_wrong(const struct play_tally *tally);

/* Put a text into the page, and return the verdict. */
__attribute__((format(printf, 3, 4))) enum play_verdict play_say(
	const struct play *play, enum play_verdict verdict, const char *format, ...);

#endif
