/* SPDX-License-Identifier: Apache-2.0 */
/* Who was not given what. A reader that asks again and again is a record, and once a second a
 * number: what is counted lies in the ring, beside the lane, and outlives core as its records do.
 */
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "core/fuse/record.h"

#define MERGE_NS 1000000000ull

static const char *const acts[] = {
	[DENIED_OPEN] = "open",
	[DENIED_READ] = "read",
	[DENIED_STAT] = "stat",
	[DENIED_ACCESS] = "access",
};

/* Denials of GETATTR and ACCESS that are somebody's attempt at what is another's, or is not his any
 * more. That there is nothing is none. */
static bool is_attempt(enum policy_rule rule)
{
	switch (rule) {
	case RULE_OTHER_CONSUMER:
	case RULE_NOT_CONTAINER:
	case RULE_EXPIRED:
	case RULE_USED_UP:
	case RULE_UNKNOWN:
	case RULE_FROZEN:
		return true;
	default:
		return false;
	}
}

static bool is_worth(
	const struct turn *turn, enum denied_act act, uint64_t id, enum policy_rule rule)
{
	if (turn->kind == POLICY_TOUCHER)
		return false;
	return act == DENIED_OPEN || act == DENIED_READ ||
	       (node_level(id) == LEVEL_FILE && is_attempt(rule));
}

static bool is_same(const struct audit_merged *one, const struct audit_merged *kind)
{
	return one->reader == kind->reader && one->node == kind->node && one->uid == kind->uid &&
	       one->rule == kind->rule && one->act == kind->act;
}

/* The record of those that followed the first, if there are any, and then the place is free. */
static void tell(const struct worker *worker, struct audit_merged *merged)
{
	const struct audit_ring *ring = worker->server->parts.audit.ring;
	uint32_t count = (uint32_t)(atomic_load(&merged->counted) >> 32);
	struct audit_record record = merged->record;

	if (count) {
		/* Of whichever processes it were. */
		record.unique = record.pid = 0;
		record.comm[0] = '\0';
		record.time_ns = clock_realtime_ns();
		record.count = count;
		atomic_store(&merged->place, audit_ring_next(ring, record_lane(worker)));
		record_put(worker, &record);
	}
	atomic_store(&merged->since_ns, 0);
}

/* The place of this kind in the lane, or NULL; what is over is told. A free one, or NULL, into
 * `room`. */
static struct audit_merged *find(const struct worker *worker, const struct audit_merged *kind,
	uint64_t now, struct audit_merged **room)
{
	struct audit_lane *lane = &worker->server->parts.audit.ring->lanes[record_lane(worker)];
	struct audit_merged *found = NULL;

	*room = NULL;
	for (int i = 0; i < AUDIT_MERGED; i++) {
		struct audit_merged *one = &lane->merged[i];
		uint64_t since = atomic_load(&one->since_ns);

		if (since && now - since >= MERGE_NS)
			tell(worker, one);
		if (!atomic_load(&one->since_ns))
			*room = one;
		else if (kind && is_same(one, kind))
			found = one;
	}
	return found;
}

/* One more of them; not again when an earlier core did, in whose hand the request was last. */
static void count(struct audit_merged *merged, uint64_t unique, bool may_be_again)
{
	uint64_t counted = atomic_load(&merged->counted);

	if (may_be_again && (uint32_t)counted == (uint32_t)unique)
		return;
	atomic_store(&merged->counted, ((counted >> 32) + 1) << 32 | (uint32_t)unique);
}

/* From now on those of its kind are counted. */
static void begin(struct audit_merged *merged, const struct audit_merged *kind,
	const struct audit_record *record, uint64_t now)
{
	merged->reader = kind->reader;
	merged->node = kind->node;
	merged->uid = kind->uid;
	merged->rule = kind->rule;
	merged->act = kind->act;
	merged->record = *record;
	atomic_store(&merged->counted, (uint32_t)record->unique);
	atomic_store(&merged->place, 0);
	atomic_store(&merged->since_ns, now);
}

static void put(const struct worker *worker, const struct audit_record *record)
{
	if (worker->parked)
		record_put_parked(worker, record);
	else
		record_put(worker, record);
}

void record_denial(struct turn *turn, enum denied_act act, const struct denial *denial)
{
	struct worker *worker = turn->worker;
	const struct audit_merged kind = { .reader = turn->reader.container,
		.node = denial->id,
		.uid = turn->who->uid,
		.rule = denial->rule,
		.act = act };
	uint64_t now = clock_monotonic_ns(), unique = record_unique(worker);
	bool alone = record_promises(worker);
	struct audit_merged *merged, *room;
	struct audit_record record;

	if (!is_worth(turn, act, denial->id, denial->rule))
		return;
	hold_mutex(&worker->record_mutex);
	merged = find(worker, &kind, now, &room);
	if (merged && !alone) {
		count(merged, unique, worker->replaying);
		return;
	}
	record_describe(turn, turn_resolve(turn, denial->node), &record);
	record.kind = AUDIT_DENIAL;
	snprintf(record.act, sizeof record.act, "%s", acts[act]);
	snprintf(record.rule, sizeof record.rule, "%s",
		denial->word ? denial->word : policy_rule_word(denial->rule));
	snprintf(record.outcome, sizeof record.outcome, "%s", strerrorname_np(denial->errnum));
	if (!worker->parked && record_was_put(worker, &record))
		return;
	put(worker, &record);
	if (room && !alone)
		begin(room, &kind, &record, now);
}

void record_resume(struct server *server)
{
	struct audit_ring *ring = server->parts.audit.ring;

	for (unsigned int i = 0; i <= server->parts.handover->threads; i++) {
		struct audit_lane *lane = &ring->lanes[record_lane(&server->worker[i])];

		for (int n = 0; n < AUDIT_MERGED; n++) {
			uint64_t place = atomic_load(&lane->merged[n].place);

			/* Nothing has been put since: its record was, and it is still there. */
			if (place && place <= atomic_load(&lane->put))
				atomic_store(&lane->merged[n].since_ns, 0);
			atomic_store(&lane->merged[n].place, 0);
		}
	}
}

bool server_settle_denials(struct server *server)
{
	uint64_t now = clock_monotonic_ns();
	bool some = false;

	for (unsigned int i = 0; i <= server->parts.handover->threads; i++) {
		struct worker *worker = &server->worker[i];
		struct audit_lane *lane = &server->parts.audit.ring->lanes[record_lane(worker)];
		struct audit_merged *unused;
		hold_mutex(&worker->record_mutex);

		find(worker, NULL, now, &unused);
		for (int n = 0; n < AUDIT_MERGED; n++)
			some = some || atomic_load(&lane->merged[n].since_ns);
	}
	return some;
}
