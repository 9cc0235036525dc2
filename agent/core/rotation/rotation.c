/* SPDX-License-Identifier: Apache-2.0 */
#include "core/rotation/rotation.h"

#include <stdio.h>
#include <string.h>

/* Between why a rotation failed and why it could not be undone. */
#define AND_UNDO "; undo: "

static const struct {
	const char *word, *argument;
} steps[ROTATION_STEPS] = {
	[ROTATION_IDLE] = { "idle", "make" },
	[ROTATION_RUN] = { "run", "run" },
	[ROTATION_VERIFY] = { "verify", "verify" },
	[ROTATION_UNDO] = { "undo", "undo" },
};

const char *rotation_step_word(uint32_t step)
{
	return steps[step].word;
}

const char *rotation_argument(const struct schedule_record *record)
{
	return record->rotator[0] ? steps[record->step].argument : NULL;
}

uint64_t rotation_due_ns(const struct schedule_record *record)
{
	if (record->step == ROTATION_IDLE && !record->next_ns)
		return ROTATION_NEVER;
	return record->step == ROTATION_IDLE && record->next_ns > record->not_before_ns
		       ? record->next_ns
		       : record->not_before_ns;
}

/* For ever, when that is after all times. */
static uint64_t later(uint64_t now_ns, uint64_t by_ns)
{
	return by_ns < ROTATION_NEVER - now_ns ? now_ns + by_ns : ROTATION_NEVER;
}

/* An hour more than it may be: a clock that is put right by less makes nothing due. */
uint64_t rotation_due_at(const struct schedule_record *record, uint64_t now_ns)
{
	uint64_t due_ns = rotation_due_ns(record);
	uint64_t furthest_ns = record->step == ROTATION_IDLE
				       ? later(later(now_ns, record->every_ns), ROTATION_REST_NS)
				       : later(now_ns, ROTATION_BACKOFF_MAX_NS);

	return due_ns != ROTATION_NEVER && due_ns > furthest_ns ? now_ns : due_ns;
}

/* Nothing has failed at what comes next. */
static void begin(struct schedule_record *record, enum rotation_step step, uint64_t now_ns)
{
	record->step = step;
	record->attempts = 0;
	record->not_before_ns = 0;
	record->last_ns = now_ns;
	record->reason[0] = '\0';
}

static void rest(struct schedule_record *record, uint64_t now_ns)
{
	uint64_t every = record->every_ns;

	record->step = ROTATION_IDLE;
	record->version = 0;
	record->not_before_ns = 0;
	record->last_ns = now_ns;
	record->next_ns =
		later(now_ns, every && every < ROTATION_REST_NS ? every : ROTATION_REST_NS);
}

/* It is as it should be until it is due again. */
static void finish(struct schedule_record *record, uint64_t now_ns)
{
	begin(record, ROTATION_IDLE, now_ns);
	record->version = 0;
	record->next_ns = record->every_ns ? later(now_ns, record->every_ns) : 0;
}

/* Undone: what is left to say is why there was something to undo. */
static void finish_undo(struct schedule_record *record, uint64_t now_ns)
{
	char *undo = strstr(record->reason, AND_UNDO);

	if (undo)
		*undo = '\0';
	record->attempts = ROTATION_ATTEMPTS;
	rest(record, now_ns);
}

enum rotation_change rotation_done(const struct schedule_record *record, uint64_t version,
	uint64_t now_ns, struct schedule_record *after)
{
	*after = *record;
	switch ((enum rotation_step)record->step) {
	case ROTATION_RUN:
		begin(after, ROTATION_VERIFY, now_ns);
		return ROTATION_NO_CHANGE;
	case ROTATION_VERIFY:
		finish(after, now_ns);
		return ROTATION_SWITCH;
	case ROTATION_UNDO:
		finish_undo(after, now_ns);
		return ROTATION_DROP;
	default:
		break;
	}
	if (!record->rotator[0]) {
		finish(after, now_ns);
		return ROTATION_REPLACE;
	}
	begin(after, ROTATION_RUN, now_ns);
	after->version = version;
	return ROTATION_STAGE;
}

static uint64_t backoff_ns(uint32_t failures)
{
	uint64_t wait = ROTATION_BACKOFF_NS;

	for (uint32_t i = 1; i < failures && wait < ROTATION_BACKOFF_MAX_NS; i++)
		wait *= 2;
	return wait < ROTATION_BACKOFF_MAX_NS ? wait : ROTATION_BACKOFF_MAX_NS;
}

/* "verify: it was killed", and of what could not be undone both reasons. */
static void say_why(struct schedule_record *record, const char *reason)
{
	const char *argument = rotation_argument(record);
	char before[sizeof record->reason];
	size_t length = 0;

	if (record->step == ROTATION_UNDO) {
		memcpy(before, record->reason, sizeof before);
		length = (size_t)(strstr(before, AND_UNDO) ? strstr(before, AND_UNDO) - before
							   : (ptrdiff_t)strlen(before));
		snprintf(record->reason, sizeof record->reason, "%.*s" AND_UNDO "%s", (int)length,
			before, reason);
		return;
	}
	snprintf(record->reason, sizeof record->reason, "%s%s%s", argument ? argument : "",
		argument ? ": " : "", reason);
}

void rotation_failed(const struct schedule_record *record, const char *reason, uint64_t now_ns,
	struct schedule_record *after)
{
	uint32_t failures;

	*after = *record;
	say_why(after, reason);
	after->last_ns = now_ns;
	if (after->attempts < UINT32_MAX)
		after->attempts++;
	if (after->step == ROTATION_UNDO) { /* which began with the attempts at what it undoes */
		failures = after->attempts > ROTATION_ATTEMPTS ? after->attempts - ROTATION_ATTEMPTS
							       : 1;
		after->not_before_ns = now_ns + backoff_ns(failures);
		return;
	}
	failures = after->attempts % ROTATION_ATTEMPTS;
	after->not_before_ns = failures ? now_ns + backoff_ns(failures) : 0;
	if (!failures && after->step == ROTATION_IDLE)
		rest(after, now_ns);
	else if (!failures)
		after->step = ROTATION_UNDO;
}

void rotation_lost(
	const struct schedule_record *record, uint64_t now_ns, struct schedule_record *after)
{
	*after = *record;
	snprintf(after->reason, sizeof after->reason, "the staged version is not there any more");
	after->attempts = ROTATION_ATTEMPTS;
	rest(after, now_ns);
}

void rotation_asked(
	const struct schedule_record *record, uint64_t now_ns, struct schedule_record *after)
{
	*after = *record;
	after->not_before_ns = 0;
	if (record->step != ROTATION_IDLE)
		return;
	after->next_ns = now_ns;
	after->attempts = 0;
	after->reason[0] = '\0';
}

bool rotation_is_failing(const struct schedule_record *record)
{
	return record->attempts != 0;
}

bool rotation_is_overdue(const struct schedule_record *record, uint64_t now_ns)
{
	return record->next_ns && later(record->next_ns, ROTATION_OVERDUE_NS) < now_ns;
}

const char *rotation_state(const struct schedule_record *record, uint64_t now_ns, bool running)
{
	if (rotation_is_failing(record))
		return "failing";
	if (running || record->step != ROTATION_IDLE)
		return "running";
	return rotation_is_overdue(record, now_ns) ? "overdue" : "waiting";
}
