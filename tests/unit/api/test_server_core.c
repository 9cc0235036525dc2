/* SPDX-License-Identifier: Apache-2.0 */
/* The other side of the api: core dies, comes back, is late or breaks the rules; holder pings, goes
 * away, gives nonsense. */
#include "tests/unit/api/rig.h"

static void test_a_reading_request_survives_core(void **state)
{
	struct rig *rig = *state;
	int client = rig_send(rig, "GET /v1/secrets", NULL, 0);

	assert_int_equal(rig_core_receive(rig, NULL).verb, VERB_SECRET_LIST);
	rig_lose_core(rig);
	rig_new_core(rig);
	assert_int_equal(rig_core_receive(rig, NULL).verb, VERB_SECRET_LIST);
	rig_core_reply_state(rig);
	rig_read(rig, client);
	rig_assert_answer(rig, 200, "serving");
}

static void test_half_an_answer_is_thrown_away(void **state)
{
	struct frame_reply reply = { .code = TACIT_OK, .body_length = 100 };
	struct rig *rig = *state;
	int client = rig_send(rig, "GET /v1/secrets", NULL, 0);

	rig_core_receive(rig, NULL);
	assert_int_equal(frame_send(rig->core, FRAME_REPLY, &reply, sizeof reply, -1, NULL), 0);
	assert_int_equal(frame_send_octets(rig->core, "half", 4, NULL), 0);
	rig_lose_core(rig);
	rig_new_core(rig);
	rig_core_receive(rig, NULL);
	rig_core_reply_state(rig);
	rig_read(rig, client);
	rig_assert_answer(rig, 200, "\r\n\r\n{\"state\":\"serving\"}\n");
}

static void test_a_request_that_kills_core_twice_is_given_up(void **state)
{
	struct rig *rig = *state;
	int client = rig_send(rig, "GET /v1/secrets", NULL, 0);

	for (int i = 0; i < 2; i++) {
		rig_core_receive(rig, NULL);
		rig_lose_core(rig);
		rig_new_core(rig);
	}
	rig_read(rig, client);
	rig_assert_answer(rig, 503, "\"unavailable\"");
	rig_assert_alive(rig);
}

static void test_a_change_is_never_asked_twice(void **state)
{
	struct rig *rig = *state;
	char body[100] = "sealed";
	int client = rig_send(rig, "POST /v1/secrets/a/versions", body, sizeof body);

	rig_core_receive(rig, body);
	rig_lose_core(rig);
	rig_new_core(rig);
	rig_read(rig, client);
	rig_assert_answer(rig, 503,
		"the agent was restarted before it answered; look with 'tacit secret history', "
		"'tacit grant ls' or 'tacit key ls' before trying again");
	rig_assert_alive(rig);
}

/* Given a new channel while the old one still lives: what was under way on it is over as well. */
static void test_a_new_channel_replaces_a_living_one(void **state)
{
	struct rig *rig = *state;
	int client = rig_send(rig, "GET /v1/secrets", NULL, 0), old = rig->core;
	char byte;

	rig_core_receive(rig, NULL);
	rig_new_core(rig);
	assert_int_equal(recv(old, &byte, 1, 0), 0);
	close(old);
	rig_core_receive(rig, NULL);
	rig_core_reply_state(rig);
	rig_read(rig, client);
	rig_assert_answer(rig, 200, "serving");
}

static void test_without_a_core_requests_wait_for_one(void **state)
{
	struct rig *rig = *state;
	int first, second;

	rig_lose_core(rig);
	first = rig_send(rig, "GET /v1/status", NULL, 0);
	second = rig_send(rig, "POST /v1/lock", NULL, 0);
	usleep(300000);
	rig_new_core(rig);
	for (int i = 0; i < 2; i++) {
		rig_core_receive(rig, NULL);
		rig_core_reply_state(rig);
	}
	rig_read(rig, first);
	rig_assert_answer(rig, 200, "serving");
	rig_read(rig, second);
	rig_assert_answer(rig, 200, "serving");
}

static void test_without_a_core_for_long_requests_are_refused(void **state)
{
	struct rig *rig = *state;

	rig_lose_core(rig);
	rig_read(rig, rig_send(rig, "GET /v1/status", NULL, 0));
	rig_assert_answer(rig, 503, "\"unavailable\"");
	rig_new_core(rig);
	rig_assert_alive(rig);
}

static void test_holder_s_pings_are_answered_while_core_is_busy(void **state)
{
	struct rig *rig = *state;
	int client = rig_send(rig, "GET /v1/status", NULL, 0);

	rig_core_receive(rig, NULL);
	for (int i = 0; i < 3; i++) {
		assert_int_equal(frame_send(rig->holder, FRAME_PING, NULL, 0, -1, NULL), 0);
		rig_expect_from_api(rig, FRAME_PONG);
	}
	rig_core_reply_state(rig);
	rig_read(rig, client);
	rig_assert_answer(rig, 200, "serving");
}

static void test_without_holder_it_serves_while_core_is_there(void **state)
{
	struct rig *rig = *state;

	close(rig->holder);
	rig->holder = -1;
	rig_assert_alive(rig);
	rig_lose_core(rig);
	assert_int_equal(rig_wait(rig), 0);
}

static void test_who_waits_when_it_ends_is_answered(void **state)
{
	struct rig *rig = *state;
	int client = rig_send(rig, "POST /v1/lock", NULL, 0);

	rig_core_receive(rig, NULL);
	close(rig->holder);
	rig->holder = -1;
	rig_lose_core(rig);
	rig_read(rig, client);
	rig_assert_answer(rig, 503, "before trying again");
	assert_int_equal(rig_wait(rig), 0);
}

static void test_a_core_that_breaks_the_rules_ends_api(void **state)
{
	const struct frame_reply unasked = { .code = TACIT_OK };
	struct rig *rig = *state;

	assert_int_equal(frame_send(rig->core, FRAME_REPLY, &unasked, sizeof unasked, -1, NULL), 0);
	assert_int_equal(rig_wait(rig), 1);
}

static void test_a_malformed_document_is_an_error(void **state)
{
	static const uint8_t cut[] = { DOC_OBJECT, DOC_TEXT, 1, 0 };
	struct rig *rig = *state;
	int client = rig_send(rig, "GET /v1/status", NULL, 0);

	rig_core_receive(rig, NULL);
	rig_core_reply(rig, TACIT_OK, "", cut, sizeof cut);
	rig_read(rig, client);
	rig_assert_answer(rig, 500, "\"internal\"");
	rig_assert_alive(rig);
}

static void test_a_gift_without_use_ends_api(void **state)
{
	struct rig *rig = *state;

	rig_give(rig, GIVE_KEY_PAGE, dup(STDIN_FILENO));
	assert_int_equal(rig_wait(rig), 1);
}

#define rig_test(test) cmocka_unit_test_setup_teardown(test, rig_start, rig_stop)

int main(void)
{
	const struct CMUnitTest tests[] = {
		rig_test(test_a_reading_request_survives_core),
		rig_test(test_half_an_answer_is_thrown_away),
		rig_test(test_a_request_that_kills_core_twice_is_given_up),
		rig_test(test_a_change_is_never_asked_twice),
		rig_test(test_a_new_channel_replaces_a_living_one),
		rig_test(test_without_a_core_requests_wait_for_one),
		rig_test(test_without_a_core_for_long_requests_are_refused),
		rig_test(test_holder_s_pings_are_answered_while_core_is_busy),
		rig_test(test_without_holder_it_serves_while_core_is_there),
		rig_test(test_who_waits_when_it_ends_is_answered),
		rig_test(test_a_core_that_breaks_the_rules_ends_api),
		rig_test(test_a_malformed_document_is_an_error),
		rig_test(test_a_gift_without_use_ends_api),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
