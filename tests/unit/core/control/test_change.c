/* SPDX-License-Identifier: Apache-2.0 */
/* A change of secrets is one commit: all of it is there, after a restart, too, or nothing. */
#include <signal.h>
#include <sys/wait.h>

#include "desk.h"

static struct change_item an_item(enum change_kind kind, const char *name, const char *value)
{
	return (struct change_item){
		.kind = kind, .name = name, .value = (const uint8_t *)value, .length = strlen(value)
	};
}

static void several_secrets_change_together(void **state)
{
	struct desk *desk = *state;
	struct change change = { .made_by = MADE_BY_AGENT,
		.item = { an_item(CHANGE_CREATE, "new", "one"),
			an_item(CHANGE_ROTATE, RIG_SECRET, "second") },
		.count = 2 };

	assert_int_equal(desk_change(desk, &change), 0);
	for (int restarted = 0; restarted < 2; restarted++) {
		desk_current(desk, "new", "one");
		desk_current(desk, RIG_SECRET, "second");
		assert_int_equal(
			desk_secret(desk, RIG_SECRET)->record.versions[1].made_by, MADE_BY_AGENT);
		desk_restart(desk);
	}
}

static void nothing_of_a_change_that_fails_is_left(void **state)
{
	struct desk *desk = *state;
	struct change change = { .item = { an_item(CHANGE_CREATE, "new", "one"),
					 an_item(CHANGE_ROTATE, RIG_SECRET, "second"),
					 an_item(CHANGE_ROTATE, "missing", "third") },
		.count = 3 };

	assert_int_equal(desk_change(desk, &change), -TACIT_NOT_FOUND);
	/* And one that fails in the store: a bundle that has no name. */
	change.count = 1;
	change.new_bundle = "-";
	assert_int_equal(desk_change(desk, &change), -TACIT_INVALID);
	for (int restarted = 0; restarted < 2; restarted++) {
		assert_null(model_secret(desk->core.model, "new"));
		desk_current(desk, RIG_SECRET, "first");
		assert_int_equal(desk_secret(desk, RIG_SECRET)->record.last_number, 1);
		desk_restart(desk);
	}
}

static void a_version_goes_from_next_to_current_to_previous(void **state)
{
	struct desk *desk = *state;
	const struct secret_record *record;

	assert_int_equal(desk_value(desk, VERB_SECRET_STAGE, RIG_SECRET, "second"), 0);
	record = &desk_secret(desk, RIG_SECRET)->record;
	assert_true(record->current == 1 && record->next == 2 && !record->previous);
	desk_current(desk, RIG_SECRET, "first");
	assert_int_equal(desk_ask(desk, VERB_SECRET_PROMOTE, RIG_SECRET), 0);
	assert_true(record->current == 2 && !record->next && record->previous == 1);
	desk_current(desk, RIG_SECRET, "second");
	assert_int_equal(desk_ask(desk, VERB_SECRET_PROMOTE, RIG_SECRET), -TACIT_NOT_FOUND);
	assert_int_equal(desk_ask(desk, VERB_SECRET_ROLLBACK, RIG_SECRET), 0);
	assert_true(record->current == 1 && record->previous == 2);
	desk_restart(desk);
	record = &desk_secret(desk, RIG_SECRET)->record;
	assert_true(record->current == 1 && record->previous == 2);
	assert_int_equal(desk_ask(desk, VERB_SECRET_RETIRE, RIG_SECRET), 0);
	assert_true(record->current == 1 && !record->previous);
	assert_int_equal(desk_ask(desk, VERB_SECRET_RETIRE, RIG_SECRET), -TACIT_NOT_FOUND);
	desk->request.version = 1;
	assert_int_equal(desk_ask(desk, VERB_SECRET_ROLLBACK, RIG_SECRET), -TACIT_EXISTS);
	assert_int_equal(desk_value(desk, VERB_SECRET_CREATE, RIG_SECRET, "x"), -TACIT_EXISTS);
	assert_int_equal(desk_value(desk, VERB_SECRET_ROTATE, "missing", "x"), -TACIT_NOT_FOUND);
}

static void what_is_staged_can_be_dropped(void **state)
{
	struct desk *desk = *state;
	struct change change = { .item = { an_item(CHANGE_DROP_NEXT, RIG_SECRET, "") },
		.count = 1 };

	assert_int_equal(desk_value(desk, VERB_SECRET_STAGE, RIG_SECRET, "second"), 0);
	assert_int_equal(desk_change(desk, &change), 0);
	for (int restarted = 0; restarted < 2; restarted++) {
		assert_int_equal(desk_secret(desk, RIG_SECRET)->record.next, 0);
		desk_current(desk, RIG_SECRET, "first");
		desk_restart(desk);
	}
}

static void an_overlap_ends_when_it_is_said_to(void **state)
{
	struct desk *desk = *state;
	uint64_t before = model_now_ns(desk->core.model), hour = 3600 * 1000000000ull;
	const struct secret_record *record = &desk_secret(desk, RIG_SECRET)->record;

	desk->request.lifetime_ns = hour;
	assert_int_equal(desk_value(desk, VERB_SECRET_ROTATE, RIG_SECRET, "second"), 0);
	assert_true(record->previous_until_ns >= before + hour);
	assert_true(record->previous_until_ns <= model_now_ns(desk->core.model) + hour);
	assert_true(vault_clock(desk->core.vault) >= before);
	assert_int_equal(desk_value(desk, VERB_SECRET_ROTATE, RIG_SECRET, "third"), 0);
	assert_int_equal(record->previous_until_ns, 0);
	assert_int_equal(record->previous, 2);
}

static void old_versions_go_unless_they_are_read(void **state)
{
	struct desk *desk = *state;
	const struct secret_record *record = &desk_secret(desk, RIG_SECRET)->record;

	snprintf(desk->request.file, sizeof desk->request.file, "pinned");
	desk->request.version = 1;
	assert_int_equal(desk_grant(desk, RIG_SECRET, DESK_WEB, "pinned"), 0);
	for (int i = 0; i < 5; i++)
		assert_int_equal(desk_value(desk, VERB_SECRET_ROTATE, RIG_SECRET, "more"), 0);
	/* The one that is granted, the previous and the current one. */
	assert_int_equal(record->version_count, 3);
	assert_int_equal(record->versions[0].number, 1);
	assert_int_equal(record->versions[1].number, 5);
	assert_int_equal(record->versions[2].number, 6);
}

static void a_schedule_is_in_the_same_commit(void **state)
{
	struct desk *desk = *state;
	struct schedule_record schedule = desk_schedule(desk, RIG_SECRET, ROTATION_RUN);
	struct change change = { .item = { an_item(CHANGE_STAGE, RIG_SECRET, "second") },
		.count = 1,
		.schedule = &schedule };

	assert_int_equal(desk_change(desk, &change), 0);
	for (int restarted = 0; restarted < 2; restarted++) {
		const struct secret *secret = desk_secret(desk, RIG_SECRET);
		const struct schedule *kept = model_schedule(desk->core.model, secret);

		assert_non_null(kept);
		assert_int_equal(kept->record.step, ROTATION_RUN);
		assert_int_equal(secret->record.next, 2);
		desk_restart(desk);
	}
	/* One that the store refuses takes its change with it. */
	schedule.generate_length = 0;
	change.item[0].kind = CHANGE_ROTATE;
	assert_int_equal(desk_change(desk, &change), -TACIT_INVALID);
	desk_current(desk, RIG_SECRET, "first");
}

static void nobody_changes_what_a_rotator_works_on(void **state)
{
	struct desk *desk = *state;
	struct schedule_record schedule = desk_schedule(desk, RIG_SECRET, ROTATION_VERIFY);
	struct change change = {
		.item = { { .kind = CHANGE_SWITCH, .name = RIG_SECRET, .number = 2 } },
		.count = 1,
		.schedule = &schedule
	};

	assert_int_equal(desk_value(desk, VERB_SECRET_STAGE, RIG_SECRET, "second"), 0);
	desk_put_schedule(desk, &schedule);
	assert_int_equal(desk_value(desk, VERB_SECRET_ROTATE, RIG_SECRET, "x"), -TACIT_BUSY);
	assert_int_equal(desk_value(desk, VERB_SECRET_STAGE, RIG_SECRET, "x"), -TACIT_BUSY);
	assert_int_equal(desk_ask(desk, VERB_SECRET_PROMOTE, RIG_SECRET), -TACIT_BUSY);
	desk->request.version = 1;
	assert_int_equal(desk_ask(desk, VERB_SECRET_ROLLBACK, RIG_SECRET), -TACIT_BUSY);
	desk->request.flags = REQUEST_FORCE;
	assert_int_equal(desk_ask(desk, VERB_SECRET_REMOVE, RIG_SECRET), -TACIT_BUSY);
	/* Another secret is nobody's business; and its schedule is no key to this one. */
	assert_int_equal(desk_value(desk, VERB_SECRET_CREATE, "other", "x"), 0);
	memcpy(schedule.secret_id, desk_secret(desk, "other")->record.id, SEAL_ID_BYTES);
	assert_int_equal(desk_change(desk, &change), -TACIT_BUSY);
	/* The rotator itself. */
	memcpy(schedule.secret_id, desk_secret(desk, RIG_SECRET)->record.id, SEAL_ID_BYTES);
	schedule.step = ROTATION_IDLE;
	schedule.version = 0;
	assert_int_equal(desk_change(desk, &change), 0);
	desk_current(desk, RIG_SECRET, "second");
	assert_int_equal(desk_value(desk, VERB_SECRET_ROTATE, RIG_SECRET, "third"), 0);
}

static void a_schedule_goes_with_its_secret(void **state)
{
	struct desk *desk = *state;
	struct schedule_record schedule;

	assert_int_equal(desk_value(desk, VERB_SECRET_CREATE, "new", "x"), 0);
	schedule = desk_schedule(desk, "new", ROTATION_IDLE);
	desk_put_schedule(desk, &schedule);
	assert_int_equal(HASH_COUNT(desk->core.model->schedules), 1);
	assert_int_equal(desk_ask(desk, VERB_SECRET_REMOVE, "new"), 0);
	assert_int_equal(HASH_COUNT(desk->core.model->schedules), 0);
	desk_restart(desk);
	assert_int_equal(HASH_COUNT(desk->core.model->schedules), 0);
}

static void what_the_agent_made_is_no_operators(void **state)
{
	struct desk *desk = *state;
	struct change change = { .made_by = MADE_BY_AGENT,
		.item = { an_item(CHANGE_ROTATE, RIG_SECRET, "second") },
		.count = 1 };
	struct doc_item item;

	assert_int_equal(desk_change(desk, &change), 0);
	assert_int_equal(desk_ask(desk, VERB_SECRET_HISTORY, RIG_SECRET), 0);
	assert_true(desk_item(desk, "made_by_uid", 0, &item));
	assert_int_equal(item.type, DOC_NONE);
	assert_int_equal(desk_number(desk, "made_by_uid", 1), 0);
}

static void what_is_written_and_not_in_memory_ends_core(void **state)
{
	struct err err;
	int status;
	pid_t core;

	(void)state;
	core_expect_published(0, NULL);
	err_set(&err, TACIT_LIMIT, "out of memory");
	core = fork();
	if (!core) {
		core_expect_published(-TACIT_LIMIT, &err);
		_exit(0);
	}
	assert_int_equal(waitpid(core, &status, 0), core);
	assert_true(WIFSIGNALED(status));
	assert_int_equal(WTERMSIG(status), SIGKILL);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, desk_set_up, desk_tear_down)
	const struct CMUnitTest tests[] = {
		TEST(several_secrets_change_together),
		TEST(nothing_of_a_change_that_fails_is_left),
		TEST(a_version_goes_from_next_to_current_to_previous),
		TEST(what_is_staged_can_be_dropped),
		TEST(an_overlap_ends_when_it_is_said_to),
		TEST(old_versions_go_unless_they_are_read),
		TEST(a_schedule_is_in_the_same_commit),
		TEST(nobody_changes_what_a_rotator_works_on),
		TEST(a_schedule_goes_with_its_secret),
		TEST(what_the_agent_made_is_no_operators),
		TEST(what_is_written_and_not_in_memory_ends_core),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
