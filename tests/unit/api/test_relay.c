/* SPDX-License-Identifier: Apache-2.0 */
/* The queue to core, with a clock of the test's own: order, deadlines, answers that come too late,
 * a core that does not read, one that breaks the rules. */
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "api/relay.h"

#define SECOND 1000000000u
#define ASKERS 4

/* What one asker was told. */
struct told {
	int times;
	enum tacit_code code;
	char text[FRAME_TEXT_MAX];
	size_t length;
};

static struct relay relay;
static struct told told[ASKERS];
static int core; /* the other end of the channel */

static void answered(void *context, void *owner, enum tacit_code code, const char *text,
	const uint8_t *bytes, size_t length)
{
	struct told *asker = owner;

	assert_ptr_equal(context, told);
	assert_true(length == 0 || bytes);
	asker->times++;
	asker->code = code;
	asker->length = length;
	snprintf(asker->text, sizeof asker->text, "%s", text);
}

static void connect_core(uint64_t now)
{
	int pair[2];

	assert_int_equal(frame_pair(pair, NULL), 0);
	core = pair[0];
	relay_connect(&relay, pair[1], now);
}

static int open_relay(void **state)
{
	(void)state;
	memset(told, 0, sizeof told);
	relay_open(&relay, answered, told);
	connect_core(0);
	return 0;
}

static int close_relay(void **state)
{
	(void)state;
	relay_close(&relay);
	close(core);
	return 0;
}

static void ask(int asker, enum verb verb, bool changes, size_t body, uint64_t now)
{
	struct question *question = calloc(1, sizeof *question);

	assert_non_null(question);
	question->request.verb = verb;
	question->request.body_length = (uint32_t)body;
	for (size_t i = 0; i < body; i++)
		pack_u8(&question->body, (uint8_t)i);
	question->changes = changes;
	question->owner = &told[asker];
	relay_ask(&relay, question, now);
	relay_pump(&relay, now);
}

static bool core_has_something(void)
{
	struct pollfd one = { core, POLLIN, 0 };

	return poll(&one, 1, 0) == 1;
}

static void core_gets(enum verb verb)
{
	struct frame frame;

	assert_true(core_has_something());
	assert_int_equal(frame_receive(core, ROLE_API, ROLE_CORE, &frame, NULL), 0);
	assert_int_equal(frame.type, FRAME_REQUEST);
	assert_int_equal(frame.body.request.verb, verb);
}

static void core_says(enum tacit_code code, uint32_t body_length)
{
	const struct frame_reply reply = { .code = code, .body_length = body_length };

	assert_int_equal(frame_send(core, FRAME_REPLY, &reply, sizeof reply, -1, NULL), 0);
}

static int hear(uint64_t now)
{
	int status = relay_ready(&relay, now, NULL);

	relay_pump(&relay, now);
	return status;
}

static void test_one_after_another(void **state)
{
	(void)state;
	for (int i = 0; i < 3; i++)
		ask(i, VERB_SECRET_LIST + i, false, 0, 0);
	for (int i = 0; i < 3; i++) {
		core_gets(VERB_SECRET_LIST + i);
		assert_false(core_has_something());
		core_says(TACIT_OK, 0);
		assert_int_equal(hear(0), 0);
		assert_int_equal(told[i].times, 1);
	}
	assert_true(relay_next_deadline(&relay) == RELAY_NEVER);
}

static void test_a_late_answer_is_not_taken_for_the_next(void **state)
{
	(void)state;
	ask(0, VERB_STATUS, false, 0, 0);
	ask(1, VERB_SECRET_LIST, false, 0, 20ull * SECOND);
	assert_true(relay_next_deadline(&relay) == RELAY_REPLY_NS);
	relay_expire(&relay, RELAY_REPLY_NS);
	assert_int_equal(told[0].times, 1);
	assert_int_equal(told[0].code, TACIT_UNAVAILABLE);
	assert_int_equal(told[1].times, 0);
	assert_true(relay_next_deadline(&relay) == RELAY_REPLY_NS + 20ull * SECOND);

	core_gets(VERB_STATUS);
	core_says(TACIT_BUSY, 0);
	assert_int_equal(hear(RELAY_REPLY_NS), 0);
	assert_int_equal(told[0].times, 1);
	assert_int_equal(told[1].times, 0);
	core_gets(VERB_SECRET_LIST);
	core_says(TACIT_OK, 0);
	assert_int_equal(hear(RELAY_REPLY_NS), 0);
	assert_int_equal(told[1].code, TACIT_OK);
	assert_int_equal(told[1].times, 1);
}

static void test_a_late_change_says_look_first(void **state)
{
	(void)state;
	ask(0, VERB_SECRET_ROTATE, true, 10, 0);
	ask(1, VERB_SECRET_ROTATE, true, 10, 0);
	relay_expire(&relay, RELAY_REPLY_NS);
	assert_non_null(strstr(told[0].text, "before trying again"));
	/* This one core never got. */
	assert_non_null(strstr(told[1].text, "nothing was done"));
}

/* The channel is so full that not even the question's head went: it may be dropped, and must be,
 * for its asker is told that nothing was done. */
static void test_a_question_that_never_left_is_dropped(void **state)
{
	int count = 0;

	(void)state;
	do {
		ask(0, VERB_SECRET_ROTATE, true, FRAME_OCTETS_MAX, 0);
		if (relay.request_sent) {
			core_says(TACIT_OK, 0);
			assert_int_equal(hear(0), 0);
		}
		assert_true(++count < 100);
	} while (!relay.current);
	assert_false(relay.request_sent);
	relay_expire(&relay, RELAY_REPLY_NS);
	assert_non_null(strstr(told[0].text, "nothing was done"));
	assert_null(relay.current);
	assert_int_equal(relay_events(&relay), POLLIN);
}

static void test_what_was_given_up_is_not_asked_again(void **state)
{
	(void)state;
	ask(0, VERB_STATUS, false, 0, 0);
	relay_expire(&relay, RELAY_REPLY_NS);
	close(core);
	assert_int_equal(hear(RELAY_REPLY_NS), 0);
	connect_core(RELAY_REPLY_NS);
	relay_pump(&relay, RELAY_REPLY_NS);
	assert_false(core_has_something());
	assert_int_equal(told[0].times, 1);
}

static void test_without_a_channel_the_wait_is_shorter(void **state)
{
	(void)state;
	close(core);
	assert_int_equal(hear(SECOND), 0);
	ask(0, VERB_STATUS, false, 0, SECOND);
	ask(1, VERB_LOCK, true, 0, 2ull * SECOND);
	assert_true(relay_next_deadline(&relay) == SECOND + RELAY_NO_CHANNEL_NS);
	relay_expire(&relay, SECOND + RELAY_NO_CHANNEL_NS - 1);
	assert_int_equal(told[0].times, 0);
	relay_expire(&relay, SECOND + RELAY_NO_CHANNEL_NS);
	assert_int_equal(told[0].times, 1);
	assert_int_equal(told[0].code, TACIT_UNAVAILABLE);
	assert_int_equal(told[1].times, 0);
	connect_core(3ull * SECOND);
	relay_pump(&relay, 3ull * SECOND);
	core_gets(VERB_LOCK);
	assert_true(relay_next_deadline(&relay) == 2ull * SECOND + RELAY_REPLY_NS);
}

static void test_a_change_core_never_got_is_asked_of_the_next(void **state)
{
	(void)state;
	close(core);
	/* The end of the channel has not been seen yet. */
	ask(0, VERB_LOCK, true, 0, 0);
	assert_int_equal(relay.channel, -1);
	connect_core(0);
	relay_pump(&relay, 0);
	core_gets(VERB_LOCK);
	core_says(TACIT_OK, 0);
	assert_int_equal(hear(0), 0);
	assert_int_equal(told[0].code, TACIT_OK);
	assert_int_equal(told[0].times, 1);
}

/* More than a channel holds: it is sent as core reads, and nobody waits. */
static void test_a_core_that_does_not_read_blocks_nothing(void **state)
{
	const size_t length = 20u * FRAME_OCTETS_MAX + 5;
	size_t got = 0;

	(void)state;
	ask(0, VERB_SECRET_CREATE, true, length, 0);
	assert_int_equal(relay_events(&relay), POLLIN | POLLOUT);
	core_gets(VERB_SECRET_CREATE);
	while (got < length) {
		struct frame frame;

		assert_true(core_has_something());
		assert_int_equal(frame_receive(core, ROLE_API, ROLE_CORE, &frame, NULL), 0);
		assert_int_equal(frame.type, FRAME_OCTETS);
		for (size_t i = 0; i < frame.length; i++)
			assert_int_equal(frame.body.octets[i], (uint8_t)(got + i));
		got += frame.length;
		relay_pump(&relay, 0);
	}
	assert_int_equal(got, length);
	assert_int_equal(relay_events(&relay), POLLIN);
	core_says(TACIT_OK, 0);
	assert_int_equal(hear(0), 0);
	assert_int_equal(told[0].times, 1);
}

static void test_an_answer_in_parts(void **state)
{
	(void)state;
	ask(0, VERB_STATUS, false, 0, 0);
	core_says(TACIT_OK, 10);
	assert_int_equal(frame_send_octets(core, "01234", 5, NULL), 0);
	assert_int_equal(hear(0), 0);
	assert_int_equal(hear(0), 0);
	assert_int_equal(told[0].times, 0);
	assert_int_equal(frame_send_octets(core, "56789", 5, NULL), 0);
	assert_int_equal(hear(0), 0);
	assert_int_equal(told[0].times, 1);
	assert_int_equal(told[0].length, 10);
}

static void test_an_unknown_code_is_internal(void **state)
{
	(void)state;
	ask(0, VERB_STATUS, false, 0, 0);
	core_says(TACIT_CODES + 5, 0);
	assert_int_equal(hear(0), 0);
	assert_int_equal(told[0].code, TACIT_INTERNAL);
}

static void test_a_core_that_breaks_the_rules(void **state)
{
	static const struct {
		const char *what;
		bool asked;
		enum tacit_code code;
		uint32_t announced; /* octets */
		size_t sent;
		int good; /* frames that are in order before the one that is not */
	} cases[] = {
		{ "an answer nobody asked for", false, TACIT_OK, 0, 0, 0 },
		{ "larger than any answer", true, TACIT_OK, REPLY_BODY_MAX + 1, 0, 0 },
		{ "an error with a body", true, TACIT_LOCKED, 1, 0, 0 },
		{ "more octets than announced", true, TACIT_OK, 5, 6, 1 },
		{ "octets after an error", true, TACIT_LOCKED, 0, 1, 1 },
	};

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		if (cases[i].asked)
			ask(0, VERB_STATUS, false, 0, 0);
		core_says(cases[i].code, cases[i].announced);
		if (cases[i].sent)
			assert_int_equal(
				frame_send_octets(core, "0123456789", cases[i].sent, NULL), 0);
		for (int good = 0; good < cases[i].good; good++)
			assert_int_equal(relay_ready(&relay, 0, NULL), 0);
		assert_int_equal(relay_ready(&relay, 0, NULL), -TACIT_INVALID);
		close_relay(state);
		open_relay(state);
	}
}

static void test_an_answer_before_the_question_is_whole(void **state)
{
	(void)state;
	ask(0, VERB_SECRET_CREATE, true, 20u * FRAME_OCTETS_MAX, 0);
	core_says(TACIT_LOCKED, 0);
	assert_int_equal(relay_ready(&relay, 0, NULL), -TACIT_INVALID);
}

static void test_closing_tells_everybody(void **state)
{
	for (int i = 0; i < 3; i++)
		ask(i, VERB_LOCK, true, 0, 0);
	close_relay(state);
	for (int i = 0; i < 3; i++) {
		assert_int_equal(told[i].times, 1);
		assert_int_equal(told[i].code, TACIT_UNAVAILABLE);
	}
	assert_non_null(strstr(told[0].text, "before trying again"));
	open_relay(state);
}

#define relay_test(test) cmocka_unit_test_setup_teardown(test, open_relay, close_relay)

int main(void)
{
	const struct CMUnitTest tests[] = {
		relay_test(test_one_after_another),
		relay_test(test_a_late_answer_is_not_taken_for_the_next),
		relay_test(test_a_late_change_says_look_first),
		relay_test(test_a_question_that_never_left_is_dropped),
		relay_test(test_what_was_given_up_is_not_asked_again),
		relay_test(test_without_a_channel_the_wait_is_shorter),
		relay_test(test_a_change_core_never_got_is_asked_of_the_next),
		relay_test(test_a_core_that_does_not_read_blocks_nothing),
		relay_test(test_an_answer_in_parts),
		relay_test(test_an_unknown_code_is_internal),
		relay_test(test_a_core_that_breaks_the_rules),
		relay_test(test_an_answer_before_the_question_is_whole),
		relay_test(test_closing_tells_everybody),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
