/* SPDX-License-Identifier: Apache-2.0 */
#include "core/control/audit/record.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "seal/slot.h"

/* Records of one change that wait for the log before the next is put in: what else the worker has
 * to record finds room. */
#define PARTS_WAITING (AUDIT_LANE_RECORDS / 2)
/* How long the worker waits for the disk to take them. Those that find no room are counted as lost,
 * and the log says how many. */
#define PARTS_PATIENCE_NS UINT64_C(1000000000)
#define PARTS_LOOK_NS 1000000

/* The version that a request makes, or means: known beforehand, for only the worker makes any. */
static uint64_t version_of(const struct frame_request *request, const struct secret *secret)
{
	if (request->version || !secret)
		return request->version ? request->version : request->verb == VERB_SECRET_CREATE;
	switch (request->verb) {
	case VERB_SECRET_ROTATE:
	case VERB_SECRET_STAGE:
		return secret->record.last_number + 1;
	case VERB_SECRET_PROMOTE:
		return secret->record.next;
	case VERB_SECRET_RETIRE:
	case VERB_SECRET_ROLLBACK:
		return secret->record.previous;
	case VERB_SECRET_REVEAL:
	case VERB_AUDIT_HASH:
		return secret->record.current;
	default:
		return 0;
	}
}

/* What a change was about, where no name says it. */
static void put_about(const struct frame_request *request, char about[AUDIT_WORD_MAX + 1])
{
	static const char *const accepts[ACCEPTS] = {
		[ACCEPT_DROP] = "drop",
		[ACCEPT_ADOPT] = "adopt",
		[ACCEPT_ROLLBACK] = "rollback",
	};
	const char *kind = slot_kind_word((enum slot_kind)request->key_kind);

	if (request->verb == VERB_KEY_REMOVE)
		snprintf(about, AUDIT_WORD_MAX + 1, "slot-%u", request->slot);
	else if (request->verb == VERB_STORE_ACCEPT && request->accept < ACCEPTS &&
		 accepts[request->accept])
		snprintf(about, AUDIT_WORD_MAX + 1, "%s", accepts[request->accept]);
	else if (kind)
		snprintf(about, AUDIT_WORD_MAX + 1, "%s", kind);
}

static void fill(struct audit_record *change, const struct call *call, const char *act)
{
	const struct frame_request *request = call->request;

	*change = (struct audit_record){ .time_ns = clock_realtime_ns(),
		.kind = AUDIT_CHANGE,
		.uid = AUDIT_NOBODY,
		.operator_uid = request->operator_uid };
	snprintf(change->act, sizeof change->act, "%s", act);
	memcpy(change->consumer, request->consumer, sizeof change->consumer);
	if (request->verb == VERB_RUN_BEGIN || request->verb == VERB_RUN_END)
		snprintf(change->container, sizeof change->container, "%.*s",
			CONTAINER_ID_LENGTH, request->container);
}

int record_begin(struct record *record, const struct call *call, const char *act, bool of_bundle,
	struct err *err)
{
	const struct frame_request *request = call->request;
	struct audit_record *change = &record->change;
	const struct secret *secret =
		of_bundle ? NULL : model_secret(call->core->model, request->secret);
	int status;

	fill(change, call, act);
	/* Of all hashes it is where the last page ended. */
	if (request->verb != VERB_SECRET_HASHES)
		snprintf(change->secret, sizeof change->secret, "%.*s%s", TACIT_SECRET_NAME_MAX - 1,
			request->secret, of_bundle ? "/" : "");
	change->version = of_bundle ? request->version : version_of(request, secret);
	if (secret && change->secret[0])
		memcpy(change->secret_id, secret->record.id, sizeof change->secret_id);
	put_about(request, change->rule);
	status = auditor_begin(call->core, change, err);
	record->begun = status == 0;
	return status;
}

/* As it is now, without the audit's leave. A lane that has no room counts it as lost. */
static void put(const struct call *call, struct audit_record *record, const char *outcome)
{
	record->time_ns = clock_realtime_ns();
	snprintf(record->outcome, sizeof record->outcome, "%s", outcome);
	audit_ring_put(auditor_ring(call->core), AUDIT_LANE_WORKER, record);
	auditor_wake(call->core, false);
}

/* Let the log take some of them. False: it does not. */
static bool wait_for_room(const struct audit_ring *ring, uint64_t deadline_ns)
{
	while (audit_ring_waiting(ring, AUDIT_LANE_WORKER) >= PARTS_WAITING) {
		if (clock_monotonic_ns() >= deadline_ns)
			return false;
		nanosleep(&(struct timespec){ .tv_nsec = PARTS_LOOK_NS }, NULL);
	}
	return true;
}

static void put_parts(const struct call *call, const char *outcome)
{
	uint64_t deadline_ns = clock_monotonic_ns() + PARTS_PATIENCE_NS;
	bool patient = true;

	for (size_t i = 0; i < call->part_count; i++) {
		patient = patient && wait_for_room(auditor_ring(call->core), deadline_ns);
		put(call, &call->parts[i], outcome);
	}
}

void record_end(struct record *record, const struct call *call, int status)
{
	const char *outcome = code_word((enum tacit_code) - status);

	if (record->begun)
		auditor_end(call->core, outcome);
	else
		put(call, &record->change, outcome);
	if (status == 0)
		put_parts(call, outcome);
}

int record_part(
	struct call *call, const struct access_statement *statement, bool goes, struct err *err)
{
	static const char *const acts[][2] = {
		[ACCESS_GRANT] = { "grant-add", "grant-remove" },
		[ACCESS_BIND] = { "consumer-bind", "consumer-unbind" },
		[ACCESS_FREEZE] = { "consumer-freeze", "consumer-thaw" },
	};
	struct audit_record *more =
		reallocarray(call->parts, call->part_count + 1, sizeof *call->parts);
	const struct secret *secret;

	if (!more)
		return err_set(err, TACIT_LIMIT, "out of memory");
	call->parts = more;
	more += call->part_count++;
	fill(more, call, acts[statement->kind][goes]);
	memcpy(more->consumer, statement->consumer, sizeof more->consumer);
	memcpy(more->secret, statement->secret, sizeof more->secret);
	more->version = statement->version;
	secret = model_secret(call->core->model, more->secret);
	if (secret)
		memcpy(more->secret_id, secret->record.id, sizeof more->secret_id);
	return 0;
}
