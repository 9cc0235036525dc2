/* SPDX-License-Identifier: Apache-2.0 */
/* Who was given what: a record in the thread's lane of the audit ring, before the answer.
 *
 * An OPEN that is answered has one record, though its core dies and another answers it. One whose
 * reader was killed meanwhile has a record, too: nobody can know which of the two was first.
 *
 * Where the log must have the record first the OPEN is parked. The doorman records it, and leaves
 * it; when the log has it, it is answered with what the record says, or, of a bundle whose newest
 * generation is another by then, recorded anew.
 * One that is denied in the end, for the log did not have it in time, or its grant went meanwhile,
 * has two records of one number: what it was about to be given, and the denial. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "core/fuse/record.h"

#define URGENT (AUDIT_LANE_RECORDS / 4)       /* that wait: there is still time to write them */
#define DENIALS_ROOM (AUDIT_LANE_RECORDS / 2) /* of a lane: the rest is for what was given */

uint64_t record_unique(const struct worker *worker)
{
	const struct fuse_in_header *request = (const void *)worker->slot->request;

	return request->unique & ~UNIQUE_RESENT;
}

unsigned int record_lane(const struct worker *worker)
{
	unsigned int index = (unsigned int)(worker - worker->server->worker);

	return index < worker->server->parts.handover->threads ? index : AUDIT_LANE_DOORMAN;
}

/* What is granted there, in the words of the record. */
static void describe_file(const struct node *file, struct audit_record *record)
{
	const struct grant *grant =
		file && node_level(file->id) == LEVEL_FILE ? node_grant(file) : NULL;

	if (!grant)
		return;
	snprintf(record->consumer, sizeof record->consumer, "%s", grant->record.consumer);
	if (!grant->secret)
		return;
	snprintf(record->secret, sizeof record->secret, "%s", grant->secret->record.name);
	memcpy(record->secret_id, grant->secret->record.id, sizeof record->secret_id);
}

void record_describe(const struct turn *turn, const struct node *file, struct audit_record *record)
{
	*record = (struct audit_record){
		.unique = record_unique(turn->worker),
		.time_ns = clock_realtime_ns(),
		.pid = (uint32_t)turn->who->pid,
		.uid = turn->who->uid,
		.operator_uid = AUDIT_NOBODY,
	};
	if (turn->reader.kind == READER_CONTAINER)
		memcpy(record->container, turn->reader.id, sizeof record->container);
	identity_comm(turn->who->pid, record->comm);
	describe_file(file, record);
}

bool record_promises(const struct worker *worker)
{
	const struct audit_record *found =
		worker->parked ? audit_ring_at(worker->server->parts.audit.ring, AUDIT_LANE_DOORMAN,
					 atomic_load(&worker->parked->recorded))
			       : NULL;

	return found && found->unique == record_unique(worker) && found->kind == AUDIT_READ;
}

void record_put(const struct worker *worker, const struct audit_record *record)
{
	const struct server_audit *audit = &worker->server->parts.audit;
	unsigned int lane = record_lane(worker);
	uint64_t waiting = audit_ring_waiting(audit->ring, lane);

	/* Whoever is denied, as often as he likes, takes no room from those who are given. */
	if (record->kind == AUDIT_DENIAL && waiting >= DENIALS_ROOM && !record_promises(worker))
		audit_ring_lose(audit->ring, lane);
	else
		audit_ring_put(audit->ring, lane, record);
	audit->wake(audit->with, waiting >= URGENT);
}

static bool says_same(const struct audit_record *found, const struct audit_record *record)
{
	return found->unique == record->unique && found->kind == record->kind &&
	       found->version == record->version &&
	       !memcmp(found->secret_id, record->secret_id, sizeof found->secret_id) &&
	       !strcmp(found->consumer, record->consumer);
}

/* Whether the record of the parked OPEN at hand says the same. The doorman is the one who puts into
 * this lane. */
static bool is_recorded(const struct worker *doorman, const struct audit_record *record)
{
	const struct audit_record *found = audit_ring_at(doorman->server->parts.audit.ring,
		AUDIT_LANE_DOORMAN, atomic_load(&doorman->parked->recorded));

	return found && says_same(found, record);
}

void record_put_parked(const struct worker *doorman, const struct audit_record *record)
{
	const struct audit_ring *ring = doorman->server->parts.audit.ring;

	if (is_recorded(doorman, record))
		return;
	/* A core that dies here leaves a place that has no record of this number. */
	atomic_store(&doorman->parked->recorded, audit_ring_next(ring, AUDIT_LANE_DOORMAN));
	record_put(doorman, record);
}

static enum recorded require(const struct worker *doorman, const struct audit_record *record)
{
	const struct audit_ring *ring = doorman->server->parts.audit.ring;

	if (is_recorded(doorman, record) && audit_ring_is_taken(ring, AUDIT_LANE_DOORMAN,
						    atomic_load(&doorman->parked->recorded)))
		return RECORDED;
	if (doorman->last_call)
		return RECORD_REFUSED;
	if (audit_ring_waiting(ring, AUDIT_LANE_DOORMAN) < AUDIT_LANE_RECORDS)
		record_put_parked(doorman, record);
	return RECORD_AWAITED;
}

enum recorded record_read(struct turn *turn, const struct opening *opening)
{
	struct worker *worker = turn->worker;
	struct audit_record record;

	record_describe(turn, opening->file, &record);
	record.kind = AUDIT_READ;
	record.version = opening->handle->version;
	snprintf(record.act, sizeof record.act, "open");
	snprintf(record.rule, sizeof record.rule, "%s", policy_rule_word(worker->rule));
	snprintf(record.outcome, sizeof record.outcome, "ok");
	hold_mutex(&worker->record_mutex);
	if (worker->parked && worker->server->parts.audit.required)
		return require(worker, &record);
	if (worker->parked)
		record_put_parked(worker, &record);
	else if (!record_was_put(worker, &record))
		record_put(worker, &record);
	return RECORDED;
}

bool record_was_put(const struct worker *worker, const struct audit_record *record)
{
	const struct fuse_in_header *request = (const void *)worker->slot->request;
	struct audit_record found;
	bool taken;

	return (worker->replaying || request->unique & UNIQUE_RESENT) &&
	       audit_ring_find(worker->server->parts.audit.ring, record->unique, &found, &taken) &&
	       says_same(&found, record);
}

bool record_is_awaited(const struct server *server, const struct handover_parked *entry)
{
	uint64_t place = atomic_load(&entry->recorded);

	return server->parts.audit.required && place &&
	       atomic_load(&entry->state) == PARKED_WAITING &&
	       audit_ring_next(server->parts.audit.ring, AUDIT_LANE_DOORMAN) > place &&
	       !audit_ring_is_taken(server->parts.audit.ring, AUDIT_LANE_DOORMAN, place) &&
	       clock_monotonic_ns() - entry->since_ns < server->parts.patience_ns;
}
