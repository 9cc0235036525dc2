/* SPDX-License-Identifier: Apache-2.0 */
/* From the ring into the log: one thread's, which may wait for a disk. A group of records is merged
 * by time from all lanes, written, synced once, taken out of the ring, and then told of.
 *
 * When a group cannot be written the records stay in the ring, `blocked` is since when, and the
 * next call tries again; how often is the caller's to say. Nothing is told of that is not durable.
 */
#ifndef TACIT_AUDIT_PUMP_H
#define TACIT_AUDIT_PUMP_H

#include "core/audit/log.h"

struct audit_pump;

/* `record` is durable, as `number` of the log; 0: it is not known which, for the log had it already
 * when it was healed. In the thread of audit_pump_run(). */
typedef void audit_durable_fn(void *with, const struct audit_record *record, uint64_t number);

/* Uses both, which outlive it; records that a lane had no room for are told of in a record of the
 * agent's own, "lost", whose outcome is their number. What an earlier core had written and not
 * taken out is taken out now. `log` may be NULL: there is none yet. NULL: no memory. */
struct audit_pump *audit_pump_new(struct audit_ring *ring, struct audit_log *log);
/* Go on with another log, or with none. */
void audit_pump_use(struct audit_pump *pump, struct audit_log *log);
void audit_pump_free(struct audit_pump *pump); /* NULL does nothing */
void audit_pump_on_durable(struct audit_pump *pump, audit_durable_fn *durable, void *with);

/* Write one group: 1: there may be more; 0: nothing waits; or the error that blocks the log:
 * TACIT_UNAVAILABLE when there is none. */
int audit_pump_run(struct audit_pump *pump, struct err *err);

/* From any thread. */
struct audit_pump_state {
	uint64_t blocked_since_ns; /* CLOCK_MONOTONIC; 0: it is not */
	uint64_t written;          /* records, by this pump */
	uint64_t groups;           /* and syncs for them */
	uint64_t failures;         /* attempts that failed */
	uint64_t queue, lost;      /* of the ring */
};
void audit_pump_state(const struct audit_pump *pump, struct audit_pump_state *state);

#endif
