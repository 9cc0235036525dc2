/* SPDX-License-Identifier: Apache-2.0 */
/* What operators say and are told of the agent's own rotations. */
#include <string.h>

#include "core/control/agenda/rotator.h"
#include "core/control/call.h"
#include "core/control/secrets/change.h"
#include "core/rotation/rotation.h"
#include "seal/generate.h"

#define SECOND_NS 1000000000ull

static void put_or_none(struct pack *doc, const char *name, uint64_t number)
{
	if (number)
		doc_number(doc, name, number);
	else
		doc_none(doc, name);
}

static void put_text_or_none(struct pack *doc, const char *name, const char *text)
{
	if (*text)
		doc_text(doc, name, text);
	else
		doc_none(doc, name);
}

void doc_put_schedule(struct pack *doc, const struct core *core, const struct secret *secret)
{
	const struct schedule *schedule = model_schedule(core->model, secret);
	const struct schedule_record *record;

	if (!schedule) {
		doc_none(doc, "schedule");
		return;
	}
	record = &schedule->record;
	doc_open(doc, "schedule", DOC_OBJECT);
	put_or_none(doc, "every_seconds", record->every_ns / SECOND_NS);
	doc_number(doc, "generate", record->generate_length);
	doc_text(doc, "alphabet", seal_alphabet_name(record->alphabet));
	put_text_or_none(doc, "rotator", record->rotator);
	put_or_none(doc, "overlap_seconds", record->overlap_ns / SECOND_NS);
	doc_time(doc, "next_at", record->next_ns);
	doc_text(doc, "state",
		rotation_state(
			record, model_now_ns(core->model), rotator_is_at(core->rotator, secret)));
	doc_text(doc, "step", rotation_step_word(record->step));
	put_or_none(doc, "staged_version", record->version);
	doc_number(doc, "attempts", record->attempts);
	doc_time(doc, "last_attempt_at", record->last_ns);
	put_text_or_none(doc, "reason", record->reason);
	doc_close(doc);
}

static void put_failing(
	struct pack *doc, const struct secret *secret, const struct schedule_record *record)
{
	uint64_t due_ns = rotation_due_ns(record);

	doc_open(doc, NULL, DOC_OBJECT);
	doc_text(doc, "secret", secret->record.name);
	doc_text(doc, "step", rotation_step_word(record->step));
	doc_number(doc, "attempts", record->attempts);
	doc_text(doc, "reason", record->reason);
	doc_time(doc, "last_attempt_at", record->last_ns);
	doc_time(doc, "next_attempt_at", due_ns == ROTATION_NEVER ? 0 : due_ns);
	doc_close(doc);
}

static void put_overdue(
	struct pack *doc, const struct secret *secret, const struct schedule_record *record)
{
	doc_open(doc, NULL, DOC_OBJECT);
	doc_text(doc, "secret", secret->record.name);
	doc_time(doc, "since", record->next_ns);
	doc_close(doc);
}

void doc_put_rotations(struct pack *doc, const struct core *core)
{
	struct schedule *schedule, *next;
	const struct secret *secret;

	doc_open(doc, "rotations", DOC_OBJECT);
	doc_number(doc, "scheduled", HASH_CNT(hh, core->model->schedules));
	doc_open(doc, "failing", DOC_LIST);
	HASH_ITER (hh, core->model->schedules, schedule, next) {
		secret = model_secret_by_id(core->model, schedule->record.secret_id);
		if (secret && rotation_is_failing(&schedule->record))
			put_failing(doc, secret, &schedule->record);
	}
	doc_close(doc);
	doc_open(doc, "overdue", DOC_LIST);
	HASH_ITER (hh, core->model->schedules, schedule, next) {
		secret = model_secret_by_id(core->model, schedule->record.secret_id);
		if (secret && rotation_is_overdue(&schedule->record, model_now_ns(core->model)))
			put_overdue(doc, secret, &schedule->record);
	}
	doc_close(doc);
	doc_close(doc);
}

static int write_record(struct call *call, const struct schedule_record *record,
	const struct change_item *item, struct err *err)
{
	struct change change = {
		.core = call->core, .made_by = call->request->operator_uid, .schedule = record
	};

	if (item)
		change.item[change.count++] = *item;
	return change_carry_out(&change, err);
}

static int let_be_due(struct call *call, const struct schedule *schedule, struct err *err)
{
	struct schedule_record after;

	rotation_asked(&schedule->record, model_now_ns(call->core->model), &after);
	return write_record(call, &after, NULL, err);
}

/* What a rotator is at is not changed, but a rotation that cannot be undone may be given up: its
 * staged version goes, whatever the world has made of it. */
static int give_up(struct call *call, const struct secret *secret, const struct schedule *schedule,
	struct err *err)
{
	const struct change_item drop = { .kind = CHANGE_DROP_NEXT, .name = secret->record.name };
	struct schedule_record after = schedule->record;

	if (after.step != ROTATION_UNDO || after.attempts <= ROTATION_ATTEMPTS)
		return change_check_rotator(call->core, secret, err);
	after.step = ROTATION_IDLE;
	after.version = after.next_ns = 0;
	return write_record(call, &after, &drop, err);
}

static int end_schedule(
	struct call *call, const struct secret *secret, struct schedule *schedule, struct err *err)
{
	struct core *core = call->core;
	int status = give_up(call, secret, schedule, err);

	if (status < 0)
		return status;
	status = vault_begin(core->vault, err);
	if (status == 0)
		status = vault_remove_schedule(core->vault, schedule->record.id, err);
	if (status == 0)
		status = vault_commit(core->vault, err);
	if (status < 0) {
		vault_rollback(core->vault);
		return status;
	}
	model_write_lock(core->model);
	model_remove_schedule(core->model, schedule);
	model_unlock(core->model);
	return 0;
}

/* A rotation that failed by what was said before has not failed by what is said now. */
static int set_schedule(struct call *call, const struct secret *secret,
	const struct schedule *schedule, struct err *err)
{
	const struct frame_request *request = call->request;
	uint64_t now = model_now_ns(call->core->model);
	struct schedule_record record = { .every_ns = request->every_ns,
		.overlap_ns = request->lifetime_ns,
		.generate_length = request->generate,
		.alphabet = request->alphabet };
	int status = change_check_rotator(call->core, secret, err);

	if (status < 0)
		return status;
	if (model_template(call->core->model, secret))
		return err_set(err, TACIT_INVALID,
			"it is made by a template: let what that is made of be rotated");
	if (record.every_ns >= ROTATION_NEVER - now)
		return err_set(err, TACIT_INVALID, "it would never be due: let it be so sooner");
	record.next_ns = record.every_ns ? now + record.every_ns : 0;
	record.last_ns = schedule ? schedule->record.last_ns : 0;
	memcpy(record.rotator, request->rotator, sizeof record.rotator);
	memcpy(record.secret_id, secret->record.id, SEAL_ID_BYTES);
	if (schedule)
		memcpy(record.id, schedule->record.id, SEAL_ID_BYTES);
	else
		seal_random(record.id, SEAL_ID_BYTES);
	return write_record(call, &record, NULL, err);
}

int call_secret_schedule(struct call *call, struct err *err)
{
	struct secret *secret = secret_find(call, err);
	struct schedule *schedule;
	int status;

	if (!secret)
		return -TACIT_NOT_FOUND;
	schedule = model_schedule(call->core->model, secret);
	if (call->request->generate && !(call->request->flags & REQUEST_NOW))
		status = set_schedule(call, secret, schedule, err);
	else if (!schedule)
		status = err_set(err, TACIT_NOT_FOUND, "it has no schedule");
	else if (call->request->flags & REQUEST_NOW)
		status = let_be_due(call, schedule, err);
	else
		status = end_schedule(call, secret, schedule, err);
	if (status == 0)
		doc_put_secret(&call->reply, call->core, secret);
	return status;
}
