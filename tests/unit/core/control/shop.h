/* SPDX-License-Identifier: Apache-2.0 */
/* A secret with a schedule. The test is holder and the rotator's program: it is given descriptors,
 * reads and writes them, and says how it ended. */
#ifndef TACIT_TEST_CONTROL_SHOP_H
#define TACIT_TEST_CONTROL_SHOP_H

#include "desk.h"

#include <fcntl.h>
#include <poll.h>

#include "core/control/agenda/errands.h"
#include "core/control/agenda/rotator.h"
#include "core/rotation/rotation.h"

#define DAY_S 86400ull

struct shop {
	struct desk *desk;
	int holder; /* its end of the channel */
};

/* What the program of one run has. */
struct program {
	struct frame_run run;
	int output, old_value, new_value; /* each -1: /dev/null */
};

static inline void forget_rotator(struct core *core)
{
	if (core->rotator)
		rotator_end(core->rotator);
	free(core->rotator);
	core->rotator = NULL;
}

static inline int shop_set_up(void **state)
{
	struct shop *shop = calloc(1, sizeof *shop);
	int pair[2];
	void *desk;

	assert_non_null(shop);
	assert_int_equal(desk_set_up(&desk), 0);
	shop->desk = desk;
	assert_int_equal(frame_pair(pair, NULL), 0);
	shop->desk->core.holder = pair[0];
	shop->holder = pair[1];
	shop->desk->core.config.keep_versions = 10;
	*state = shop;
	return 0;
}

static inline int shop_tear_down(void **state)
{
	struct shop *shop = *state;
	void *desk = shop->desk;

	forget_rotator(&shop->desk->core);
	close(shop->desk->core.holder);
	close(shop->holder);
	free(shop);
	return desk_tear_down(&desk);
}

/* core dies, and what was asked of holder is asked by nobody any more. */
static inline void crash(struct shop *shop)
{
	struct core *core = &shop->desk->core;

	forget_rotator(core);
	close(errands_send_fd(core));
	close(errands_end_fd(core));
	free(core->errands);
	core->errands = errands_new();
	desk_restart(shop->desk);
}

static inline const struct schedule_record *the_schedule(const struct shop *shop)
{
	const struct schedule *schedule =
		model_schedule(shop->desk->core.model, desk_secret(shop->desk, RIG_SECRET));

	assert_non_null(schedule);
	return &schedule->record;
}

static inline const struct secret_record *the_secret(const struct shop *shop)
{
	return &desk_secret(shop->desk, RIG_SECRET)->record;
}

static inline void schedule(
	struct shop *shop, const char *rotator, uint64_t every_s, uint64_t overlap_s)
{
	struct frame_request *request = &shop->desk->request;

	request->generate = 16;
	request->alphabet = 2;
	request->every_ns = every_s * 1000000000;
	request->lifetime_ns = overlap_s * 1000000000;
	snprintf(request->rotator, sizeof request->rotator, "%s", rotator);
	assert_int_equal(desk_ask(shop->desk, VERB_SECRET_SCHEDULE, RIG_SECRET), 0);
}

/* It is due; what was to be waited for is over. */
static inline void now(struct shop *shop)
{
	shop->desk->request.flags = REQUEST_NOW;
	assert_int_equal(desk_ask(shop->desk, VERB_SECRET_SCHEDULE, RIG_SECRET), 0);
	if (shop->desk->core.rotator)
		shop->desk->core.rotator->not_before_ns = 0;
}

static inline bool is_asked(const struct shop *shop)
{
	struct pollfd wait = { shop->holder, POLLIN, 0 };

	errands_send(&shop->desk->core);
	return poll(&wait, 1, 0) == 1;
}

static inline void expect_nothing(struct shop *shop)
{
	schedules_work(&shop->desk->core);
	assert_false(is_asked(shop));
}

/* What the core asks holder to run. */
static inline struct program next_program(struct shop *shop)
{
	struct program program = { .output = -1, .old_value = -1, .new_value = -1 };
	struct frame frame;

	schedules_work(&shop->desk->core);
	for (;;) {
		assert_true(is_asked(shop));
		assert_int_equal(
			frame_receive(shop->holder, ROLE_CORE, ROLE_HOLDER, &frame, NULL), 0);
		if (frame.type == FRAME_RUN)
			break;
		assert_int_equal(frame.body.give.what, GIVE_STREAM);
		if (frame.body.give.index == 1)
			program.output = frame.fd;
		else if (frame.body.give.index == RUN_OLD_FD)
			program.old_value = frame.fd;
		else
			program.new_value = frame.fd;
	}
	program.run = frame.body.run;
	assert_int_equal(program.run.lane, RUN_ROTATOR);
	assert_string_equal(program.run.secret, RIG_SECRET);
	assert_string_equal(program.run.consumer, "");
	return program;
}

/* All of a stream, as a program reads it; it ends. */
static inline size_t read_stream(int *fd, char *text, size_t room)
{
	size_t length = 0;
	ssize_t got;

	assert_true(*fd >= 0);
	assert_false(fcntl(*fd, F_GETFL) & O_NONBLOCK);
	while ((got = read(*fd, text + length, room - length)) > 0)
		length += (size_t)got;
	assert_int_equal(got, 0);
	close(*fd);
	*fd = -1;
	return length;
}

static inline void expect_stream(int *fd, const char *value)
{
	char text[256];

	assert_int_equal(read_stream(fd, text, sizeof text), strlen(value));
	assert_memory_equal(text, value, strlen(value));
}

static inline void leave(struct program *program)
{
	int *fds[] = { &program->output, &program->old_value, &program->new_value };

	for (int i = 0; i < 3; i++)
		if (*fds[i] >= 0)
			close(*fds[i]);
	*program = (struct program){ .output = -1, .old_value = -1, .new_value = -1 };
}

/* holder says how it ended; the worker hears it. */
static inline void end_as(struct shop *shop, struct program *program, enum run_end end, int status)
{
	struct core *core = &shop->desk->core;
	const struct frame_ran ran = {
		.number = program->run.number, .lane = RUN_ROTATOR, .end = end, .status = status
	};
	struct errand_end ended;

	leave(program);
	errands_ran(core, &ran);
	assert_true(errands_next_end(core, &ended));
	assert_true(schedules_errand_ended(core, &ended));
	assert_false(schedules_errand_ended(core, &ended)); /* once */
}

/* The next program is this one; it works, or it does not. */
static inline void run(struct shop *shop, const char *argument, int status)
{
	struct program program = next_program(shop);

	assert_string_equal(program.run.argument, argument);
	assert_string_equal(program.run.program, "postgres");
	if (!strcmp(argument, "make"))
		assert_int_equal(write(program.output, "second", 6), 6);
	else
		expect_stream(&program.new_value, "second");
	expect_stream(&program.old_value, "first");
	end_as(shop, &program, RUN_EXITED, status);
}

static inline unsigned int count_states(struct shop *shop, const char *state)
{
	struct doc_item item;
	unsigned int count = 0;

	assert_int_equal(desk_ask(shop->desk, VERB_SECRET_HISTORY, RIG_SECRET), 0);
	for (unsigned int i = 0; desk_item(shop->desk, "state", i, &item); i++)
		count += !strcmp(item.text, state);
	return count;
}

#endif
