/* SPDX-License-Identifier: Apache-2.0 */
/* All asks and acts on their way. engine's asks and core's acts have places of their own: neither
 * can keep the other out. */
#ifndef TACIT_GATE_FLOWS_H
#define TACIT_GATE_FLOWS_H

#include "gate/flow.h"
#include "gate/gate.h"

#define FLOWS_MAX (GATE_ASKS_MAX + GATE_ACTS_MAX)
#define FLOWS_POLLS (FLOWS_MAX * FLOW_POLLS)

struct flows {
	uint32_t tickets; /* given out */
	struct flow flow[FLOWS_MAX];
};

void flows_open(struct flows *flows);

/* A new one, WAITING, with a ticket of its own, when `asker` has a free place; NULL: it has not. */
struct flow *flows_add(
	struct flows *flows, enum role asker, uint32_t number, const struct request *request);

bool flows_has(const struct flows *flows, enum role asker, uint32_t number);
/* The one that waits for the connection of this ticket; one of any in `state`. Or NULL. */
struct flow *flows_by_ticket(struct flows *flows, uint32_t ticket);
struct flow *flows_in(struct flows *flows, enum flow_state state);
/* One of `asker`'s that has its pipe, or NULL. */
struct flow *flows_under_way(struct flows *flows, enum role asker);

/* End all of `asker`'s. */
void flows_end(struct flows *flows, enum role asker);

/* What to wait for; go on with what is ready, and end what is over. */
void flows_watch(const struct flows *flows, struct pollfd polls[FLOWS_POLLS]);
void flows_step(struct flows *flows, const struct pollfd polls[FLOWS_POLLS]);

#endif
