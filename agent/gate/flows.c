/* SPDX-License-Identifier: Apache-2.0 */
#include "gate/flows.h"

#include <stddef.h>

static const struct {
	int first, count;
} places[ROLES] = {
	[ROLE_ENGINE] = { 0, GATE_ASKS_MAX },
	[ROLE_CORE] = { GATE_ASKS_MAX, GATE_ACTS_MAX },
};

void flows_open(struct flows *flows)
{
	*flows = (struct flows){ .tickets = 0 };
	for (int i = 0; i < FLOWS_MAX; i++)
		flows->flow[i].connection = flows->flow[i].pipe = -1;
}

struct flow *flows_add(
	struct flows *flows, enum role asker, uint32_t number, const struct request *request)
{
	struct flow *first = flows->flow + places[asker].first;

	for (struct flow *flow = first; flow < first + places[asker].count; flow++)
		if (flow->state == FLOW_FREE) {
			*flow = (struct flow){ .state = FLOW_WAITING,
				.asker = asker,
				.number = number,
				.ticket = ++flows->tickets,
				.connection = -1,
				.pipe = -1,
				.request = *request };
			return flow;
		}
	return NULL;
}

bool flows_has(const struct flows *flows, enum role asker, uint32_t number)
{
	for (int i = 0; i < FLOWS_MAX; i++)
		if (flows->flow[i].state != FLOW_FREE && flows->flow[i].asker == asker &&
			flows->flow[i].number == number)
			return true;
	return false;
}

struct flow *flows_by_ticket(struct flows *flows, uint32_t ticket)
{
	for (int i = 0; i < FLOWS_MAX; i++)
		if (flows->flow[i].state == FLOW_WAITING && flows->flow[i].ticket == ticket)
			return &flows->flow[i];
	return NULL;
}

struct flow *flows_in(struct flows *flows, enum flow_state state)
{
	for (int i = 0; i < FLOWS_MAX; i++)
		if (flows->flow[i].state == state)
			return &flows->flow[i];
	return NULL;
}

struct flow *flows_under_way(struct flows *flows, enum role asker)
{
	for (int i = 0; i < FLOWS_MAX; i++)
		if (flows->flow[i].pipe >= 0 && flows->flow[i].asker == asker)
			return &flows->flow[i];
	return NULL;
}

void flows_end(struct flows *flows, enum role asker)
{
	for (int i = 0; i < FLOWS_MAX; i++)
		if (flows->flow[i].asker == asker)
			flow_end(&flows->flow[i]);
}

void flows_watch(const struct flows *flows, struct pollfd polls[FLOWS_POLLS])
{
	for (int i = 0; i < FLOWS_MAX; i++)
		flow_watch(&flows->flow[i], polls + i * FLOW_POLLS);
}

void flows_step(struct flows *flows, const struct pollfd polls[FLOWS_POLLS])
{
	for (int i = 0; i < FLOWS_MAX; i++)
		if (!flow_step(&flows->flow[i], polls + i * FLOW_POLLS))
			flow_end(&flows->flow[i]);
}
