/* SPDX-License-Identifier: Apache-2.0 */
/* A core that reads a large store is not taken for one that hangs. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <poll.h>
#include <string.h>
#include <unistd.h>

#include "core/control/core.h"

static void holder_hears_of_it_until_it_has_started(void **state)
{
	static struct core core;
	struct frame frame;
	struct err err;
	int pair[2];

	(void)state;
	assert_int_equal(frame_pair(pair, &err), 0);
	core.holder = pair[0];
	assert_int_equal(starting_begin(&core, &err), 0);
	for (int i = 0; i < 2; i++) {
		assert_int_equal(frame_receive(pair[1], ROLE_CORE, ROLE_HOLDER, &frame, &err), 0);
		assert_int_equal(frame.type, FRAME_PONG);
	}
	starting_end(&core);
	assert_null(core.starting);
	starting_end(&core);
	/* Its channel is closed behind it, and nobody else writes there. */
	close(pair[0]);
	while (frame_receive(pair[1], ROLE_CORE, ROLE_HOLDER, &frame, &err) == 0)
		assert_int_equal(frame.type, FRAME_PONG);
	close(pair[1]);
}

/* One that does not listen is not waited for. */
static void a_holder_that_is_full_holds_nothing_up(void **state)
{
	static struct core core;
	struct err err;
	int pair[2];

	(void)state;
	assert_int_equal(frame_pair(pair, &err), 0);
	while (frame_send_now(pair[0], FRAME_PONG, NULL, 0, -1, NULL) == 0)
		;
	core.holder = pair[0];
	assert_int_equal(starting_begin(&core, &err), 0);
	usleep(1100000);
	starting_end(&core);
	close(pair[0]);
	close(pair[1]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(holder_hears_of_it_until_it_has_started),
		cmocka_unit_test(a_holder_that_is_full_holds_nothing_up),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
