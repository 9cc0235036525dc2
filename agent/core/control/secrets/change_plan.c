/* SPDX-License-Identifier: Apache-2.0 */
#include "core/control/secrets/change_plan.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "core/control/call.h"
#include "core/control/secrets/generations.h"
#include "core/control/secrets/templates.h"

/* The version `number` becomes the current one, and what was that the previous one. */
static void make_current(
	const struct change_plan *plan, struct change_target *target, uint64_t number)
{
	uint64_t lifetime = target->item->overlap_ns;
	struct secret_record *record = &target->record;

	record->previous = record->current;
	record->previous_until_ns =
		record->previous && lifetime ? model_now_ns(plan->core->model) + lifetime : 0;
	record->current = number;
	record->current_since_ns = clock_realtime_ns();
	if (record->next == number)
		record->next = 0;
	target->is_current = true;
}

static int create(const struct change_plan *plan, struct change_target *target, struct err *err)
{
	struct secret_record *record = &target->record;

	if (model_secret(plan->core->model, target->item->name))
		return err_set(err, TACIT_EXISTS, "there is a secret of this name");
	if (plan->change->template && bundle_above(plan->core->model, target->item->name))
		return err_set(err, TACIT_INVALID, "a template is no member of a bundle");
	*record = (struct secret_record){ .created_ns = clock_realtime_ns() };
	snprintf(record->name, sizeof record->name, "%s", target->item->name);
	seal_random(record->id, sizeof record->id);
	target->made = ++record->last_number;
	make_current(plan, target, target->made);
	return 0;
}

static int rotate(const struct change_plan *plan, struct change_target *target, struct err *err)
{
	(void)err;
	target->made = ++target->record.last_number;
	make_current(plan, target, target->made);
	return 0;
}

static int stage(const struct change_plan *plan, struct change_target *target, struct err *err)
{
	(void)plan;
	(void)err;
	target->made = ++target->record.last_number;
	target->record.next = target->made;
	return 0;
}

static int switch_to(const struct change_plan *plan, struct change_target *target, struct err *err)
{
	const struct secret *secret = model_secret(plan->core->model, target->item->name);

	if (target->item->number == target->record.current)
		return err_set(err, TACIT_EXISTS, "this version is the current one");
	if (!secret_version(secret, target->item->number))
		return err_set(err, TACIT_NOT_FOUND, "this version of it is not kept");
	if (!secret_blob(secret, target->item->number))
		return err_set(err, TACIT_INTERNAL, "a version that was loaded is not there");
	make_current(plan, target, target->item->number);
	return 0;
}

static int retire(const struct change_plan *plan, struct change_target *target, struct err *err)
{
	(void)plan;
	(void)err;
	target->record.previous = target->record.previous_until_ns = 0;
	return 0;
}

static int drop_next(const struct change_plan *plan, struct change_target *target, struct err *err)
{
	(void)plan;
	(void)err;
	target->record.next = 0;
	return 0;
}

/* What is changed together with its schedule is changed by its rotator. */
static int check_rotator(
	const struct change_plan *plan, const struct secret *secret, struct err *err)
{
	const struct schedule_record *own = plan->change->schedule;

	if (own && !memcmp(own->secret_id, secret->record.id, SEAL_ID_BYTES))
		return 0;
	return change_check_rotator(plan->core, secret, err);
}

/* What makes the versions of a secret is its value or its text, and stays so. */
static int check_maker(const struct change_plan *plan, const struct secret *secret,
	enum change_kind kind, struct err *err)
{
	bool made = model_template(plan->core->model, secret);
	bool gives = kind == CHANGE_ROTATE || kind == CHANGE_STAGE || kind == CHANGE_SWITCH;

	if (plan->change->template && !made)
		return err_set(err, TACIT_INVALID,
			"it has a value of its own: a template is a new secret");
	if (!plan->change->template && made && gives)
		return err_set(err, TACIT_INVALID,
			"it is made by a template: change what that is made of, or the template");
	return 0;
}

static int prepare(const struct change_plan *plan, struct change_target *target, struct err *err)
{
	static int (*const kinds[])(
		const struct change_plan *plan, struct change_target *target, struct err *err) = {
		[CHANGE_CREATE] = create,
		[CHANGE_ROTATE] = rotate,
		[CHANGE_STAGE] = stage,
		[CHANGE_SWITCH] = switch_to,
		[CHANGE_RETIRE] = retire,
		[CHANGE_DROP_NEXT] = drop_next,
	};
	const struct secret *secret = model_secret(plan->core->model, target->item->name);
	int status = 0;

	if (!secret && target->item->kind != CHANGE_CREATE)
		return err_set(err, TACIT_NOT_FOUND, "there is no such secret");
	if (secret) {
		target->record = secret->record;
		status = check_rotator(plan, secret, err);
		if (status == 0)
			status = check_maker(plan, secret, target->item->kind, err);
	}
	return status < 0 ? status : kinds[target->item->kind](plan, target, err);
}

/* The bundle's record in the plan: begun before, or now, with a generation more. */
static int plan_generation(struct change_plan *plan, const struct bundle *bundle,
	struct bundle_record **record, struct err *err)
{
	int status;

	for (size_t i = 0; i < plan->bundle_count; i++) {
		*record = &plan->bundles[i];
		if (!strcmp((*record)->name, bundle->record.name))
			return 0;
	}
	*record = &plan->bundles[plan->bundle_count];
	status = generation_next(plan->core, bundle, *record, err);
	plan->bundle_count += status == 0;
	return status;
}

/* What is current of a secret is so in its bundle's new generation, too. */
static int plan_bundle(
	struct change_plan *plan, const struct change_target *target, struct err *err)
{
	const struct secret *secret = model_secret_by_id(plan->core->model, target->record.id);
	const struct bundle *bundle =
		secret ? secret->bundle : bundle_above(plan->core->model, target->record.name);
	struct bundle_record *record;
	int status;

	if (!target->is_current || plan->change->new_bundle || !bundle)
		return 0;
	status = plan_generation(plan, bundle, &record, err);
	return status < 0 ? status
			  : generation_set(record, target->record.id, target->record.current, err);
}

/* The first generation of a bundle that is made: what the change creates, and what was there. */
static int plan_new_bundle(struct change_plan *plan, struct err *err)
{
	struct bundle_record *record = &plan->bundles[plan->bundle_count++];
	int status = generation_first(plan->core, plan->change->new_bundle, record, err);

	for (size_t i = 0; status == 0 && i < plan->change->count; i++)
		status = generation_set(
			record, plan->targets[i].record.id, plan->targets[i].record.current, err);
	return status;
}

/* The template that comes with the change, as it will be. */
static void plan_maker(struct change_plan *plan)
{
	const struct template_record *template = plan->change->template;

	if (!template)
		return;
	plan->template = *template;
	memcpy(plan->template.secret_id, plan->targets[0].record.id, SEAL_ID_BYTES);
	plan->targets[0].template = &plan->template;
}

/* What is current of a secret is so in what is made of it. */
static void follow(struct change_plan *plan, const struct secret_template *template,
	const struct change_target *cause)
{
	struct change_target *target = &plan->targets[plan->count];

	*target = (struct change_target){ .item = cause->item };
	target->record = model_secret_by_id(plan->core->model, template->record.secret_id)->record;
	if (cause->is_current) {
		target->template = &template->record;
		target->made = ++target->record.last_number;
		make_current(plan, target, target->made);
		target->record.previous_until_ns = cause->record.previous_until_ns;
		plan->count++;
	} else if (cause->item->kind == CHANGE_RETIRE && target->record.previous) {
		target->record.previous = target->record.previous_until_ns = 0;
		plan->count++;
	}
}

static void plan_followers(struct change_plan *plan)
{
	struct secret_template *template, *next;

	HASH_ITER (hh, plan->core->model->templates, template, next)
		for (size_t i = 0; i < plan->change->count; i++)
			if (template_needs(template, plan->targets[i].record.id)) {
				follow(plan, template, &plan->targets[i]);
				break;
			}
}

static int make_room(struct change_plan *plan, struct err *err)
{
	size_t count = plan->change->count, room = count + templates_following(plan->change);

	plan->targets = calloc(room + 1, sizeof *plan->targets);
	plan->bundles = calloc(count + 1, sizeof *plan->bundles);
	plan->touched = calloc(2 * room + 1, sizeof *plan->touched);
	return plan->targets && plan->bundles && plan->touched
		       ? 0
		       : err_set(err, TACIT_LIMIT, "out of memory");
}

int change_plan_make(struct change_plan *plan, struct err *err)
{
	const struct change *change = plan->change;
	int status = make_room(plan, err);

	for (size_t i = 0; status == 0 && i < change->count; i++) {
		plan->targets[i].item = &change->item[i];
		status = prepare(plan, &plan->targets[i], err);
		if (status == 0)
			status = plan_bundle(plan, &plan->targets[i], err);
	}
	if (status == 0 && change->new_bundle)
		status = plan_new_bundle(plan, err);
	if (status < 0)
		return status;
	plan->count = change->count;
	plan_maker(plan);
	plan_followers(plan);
	return templates_try(plan, err);
}

void change_plan_free(struct change_plan *plan)
{
	for (size_t i = 0; plan->targets && i < plan->count; i++)
		free(plan->targets[i].sealed);
	free(plan->targets);
	free(plan->bundles);
	free(plan->touched);
}
