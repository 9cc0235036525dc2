/* SPDX-License-Identifier: Apache-2.0 */
/* A core that does not read: what is kept for it and when that is too much; and those it waits for,
 * of whom it is told one thing each. */
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "engine/tell.h"
#include "engine/waits.h"

static struct tell tell = { .channel = -1 };
static struct waits waits = { .tell = &tell };
static int core;

static const char *id_of(unsigned int number)
{
	static char id[CONTAINER_ID_LENGTH + 1];

	snprintf(id, sizeof id, "%064u", number);
	return id;
}

static int set_up(void **state)
{
	int pair[2];

	(void)state;
	assert_int_equal(frame_pair(pair, NULL), 0);
	tell_connect(&tell, pair[1]);
	core = pair[0];
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	for (unsigned int i = 0; i < WAITS_MAX; i++)
		waits_told(&waits, id_of(i));
	tell_connect(&tell, -1);
	close(core);
	return 0;
}

static bool is_quiet(void)
{
	struct pollfd poll_one = { core, POLLIN, 0 };

	return !poll(&poll_one, 1, 0);
}

static void expect_unknown(unsigned int number)
{
	struct frame frame;

	assert_int_equal(frame_receive(core, ROLE_ENGINE, ROLE_CORE, &frame, NULL), 0);
	assert_int_equal(frame.type, FRAME_UNKNOWN);
	assert_string_equal(frame.body.container_id.id, id_of(number));
}

static void kept_in_order(void **state)
{
	enum { FRAMES = 20000 };
	unsigned int read = 0;

	(void)state;
	for (unsigned int i = 0; i < FRAMES; i++)
		tell_unknown(&tell, id_of(i));
	assert_non_null(tell.oldest);
	assert_true(tell_is_behind(&tell));
	while (tell.oldest || !is_quiet()) {
		while (!is_quiet())
			expect_unknown(read++);
		tell_flush(&tell);
	}
	assert_int_equal(read, FRAMES);
	assert_int_equal(tell.bytes, 0);
	assert_false(tell.overrun);
}

static void too_much(void **state)
{
	struct frame_came came = { .life = LIFE_RUNNING };
	size_t most = TELL_MOST_BYTES / sizeof came;

	(void)state;
	for (size_t i = 0; i < most - 100; i++)
		tell_came(&tell, &came);
	assert_false(tell.overrun);
	for (size_t i = 0; i < 200; i++)
		tell_came(&tell, &came);
	assert_true(tell.overrun);
	assert_true(tell.bytes <= TELL_MOST_BYTES);
}

static void core_that_is_gone(void **state)
{
	(void)state;
	close(core);
	for (unsigned int i = 0; i < 100; i++)
		tell_unknown(&tell, id_of(i));
	assert_null(tell.oldest);
	tell_connect(&tell, -1);
	tell_unknown(&tell, id_of(1));
	assert_null(tell.oldest);
	core = -1;
}

static void one_answer_each(void **state)
{
	(void)state;
	assert_false(waits_add(&waits, id_of(1), 0));
	expect_unknown(1);
	assert_true(waits_add(&waits, id_of(2), 5));
	waits_failed(&waits, id_of(2), 0);
	waits_failed(&waits, id_of(2), 0);
	waits_failed(&waits, id_of(2), 1);
	assert_true(is_quiet());
	/* Asked for again: the first one is asked again, too. */
	assert_true(waits_add(&waits, id_of(2), 5));
	waits_failed(&waits, id_of(2), 2);
	assert_true(is_quiet());
	waits_failed(&waits, id_of(2), 0);
	expect_unknown(2);
	waits_failed(&waits, id_of(2), 0);
	assert_true(waits_add(&waits, id_of(3), 1));
	waits_told(&waits, id_of(3));
	waits_failed(&waits, id_of(3), 0);
	assert_true(is_quiet());
}

static void too_many_wait(void **state)
{
	(void)state;
	for (unsigned int i = 0; i < WAITS_MAX; i++)
		assert_true(waits_add(&waits, id_of(i), 1));
	assert_true(is_quiet());
	assert_false(waits_add(&waits, id_of(WAITS_MAX), 1));
	expect_unknown(WAITS_MAX);
	assert_true(waits_add(&waits, id_of(0), 2));
	assert_true(is_quiet());
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(kept_in_order, set_up, tear_down),
		cmocka_unit_test_setup_teardown(too_much, set_up, tear_down),
		cmocka_unit_test_setup_teardown(core_that_is_gone, set_up, tear_down),
		cmocka_unit_test_setup_teardown(one_answer_each, set_up, tear_down),
		cmocka_unit_test_setup_teardown(too_many_wait, set_up, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
