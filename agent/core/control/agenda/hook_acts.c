/* SPDX-License-Identifier: Apache-2.0 */
/* A hook that is a signal or a restart: an act on each running container of a consumer. None that
 * runs is none to act on. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/control/agenda/hooks.h"

/* A restart may take its ten seconds: a consumer of many containers does not keep others waiting.
 */
#define ACTS_OF_ONE 16
/* How long an engine that has just been lost may take to come back, before that is a failure. */
#define ENGINE_PATIENCE_NS UINT64_C(10000000000)

/* The containers that a consumer has now, and whether there may be others. */
struct gathering {
	const struct node *directory;
	enum containers_engine engines[CONFIG_ENGINES_MAX];
	struct hook_act *acts;
	size_t count, room;
	bool unsure, full;
};

static void gather(void *arg, const struct container_facts *facts, enum container_state state)
{
	struct gathering *all = arg;
	struct hook_act *act;

	/* A run has no engine that could be asked to do anything to it. */
	if (facts->engine >= CONFIG_ENGINES_MAX || !server_is_consumer(all->directory, facts))
		return;
	all->unsure |= all->engines[facts->engine] != CONTAINERS_SYNCED;
	if (all->engines[facts->engine] != CONTAINERS_SYNCED || state != CONTAINER_RUNNING)
		return;
	if (all->count == all->room) {
		size_t room = all->room ? all->room * 2 : 8;
		void *more = reallocarray(all->acts, room, sizeof *all->acts);

		all->full |= !more;
		if (!more)
			return;
		all->acts = more;
		all->room = room;
	}
	act = &all->acts[all->count++];
	*act = (struct hook_act){ .engine = facts->engine, .state = ACT_TO_DO };
	memcpy(act->id, facts->id, sizeof act->id);
}

static int ask_act(struct core *core, struct hook_run *run, size_t at)
{
	struct hook_errand *errand = hook_errand_free(core->hooks);
	struct hook_act *act = &run->acts[at];
	struct frame_act frame = { .engine = act->engine,
		.what = run->hook.kind == HOOK_RESTART ? ACT_RESTART : ACT_SIGNAL };
	int status;

	if (!errand)
		return -TACIT_BUSY;
	memcpy(frame.id, act->id, sizeof frame.id);
	if (frame.what == ACT_SIGNAL)
		snprintf(frame.signal, sizeof frame.signal, "%.7s", run->hook.name);
	status = errands_act(core, &frame, NULL);
	if (status < 0)
		return status;
	*errand = (struct hook_errand){ frame.number, run, at };
	act->state = ACT_ASKED;
	return 0;
}

static unsigned int count_asked(const struct hook_run *run)
{
	unsigned int asked = 0;

	for (size_t i = 0; i < run->act_count; i++)
		asked += run->acts[i].state == ACT_ASKED;
	return asked;
}

/* Ask for as many as there is room for; over when none is left to be asked for, or under way. */
void hook_acts_go_on(struct core *core, struct hook_run *run, uint64_t now_ns)
{
	unsigned int asked = count_asked(run);

	for (size_t i = 0; i < run->act_count; i++) {
		if (run->acts[i].state != ACT_TO_DO)
			continue;
		if (asked == ACTS_OF_ONE) {
			run->hold_ns = HOOK_NEVER; /* until one has ended */
			return;
		}
		if (ask_act(core, run, i) < 0) {
			run->hold_ns = now_ns + HOOK_AGAIN_NS;
			return;
		}
		asked++;
	}
	if (!asked)
		hook_run_be_over(run, now_ns);
}

static bool was_done(const struct hook_run *run, const char *id)
{
	for (size_t i = 0; i < run->act_count; i++)
		if (run->acts[i].state == ACT_DONE && !strcmp(run->acts[i].id, id))
			return true;
	return false;
}

void hook_acts_begin(struct core *core, struct hook_run *run, uint64_t now_ns)
{
	struct gathering all = { .directory = model_consumer(core->model, run->consumer) };

	for (unsigned int i = 0; i < CONFIG_ENGINES_MAX; i++)
		all.engines[i] = containers_engine_state(core->containers, i);
	containers_each(core->containers, gather, &all);
	if (all.full || (all.unsure && now_ns < run->since_ns + ENGINE_PATIENCE_NS)) {
		free(all.acts);
		run->hold_ns = now_ns + HOOK_AGAIN_NS;
		return;
	}
	for (size_t i = 0; i < all.count; i++)
		if (was_done(run, all.acts[i].id))
			all.acts[i].state = ACT_DONE;
	free(run->acts);
	run->acts = all.acts;
	run->act_count = all.count;
	run->endless = all.unsure;
	if (all.unsure)
		hook_run_fail(run, "an engine that has had containers of it does not answer");
	run->stage = STAGE_GOING;
	hook_acts_go_on(core, run, now_ns);
}

void hook_acts_hear(struct hook_run *run, size_t at, const struct errand_end *end, uint64_t now_ns)
{
	run->acts[at].state = end->busy ? ACT_TO_DO : end->done ? ACT_DONE : ACT_FAILED;
	run->hold_ns = end->busy ? now_ns + HOOK_AGAIN_NS : now_ns;
	if (!end->busy && !end->done)
		hook_run_fail(run, end->reason);
	for (size_t i = 0; i < run->act_count; i++)
		if (run->acts[i].state == ACT_TO_DO || run->acts[i].state == ACT_ASKED)
			return;
	hook_run_be_over(run, now_ns);
}
