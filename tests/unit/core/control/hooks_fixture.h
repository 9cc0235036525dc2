/* SPDX-License-Identifier: Apache-2.0 */
/* A desk with the worker's hooks, to which the test is holder, gate, the engine and the clock. The
 * program is linked with the three clocks wrapped, and the end of a change. Included once per test
 * program. */
#ifndef TACIT_TEST_CONTROL_HOOKS_FIXTURE_H
#define TACIT_TEST_CONTROL_HOOKS_FIXTURE_H

#include "desk.h"

#include <poll.h>

#include "core/control/agenda/hooks.h"

#define DEBOUNCE_NS UINT64_C(2000000000)

#define SECOND UINT64_C(1000000000)

/* Time stands still, but for what the test lets pass, and a microsecond whenever somebody looks. */
static _Atomic uint64_t later_ns;
static int holder, gate; /* the other ends of core's channels */

uint64_t __wrap_clock_monotonic_ns(void);
uint64_t __wrap_clock_boottime_ns(void);
uint64_t __wrap_clock_realtime_ns(void);

uint64_t __wrap_clock_monotonic_ns(void)
{
	return 1000 * SECOND + atomic_fetch_add(&later_ns, 1000);
}

uint64_t __wrap_clock_boottime_ns(void)
{
	return 2000 * SECOND + atomic_fetch_add(&later_ns, 1000);
}

uint64_t __wrap_clock_realtime_ns(void)
{
	return UINT64_C(1800000000) * SECOND + atomic_fetch_add(&later_ns, 1000);
}

/* The disk. */
static bool refuses;

int __real_vault_commit(struct vault *vault, struct err *err);
int __wrap_vault_commit(struct vault *vault, struct err *err);

int __wrap_vault_commit(struct vault *vault, struct err *err)
{
	return refuses ? err_set(err, TACIT_IO, "no space") : __real_vault_commit(vault, err);
}

/* A container of compose/shop/SERVICE: all digits of its id are `digit`. */
static inline void tell_container(
	struct desk *desk, char digit, const char *service, enum container_state state)
{
	struct container_facts facts = { .name = "one", .project = "shop" };

	memset(facts.id, digit, CONTAINER_ID_LENGTH);
	snprintf(facts.service, sizeof facts.service, "%s", service);
	containers_came(desk->core.containers, &facts, state);
}

static inline void tell_engine(struct desk *desk, enum containers_engine state)
{
	containers_engine(desk->core.containers, 0, state);
}

static inline void meet(int *ours, int *theirs)
{
	int pair[2];

	assert_int_equal(frame_pair(pair, NULL), 0);
	*ours = pair[0];
	*theirs = pair[1];
}

static inline int hooks_set_up(void **state)
{
	struct desk *desk;

	atomic_store(&later_ns, 0);
	refuses = false;
	assert_int_equal(desk_set_up(state), 0);
	desk = *state;
	meet(&desk->core.holder, &holder);
	meet(&desk->core.gate, &gate);
	desk->core.config.engine_count = 1;
	desk->core.config.hook_debounce = DEBOUNCE_NS / 1000000;
	desk->core.containers = containers_new(&desk->core.config, CONTAINERS_PATIENCE_NS);
	assert_non_null(desk->core.containers);
	tell_engine(desk, CONTAINERS_SYNCED);
	return 0;
}

static inline int hooks_tear_down(void **state)
{
	struct desk *desk = *state;

	close(desk->core.holder);
	close(desk->core.gate);
	close(holder);
	close(gate);
	containers_free(desk->core.containers);
	return desk_tear_down(state);
}

/* What the worker and main do, until neither has anything to do at this time. */
static inline void turn(struct desk *desk)
{
	struct errand_end end;

	do {
		while (errands_next_end(&desk->core, &end))
			assert_true(hooks_errand_ended(&desk->core, &end));
		hooks_work(&desk->core);
		errands_send(&desk->core);
	} while (hooks_patience(&desk->core) == 0);
}

/* Time passes, in steps that the worker sleeps for. */
static inline void pass(struct desk *desk, uint64_t ns)
{
	uint64_t until_ns = atomic_load(&later_ns) + ns;

	turn(desk);
	while (atomic_load(&later_ns) < until_ns) {
		int wait = hooks_patience(&desk->core);
		uint64_t step = wait < 0 ? ns : (uint64_t)wait * 1000000;
		uint64_t now_ns = atomic_load(&later_ns);

		atomic_store(&later_ns, now_ns + step < until_ns ? now_ns + step : until_ns);
		turn(desk);
	}
}

static inline void create(struct desk *desk, const char *secret)
{
	assert_int_equal(desk_value(desk, VERB_SECRET_CREATE, secret, "first"), 0);
	hooks_changed(&desk->core);
}

static inline void rotate(struct desk *desk, const char *secret)
{
	assert_int_equal(desk_value(desk, VERB_SECRET_ROTATE, secret, "another"), 0);
	hooks_changed(&desk->core);
}

static inline void grant_hook(
	struct desk *desk, const char *secret, const char *consumer, const char *on_rotate)
{
	snprintf(desk->request.on_rotate, sizeof desk->request.on_rotate, "%s", on_rotate);
	assert_int_equal(desk_grant(desk, secret, consumer, ""), 0);
	hooks_changed(&desk->core);
}

static inline bool is_readable(int channel)
{
	struct pollfd wait = { channel, POLLIN, 0 };

	return poll(&wait, 1, 0) == 1;
}

static inline void expect_nothing(void)
{
	assert_false(is_readable(holder));
	assert_false(is_readable(gate));
}

static inline struct frame_run expect_run(const char *program)
{
	struct frame frame;

	assert_true(is_readable(holder));
	assert_int_equal(frame_receive(holder, ROLE_CORE, ROLE_HOLDER, &frame, NULL), 0);
	assert_int_equal(frame.type, FRAME_RUN);
	assert_string_equal(frame.body.run.program, program);
	assert_int_equal(frame.body.run.lane, RUN_HOOK);
	return frame.body.run;
}

static inline struct frame_act expect_act(enum act what, const char *signal, char digit)
{
	struct frame frame;

	assert_true(is_readable(gate));
	assert_int_equal(frame_receive(gate, ROLE_CORE, ROLE_GATE, &frame, NULL), 0);
	assert_int_equal(frame.type, FRAME_ACT);
	assert_int_equal(frame.body.act.what, what);
	assert_string_equal(frame.body.act.signal, signal);
	assert_int_equal(frame.body.act.id[0], digit);
	assert_true(container_id_ok(frame.body.act.id));
	return frame.body.act;
}

static inline void tell_ran(
	struct desk *desk, const struct frame_run *run, enum run_end how, int status)
{
	struct frame_ran ran = { run->number, run->lane, how, status };

	errands_ran(&desk->core, &ran);
	turn(desk);
}

static inline void tell_acted(struct desk *desk, const struct frame_act *act, uint32_t http)
{
	struct frame_acted acted = { act->number, 0, http };

	errands_acted(&desk->core, &acted);
	turn(desk);
}

/* What `grant ls` says of the hook of the secret's one grant. */
static inline void expect_state(
	struct desk *desk, const char *secret, const char *word, uint64_t attempts)
{
	assert_int_equal(desk_ask(desk, VERB_GRANT_LIST, secret), 0);
	desk_text(desk, "state", 1, word);
	assert_int_equal(desk_number(desk, "attempts", 0), attempts);
}

#endif
