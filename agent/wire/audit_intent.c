/* SPDX-License-Identifier: Apache-2.0 */
/* A change is in the ring before it is made, and its record exactly once after it, wherever core
 * dies in between. */
#include <stdio.h>
#include <string.h>

#include "wire/audit_ring.h"

void audit_ring_begin(struct audit_ring *ring, const struct audit_record *change)
{
	struct audit_intent *intent = &ring->intent;

	intent->record = *change;
	atomic_store(&intent->state, AUDIT_INTENT_BEGUN);
}

bool audit_ring_end(struct audit_ring *ring, uint64_t time_ns, const char *outcome)
{
	struct audit_intent *intent = &ring->intent;
	bool put;

	intent->record.time_ns = time_ns;
	snprintf(intent->record.outcome, sizeof intent->record.outcome, "%s", outcome);
	intent->put = atomic_load(&ring->lanes[AUDIT_LANE_WORKER].put);
	atomic_store(&intent->state, AUDIT_INTENT_ENDED);
	put = audit_ring_put(ring, AUDIT_LANE_WORKER, &intent->record);
	atomic_store(&intent->state, AUDIT_INTENT_NONE);
	return put;
}

void audit_ring_recover(struct audit_ring *ring, uint64_t time_ns)
{
	struct audit_intent *intent = &ring->intent;
	uint32_t state = atomic_load(&intent->state);

	if (state == AUDIT_INTENT_BEGUN)
		audit_ring_end(ring, time_ns, "interrupted");
	else if (state == AUDIT_INTENT_ENDED &&
		 atomic_load(&ring->lanes[AUDIT_LANE_WORKER].put) == intent->put)
		audit_ring_put(ring, AUDIT_LANE_WORKER, &intent->record);
	atomic_store(&intent->state, AUDIT_INTENT_NONE);
}
