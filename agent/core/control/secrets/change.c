/* SPDX-License-Identifier: Apache-2.0 */
#include "core/control/secrets/change.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "core/control/audit/auditor.h"
#include "core/control/secrets/change_plan.h"
#include "core/control/secrets/generations.h"
#include "core/control/secrets/templates.h"

int change_check_rotator(const struct core *core, const struct secret *secret, struct err *err)
{
	const struct schedule *schedule = model_schedule(core->model, secret);

	return !schedule || schedule->record.step == ROTATION_IDLE
		       ? 0
		       : err_set(err, TACIT_BUSY, "a rotator is at work on it: see tacit status");
}

/* It is read, or will be: by its place, by an open file, by a grant of just this version, or as a
 * part of a generation, which may be opened as long as memory has it. */
static bool is_in_use(struct core *core, const struct secret_record *record, uint64_t number)
{
	const struct secret *secret = model_secret_by_id(core->model, record->id);
	const struct blob *blob = secret ? secret_blob(secret, number) : NULL;

	return number == record->current || number == record->previous || number == record->next ||
	       (blob && blob->pins) || (secret && bundle_keeps(secret, number)) ||
	       server_version_is_open(core->server, record->id, number);
}

/* Leave as many versions as are to be kept, and room for one that is new: the oldest go, but those
 * in use. */
static int prune(struct core *core, struct change_target *target, struct err *err)
{
	struct secret_record *record = &target->record;
	uint32_t room = target->made ? 1 : 0, at = 0;

	while (record->version_count + room > core->config.keep_versions &&
		at < record->version_count) {
		const struct version_record *oldest = &record->versions[at];
		int status;

		if (is_in_use(core, record, oldest->number)) {
			at++;
			continue;
		}
		status = vault_remove_value(core->vault, oldest->value_id, err);
		if (status < 0)
			return status;
		memmove(&record->versions[at], &record->versions[at + 1],
			(--record->version_count - at) * sizeof *oldest);
	}
	return record->version_count + room <= VAULT_VERSIONS_MAX
		       ? 0
		       : err_set(err, TACIT_LIMIT,
				 "%d versions of it are held open; the oldest must be closed first",
				 VAULT_VERSIONS_MAX);
}

/* The record's new version, and its value. */
static int put_made(const struct change_plan *plan, struct change_target *target, struct err *err)
{
	struct secret_record *record = &target->record;
	struct version_record *version = &record->versions[record->version_count++];
	const uint8_t *value = target->item->value;
	uint8_t *text = NULL;
	size_t length = target->item->length;
	int status = target->template ? templates_make(plan, target, &text, &length, err) : 0;

	if (status < 0)
		return status;
	*version = (struct version_record){ .number = target->made,
		.created_ns = clock_realtime_ns(),
		.size = (uint32_t)length,
		.made_by = plan->change->made_by };
	seal_random(version->value_id, sizeof version->value_id);
	status = vault_put_value(plan->core->vault, version->value_id, text ? text : value, length,
		&target->sealed, &target->sealed_length, err);
	seal_free(text);
	return status;
}

static int put_target(const struct change_plan *plan, struct change_target *target, struct err *err)
{
	struct core *core = plan->core;
	int status = prune(core, target, err);

	if (status == 0 && target->made)
		status = put_made(plan, target, err);
	if (status == 0)
		status = vault_put_secret(core->vault, &target->record, err);
	/* What ends does so by a time that does not go back. */
	if (status == 0 && target->record.previous_until_ns)
		status = vault_put_clock(core->vault, model_now_ns(core->model), err);
	return status;
}

static int commit(struct change_plan *plan, struct err *err)
{
	struct vault *vault = plan->core->vault;
	int status = vault_begin(vault, err);

	for (size_t i = 0; status == 0 && i < plan->count; i++)
		status = put_target(plan, &plan->targets[i], err);
	for (size_t i = 0; status == 0 && i < plan->bundle_count; i++)
		status = vault_put_bundle(vault, &plan->bundles[i], err);
	if (status == 0 && plan->change->schedule)
		status = vault_put_schedule(vault, plan->change->schedule, err);
	if (status == 0 && plan->change->template)
		status = vault_put_template(vault, &plan->template, err);
	if (status == 0)
		status = vault_commit(vault, err);
	if (status < 0)
		vault_rollback(vault);
	return status;
}

/* Previous files that were open read no further once their version has ended. */
static void end_previous(struct core *core, const struct secret *secret)
{
	struct grant *grant, *next;

	HASH_ITER (hh, core->model->grants, grant, next)
		if (grant->secret == secret)
			server_end_previous(core->server, grant);
}

static int publish_target(struct core *core, struct change_target *target, struct err *err)
{
	const struct secret *secret = model_secret_by_id(core->model, target->record.id);
	uint8_t *sealed = target->sealed;

	if (secret && (!target->record.previous || !secret_previous(core->model, secret)))
		end_previous(core, secret);
	target->sealed = NULL;
	return model_put_secret(
		core->model, &target->record, target->made, sealed, target->sealed_length, err);
}

/* What is committed becomes what readers get. When the lock is free again, every thread has
 * answered what it decided before. */
static void publish(const struct change_plan *plan, struct err *err)
{
	struct model *model = plan->core->model;
	int status = 0;

	model_write_lock(model);
	for (size_t i = 0; status == 0 && i < plan->count; i++)
		status = publish_target(plan->core, &plan->targets[i], err);
	for (size_t i = 0; status == 0 && i < plan->bundle_count; i++)
		status = model_put_bundle(model, &plan->bundles[i], err);
	if (status == 0 && plan->change->schedule)
		status = model_put_schedule(model, plan->change->schedule, err);
	if (status == 0 && plan->change->template)
		status = model_put_template(model, &plan->template, err);
	core_expect_published(status, err);
	model_unlock(model);
}

/* A secret's first version replaces none; and what follows is no rotation of its own. */
static void count_rotations(const struct change_plan *plan)
{
	struct core_rotations *rotations = &plan->core->rotations;
	uint64_t count = 0;

	for (size_t i = 0; i < plan->change->count; i++)
		count +=
			plan->targets[i].is_current && plan->targets[i].item->kind != CHANGE_CREATE;
	*(plan->change->made_by == MADE_BY_AGENT ? &rotations->by_agent
						 : &rotations->by_operators) += count;
}

static const struct secret *changed_secret(const struct change_plan *plan, size_t i)
{
	return model_secret_by_id(plan->core->model, plan->targets[i].record.id);
}

/* Wake who watches what has changed. */
static void touch(const struct change_plan *plan)
{
	const struct secret **changed = plan->touched, **ended = plan->touched + plan->count;
	size_t changed_count = 0, ended_count = 0;

	for (size_t i = 0; i < plan->count; i++) {
		const struct change_target *target = &plan->targets[i];

		if (target->is_current)
			changed[changed_count++] = changed_secret(plan, i);
		else if (target->item->kind == CHANGE_RETIRE)
			ended[ended_count++] = changed_secret(plan, i);
	}
	touches_add(plan->core, changed, changed_count, ended, ended_count);
}

/* Of what was asked for there is a record; of what follows there is one, too. */
static void record_followers(const struct change_plan *plan)
{
	for (size_t i = plan->change->count; i < plan->count; i++) {
		const struct change_target *target = &plan->targets[i];

		auditor_note(plan->core, target->made ? "render" : "retire", target->record.name,
			target->made, NULL, code_word(TACIT_OK));
	}
}

int change_carry_out(const struct change *change, struct err *err)
{
	struct change_plan plan = { .change = change, .core = change->core };
	int status = change_plan_make(&plan, err);

	if (status == 0)
		status = commit(&plan, err);
	if (status == 0)
		publish(&plan, err);
	if (status == 0) {
		count_rotations(&plan);
		touch(&plan);
		record_followers(&plan);
		hooks_changed(plan.core);
	}
	change_plan_free(&plan);
	return status;
}
