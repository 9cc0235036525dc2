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
	uint64_t taken[AUDIT_LANES];        /* with the group at hand */
	uint8_t group[AUDIT_BATCH_RECORDS]; /* the lanes of its records, in their order */
	unsigned int group_count;
	struct audit_record lost; /* AUDIT_LANE_NONE in it */
	audit_durable_fn *durable;
	void *with;
	_Atomic uint64_t blocked_since_ns, written, groups, failures;
};

static void tell(struct audit_pump *pump, const struct audit_record *record, uint64_t number)
{
	atomic_fetch_add(&pump->written, 1);
	if (pump->durable)
		pump->durable(pump->with, record, number);
}

/* What the log has is taken out, and told of. */
static void settle(struct audit_pump *pump)
{
	const struct audit_marks *marks = audit_log_marks(pump->log);

	if (memcmp(marks->ring, pump->ring->id, sizeof marks->ring))
		return;
	for (unsigned int lane = 0; lane < AUDIT_LANES; lane++) {
		uint64_t taken = atomic_load(&pump->ring->lanes[lane].taken);
		uint64_t waiting = audit_ring_waiting(pump->ring, lane);

		for (uint64_t i = 0; i < waiting && taken + i < marks->taken[lane]; i++)
			tell(pump, audit_ring_peek(pump->ring, lane, i), 0);
		audit_ring_taken(pump->ring, lane, marks->taken[lane]);
	}
}

/* The group is durable: the same, in the order of the log. */
static void settle_group(struct audit_pump *pump)
{
	uint64_t place[AUDIT_LANES] = { 0 }, number;
	struct audit_position end;

	audit_log_position(pump->log, &end);
	number = end.number - pump->group_count;
	for (unsigned int i = 0; i < pump->group_count; i++) {
		unsigned int lane = pump->group[i];

		tell(pump,
			lane == AUDIT_LANE_NONE ? &pump->lost
						: audit_ring_peek(pump->ring, lane, place[lane]++),
			++number);
	}
	for (unsigned int lane = 0; lane < AUDIT_LANES; lane++)
		audit_ring_taken(pump->ring, lane, pump->taken[lane]);
}

struct audit_pump *audit_pump_new(struct audit_ring *ring, struct audit_log *log)
{
	struct audit_pump *pump = calloc(1, sizeof *pump);

	if (!pump)
		return NULL;
	pump->ring = ring;
	audit_pump_use(pump, log);
	pump->written = 0;
	return pump;
}

void audit_pump_use(struct audit_pump *pump, struct audit_log *log)
{
	pump->log = log;
	if (log)
		settle(pump);
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
	int result;

	if (lost == told)
		return 0;
	pump->lost = (struct audit_record){
		.time_ns = clock_realtime_ns(),
		.kind = AUDIT_AGENT,
		.uid = AUDIT_NOBODY,
		.operator_uid = AUDIT_NOBODY,
		.act = "lost",
		.rule = "ring-full",
	};
	snprintf(pump->lost.outcome, sizeof pump->lost.outcome, "%" PRIu64, lost - told);
	result = audit_log_append(pump->log, &pump->lost, &source, err);
	if (result < 0)
		return result;
	pump->group[0] = AUDIT_LANE_NONE;
	return 1;
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
		pump->group[count++] = (uint8_t)lane;
	}
	return count;
}

static int write_group(struct audit_pump *pump, struct err *err)
{
	int result, count;

	if (!pump->log)
		return err_set(err, TACIT_UNAVAILABLE, "there is no audit log");
	result = audit_log_heal(pump->log, err);
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
	pump->group_count = (unsigned int)count;
	result = audit_log_commit(pump->log, err);
	if (result < 0)
		return result;
	settle_group(pump);
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
