/* SPDX-License-Identifier: Apache-2.0 */
/* Asks with a clock of the test's own, and a listener that starts and cancels asks meanwhile. */
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "engine/asks.h"

#define SECOND 1000000000u

static struct asks asks;
static int gate; /* the test's end */
static int overs;
static struct answer last; /* its text is gone */
static void (*meanwhile)(void);

static void began(void *context, uint32_t engine)
{
	assert_ptr_equal(context, &asks);
	assert_int_equal(engine, 0);
}

static void more(void *context, uint32_t engine, const char *bytes, size_t length)
{
	began(context, engine);
	assert_memory_equal(bytes, "event\n", length);
}

static void over(
	void *context, uint32_t engine, enum ask what, const char *id, const struct answer *answer)
{
	(void)engine;
	(void)what;
	assert_ptr_equal(context, &asks);
	assert_string_equal(id, "");
	overs++;
	last = *answer;
	if (meanwhile)
		meanwhile();
}

static int set_up(void **state)
{
	const struct asks_listener listener = {
		.context = &asks, .began = began, .more = more, .over = over
	};
	int pair[2];

	(void)state;
	assert_int_equal(frame_pair(pair, NULL), 0);
	asks_open(&asks, &listener);
	asks_connect(&asks, pair[1]);
	gate = pair[0];
	overs = 0;
	meanwhile = NULL;
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	asks_connect(&asks, -1);
	close(gate);
	return 0;
}

static uint32_t start(uint32_t engine, enum ask what, uint64_t now)
{
	struct frame frame;

	assert_int_equal(asks_start(&asks, engine, what, "", now, NULL), 0);
	assert_int_equal(frame_receive(gate, ROLE_ENGINE, ROLE_GATE, &frame, NULL), 0);
	assert_int_equal(frame.body.ask.what, what);
	return frame.body.ask.ask;
}

/* Take what gate has given. */
static int take(void)
{
	struct frame frame;

	assert_int_equal(frame_receive(asks.gate, ROLE_GATE, ROLE_ENGINE, &frame, NULL), 0);
	return asks_take(&asks, &frame, NULL);
}

/* Give the answer's pipe, and take the frame. The test's end of it. */
static int answer(uint32_t number)
{
	const struct frame_give give = { .what = GIVE_ANSWER, .index = number };
	int ends[2];

	assert_int_equal(pipe(ends), 0);
	assert_int_equal(frame_send(gate, FRAME_GIVE, &give, sizeof give, ends[0], NULL), 0);
	close(ends[0]);
	assert_int_equal(take(), 0);
	return ends[1];
}

static void put(int pipe, const char *text)
{
	assert_int_equal(write(pipe, text, strlen(text)), strlen(text));
}

static void read_ready(void)
{
	struct pollfd polls[ASKS_MAX];
	uint32_t numbers[ASKS_MAX];

	asks_watch(&asks, polls, numbers);
	poll(polls, ASKS_MAX, 0);
	asks_read(&asks, polls, numbers);
}

/* One that said how long it is, is whole before its pipe ends, and not before all of it is there.
 */
static void lengths(void **state)
{
	int pipe = answer(start(0, ASK_LIST, 0));

	(void)state;
	put(pipe, "HTTP/1.0 200 OK\r\nContent-Length: 4\r\n\r\n[1");
	read_ready();
	assert_int_equal(overs, 0);
	put(pipe, ",2");
	read_ready();
	assert_int_equal(overs, 1);
	assert_int_equal(last.code, 0);
	assert_int_equal(last.status, HTTP_OK);
	assert_int_equal(last.length, 4);
	close(pipe);
	pipe = answer(start(0, ASK_LIST, 0));
	put(pipe, "HTTP/1.0 200 OK\r\nContent-Length: 4\r\n\r\n[1]");
	close(pipe);
	read_ready();
	read_ready();
	assert_int_equal(overs, 2);
	assert_int_equal(last.code, -TACIT_UNAVAILABLE);
}

static void deadlines(void **state)
{
	(void)state;
	assert_true(asks_next_deadline(&asks) == ASKS_NEVER);
	start(0, ASK_EVENTS, 0);
	assert_true(asks_next_deadline(&asks) == ASKS_NEVER);
	start(0, ASK_LIST, 0);
	assert_true(asks_next_deadline(&asks) == ASKS_LIST_NS);
	start(0, ASK_IMAGE, SECOND);
	start(0, ASK_CONTAINER, 0);
	assert_true(asks_next_deadline(&asks) == ASKS_INSPECT_NS);
	asks_expire(&asks, ASKS_INSPECT_NS - 1);
	assert_int_equal(overs, 0);
	asks_expire(&asks, ASKS_INSPECT_NS);
	assert_int_equal(overs, 1);
	assert_int_equal(last.code, -TACIT_BUSY);
	asks_expire(&asks, ASKS_LIST_NS);
	assert_int_equal(overs, 3);
	assert_true(asks_next_deadline(&asks) == ASKS_NEVER);
}

static void limit(void **state)
{
	struct pollfd poll_one;
	uint32_t number = 0;

	(void)state;
	for (int i = 0; i < ASKS_MAX; i++)
		number = start(i % 2, ASK_CONTAINER, 0);
	assert_int_equal(asks_start(&asks, 0, ASK_LIST, "", 0, NULL), -TACIT_LIMIT);
	asks_cancel(&asks, 1);
	/* The answer to one that was cancelled: closed, and nobody is told. */
	poll_one = (struct pollfd){ answer(number), 0, 0 };
	assert_int_equal(poll(&poll_one, 1, 0), 1);
	assert_true(poll_one.revents & POLLERR);
	close(poll_one.fd);
	start(0, ASK_LIST, 0);
	assert_int_equal(overs, 0);
	asks_connect(&asks, -1);
	assert_int_equal(asks_start(&asks, 0, ASK_LIST, "", 0, NULL), -TACIT_UNAVAILABLE);
}

static void start_in_their_places(void)
{
	meanwhile = NULL;
	asks_cancel(&asks, 1);
	start(0, ASK_LIST, 0);
	start(0, ASK_LIST, 0);
}

/* All three are ready. When the first is over the second is cancelled, and another ask has its
 * place when that comes to be read. */
static void place_of_another(void **state)
{
	int pipe[3];

	(void)state;
	for (int i = 0; i < 3; i++) {
		pipe[i] = answer(start(i == 1, ASK_LIST, 0));
		put(pipe[i], "HTTP/1.0 404 Not Found\r\n\r\n");
	}
	meanwhile = start_in_their_places;
	read_ready();
	assert_int_equal(overs, 2);
	assert_int_equal(last.status, HTTP_NOT_FOUND);
	for (int i = 0; i < 3; i++)
		close(pipe[i]);
}

static void events(void **state)
{
	int pipe = answer(start(0, ASK_EVENTS, 0));

	(void)state;
	put(pipe, "HTTP/1.0 200 OK\r\n\r\neve"); /* what is there already is passed on, too */
	read_ready();
	put(pipe, "event\n");
	read_ready();
	assert_int_equal(overs, 0);
	close(pipe);
	read_ready();
	assert_int_equal(overs, 1);
	assert_int_equal(last.code, -TACIT_UNAVAILABLE);
}

static void refused(void **state)
{
	struct frame_give give = { .what = GIVE_ANSWER, .status = -TACIT_DENIED };
	int pipe;

	(void)state;
	give.index = start(0, ASK_LIST, 0);
	assert_int_equal(frame_send(gate, FRAME_GIVE, &give, sizeof give, -1, NULL), 0);
	assert_int_equal(take(), 0);
	assert_int_equal(overs, 1);
	assert_int_equal(last.code, -TACIT_DENIED);
	/* No pipe, and no reason; a pipe, and a reason; twice. */
	give.status = 0;
	assert_int_equal(frame_send(gate, FRAME_GIVE, &give, sizeof give, -1, NULL), 0);
	assert_int_equal(take(), -TACIT_INVALID);
	give.status = -TACIT_DENIED;
	assert_int_equal(frame_send(gate, FRAME_GIVE, &give, sizeof give, gate, NULL), 0);
	assert_int_equal(take(), -TACIT_INVALID);
	give.status = 0;
	give.index = start(0, ASK_LIST, 0);
	pipe = answer(give.index);
	assert_int_equal(frame_send(gate, FRAME_GIVE, &give, sizeof give, gate, NULL), 0);
	assert_int_equal(take(), -TACIT_INVALID);
	assert_int_equal(overs, 1);
	close(pipe);
}

#define test(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		test(lengths),
		test(deadlines),
		test(limit),
		test(place_of_another),
		test(events),
		test(refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
