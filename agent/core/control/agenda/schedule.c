/* SPDX-License-Identifier: Apache-2.0 */
/* Rotations that the agent begins by itself. What is next says core/rotation; each of its records
 * is written in one commit with the change of the secret that belongs to it. */
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "core/control/agenda/rotator.h"
#include "core/control/audit/auditor.h"
#include "core/control/secrets/change.h"
#include "core/rotation/rotation.h"
#include "seal/generate.h"

#define MS_NS 1000000ull
#define AT_ONCE 16                       /* commits before operators have their turn */
#define BUSY_PATIENCE_NS (1000 * MS_NS)  /* somebody else has the lane of rotators */
#define STORE_PATIENCE_NS (5000 * MS_NS) /* the store takes nothing: it may later */
#define SLEEP_MAX_MS 60000               /* a clock that is set forward is seen within this */

static void wait_a_while(struct core *core, uint64_t patience_ns)
{
	core->rotator->not_before_ns = clock_monotonic_ns() + patience_ns;
}

/* A record, and the change of its secret that belongs to it. */
static int write_down(struct core *core, const struct secret *secret, enum rotation_change what,
	const struct schedule_record *before, const struct schedule_record *after,
	const uint8_t *value, size_t length, struct err *err)
{
	static const enum change_kind kinds[] = {
		[ROTATION_REPLACE] = CHANGE_ROTATE,
		[ROTATION_STAGE] = CHANGE_STAGE,
		[ROTATION_SWITCH] = CHANGE_SWITCH,
		[ROTATION_DROP] = CHANGE_DROP_NEXT,
	};
	struct change change = { .core = core,
		.made_by = MADE_BY_AGENT,
		.item = { { .kind = kinds[what],
			.name = secret->record.name,
			.number = before->version,
			.overlap_ns = before->overlap_ns,
			.value = value,
			.length = length } },
		.count = what == ROTATION_NO_CHANGE ? 0 : 1,
		.schedule = after };

	return change_carry_out(&change, err);
}

static void note(struct core *core, const struct secret *secret,
	const struct schedule_record *before, const struct schedule_record *after)
{
	struct err err;

	if (write_down(core, secret, ROTATION_NO_CHANGE, before, after, NULL, 0, &err) == 0)
		return;
	log_warning("write down how far a rotation is: %s", err.text);
	wait_a_while(core, STORE_PATIENCE_NS);
}

static void fail(struct core *core, const struct secret *secret,
	const struct schedule_record *before, const char *reason)
{
	struct schedule_record after;

	core->rotations.failures++;
	rotation_failed(before, reason, model_now_ns(core->model), &after);
	log_warning("rotate %s: %s", secret->record.name, after.reason);
	auditor_note(core, "rotate", secret->record.name, before->version, NULL, "failed");
	note(core, secret, before, &after);
}

static void record(struct core *core, const struct schedule_record *before,
	enum rotation_change what, uint64_t made)
{
	static const char *const acts[] = {
		[ROTATION_NO_CHANGE] = NULL,
		[ROTATION_REPLACE] = "rotate",
		[ROTATION_STAGE] = "stage",
		[ROTATION_SWITCH] = "promote",
		[ROTATION_DROP] = "drop-staged",
	};
	const struct secret *secret = model_secret_by_id(core->model, before->secret_id);
	bool makes = what == ROTATION_REPLACE || what == ROTATION_STAGE;

	if (acts[what])
		auditor_note(core, acts[what], secret->record.name, makes ? made : before->version,
			NULL, code_word(TACIT_OK));
}

/* What cannot be committed has not been done. */
static void succeed(struct core *core, const struct secret *secret,
	const struct schedule_record *before, const uint8_t *value, size_t length)
{
	struct schedule_record after;
	uint64_t made = secret->record.last_number + 1;
	enum rotation_change what = rotation_done(before, made, model_now_ns(core->model), &after);
	struct err err;

	if (write_down(core, secret, what, before, &after, value, length, &err) < 0)
		fail(core, secret, before, err.text);
	else
		record(core, before, what, made);
}

static void replace(
	struct core *core, const struct secret *secret, const struct schedule_record *before)
{
	uint8_t *value = seal_alloc(before->generate_length);

	if (!value) {
		fail(core, secret, before, "no locked memory left");
		return;
	}
	seal_generate(before->alphabet, value, before->generate_length);
	succeed(core, secret, before, value, before->generate_length);
	seal_free(value);
}

/* What a rotator makes takes the place of what is staged: not of what somebody else has. */
static int check_staged(
	const struct secret *secret, const struct schedule_record *before, struct err *err)
{
	return before->step != ROTATION_IDLE || !before->rotator[0] || !secret->record.next
		       ? 0
		       : err_set(err, TACIT_EXISTS, "an operator has staged a version: promote it");
}

static void begin_step(
	struct core *core, struct secret *secret, const struct schedule_record *before)
{
	struct schedule_record after;
	struct err err;
	int status;

	if (before->step != ROTATION_IDLE && secret->record.next != before->version) {
		rotation_lost(before, model_now_ns(core->model), &after);
		note(core, secret, before, &after);
		return;
	}
	status = check_staged(secret, before, &err);
	if (status == 0)
		status = rotator_begin(core, secret, before, &err);
	if (status == -TACIT_BUSY)
		wait_a_while(core, BUSY_PATIENCE_NS);
	else if (status < 0)
		fail(core, secret, before, err.text);
}

/* The schedule that has been due longest, or is due first; but while a rotator is at work, none
 * that needs one. NULL: nothing is ever due. */
static const struct schedule *first_due(const struct core *core, uint64_t *due_at_ns)
{
	const struct schedule *first = NULL;
	struct schedule *schedule, *next;
	uint64_t now_ns = model_now_ns(core->model), first_ns = ROTATION_NEVER;

	HASH_ITER (hh, core->model->schedules, schedule, next) {
		const struct schedule_record *record = &schedule->record;
		uint64_t due_ns = rotation_due_at(record, now_ns);

		if (due_ns >= first_ns || (core->rotator->errand && rotation_argument(record)))
			continue;
		first = schedule;
		first_ns = due_ns;
	}
	*due_at_ns = first_ns;
	return first;
}

/* Begin, or do, one of what is due. False: nothing is. */
static bool work_once(struct core *core)
{
	uint64_t due_ns;
	const struct schedule *schedule = first_due(core, &due_ns);
	struct schedule_record record;
	struct secret *secret;

	if (!schedule || due_ns > model_now_ns(core->model) ||
		core->rotator->not_before_ns > clock_monotonic_ns())
		return false;
	record = schedule->record;
	secret = model_secret_by_id(core->model, record.secret_id);
	if (!secret)
		return false;
	if (rotation_argument(&record))
		begin_step(core, secret, &record);
	else
		replace(core, secret, &record);
	return true;
}

void schedules_work(struct core *core)
{
	if (!core->rotator && !(core->rotator = rotator_new()))
		return;
	if (core->model->locked) {
		rotator_forget(core->rotator);
		return;
	}
	/* What cannot be written down is not begun. */
	if (!vault_can_change(core->vault))
		return;
	for (int i = 0; i < AT_ONCE && work_once(core); i++)
		;
}

int schedules_patience(const struct core *core)
{
	uint64_t due_ns, now, wait = 0, held;

	if (core->model->locked || !core->rotator || !first_due(core, &due_ns))
		return -1;
	if (!vault_can_change(core->vault))
		return STORE_PATIENCE_NS / MS_NS;
	now = model_now_ns(core->model);
	if (due_ns > now)
		wait = due_ns - now;
	now = clock_monotonic_ns();
	held = core->rotator->not_before_ns > now ? core->rotator->not_before_ns - now : 0;
	wait = (wait > held ? wait : held) / MS_NS + 1;
	return wait < SLEEP_MAX_MS ? (int)wait : SLEEP_MAX_MS;
}

/* How the step that has ended was. */
static void settle(struct core *core, struct secret *secret, const struct errand_end *end)
{
	const struct schedule_record before = core->rotator->record;
	const uint8_t *value = NULL;
	size_t length = 0;
	struct err err;

	if (end->busy)
		wait_a_while(core, BUSY_PATIENCE_NS);
	else if (!end->done)
		fail(core, secret, &before, end->reason);
	else if (check_staged(secret, &before, &err) < 0 ||
		 (before.step == ROTATION_IDLE &&
			 rotator_value(core->rotator, &value, &length, &err) < 0))
		fail(core, secret, &before, err.text);
	else
		succeed(core, secret, &before, value, length);
}

/* What was begun with another value, or another schedule, is nobody's any more. */
static struct secret *settled_secret(const struct core *core)
{
	const struct rotator *rotator = core->rotator;
	struct secret *secret = model_secret_by_id(core->model, rotator->record.secret_id);
	const struct schedule *schedule = secret ? model_schedule(core->model, secret) : NULL;

	return schedule && secret->record.current == rotator->current &&
			       !memcmp(&schedule->record, &rotator->record, sizeof rotator->record)
		       ? secret
		       : NULL;
}

bool schedules_errand_ended(struct core *core, const struct errand_end *end)
{
	struct rotator *rotator = core->rotator;
	struct secret *secret;

	if (!rotator || !rotator->errand || rotator->errand != end->number)
		return false;
	rotator_read(rotator);
	secret = core->model->locked ? NULL : settled_secret(core);
	if (secret)
		settle(core, secret, end);
	rotator_end(rotator);
	return true;
}

int schedules_stream_fd(const struct core *core)
{
	return core->rotator ? core->rotator->output : -1;
}

void schedules_stream_ready(struct core *core)
{
	if (core->rotator)
		rotator_read(core->rotator);
}
