/* SPDX-License-Identifier: Apache-2.0 */
/* What errands.c, the worker's side, and errands_send.c, main's, have together. */
#ifndef TACIT_CONTROL_ERRANDS_STATE_H
#define TACIT_CONTROL_ERRANDS_STATE_H

#include "core/control/agenda/errands.h"

enum errand_stage {
	ERRAND_FREE,
	ERRAND_WAITING, /* to be sent */
	ERRAND_BEGUN,   /* a stream has been sent: the next run that is sent is this one */
	ERRAND_SENT,
	ERRAND_ENDED, /* the worker has not been told */
};

struct errand {
	enum errand_stage stage;
	enum role whose; /* ROLE_HOLDER: a program; ROLE_GATE: an act */
	uint64_t place;  /* in the order in which they were asked for, then ended */
	uint64_t deadline_ns;
	int stream[ERRAND_STREAMS]; /* not sent yet; each -1: none */
	union {
		struct frame_run run;
		struct frame_act act;
	} frame;
	struct errand_end end; /* its number from the beginning */
};

struct errands {
	pthread_mutex_t mutex; /* all below; nothing waits while it is held */
	struct errand errand[ERRANDS_MAX];
	uint64_t places;
	bool blocked[ROLES]; /* the channel took no more */
	int send_fd, end_fd;
};

/* All of them: the caller holds the mutex. */
struct errand *errand_by_number(struct errands *errands, uint32_t number);
/* Of those in a stage, the one that came first; or NULL. */
struct errand *errand_first(struct errands *errands, enum errand_stage stage);
/* It is over, with a reason when it was not done: there may be room for another one. */
void errand_finish(struct errands *errands, struct errand *errand, const char *reason);
/* It was not begun, and may be asked for again. */
void errand_finish_busy(struct errands *errands, struct errand *errand, const char *reason);

#endif
