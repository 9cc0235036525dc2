/* SPDX-License-Identifier: Apache-2.0 */
/* What grants want done when their secrets change: once, by whom, again, and no more than that. */
#include "hooks_fixture.h"

static struct desk *desk_with(void **state, const char *on_rotate)
{
	struct desk *desk = *state;

	create(desk, "token");
	grant_hook(desk, "token", DESK_WEB, on_rotate);
	return desk;
}

/* The last of what the audit waits for is that the hook of "token" has ended. */
static void expect_note(const struct desk *desk, uint64_t version, const char *outcome)
{
	const struct audit_ring *ring = auditor_ring(&desk->core);
	uint64_t waiting = audit_ring_waiting(ring, AUDIT_LANE_WORKER);
	const struct audit_record *record = audit_ring_peek(ring, AUDIT_LANE_WORKER, waiting - 1);

	assert_true(waiting > 0);
	assert_int_equal(record->kind, AUDIT_AGENT);
	assert_string_equal(record->act, "hook");
	assert_string_equal(record->secret, "token");
	assert_string_equal(record->consumer, DESK_WEB);
	assert_int_equal(record->version, version);
	assert_string_equal(record->outcome, outcome);
}

static void a_new_grant_has_nothing_to_run(void **state)
{
	struct desk *desk = desk_with(state, "exec:reload");

	pass(desk, 100 * SECOND);
	expect_nothing();
	expect_state(desk, "token", "idle", 0);
	assert_int_equal(hooks_patience(&desk->core), -1);
}

static void a_flood_of_changes_is_one_run_after_the_last(void **state)
{
	struct desk *desk = desk_with(state, "exec:reload");
	struct frame_run run;

	for (int i = 0; i < 100; i++) {
		rotate(desk, "token");
		pass(desk, SECOND / 10);
		expect_nothing();
	}
	expect_state(desk, "token", "pending", 0);
	pass(desk, DEBOUNCE_NS);
	run = expect_run("reload");
	assert_int_equal(run.version, 101);
	assert_string_equal(run.secret, "token");
	assert_string_equal(run.consumer, DESK_WEB);
	assert_int_equal(run.timeout_ms, 30000);
	expect_state(desk, "token", "running", 0);
	tell_ran(desk, &run, RUN_EXITED, 0);
	expect_state(desk, "token", "idle", 0);
	expect_note(desk, 101, "ok");
	pass(desk, 1000 * SECOND);
	expect_nothing();
}

/* Once, and then after as long a time again. */
static void a_secret_that_never_rests_is_told_of_nevertheless(void **state)
{
	struct desk *desk = desk_with(state, "exec:reload");
	struct frame_run run;
	unsigned int runs = 0;

	for (int second = 0; second < 100; second++) {
		rotate(desk, "token");
		pass(desk, SECOND);
		if (!is_readable(holder))
			continue;
		run = expect_run("reload");
		tell_ran(desk, &run, RUN_EXITED, 0);
		runs++;
	}
	assert_in_range(runs, 2, 3);
}

static void a_change_during_a_run_is_another_run(void **state)
{
	struct desk *desk = desk_with(state, "exec:reload");
	struct frame_run run;

	rotate(desk, "token");
	pass(desk, 3 * SECOND);
	run = expect_run("reload");
	rotate(desk, "token");
	pass(desk, 10 * SECOND);
	expect_nothing(); /* one at a time */
	tell_ran(desk, &run, RUN_EXITED, 0);
	pass(desk, SECOND);
	run = expect_run("reload");
	assert_int_equal(run.version, 3);
	tell_ran(desk, &run, RUN_EXITED, 0);
	pass(desk, 100 * SECOND);
	expect_nothing();
}

static void a_failure_is_tried_again_and_then_given_up(void **state)
{
	struct desk *desk = desk_with(state, "exec:reload");
	struct frame_run run;

	rotate(desk, "token");
	pass(desk, 3 * SECOND);
	for (uint32_t i = 1; i < HOOK_ATTEMPTS_MAX; i++) {
		run = expect_run("reload");
		tell_ran(desk, &run, RUN_EXITED, 7);
		expect_state(desk, "token", "failing", i);
		desk_text(desk, "reason", 0, "it ended with exit status 7");
		expect_note(desk, 2, "failed");
		pass(desk, (SECOND << (i - 1)) - SECOND / 10);
		expect_nothing();
		pass(desk, SECOND / 2);
	}
	run = expect_run("reload");
	assert_int_equal(desk_ask(desk, VERB_GRANT_LIST, "token"), 0);
	desk_text(desk, "state", 1, "running");
	tell_ran(desk, &run, RUN_TIMED_OUT, 0);
	expect_state(desk, "token", "gave_up", HOOK_ATTEMPTS_MAX);
	pass(desk, 3600 * SECOND);
	expect_nothing();
	assert_int_equal(hooks_patience(&desk->core), -1);
	rotate(desk, "token");
	expect_state(desk, "token", "pending", 0);
	pass(desk, 3 * SECOND);
	run = expect_run("reload");
	tell_ran(desk, &run, RUN_EXITED, 0);
	expect_state(desk, "token", "idle", 0);
}

/* Its memory is gone, and its channels; the store is not. */
static void restart_core(struct desk *desk)
{
	struct errands *errands = desk->core.errands;

	hooks_forget(&desk->core);
	close(errands_send_fd(&desk->core));
	close(errands_end_fd(&desk->core));
	free(errands);
	desk->core.errands = errands_new();
	assert_non_null(desk->core.errands);
	desk_restart(desk);
}

static void a_new_core_runs_what_was_not_done(void **state)
{
	struct desk *desk = desk_with(state, "exec:reload");
	struct frame_run run;

	rotate(desk, "token");
	restart_core(desk);
	expect_state(desk, "token", "pending", 0);
	pass(desk, 3 * SECOND);
	run = expect_run("reload");
	restart_core(desk);
	pass(desk, SECOND);
	run = expect_run("reload");
	tell_ran(desk, &run, RUN_EXITED, 1);
	expect_state(desk, "token", "failing", 1);
	restart_core(desk);
	expect_state(desk, "token", "failing", 1);
	pass(desk, 2 * SECOND);
	run = expect_run("reload");
	tell_ran(desk, &run, RUN_EXITED, 0);
	restart_core(desk);
	expect_state(desk, "token", "idle", 0);
	pass(desk, 1000 * SECOND);
	expect_nothing();
}

static void nothing_is_run_while_it_is_locked(void **state)
{
	struct desk *desk = desk_with(state, "exec:reload");
	struct frame_run run;

	rotate(desk, "token");
	pass(desk, 3 * SECOND);
	run = expect_run("reload");
	rotate(desk, "token");
	model_write_lock(desk->core.model);
	model_clear(desk->core.model);
	model_unlock(desk->core.model);
	assert_int_equal(hooks_patience(&desk->core), -1);
	hooks_work(&desk->core);
	errands_ran(&desk->core, &(struct frame_ran){ run.number, RUN_HOOK, RUN_EXITED, 0 });
	assert_true(errands_next_end(&desk->core, &(struct errand_end){ 0 }));
	assert_int_equal(core_load(&desk->core, NULL), 0);
	pass(desk, 3 * SECOND);
	expect_run("reload");
}

static void grants_of_one_consumer_with_one_hook_are_one_run(void **state)
{
	struct desk *desk = *state;
	struct frame_run run;

	assert_int_equal(desk_members(desk, VERB_BUNDLE_CREATE, "tls", "cert=c key=k"), 0);
	grant_hook(desk, "tls/", DESK_WEB, "exec:reload");
	create(desk, "token");
	grant_hook(desk, "token", DESK_WEB, "exec:other");
	assert_int_equal(desk_members(desk, VERB_BUNDLE_ROTATE, "tls", "cert=d key=l"), 0);
	hooks_changed(&desk->core);
	pass(desk, 3 * SECOND);
	run = expect_run("reload");
	expect_nothing();
	expect_state(desk, "tls/cert", "running", 0);
	expect_state(desk, "tls/key", "running", 0);
	expect_state(desk, "token", "idle", 0);
	tell_ran(desk, &run, RUN_EXITED, 0);
	expect_state(desk, "tls/cert", "idle", 0);
	expect_state(desk, "tls/key", "idle", 0);
	pass(desk, 100 * SECOND);
	expect_nothing();
}

static void programs_are_run_one_after_the_other(void **state)
{
	struct desk *desk = desk_with(state, "exec:first");
	struct frame_run run;

	grant_hook(desk, "token", "compose/shop/db", "exec:second");
	rotate(desk, "token");
	pass(desk, 3 * SECOND);
	run = expect_run("second"); /* of the consumer that is first by name */
	expect_nothing();
	tell_ran(desk, &run, RUN_BUSY, 0);
	/* It was not begun: it is asked for again, and others go before it. */
	run = expect_run("first");
	expect_nothing();
	pass(desk, 2 * SECOND);
	expect_nothing();
	tell_ran(desk, &run, RUN_EXITED, 0);
	run = expect_run("second");
	tell_ran(desk, &run, RUN_EXITED, 0);
	pass(desk, 100 * SECOND);
	expect_nothing();
	assert_int_equal(desk_ask(desk, VERB_GRANT_LIST, "token"), 0);
	assert_int_equal(desk_number(desk, "attempts", 0), 0);
	assert_int_equal(desk_number(desk, "attempts", 1), 0);
	desk_text(desk, "state", 1, "idle");
	desk_text(desk, "state", 3, "idle");
}

static void what_changes_while_a_run_waits_is_a_part_of_it(void **state)
{
	struct desk *desk = desk_with(state, "exec:second");
	struct frame_run run;

	create(desk, "other");
	grant_hook(desk, "other", "compose/shop/db", "exec:first");
	rotate(desk, "other");
	pass(desk, SECOND);
	rotate(desk, "token");
	pass(desk, 3 * SECOND);
	run = expect_run("first");
	rotate(desk, "token");
	pass(desk, 3 * SECOND);
	tell_ran(desk, &run, RUN_EXITED, 0);
	run = expect_run("second");
	assert_int_equal(run.version, 3);
	tell_ran(desk, &run, RUN_EXITED, 0);
	pass(desk, 100 * SECOND);
	expect_nothing();
	expect_state(desk, "token", "idle", 0);
}

static void what_cannot_be_written_down_is_not_done(void **state)
{
	struct desk *desk = desk_with(state, "exec:reload");
	struct frame_run run;

	rotate(desk, "token");
	pass(desk, 3 * SECOND);
	run = expect_run("reload");
	refuses = true;
	tell_ran(desk, &run, RUN_EXITED, 0);
	pass(desk, 60 * SECOND);
	expect_nothing(); /* for all that it has been run */
	expect_state(desk, "token", "running", 0);
	refuses = false;
	pass(desk, 11 * SECOND);
	expect_state(desk, "token", "idle", 0);
	pass(desk, 100 * SECOND);
	expect_nothing();
}

static void each_running_container_is_acted_on(void **state)
{
	struct desk *desk = desk_with(state, "signal:USR1");
	struct frame_act first, second;

	tell_container(desk, 'a', "web", CONTAINER_RUNNING);
	tell_container(desk, 'b', "web", CONTAINER_ENDED);
	tell_container(desk, 'c', "web", CONTAINER_RUNNING);
	tell_container(desk, 'd', "db", CONTAINER_RUNNING);
	rotate(desk, "token");
	pass(desk, 3 * SECOND);
	first = expect_act(ACT_SIGNAL, "USR1", 'a');
	second = expect_act(ACT_SIGNAL, "USR1", 'c');
	expect_nothing();
	tell_acted(desk, &first, 204);
	expect_state(desk, "token", "running", 0);
	/* One that is gone needs it no more. */
	tell_acted(desk, &second, 404);
	expect_state(desk, "token", "idle", 0);
}

/* No engine can be asked to do anything to it. */
static void a_run_is_not_acted_on(void **state)
{
	struct desk *desk = desk_with(state, "signal:USR1");
	struct containers_run run = { .consumer = DESK_WEB, .runner = getpid() };
	struct frame_act act;

	memset(run.id, 'e', CONTAINER_ID_LENGTH);
	assert_int_equal(containers_run_begin(desk->core.containers, &run, NULL), 0);
	tell_container(desk, 'a', "web", CONTAINER_RUNNING);
	rotate(desk, "token");
	pass(desk, 3 * SECOND);
	act = expect_act(ACT_SIGNAL, "USR1", 'a');
	expect_nothing();
	tell_acted(desk, &act, 204);
	expect_state(desk, "token", "idle", 0);
}

static void a_consumer_that_does_not_run_needs_nothing(void **state)
{
	struct desk *desk = desk_with(state, "restart");

	rotate(desk, "token");
	pass(desk, 3 * SECOND);
	expect_nothing();
	expect_state(desk, "token", "idle", 0);
}

static void only_what_failed_is_done_again(void **state)
{
	struct desk *desk = desk_with(state, "restart");
	struct frame_act act;

	tell_container(desk, 'a', "web", CONTAINER_RUNNING);
	tell_container(desk, 'b', "web", CONTAINER_RUNNING);
	rotate(desk, "token");
	pass(desk, 3 * SECOND);
	act = expect_act(ACT_RESTART, "", 'a');
	tell_acted(desk, &act, 204);
	act = expect_act(ACT_RESTART, "", 'b');
	tell_acted(desk, &act, 500);
	expect_state(desk, "token", "failing", 1);
	desk_text(desk, "reason", 0, "its engine answered 500");
	pass(desk, 2 * SECOND);
	act = expect_act(ACT_RESTART, "", 'b');
	expect_nothing();
	tell_acted(desk, &act, 500);
	/* For another change, all of it. */
	rotate(desk, "token");
	pass(desk, 3 * SECOND);
	expect_act(ACT_RESTART, "", 'a');
	expect_act(ACT_RESTART, "", 'b');
}

static void an_engine_that_is_away_is_waited_for(void **state)
{
	struct desk *desk = desk_with(state, "signal:HUP");
	struct frame_act act;

	tell_container(desk, 'a', "web", CONTAINER_RUNNING);
	tell_engine(desk, CONTAINERS_DOWN);
	rotate(desk, "token");
	pass(desk, 5 * SECOND);
	expect_nothing();
	expect_state(desk, "token", "pending", 0);
	pass(desk, 3600 * SECOND);
	expect_nothing();
	expect_state(desk, "token", "failing", HOOK_ATTEMPTS_ENDLESS);
	tell_engine(desk, CONTAINERS_LISTING);
	tell_container(desk, 'a', "web", CONTAINER_RUNNING);
	tell_engine(desk, CONTAINERS_SYNCED);
	pass(desk, 10 * SECOND);
	act = expect_act(ACT_SIGNAL, "HUP", 'a');
	tell_acted(desk, &act, 204);
	expect_state(desk, "token", "idle", 0);
}

static void tell_many_containers(struct desk *desk, int count)
{
	static const char digits[] = "0123456789abcdef";

	for (int i = 0; i < count; i++) {
		struct container_facts facts = { .project = "shop", .service = "web" };

		memset(facts.id, '0', CONTAINER_ID_LENGTH);
		facts.id[0] = digits[i / 16];
		facts.id[1] = digits[i % 16];
		containers_came(desk->core.containers, &facts, CONTAINER_RUNNING);
	}
}

static void more_containers_than_are_asked_for_at_once(void **state)
{
	struct desk *desk = desk_with(state, "signal:HUP");
	unsigned int acts = 0;

	tell_many_containers(desk, 200);
	rotate(desk, "token");
	pass(desk, 3 * SECOND);
	while (is_readable(gate)) {
		struct frame frame;

		assert_int_equal(frame_receive(gate, ROLE_CORE, ROLE_GATE, &frame, NULL), 0);
		acts++;
		tell_acted(desk, &frame.body.act, 204);
		if (!is_readable(gate))
			pass(desk, 2 * SECOND);
	}
	assert_int_equal(acts, 200);
	expect_state(desk, "token", "idle", 0);
}

/* A service of one container does not wait until another's two hundred have been restarted. */
static void a_large_consumer_does_not_keep_others_waiting(void **state)
{
	struct desk *desk = desk_with(state, "restart");
	struct frame frame = { .type = 0 };
	unsigned int acts = 0;

	tell_many_containers(desk, 200);
	tell_container(desk, 'd', "worker", CONTAINER_RUNNING);
	grant_hook(desk, "token", "compose/shop/worker", "signal:HUP");
	rotate(desk, "token");
	pass(desk, 3 * SECOND);
	for (; frame.body.act.what != ACT_SIGNAL && acts < 200; acts++) {
		assert_true(is_readable(gate));
		assert_int_equal(frame_receive(gate, ROLE_CORE, ROLE_GATE, &frame, NULL), 0);
		pass(desk, SECOND);
		tell_acted(desk, &frame.body.act, 204);
	}
	assert_true(acts < 64);
}

static void what_is_revoked_meanwhile_is_not_written_down(void **state)
{
	struct desk *desk = desk_with(state, "exec:reload");
	struct frame_run run;

	rotate(desk, "token");
	pass(desk, 3 * SECOND);
	run = expect_run("reload");
	assert_int_equal(desk_ungrant(desk, "token", DESK_WEB, ""), 0);
	hooks_changed(&desk->core);
	tell_ran(desk, &run, RUN_EXITED, 1);
	pass(desk, 100 * SECOND);
	expect_nothing();
	/* Granted anew it begins as done. */
	grant_hook(desk, "token", DESK_WEB, "exec:reload");
	pass(desk, 100 * SECOND);
	expect_nothing();
	expect_state(desk, "token", "idle", 0);
	restart_core(desk);
	pass(desk, 100 * SECOND);
	expect_nothing();
}

static void a_frozen_consumer_has_it_when_it_is_thawed(void **state)
{
	struct desk *desk = desk_with(state, "exec:reload");

	snprintf(desk->request.consumer, sizeof desk->request.consumer, DESK_WEB);
	assert_int_equal(desk_ask(desk, VERB_CONSUMER_FREEZE, ""), 0);
	rotate(desk, "token");
	pass(desk, 100 * SECOND);
	expect_nothing();
	expect_state(desk, "token", "pending", 0);
	snprintf(desk->request.consumer, sizeof desk->request.consumer, DESK_WEB);
	assert_int_equal(desk_ask(desk, VERB_CONSUMER_THAW, ""), 0);
	hooks_changed(&desk->core);
	pass(desk, 3 * SECOND);
	expect_run("reload");
}

static void ask_status(struct desk *desk)
{
	pack_free(&desk->reply);
	doc_open(&desk->reply, NULL, DOC_OBJECT);
	doc_put_hooks(&desk->reply, &desk->core);
	doc_close(&desk->reply);
}

static void status_says_what_waits_and_what_fails(void **state)
{
	struct desk *desk = desk_with(state, "exec:reload");
	struct frame_run run;

	create(desk, "other");
	grant_hook(desk, "other", "compose/shop/db", "signal:HUP");
	rotate(desk, "token");
	rotate(desk, "other");
	ask_status(desk);
	assert_int_equal(desk_number(desk, "pending", 0), 2);
	assert_int_equal(desk_count(desk, "file"), 0);
	pass(desk, 3 * SECOND);
	run = expect_run("reload");
	tell_ran(desk, &run, RUN_KILLED, 11);
	ask_status(desk);
	assert_int_equal(desk_number(desk, "pending", 0), 0);
	assert_int_equal(desk_count(desk, "file"), 1);
	desk_text(desk, "consumer", 0, DESK_WEB);
	desk_text(desk, "file", 0, "token");
	desk_text(desk, "on_rotate", 0, "exec:reload");
	desk_text(desk, "reason", 0, "it was ended by signal 11");
	assert_int_equal(desk_number(desk, "attempts", 0), 1);
}

#define at_desk(test) cmocka_unit_test_setup_teardown(test, hooks_set_up, hooks_tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		at_desk(a_new_grant_has_nothing_to_run),
		at_desk(a_flood_of_changes_is_one_run_after_the_last),
		at_desk(a_secret_that_never_rests_is_told_of_nevertheless),
		at_desk(a_change_during_a_run_is_another_run),
		at_desk(a_failure_is_tried_again_and_then_given_up),
		at_desk(a_new_core_runs_what_was_not_done),
		at_desk(nothing_is_run_while_it_is_locked),
		at_desk(grants_of_one_consumer_with_one_hook_are_one_run),
		at_desk(programs_are_run_one_after_the_other),
		at_desk(what_changes_while_a_run_waits_is_a_part_of_it),
		at_desk(what_cannot_be_written_down_is_not_done),
		at_desk(each_running_container_is_acted_on),
		at_desk(a_run_is_not_acted_on),
		at_desk(a_consumer_that_does_not_run_needs_nothing),
		at_desk(only_what_failed_is_done_again),
		at_desk(an_engine_that_is_away_is_waited_for),
		at_desk(more_containers_than_are_asked_for_at_once),
		at_desk(a_large_consumer_does_not_keep_others_waiting),
		at_desk(what_is_revoked_meanwhile_is_not_written_down),
		at_desk(a_frozen_consumer_has_it_when_it_is_thawed),
		at_desk(status_says_what_waits_and_what_fails),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
