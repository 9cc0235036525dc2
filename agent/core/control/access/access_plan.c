/* SPDX-License-Identifier: Apache-2.0 */
#include "core/control/access/access_plan.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "core/control/call.h"

void access_plan_free(struct access_plan *plan)
{
	free(plan->steps);
	free(plan->grants);
	free(plan->hooks);
	free(plan->consumers);
}

int access_plan_room(struct access_plan *plan, size_t most, struct err *err)
{
	plan->steps = calloc(most + 1, sizeof *plan->steps);
	plan->grants = calloc(most + 1, sizeof *plan->grants);
	plan->hooks = calloc(most + 1, sizeof *plan->hooks);
	plan->consumers = calloc(most + 1, sizeof *plan->consumers);
	return plan->steps && plan->grants && plan->hooks && plan->consumers
		       ? 0
		       : err_set(err, TACIT_LIMIT, "out of memory");
}

/* Walk two sorted lists side by side. */
void access_plan_steps(struct access_plan *plan, const struct access_list *now,
	const struct access_list *wanted, bool prune)
{
	size_t i = 0, j = 0;

	while (i < now->count || j < wanted->count) {
		struct access_step *step = &plan->steps[plan->step_count];
		int order = i == now->count      ? 1
			    : j == wanted->count ? -1
						 : access_compare(&now->at[i], &wanted->at[j]);

		if (order < 0) {
			*step = (struct access_step){ STEP_REMOVE, &now->at[i++] };
			plan->step_count += prune;
		} else if (order > 0) {
			*step = (struct access_step){ STEP_ADD, &wanted->at[j++] };
			plan->step_count++;
		} else {
			*step = (struct access_step){ STEP_CHANGE, &wanted->at[j] };
			plan->step_count += !access_same(&now->at[i++], &wanted->at[j++]);
		}
	}
}

static int plan_grant(struct core *core, struct access_plan *plan, const struct access_step *step,
	struct err *err)
{
	const struct access_statement *statement = step->statement;
	struct grant_record *record = &plan->grants[plan->grant_count];
	const struct grant *grant = grant_at(core, statement->consumer, statement->file);
	int status = 0;

	if (step->action == STEP_REMOVE)
		*record = grant_tombstone(grant);
	else
		status = grant_fill(core, statement, record, err);
	if (status < 0)
		return err_wrap(err, "grant %zu of those to be changed", plan->grant_count + 1);
	/* The same secret under other terms goes on: what is counted stays counted. */
	if (step->action == STEP_CHANGE &&
		!memcmp(record->secret_id, grant->record.secret_id, SEAL_ID_BYTES))
		record->created_ns = grant->record.created_ns;
	plan->grant_count++;
	return 0;
}

/* The record of a consumer that the plan changes: begun before, or now. */
static struct consumer_record *planned_consumer(
	struct core *core, struct access_plan *plan, const char *consumer)
{
	for (size_t i = plan->consumer_count; i--;)
		if (!strcmp(plan->consumers[i].consumer, consumer))
			return &plan->consumers[i];
	plan->consumers[plan->consumer_count] = consumer_now(core, consumer);
	return &plan->consumers[plan->consumer_count++];
}

static int plan_consumer(struct core *core, struct access_plan *plan,
	const struct access_step *step, struct err *err)
{
	const struct access_statement *statement = step->statement;
	struct consumer_record *record = planned_consumer(core, plan, statement->consumer);
	uint32_t at = 0;

	if (statement->kind == ACCESS_FREEZE) {
		record->frozen_ns = step->action == STEP_REMOVE ? 0 : clock_realtime_ns();
		return 0;
	}
	if (step->action != STEP_REMOVE)
		return consumer_add_rule(record, statement->rule, err);
	while (at < record->rule_count && strcmp(record->rules[at], statement->rule))
		at++;
	if (at < record->rule_count)
		consumer_drop_rule(record, at);
	return 0;
}

/* Rules that go make room for those that come. */
int access_plan_records(struct core *core, struct access_plan *plan, struct err *err)
{
	int status = 0;

	for (int removing = 1; removing >= 0; removing--)
		for (size_t i = 0; status == 0 && i < plan->step_count; i++) {
			const struct access_step *step = &plan->steps[i];

			if ((step->action == STEP_REMOVE) != removing)
				continue;
			status = step->statement->kind == ACCESS_GRANT
					 ? plan_grant(core, plan, step, err)
					 : plan_consumer(core, plan, step, err);
		}
	return status < 0 ? status : grants_check(core, plan->grants, plan->grant_count, err);
}

static int commit(struct core *core, struct access_plan *plan, struct err *err)
{
	int status = vault_begin(core->vault, err);

	for (size_t i = 0; status == 0 && i < plan->grant_count; i++)
		status = grant_put(core, &plan->grants[i], &plan->hooks[i], err);
	for (size_t i = 0; status == 0 && i < plan->consumer_count; i++)
		status = consumer_put(core, &plan->consumers[i], err);
	if (status == 0)
		status = vault_put_clock(core->vault, model_now_ns(core->model), err);
	if (status == 0)
		status = vault_commit(core->vault, err);
	if (status < 0)
		vault_rollback(core->vault);
	return status;
}

/* Rules first: no grant is there for a moment without them. */
static void publish(struct core *core, const struct access_plan *plan, struct err *err)
{
	int status = 0;

	model_write_lock(core->model);
	for (size_t i = 0; status == 0 && i < plan->consumer_count; i++)
		status = consumer_publish(core, &plan->consumers[i], err);
	for (size_t i = 0; status == 0 && i < plan->grant_count; i++)
		status = grant_publish(core, &plan->grants[i], &plan->hooks[i], err);
	core_expect_published(status, err);
	model_unlock(core->model);
}

int access_plan_carry_out(struct core *core, struct access_plan *plan, struct err *err)
{
	int status = commit(core, plan, err);

	if (status == 0)
		publish(core, plan, err);
	return status;
}
