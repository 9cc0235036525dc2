/* SPDX-License-Identifier: Apache-2.0 */
/* engine's loop: what it asks, in which order, and what it tells core of the answers. Two engines
 * are configured; the second one is down unless a test says otherwise. */
#include <signal.h>

#include "rig.h"

static struct rig rig;
static int events; /* the first engine's stream */

/* Both engines are tried; the first one answers and has no containers. */
static void sync_first(void)
{
	rig_expect_state(&rig, 0, ENGINE_DOWN);
	rig_expect_state(&rig, 1, ENGINE_DOWN);
	events = rig_answer_pipe(&rig, rig_expect_ask(&rig, 0, ASK_EVENTS, ""));
	/* Not answered: a slow engine, which is down until it says otherwise. */
	rig_expect_ask(&rig, 1, ASK_EVENTS, "");
	rig_write(events, RIG_OK);
	rig_expect_state(&rig, 0, ENGINE_LISTING);
	rig_answer(&rig, rig_expect_ask(&rig, 0, ASK_LIST, ""), RIG_OK "[]");
	rig_expect_state(&rig, 0, ENGINE_SYNCED);
}

static int set_up(void **state)
{
	(void)state;
	rig_open(&rig);
	rig_new_core(&rig);
	rig_new_gate(&rig);
	events = -1;
	return 0;
}

static int set_up_synced(void **state)
{
	set_up(state);
	sync_first();
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	rig_close(&rig);
	if (events >= 0)
		close(events);
	return 0;
}

static void holder(void **state)
{
	struct frame frame;

	(void)state;
	assert_int_equal(frame_send(rig.holder, FRAME_GO, NULL, 0, -1, NULL), 0);
	rig_expect(rig.holder, ROLE_HOLDER, FRAME_READY, &frame);
	assert_int_equal(frame_send(rig.holder, FRAME_PING, NULL, 0, -1, NULL), 0);
	rig_expect(rig.holder, ROLE_HOLDER, FRAME_PONG, &frame);
}

/* Nothing is told before the stream of events flows; SYNCED comes after the last of the list. */
static void listing(void **state)
{
	struct frame frame;
	uint32_t asked;

	(void)state;
	rig_expect_state(&rig, 0, ENGINE_DOWN);
	rig_expect_state(&rig, 1, ENGINE_DOWN);
	asked = rig_expect_ask(&rig, 0, ASK_EVENTS, "");
	rig_expect_ask(&rig, 1, ASK_EVENTS, "");
	events = rig_answer_pipe(&rig, asked);
	assert_true(rig_is_quiet(rig.core));
	rig_write(events, "HTTP/1.0 200 OK\r\n\r");
	assert_true(rig_is_quiet(rig.core));
	rig_write(events, "\n");
	rig_expect_state(&rig, 0, ENGINE_LISTING);
	rig_answer(&rig, rig_expect_ask(&rig, 0, ASK_LIST, ""),
		RIG_OK "[{\"Id\":\"" RIG_ID "\"},{\"Id\":\"" RIG_OTHER_ID "\"}]");
	asked = rig_expect_ask(&rig, 0, ASK_CONTAINER, RIG_ID);
	rig_answer_container(&rig, asked, RIG_ID, "running");
	asked = rig_expect_ask(&rig, 0, ASK_CONTAINER, RIG_OTHER_ID);
	rig_answer(&rig, rig_expect_ask(&rig, 0, ASK_IMAGE, RIG_IMAGE), RIG_IMAGE_ANSWER);
	rig_expect(rig.core, ROLE_CORE, FRAME_CAME, &frame);
	assert_string_equal(frame.body.came.facts.id, RIG_ID);
	assert_string_equal(frame.body.came.facts.name, "web");
	assert_int_equal(frame.body.came.facts.labels_length, 4);
	assert_true(rig_is_quiet(rig.core));
	/* Its image is known by now. */
	rig_answer_container(&rig, asked, RIG_OTHER_ID, "exited");
	rig_expect_came(&rig, 0, RIG_OTHER_ID, LIFE_ENDED);
	rig_expect_state(&rig, 0, ENGINE_SYNCED);
	assert_true(rig_is_quiet(rig.gate));
}

static void gone_before_it_was_looked_at(void **state)
{
	uint32_t asked;

	(void)state;
	sync_first();
	rig_event(events, "create", RIG_ID);
	asked = rig_expect_ask(&rig, 0, ASK_CONTAINER, RIG_ID);
	rig_answer(&rig, asked, RIG_NOT_FOUND);
	assert_true(rig_is_quiet(rig.core));
	rig_event(events, "create", RIG_ID);
	rig_expect_ask(&rig, 0, ASK_CONTAINER, RIG_ID);
}

static void events_are_told(void **state)
{
	uint32_t asked;

	(void)state;
	rig_event(events, "create", RIG_ID);
	asked = rig_expect_ask(&rig, 0, ASK_CONTAINER, RIG_ID);
	rig_answer_container(&rig, asked, RIG_ID, "created");
	rig_answer(&rig, rig_expect_ask(&rig, 0, ASK_IMAGE, RIG_IMAGE), RIG_IMAGE_ANSWER);
	rig_expect_came(&rig, 0, RIG_ID, LIFE_CREATED);
	rig_event(events, "die", RIG_ID);
	rig_expect_went(&rig, RIG_ID, false);
	rig_event(events, "destroy", RIG_ID);
	rig_expect_went(&rig, RIG_ID, true);
	assert_true(rig_is_quiet(rig.gate));
}

/* What is said of a container while it ends may be of the time before: it is not told, whichever
 * of the two asks was under way. */
static void ended_while_looked_at(void **state)
{
	uint32_t asked, image;

	(void)state;
	rig_event(events, "start", RIG_ID);
	asked = rig_expect_ask(&rig, 0, ASK_CONTAINER, RIG_ID);
	rig_event(events, "die", RIG_ID);
	rig_expect_went(&rig, RIG_ID, false);
	rig_answer_container(&rig, asked, RIG_ID, "running");
	image = rig_expect_ask(&rig, 0, ASK_IMAGE, RIG_IMAGE);
	rig_answer(&rig, image, RIG_IMAGE_ANSWER);
	asked = rig_expect_ask(&rig, 0, ASK_CONTAINER, RIG_ID);
	assert_true(rig_is_quiet(rig.core));
	rig_answer_container(&rig, asked, RIG_ID, "exited");
	rig_expect_came(&rig, 0, RIG_ID, LIFE_ENDED);
	assert_true(rig_is_quiet(rig.gate));
}

static void ended_while_its_image_was(void **state)
{
	uint32_t asked, image;

	(void)state;
	rig_event(events, "start", RIG_ID);
	asked = rig_expect_ask(&rig, 0, ASK_CONTAINER, RIG_ID);
	rig_answer_container(&rig, asked, RIG_ID, "running");
	image = rig_expect_ask(&rig, 0, ASK_IMAGE, RIG_IMAGE);
	rig_event(events, "die", RIG_ID);
	rig_expect_went(&rig, RIG_ID, false);
	rig_answer(&rig, image, RIG_IMAGE_ANSWER);
	asked = rig_expect_ask(&rig, 0, ASK_CONTAINER, RIG_ID);
	assert_true(rig_is_quiet(rig.core));
	rig_answer_container(&rig, asked, RIG_ID, "exited");
	rig_expect_came(&rig, 0, RIG_ID, LIFE_ENDED);
}

/* Renamed meanwhile: it is told of, and looked at again. Three times: still once. */
static void changed_while_looked_at(void **state)
{
	uint32_t asked;

	(void)state;
	rig_event(events, "create", RIG_ID);
	asked = rig_expect_ask(&rig, 0, ASK_CONTAINER, RIG_ID);
	rig_event(events, "rename", RIG_ID);
	rig_event(events, "start", RIG_ID);
	assert_true(rig_is_quiet(rig.gate));
	rig_answer_container(&rig, asked, RIG_ID, "created");
	rig_answer(&rig, rig_expect_ask(&rig, 0, ASK_IMAGE, RIG_IMAGE), RIG_IMAGE_ANSWER);
	rig_expect_came(&rig, 0, RIG_ID, LIFE_CREATED);
	asked = rig_expect_ask(&rig, 0, ASK_CONTAINER, RIG_ID);
	rig_answer_container(&rig, asked, RIG_ID, "running");
	rig_expect_came(&rig, 0, RIG_ID, LIFE_RUNNING);
	assert_true(rig_is_quiet(rig.gate));
}

static void identified(void **state)
{
	uint32_t asked;

	(void)state;
	rig_identify(&rig, RIG_ID);
	asked = rig_expect_ask(&rig, 0, ASK_CONTAINER, RIG_ID);
	/* Asked again by core: not by us. */
	rig_identify(&rig, RIG_ID);
	assert_true(rig_is_quiet(rig.gate));
	rig_answer_container(&rig, asked, RIG_ID, "running");
	rig_answer(&rig, rig_expect_ask(&rig, 0, ASK_IMAGE, RIG_IMAGE), RIG_IMAGE_ANSWER);
	rig_expect_came(&rig, 0, RIG_ID, LIFE_RUNNING);
	rig_identify(&rig, RIG_OTHER_ID);
	asked = rig_expect_ask(&rig, 0, ASK_CONTAINER, RIG_OTHER_ID);
	rig_answer(&rig, asked, RIG_NOT_FOUND);
	rig_expect_unknown(&rig, RIG_OTHER_ID);
	assert_true(rig_is_quiet(rig.core));
}

static void identified_with_every_engine_down(void **state)
{
	(void)state;
	rig_expect_state(&rig, 0, ENGINE_DOWN);
	rig_expect_state(&rig, 1, ENGINE_DOWN);
	rig_identify(&rig, RIG_ID);
	rig_expect_unknown(&rig, RIG_ID);
}

static void identified_by_the_second(void **state)
{
	uint32_t first, second, asked;
	int stream;

	(void)state;
	rig_expect_state(&rig, 0, ENGINE_DOWN);
	rig_expect_state(&rig, 1, ENGINE_DOWN);
	first = rig_expect_ask(&rig, 0, ASK_EVENTS, "");
	second = rig_expect_ask(&rig, 1, ASK_EVENTS, "");
	events = rig_answer_pipe(&rig, first);
	rig_write(events, RIG_OK);
	rig_expect_state(&rig, 0, ENGINE_LISTING);
	stream = rig_answer_pipe(&rig, second);
	rig_write(stream, RIG_OK);
	rig_expect_state(&rig, 1, ENGINE_LISTING);
	rig_answer(&rig, rig_expect_ask(&rig, 0, ASK_LIST, ""), RIG_OK "[]");
	rig_expect_state(&rig, 0, ENGINE_SYNCED);
	rig_expect_ask(&rig, 1, ASK_LIST, "");

	/* One says no, the other yes, while its list is not there yet. */
	rig_identify(&rig, RIG_ID);
	first = rig_expect_ask(&rig, 0, ASK_CONTAINER, RIG_ID);
	second = rig_expect_ask(&rig, 1, ASK_CONTAINER, RIG_ID);
	rig_answer(&rig, first, RIG_NOT_FOUND);
	assert_true(rig_is_quiet(rig.core));
	rig_answer_container(&rig, second, RIG_ID, "running");
	rig_answer(&rig, rig_expect_ask(&rig, 1, ASK_IMAGE, RIG_IMAGE), RIG_IMAGE_ANSWER);
	rig_expect_came(&rig, 1, RIG_ID, LIFE_RUNNING);

	/* One says no, the other one ends. */
	rig_identify(&rig, RIG_OTHER_ID);
	first = rig_expect_ask(&rig, 0, ASK_CONTAINER, RIG_OTHER_ID);
	rig_expect_ask(&rig, 1, ASK_CONTAINER, RIG_OTHER_ID);
	rig_answer(&rig, first, RIG_NOT_FOUND);
	assert_true(rig_is_quiet(rig.core));
	close(stream);
	rig_expect_state(&rig, 1, ENGINE_DOWN);
	rig_expect_unknown(&rig, RIG_OTHER_ID);
	asked = rig_expect_ask(&rig, 1, ASK_EVENTS, "");
	rig_refuse(&rig, asked, TACIT_UNAVAILABLE);
	rig_expect_ask(&rig, 1, ASK_EVENTS, "");
}

/* A list of more than may be asked for at once does not stand before the one that core waits for.
 */
static void identified_before_a_long_list(void **state)
{
	char text[16384] = RIG_OK "[";
	struct frame frame;
	unsigned int asks = 0;

	(void)state;
	rig_expect_state(&rig, 0, ENGINE_DOWN);
	rig_expect_state(&rig, 1, ENGINE_DOWN);
	events = rig_answer_pipe(&rig, rig_expect_ask(&rig, 0, ASK_EVENTS, ""));
	rig_expect_ask(&rig, 1, ASK_EVENTS, "");
	rig_write(events, RIG_OK);
	rig_expect_state(&rig, 0, ENGINE_LISTING);
	for (int i = 0; i < 100; i++)
		sprintf(text + strlen(text), "%s{\"Id\":\"%064d\"}", i ? "," : "", i);
	memcpy(text + strlen(text), "]", 2);
	rig_answer(&rig, rig_expect_ask(&rig, 0, ASK_LIST, ""), text);
	for (; !rig_is_quiet(rig.gate); asks++)
		rig_expect(rig.gate, ROLE_GATE, FRAME_ASK, &frame);
	assert_true(asks > 4 && asks < 20);
	rig_identify(&rig, RIG_ID);
	rig_expect_ask(&rig, 0, ASK_CONTAINER, RIG_ID);
	/* One that is on the list, and had to wait. */
	rig_identify(&rig, "0000000000000000000000000000000000000000000000000000000000000099");
	rig_expect_ask(&rig, 0, ASK_CONTAINER,
		"0000000000000000000000000000000000000000000000000000000000000099");
}

/* Each of two engines has half of the asks, so one that hangs leaves the other's alone; and when it
 * is back it has its half again. */
static void as_many_as_may_be_asked(void **state)
{
	enum { MOST = 56 / RIG_ENGINES - 2 };
	char id[CONTAINER_ID_LENGTH + 1];

	(void)state;
	for (int round = 0; round < 2; round++) {
		for (int i = 0; i < MOST; i++) {
			snprintf(id, sizeof id, "%064d", i);
			rig_identify(&rig, id);
			rig_expect_ask(&rig, 0, ASK_CONTAINER, id);
		}
		rig_identify(&rig, RIG_ID);
		assert_true(rig_is_quiet(rig.gate));
		close(events);
		rig_expect_state(&rig, 0, ENGINE_DOWN);
		for (int i = 0; i < MOST + 1; i++) {
			struct frame frame;

			rig_expect(rig.core, ROLE_CORE, FRAME_UNKNOWN, &frame);
		}
		events = rig_answer_pipe(&rig, rig_expect_ask(&rig, 0, ASK_EVENTS, ""));
		rig_write(events, RIG_OK);
		rig_expect_state(&rig, 0, ENGINE_LISTING);
		rig_answer(&rig, rig_expect_ask(&rig, 0, ASK_LIST, ""), RIG_OK "[]");
		rig_expect_state(&rig, 0, ENGINE_SYNCED);
	}
}

/* What takes too long is over for who waits, and is asked for again by who asks again. */
static void engine_that_hangs(void **state)
{
	(void)state;
	rig_identify(&rig, RIG_ID);
	rig_expect_ask(&rig, 0, ASK_CONTAINER, RIG_ID);
	rig_expect_unknown(&rig, RIG_ID);
	assert_true(rig_is_quiet(rig.gate));
	rig_identify(&rig, RIG_ID);
	rig_expect_ask(&rig, 0, ASK_CONTAINER, RIG_ID);
}

/* A line that is no event: what it would have said is found by listing again. */
static void lost_event(void **state)
{
	(void)state;
	rig_write(events, "{\n");
	assert_true(rig_is_quiet(rig.gate));
	rig_expect_state(&rig, 0, ENGINE_LISTING);
	rig_answer(&rig, rig_expect_ask(&rig, 0, ASK_LIST, ""), RIG_OK "[{\"Id\":\"" RIG_ID "\"}]");
	rig_answer(&rig, rig_expect_ask(&rig, 0, ASK_CONTAINER, RIG_ID), RIG_NOT_FOUND);
	rig_expect_state(&rig, 0, ENGINE_SYNCED);
}

/* An engine that is busy for a moment is asked again; one that is not well, three times. */
static void failures(void **state)
{
	uint32_t asked;

	(void)state;
	rig_identify(&rig, RIG_ID);
	asked = rig_expect_ask(&rig, 0, ASK_CONTAINER, RIG_ID);
	rig_answer(&rig, asked, RIG_FAILED);
	asked = rig_expect_ask(&rig, 0, ASK_CONTAINER, RIG_ID);
	rig_answer_container(&rig, asked, RIG_ID, "running");
	asked = rig_expect_ask(&rig, 0, ASK_IMAGE, RIG_IMAGE);
	rig_answer(&rig, asked, RIG_FAILED);
	asked = rig_expect_ask(&rig, 0, ASK_CONTAINER, RIG_ID);
	rig_answer_container(&rig, asked, RIG_ID, "running");
	rig_answer(&rig, rig_expect_ask(&rig, 0, ASK_IMAGE, RIG_IMAGE), RIG_IMAGE_ANSWER);
	rig_expect_came(&rig, 0, RIG_ID, LIFE_RUNNING);
	rig_identify(&rig, RIG_OTHER_ID);
	for (int i = 0; i < 3; i++) {
		assert_true(rig_is_quiet(rig.core));
		asked = rig_expect_ask(&rig, 0, ASK_CONTAINER, RIG_OTHER_ID);
		rig_refuse(&rig, asked, TACIT_LIMIT);
	}
	rig_expect_unknown(&rig, RIG_OTHER_ID);
	assert_true(rig_is_quiet(rig.gate));
}

/* What the image carries cannot be had: no label counts, and its container is told of. */
static void image_that_is_gone(void **state)
{
	struct frame frame;
	uint32_t asked;

	(void)state;
	rig_event(events, "start", RIG_ID);
	asked = rig_expect_ask(&rig, 0, ASK_CONTAINER, RIG_ID);
	rig_answer_container(&rig, asked, RIG_ID, "running");
	rig_answer(&rig, rig_expect_ask(&rig, 0, ASK_IMAGE, RIG_IMAGE), RIG_NOT_FOUND);
	rig_expect(rig.core, ROLE_CORE, FRAME_CAME, &frame);
	assert_string_equal(frame.body.came.facts.name, "web");
	assert_int_equal(frame.body.came.facts.labels_length, 0);
	assert_int_equal(frame.body.came.facts.labels_cut, 1);
}

/* Two containers of one image, at once: it is asked for once. */
static void one_image(void **state)
{
	uint32_t first, second, image;

	(void)state;
	rig_event(events, "create", RIG_ID);
	rig_event(events, "create", RIG_OTHER_ID);
	first = rig_expect_ask(&rig, 0, ASK_CONTAINER, RIG_ID);
	second = rig_expect_ask(&rig, 0, ASK_CONTAINER, RIG_OTHER_ID);
	rig_answer_container(&rig, first, RIG_ID, "created");
	image = rig_expect_ask(&rig, 0, ASK_IMAGE, RIG_IMAGE);
	rig_answer_container(&rig, second, RIG_OTHER_ID, "created");
	assert_true(rig_is_quiet(rig.gate));
	rig_answer(&rig, image, RIG_IMAGE_ANSWER);
	rig_expect_came(&rig, 0, RIG_ID, LIFE_CREATED);
	rig_expect_came(&rig, 0, RIG_OTHER_ID, LIFE_CREATED);
}

/* The answer to another question, a body in chunks, one that breaks off, one that is too long. */
static void answers_that_are_none(void **state)
{
	static char long_text[(1 << 20) + 100];
	uint32_t asked;
	int pipe;

	(void)state;
	rig_identify(&rig, RIG_ID);
	asked = rig_expect_ask(&rig, 0, ASK_CONTAINER, RIG_ID);
	rig_answer_container(&rig, asked, RIG_OTHER_ID, "running");
	rig_expect_unknown(&rig, RIG_ID);
	rig_identify(&rig, RIG_ID);
	asked = rig_expect_ask(&rig, 0, ASK_CONTAINER, RIG_ID);
	rig_answer(&rig, asked, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n");
	asked = rig_expect_ask(&rig, 0, ASK_CONTAINER, RIG_ID);
	rig_answer(&rig, asked, "HTTP/1.0 200 OK\r\nContent-Length: 3\r\n\r\n{}");
	asked = rig_expect_ask(&rig, 0, ASK_CONTAINER, RIG_ID);
	pipe = rig_answer_pipe(&rig, asked);
	rig_write(pipe, RIG_OK "{\"Id\":\"" RIG_ID "\"}");
	memset(long_text, ' ', sizeof long_text - 1);
	signal(SIGPIPE, SIG_IGN);
	assert_true(write(pipe, long_text, sizeof long_text - 1) > 0);
	close(pipe);
	rig_expect_unknown(&rig, RIG_ID);
}

/* Tried again, sooner at first; and nothing of before is asked for any more. */
static void engine_that_ends(void **state)
{
	uint32_t asked;
	int late;

	(void)state;
	rig_event(events, "create", RIG_ID);
	asked = rig_expect_ask(&rig, 0, ASK_CONTAINER, RIG_ID);
	close(events);
	rig_expect_state(&rig, 0, ENGINE_DOWN);
	/* A late answer is no answer: nobody reads it. */
	late = rig_answer_pipe(&rig, asked);
	rig_refuse(&rig, rig_expect_ask(&rig, 0, ASK_EVENTS, ""), TACIT_UNAVAILABLE);
	signal(SIGPIPE, SIG_IGN);
	assert_int_equal(write(late, "H", 1), -1);
	close(late);
	for (int i = 0; i < 2; i++)
		rig_refuse(&rig, rig_expect_ask(&rig, 0, ASK_EVENTS, ""), TACIT_UNAVAILABLE);
	asked = rig_expect_ask(&rig, 0, ASK_EVENTS, "");
	rig_answer(&rig, asked, RIG_FAILED);
	asked = rig_expect_ask(&rig, 0, ASK_EVENTS, "");
	assert_true(rig_is_quiet(rig.core));
	events = rig_answer_pipe(&rig, asked);
	rig_write(events, RIG_OK);
	rig_expect_state(&rig, 0, ENGINE_LISTING);
	asked = rig_expect_ask(&rig, 0, ASK_LIST, "");
	rig_answer(&rig, asked, RIG_FAILED);
	rig_expect_state(&rig, 0, ENGINE_DOWN);
}

/* Its containers are looked at when somebody waits, and it is not said that all are known. */
static void list_that_cannot_be_read(void **state)
{
	(void)state;
	rig_expect_state(&rig, 0, ENGINE_DOWN);
	rig_expect_state(&rig, 1, ENGINE_DOWN);
	events = rig_answer_pipe(&rig, rig_expect_ask(&rig, 0, ASK_EVENTS, ""));
	rig_expect_ask(&rig, 1, ASK_EVENTS, "");
	rig_write(events, RIG_OK);
	rig_expect_state(&rig, 0, ENGINE_LISTING);
	rig_answer(&rig, rig_expect_ask(&rig, 0, ASK_LIST, ""), RIG_OK "{}");
	assert_true(rig_is_quiet(rig.core));
	rig_identify(&rig, RIG_ID);
	rig_expect_ask(&rig, 0, ASK_CONTAINER, RIG_ID);
}

static void another_core(void **state)
{
	int old = rig.core;

	(void)state;
	rig_event(events, "create", RIG_ID);
	rig_expect_ask(&rig, 0, ASK_CONTAINER, RIG_ID);
	rig_identify(&rig, RIG_ID);
	rig_identify(&rig, RIG_OTHER_ID);
	rig_expect_ask(&rig, 0, ASK_CONTAINER, RIG_OTHER_ID);
	/* The one before has not gone yet: what it waited for is not told to this one. */
	rig.core = -1;
	rig_new_core(&rig);
	assert_true(rig_is_quiet(rig.holder));
	close(events);
	sync_first();
	assert_true(rig_is_quiet(rig.core));
	close(old);
}

/* Without a core there is nobody to tell: nothing is asked. */
static void no_core(void **state)
{
	char byte;

	(void)state;
	rig_let_go(&rig.core);
	assert_true(rig_is_quiet(rig.gate));
	signal(SIGPIPE, SIG_IGN);
	assert_int_equal(write(events, &byte, 1), -1);
	close(events);
	rig_new_core(&rig);
	sync_first();
}

static void another_gate(void **state)
{
	(void)state;
	rig_identify(&rig, RIG_ID);
	rig_expect_ask(&rig, 0, ASK_CONTAINER, RIG_ID);
	rig_let_go(&rig.gate);
	rig_expect_state(&rig, 0, ENGINE_DOWN);
	rig_expect_unknown(&rig, RIG_ID);
	close(events);
	rig_new_gate(&rig);
	sync_first();
}

/* A core that does not read for a while is told all of it, in order, when it does. */
static void slow_core(void **state)
{
	enum { EVENTS = 20000 };
	char id[CONTAINER_ID_LENGTH + 1];

	(void)state;
	for (int i = 0; i < EVENTS; i++) {
		snprintf(id, sizeof id, "%064d", i);
		rig_event(events, "die", id);
	}
	for (int i = 0; i < EVENTS; i++) {
		snprintf(id, sizeof id, "%064d", i);
		rig_expect_went(&rig, id, false);
	}
}

static void what_core_may_not_say(void **state)
{
	(void)state;
	rig_identify(&rig, "web");
	assert_int_equal(rig_status(&rig), 1);
}

static void what_gate_may_not_give(void **state)
{
	const struct frame_give give = { .what = GIVE_ANSWER, .index = 1 };

	(void)state;
	/* A pipe that is none. */
	assert_int_equal(frame_send(rig.gate, FRAME_GIVE, &give, sizeof give, -1, NULL), 0);
	assert_int_equal(rig_status(&rig), 1);
}

static void what_holder_may_not_give(void **state)
{
	const struct frame_give give = { .what = GIVE_LISTENER };

	(void)state;
	assert_int_equal(frame_send(rig.holder, FRAME_GIVE, &give, sizeof give, rig.gate, NULL), 0);
	assert_int_equal(rig_status(&rig), 1);
}

/* holder is gone: it goes on for as long as there is a core. */
static void without_holder(void **state)
{
	(void)state;
	rig_let_go(&rig.holder);
	rig_identify(&rig, RIG_ID);
	rig_answer(&rig, rig_expect_ask(&rig, 0, ASK_CONTAINER, RIG_ID), RIG_NOT_FOUND);
	rig_expect_unknown(&rig, RIG_ID);
}

#define test(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
#define test_synced(name) cmocka_unit_test_setup_teardown(name, set_up_synced, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		test(holder),
		test(listing),
		test(gone_before_it_was_looked_at),
		test_synced(events_are_told),
		test_synced(ended_while_looked_at),
		test_synced(ended_while_its_image_was),
		test_synced(changed_while_looked_at),
		test_synced(identified),
		test(identified_with_every_engine_down),
		test(identified_by_the_second),
		test(identified_before_a_long_list),
		test_synced(as_many_as_may_be_asked),
		test_synced(engine_that_hangs),
		test_synced(lost_event),
		test_synced(failures),
		test_synced(image_that_is_gone),
		test_synced(one_image),
		test_synced(answers_that_are_none),
		test_synced(engine_that_ends),
		test(list_that_cannot_be_read),
		test_synced(another_core),
		test_synced(no_core),
		test_synced(another_gate),
		test_synced(slow_core),
		test_synced(what_core_may_not_say),
		test_synced(what_gate_may_not_give),
		test_synced(what_holder_may_not_give),
		test_synced(without_holder),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
