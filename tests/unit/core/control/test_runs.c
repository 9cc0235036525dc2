/* SPDX-License-Identifier: Apache-2.0 */
/* Runs as an operator asks for them: who may, as which consumer; and what the next core knows. */
#include "desk.h"

#define WEB DESK_WEB

static void run_id(char digit, char id[CONTAINER_ID_LENGTH + 1])
{
	memset(id, digit, CONTAINER_ID_LENGTH);
	id[CONTAINER_ID_LENGTH] = '\0';
}

static int ask_as(
	struct desk *desk, uid_t operator, enum verb verb, const char *consumer, char digit)
{
	struct frame_request request = { .verb = verb, .operator_uid = operator, .pid = getpid() };
	struct call call = { .core = &desk->core, .request = &request };
	int status;

	run_id(digit, request.container);
	snprintf(request.consumer, sizeof request.consumer, "%s", consumer);
	pack_free(&desk->reply);
	status = call_dispatch(&call, &desk->err);
	desk->reply = call.reply;
	return status;
}

static int begin(struct desk *desk, const char *consumer, char digit)
{
	return ask_as(desk, 0, VERB_RUN_BEGIN, consumer, digit);
}

static bool is_known(struct desk *desk, char digit)
{
	char id[CONTAINER_ID_LENGTH + 1];

	run_id(digit, id);
	return containers_visit(desk->core.containers, id, NULL, NULL);
}

static void root_alone_begins_one(void **state)
{
	struct desk *desk = *state;
	char id[CONTAINER_ID_LENGTH + 1];

	run_id('d', id);
	assert_int_equal(ask_as(desk, DESK_UID, VERB_RUN_BEGIN, WEB, 'd'), -TACIT_DENIED);
	assert_false(is_known(desk, 'd'));
	assert_int_equal(begin(desk, WEB, 'd'), 0);
	desk_text(desk, "run", 0, id);
	desk_text(desk, "consumer", 0, WEB);
	desk_text(desk, "path", 0, TACIT_MOUNT_DIR "/" WEB);
	assert_int_equal(begin(desk, WEB, 'd'), -TACIT_EXISTS);
	assert_int_equal(ask_as(desk, 0, VERB_RUN_END, "", 'd'), 0);
	desk_text(desk, "ended", 0, id);
	assert_int_equal(ask_as(desk, 0, VERB_RUN_END, "", 'd'), -TACIT_NOT_FOUND);
	assert_false(is_known(desk, 'd'));
}

static void it_is_a_consumer_that_has_something(void **state)
{
	struct desk *desk = *state;

	assert_int_equal(begin(desk, "compose/shop/nobody", 'd'), -TACIT_NOT_FOUND);
	assert_int_equal(begin(desk, "self", 'd'), -TACIT_INVALID);
	assert_int_equal(begin(desk, "", 'd'), -TACIT_INVALID);
	assert_int_equal(begin(desk, WEB, 'g'), -TACIT_INVALID);
	assert_int_equal(begin(desk, WEB, '\0'), -TACIT_INVALID);
	desk->request.rule_count = 1;
	strcpy(desk->request.rules[0], "image=nginx");
	strcpy(desk->request.consumer, WEB);
	assert_int_equal(desk_ask(desk, VERB_CONSUMER_BIND, ""), 0);
	assert_int_equal(begin(desk, WEB, 'd'), -TACIT_DENIED);
	strcpy(desk->request.consumer, WEB);
	assert_int_equal(desk_ask(desk, VERB_CONSUMER_UNBIND, ""), 0);
	assert_int_equal(desk_ungrant(desk, RIG_SECRET, WEB, RIG_FILE), 0);
	assert_int_equal(begin(desk, WEB, 'd'), -TACIT_NOT_FOUND);
	assert_false(is_known(desk, 'd'));
}

/* A registry that has heard nothing, filled from the store. */
static void be_another_core(struct desk *desk)
{
	containers_free(desk->rig->containers);
	desk->rig->containers = containers_new(&desk->core.config, CONTAINERS_PATIENCE_NS);
	assert_non_null(desk->rig->containers);
	desk->core.containers = desk->rig->containers;
	desk_restart(desk);
}

static void it_is_written_down_before_its_answer(void **state)
{
	struct desk *desk = *state;

	assert_int_equal(begin(desk, WEB, 'd'), 0);
	assert_int_equal(begin(desk, WEB, 'e'), 0);
	be_another_core(desk);
	assert_true(is_known(desk, 'd'));
	assert_int_equal(ask_as(desk, 0, VERB_RUN_END, "", 'd'), 0);
	keep_containers(&desk->core);
	be_another_core(desk);
	assert_false(is_known(desk, 'd'));
	assert_true(is_known(desk, 'e'));
}

/* It has no engine whose name could be told. */
static void it_is_listed_among_the_containers(void **state)
{
	struct desk *desk = *state;

	assert_int_equal(begin(desk, WEB, 'd'), 0);
	strcpy(desk->request.consumer, WEB);
	assert_int_equal(desk_ask(desk, VERB_CONSUMER_INSPECT, ""), 0);
	desk_text(desk, "engine", 0, "run");
	desk_text(desk, "life", 0, "running");
}

#define with_desk(test) cmocka_unit_test_setup_teardown(test, desk_set_up, desk_tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		with_desk(root_alone_begins_one),
		with_desk(it_is_a_consumer_that_has_something),
		with_desk(it_is_written_down_before_its_answer),
		with_desk(it_is_listed_among_the_containers),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
