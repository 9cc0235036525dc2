/* SPDX-License-Identifier: Apache-2.0 */
/* What a core has put into the audit ring, and what a log that has it would do. */
#ifndef TACIT_TEST_FUSE_AUDITED_H
#define TACIT_TEST_FUSE_AUDITED_H

#include "waiting.h"

/* Records that wait, in all lanes. */
static inline unsigned int audited(const struct rig *rig)
{
	return (unsigned int)audit_ring_queue(rig->ring);
}

/* The `nth` of them, lane by lane. */
static inline const struct audit_record *audit_at(const struct rig *rig, unsigned int nth)
{
	for (unsigned int lane = 0; lane < AUDIT_LANES; lane++) {
		uint64_t waiting = audit_ring_waiting(rig->ring, lane);

		if (nth < waiting)
			return audit_ring_peek(rig->ring, lane, nth);
		nth -= (unsigned int)waiting;
	}
	fail_msg("there are not so many records");
	return NULL;
}

/* How many of them are of this request. */
static inline unsigned int audited_of(const struct rig *rig, uint64_t unique)
{
	unsigned int count = 0;

	for (unsigned int i = 0; i < audited(rig); i++)
		count += audit_at(rig, i)->unique == unique;
	return count;
}

/* Until there are so many. */
static inline void expect_audited(const struct rig *rig, unsigned int count)
{
	for (int i = 0; i < PATIENCE_MS && audited(rig) != count; i++)
		usleep(1000);
	assert_int_equal(audited(rig), count);
}

/* The log has what there is. */
static inline void log_has_it(struct rig *rig)
{
	for (unsigned int lane = 0; lane < AUDIT_LANES; lane++)
		audit_ring_taken(rig->ring, lane, atomic_load(&rig->ring->lanes[lane].put));
	server_wake_parked(rig->server);
}

static inline void expect_denial(
	const struct audit_record *record, const char *act, const char *rule, const char *outcome)
{
	assert_int_equal(record->kind, AUDIT_DENIAL);
	assert_string_equal(record->act, act);
	assert_string_equal(record->rule, rule);
	assert_string_equal(record->outcome, outcome);
}

/* The second is over in which denials are counted. */
static inline void let_second_pass(struct rig *rig)
{
	for (unsigned int lane = 0; lane < AUDIT_LANES; lane++)
		for (int i = 0; i < AUDIT_MERGED; i++) {
			struct audit_merged *merged = &rig->ring->lanes[lane].merged[i];

			if (atomic_load(&merged->since_ns))
				atomic_store(&merged->since_ns, 1);
		}
}

#endif
