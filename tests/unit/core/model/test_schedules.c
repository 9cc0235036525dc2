/* SPDX-License-Identifier: Apache-2.0 */
/* What the agent does by itself, and how far hooks are. */
#include "bundle_fixture.h"

static void a_secret_has_one_schedule(void **state)
{
	struct model *model = ((struct world *)*state)->model;
	struct secret_record one = put_secret(model, "one"), two = put_secret(model, "two");
	struct schedule_record first = a_schedule(&one), second = a_schedule(&two);
	struct schedule *schedule;
	struct err err;

	assert_null(model_schedule(model, model_secret(model, "one")));
	must(model_put_schedule(model, &first, &err));
	must(model_put_schedule(model, &second, &err));
	schedule = model_schedule(model, model_secret(model, "one"));
	assert_memory_equal(&schedule->record, &first, sizeof first);
	first.step = ROTATION_UNDO;
	must(model_put_schedule(model, &first, &err));
	assert_ptr_equal(model_schedule(model, model_secret(model, "one")), schedule);
	assert_int_equal(schedule->record.step, ROTATION_UNDO);
	assert_int_equal(HASH_COUNT(model->schedules), 2);
	model_remove_schedule(model, schedule);
	assert_null(model_schedule(model, model_secret(model, "one")));
	assert_memory_equal(
		&model_schedule(model, model_secret(model, "two"))->record, &second, sizeof second);
	model_remove_secret(model, model_secret(model, "two"));
	assert_null(model->schedules);
	must(model_put_schedule(model, &first, &err));
	model_clear(model);
	assert_null(model->schedules);
}

static void schedules_and_hooks_are_adopted(void **state)
{
	struct world *world = *state;
	struct model *filled = world->model, *model = model_new(filled->node_key);
	struct secret_record secret = put_secret(filled, "one");
	struct schedule_record schedule = a_schedule(&secret);
	struct grant_record grant = put_grant_of(filled, &secret, WEB, "file");
	struct hook_record hook = a_hook(&grant);
	struct err err;

	must(model_put_schedule(filled, &schedule, &err));
	must(model_put_hook(filled, &hook, &err));
	assert_non_null(model);
	model_adopt(model, filled);
	world->model = model;
	assert_memory_equal(&model_schedule(model, model_secret(model, "one"))->record, &schedule,
		sizeof schedule);
	assert_memory_equal(&model_grant_by_id(model, grant.id)->hook, &hook, sizeof hook);
}

static void a_path_granted_anew_has_no_hook_that_ran(void **state)
{
	struct model *model = ((struct world *)*state)->model;
	struct secret_record secret = put_secret(model, "one");
	struct grant_record record = put_grant_of(model, &secret, WEB, "file");
	struct hook_record hook = a_hook(&record);
	const struct grant *grant = model_grant_by_id(model, record.id);
	struct err err;

	assert_false(grant->hook_kept);
	must(model_put_hook(model, &hook, &err));
	assert_true(grant->hook_kept);
	assert_memory_equal(&grant->hook, &hook, sizeof hook);
	record.mode = 0440;
	must(model_put_grant(model, &record, &err));
	assert_true(grant->hook_kept);
	assert_memory_equal(&grant->hook, &hook, sizeof hook);
	record.created_ns++;
	must(model_put_grant(model, &record, &err));
	assert_false(grant->hook_kept);
	assert_int_equal(grant->hook.done_ns, 0);
	/* Of a grant that is not there. */
	seal_random(hook.grant_id, sizeof hook.grant_id);
	must(model_put_hook(model, &hook, &err));
	assert_false(grant->hook_kept);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		in_world(a_secret_has_one_schedule),
		in_world(schedules_and_hooks_are_adopted),
		in_world(a_path_granted_anew_has_no_hook_that_ran),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
