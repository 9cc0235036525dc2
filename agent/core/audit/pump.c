/* SPDX-License-Identifier: Apache-2.0 */
#include "core/audit/pump.h"

#include <inttypes.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"

struct audit_pump {
	struct audit_ring *ring;
	struct audit_log *log;
	uint64_t taken[AUDIT_LANES]; /* with the group at hand */
	audit_durable_fn *durable;
	void *with;
	_Atomic uint64_t blocked_since_ns, written, groups, failures;
};

/* What the log has is taken out, and told of. */
static void settle(struct audit_pump *pump)
{
	const struct audit_marks *marks = audit_log_marks(pump->log);

	if (memcmp(marks->ring, pump->ring->id, sizeof marks->ring))
		return;
	for (unsigned int lane = 0; lane < AUDIT_LANES; lane++) {
		uint64_t taken = atomic_load(&pump->ring->lanes[lane].taken);
		uint64_t waiting = audit_ring_waiting(pump->ring, lane);

		for (uint64_t i = 0; i < waiting && taken + i < marks->taken[lane]; i++) {
			atomic_fetch_add(&pump->written, 1);
			if (pump->durable)
				pump->durable(pump->with, audit_ring_peek(pump->ring, lane, i));
		}
		audit_ring_taken(pump->ring, lane, marks->taken[lane]);
	}
}

struct audit_pump *audit_pump_new(struct audit_ring *ring, struct audit_log *log)
{
	struct audit_pump *pump = calloc(1, sizeof *pump);

	if (!pump)
		return NULL;
	pump->ring = ring;
	pump->log = log;
	settle(pump);
	pump->written = 0;
	return pump;
}

void audit_pump_free(struct audit_pump *pump)
{
	free(pump);
}

void audit_pump_on_durable(struct audit_pump *pump, audit_durable_fn *durable, void *with)
{
	pump->durable = durable;
	pump->with = with;
}

/* The oldest record that waits in any lane; NULL: none does. */
static const struct audit_record *next_record(struct audit_pump *pump, unsigned int *of)
{
	const struct audit_record *next = NULL;

	for (unsigned int lane = 0; lane < AUDIT_LANES; lane++) {
		uint64_t place = pump->taken[lane] - atomic_load(&pump->ring->lanes[lane].taken);
		const struct audit_record *one;

		if (place >= audit_ring_waiting(pump->ring, lane))
			continue;
		one = audit_ring_peek(pump->ring, lane, place);
		if (!next || one->time_ns < next->time_ns) {
			next = one;
			*of = lane;
		}
	}
	return next;
}

static int append_lost(struct audit_pump *pump, struct err *err)
{
	uint64_t lost = audit_ring_lost(pump->ring), told = audit_log_marks(pump->log)->lost;
	struct audit_source source = { AUDIT_LANE_NONE, lost };
	struct audit_record record = {
		.time_ns = clock_realtime_ns(),
		.kind = AUDIT_AGENT,
		.uid = AUDIT_NOBODY,
		.operator_uid = AUDIT_NOBODY,
		.act = "lost",
		.rule = "ring-full",
	};
	int result;

	if (lost == told)
		return 0;
	snprintf(record.outcome, sizeof record.outcome, "%" PRIu64, lost - told);
	result = audit_log_append(pump->log, &record, &source, err);
	return result < 0 ? result : 1;
}

/* How many were appended. */
static int gather(struct audit_pump *pump, struct err *err)
{
	const struct audit_record *record;
	unsigned int lane = 0;
	int count = append_lost(pump, err);

	while (count >= 0 && count < (int)AUDIT_BATCH_RECORDS &&
		(record = next_record(pump, &lane))) {
		struct audit_source source = { (uint8_t)lane, pump->taken[lane] + 1 };
		int result = audit_log_append(pump->log, record, &source, err);

		/* What there is goes first. */
		if (result < 0)
			return count ? count : result;
		pump->taken[lane]++;
		count++;
	}
	return count;
}

static int write_group(struct audit_pump *pump, struct err *err)
{
	int result = audit_log_heal(pump->log, err), count;

	if (result < 0)
		return result;
	result = audit_log_use_ring(pump->log, pump->ring->id, err);
	if (result < 0)
		return result;
	settle(pump);
	for (unsigned int lane = 0; lane < AUDIT_LANES; lane++)
		pump->taken[lane] = atomic_load(&pump->ring->lanes[lane].taken);
	count = gather(pump, err);
	if (count <= 0)
		return count;
	result = audit_log_commit(pump->log, err);
	if (result < 0)
		return result;
	settle(pump);
	atomic_fetch_add(&pump->groups, 1);
	return count == (int)AUDIT_BATCH_RECORDS;
}

int audit_pump_run(struct audit_pump *pump, struct err *err)
{
	int result = write_group(pump, err);

	if (result >= 0) {
		atomic_store(&pump->blocked_since_ns, 0);
		return result;
	}
	atomic_fetch_add(&pump->failures, 1);
	if (!atomic_load(&pump->blocked_since_ns))
		atomic_store(&pump->blocked_since_ns, clock_monotonic_ns());
	return result;
}

void audit_pump_state(const struct audit_pump *pump, struct audit_pump_state *state)
{
	state->blocked_since_ns = atomic_load(&pump->blocked_since_ns);
	state->written = atomic_load(&pump->written);
	state->groups = atomic_load(&pump->groups);
	state->failures = atomic_load(&pump->failures);
	state->queue = audit_ring_queue(pump->ring);
	state->lost = audit_ring_lost(pump->ring);
}
