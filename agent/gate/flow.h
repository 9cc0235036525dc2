/* SPDX-License-Identifier: Apache-2.0 */
/* One ask or act on its way: the request goes to the engine, its answer into a pipe. The answer is
 * moved within the kernel, by splice(2): none of its bytes is ever in this process. Nothing here
 * waits. */
#ifndef TACIT_GATE_FLOW_H
#define TACIT_GATE_FLOW_H

#include <poll.h>
#include <stdbool.h>
#include <stdint.h>

#include "gate/request.h"

enum flow_state {
	FLOW_FREE,
	FLOW_WAITING, /* for a connection, from holder */
	FLOW_SENDING, /* the request */
	FLOW_IDLE,    /* until the engine answers (more) */
	FLOW_FULL,    /* until there is room in the pipe */
};

struct flow {
	enum flow_state state;
	enum role asker; /* of an ask ROLE_ENGINE, of an act ROLE_CORE */
	uint32_t number; /* as the asker calls it */
	uint32_t ticket; /* as holder is told: never used twice */
	int connection;  /* -1 while FREE or WAITING, as is `pipe` */
	int pipe;        /* its end for writing */
	size_t sent;     /* bytes of the request */
	struct request request;
};

enum { FLOW_POLL_CONNECTION, FLOW_POLL_PIPE, FLOW_POLLS };

/* The flow has its connection, and owns it. *answer is the pipe's end for reading, the caller's. */
int flow_start(struct flow *flow, int connection, int *answer, struct err *err);

/* What to wait for. */
void flow_watch(const struct flow *flow, struct pollfd polls[FLOW_POLLS]);

/* Go on as far as `polls` says. False when the flow is over: the engine has ended its answer, or
 * nobody reads it any more. Then end it. */
bool flow_step(struct flow *flow, const struct pollfd polls[FLOW_POLLS]);

/* Close what it has; it is FREE. Of a FREE one, does nothing. */
void flow_end(struct flow *flow);

#endif
