/* SPDX-License-Identifier: Apache-2.0 */
/* Which hooks are due. All grants are looked at when something has changed or is due, and then not
 * again for a moment: a flood of changes costs one look. */
#include "core/control/agenda/hooks.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

#define WALK_EVERY_NS UINT64_C(200000000)
#define RUNS_AT_ONCE 16 /* go on before others of the worker's have their turn */

struct hooks *hooks_new(void)
{
	return calloc(1, sizeof(struct hooks));
}

bool hook_is_meant(const struct core *core, const struct grant *grant)
{
	return grant->hook_kept && grant_lives(grant) && !grant->record.version &&
	       !grant_expired(grant, model_now_ns(core->model));
}

bool hook_is_wanted(const struct core *core, const struct grant *grant)
{
	const struct consumer *consumer;

	if (!hook_is_meant(core, grant))
		return false;
	consumer = node_consumer(grant->node)->consumer;
	return !consumer || !consumer->record.frozen_ns;
}

static void look_by(struct hooks *hooks, uint64_t at_ns)
{
	if (at_ns < hooks->look_ns)
		hooks->look_ns = at_ns;
}

void hooks_walk_by(struct hooks *hooks, uint64_t at_ns)
{
	if (at_ns < hooks->walked_ns + WALK_EVERY_NS)
		at_ns = hooks->walked_ns + WALK_EVERY_NS;
	if (at_ns < hooks->walk_ns)
		hooks->walk_ns = at_ns;
	look_by(hooks, at_ns);
}

static uint64_t debounce_ns(const struct core *core)
{
	return core->config.hook_debounce * UINT64_C(1000000);
}

void hooks_changed(struct core *core)
{
	if (!core->model->locked)
		hooks_walk_by(core->hooks, model_now_ns(core->model) + debounce_ns(core));
}

static void note_wanted(struct grant *grant, uint64_t since_ns, uint64_t now_ns)
{
	enum hook_due_state state = hook_due_state(&grant->hook, since_ns);

	if (state == HOOK_IDLE || state == HOOK_GAVE_UP)
		grant->hook_wanted_ns = 0;
	else if (!grant->hook_wanted_ns || grant->hook_wanted_ns > now_ns)
		grant->hook_wanted_ns = now_ns;
}

/* What has not been run for its last change. *items is malloc'd. */
static size_t find_items(const struct core *core, uint64_t now_ns, struct hook_due_item **items)
{
	struct grant *grant, *next;
	size_t count = 0, room = 0;

	*items = NULL;
	HASH_ITER (hh, core->model->grants, grant, next) {
		uint64_t since_ns;

		if (!hook_is_wanted(core, grant))
			continue;
		since_ns = secret_since_ns(grant->secret);
		note_wanted(grant, since_ns, now_ns);
		if (hook_due_state(&grant->hook, since_ns) == HOOK_IDLE)
			continue;
		if (count == room) {
			void *more = reallocarray(*items, room ? room * 2 : 64, sizeof **items);

			if (!more)
				break; /* the others are found when these are done */
			*items = more;
			room = room ? room * 2 : 64;
		}
		(*items)[count++] =
			(struct hook_due_item){ grant->record.consumer, grant->record.on_rotate,
				&grant->hook, since_ns, grant->hook_wanted_ns, grant };
	}
	return count;
}

static bool set_members(struct hook_run *run, const struct hook_due_item *group, size_t count)
{
	struct hook_member *members = reallocarray(run->members, count, sizeof *members);

	if (!members)
		return false;
	run->members = members;
	run->member_count = count;
	for (size_t i = 0; i < count; i++) {
		struct grant *grant = group[i].grant;

		grant->hook_wanted_ns = 0;
		memcpy(members[i].grant_id, grant->record.id, SEAL_ID_BYTES);
		members[i].since_ns = group[i].since_ns;
	}
	return true;
}

static void make_due(
	struct core *core, const struct hook_due_item *group, size_t count, uint64_t now_ns)
{
	struct hook_run *run = hook_run_find(core->hooks, group->consumer, group->on_rotate);

	if (!run)
		run = hook_run_make(core->hooks, group->consumer, group->on_rotate, now_ns);
	if (!run || !set_members(run, group, count)) {
		hooks_walk_by(core->hooks, now_ns + debounce_ns(core));
		return;
	}
	run->stage = STAGE_WAITING;
	run->since_ns = now_ns;
	run->hold_ns = 0;
	run->seen = true;
}

static void look_at_group(
	struct core *core, const struct hook_due_item *group, size_t count, uint64_t now_ns)
{
	struct hook_run *run = hook_run_find(core->hooks, group->consumer, group->on_rotate);
	uint64_t due_ns = hook_due_at(group, count, debounce_ns(core), now_ns);

	if (run && run->stage != STAGE_RESTING)
		return;
	if (due_ns <= now_ns) {
		make_due(core, group, count, now_ns);
		return;
	}
	hooks_walk_by(core->hooks, due_ns);
	if (run)
		run->seen = due_ns != HOOK_NEVER;
}

/* Those that rest and will not be run again are forgotten. */
static void sweep(struct hooks *hooks)
{
	struct hook_run *run, *next;

	HASH_ITER (hh, hooks->runs, run, next) {
		if (run->stage == STAGE_RESTING && !run->seen)
			hook_run_drop(hooks, run);
		else
			run->seen = false;
	}
}

static void walk(struct core *core, uint64_t now_ns)
{
	struct hooks *hooks = core->hooks;
	struct hook_due_item *items;
	size_t count = find_items(core, now_ns, &items), length;

	hooks->walk_ns = HOOK_NEVER;
	hooks->walked_ns = now_ns;
	hook_due_sort(items, count);
	for (size_t i = 0; i < count; i += length) {
		length = hook_due_group(items + i, count - i);
		look_at_group(core, items + i, length, now_ns);
	}
	free(items);
	sweep(hooks);
}

/* What is under way is not heard of any more: it is run again after the unlocking. */
void hooks_forget(struct core *core)
{
	struct hooks *hooks = core->hooks;
	struct hook_run *run, *next;

	HASH_ITER (hh, hooks->runs, run, next)
		hook_run_drop(hooks, run);
	hooks->walk_ns = hooks->walked_ns = hooks->look_ns = 0;
}

/* The clock was set back: nothing of what is to be done waits for a time that was wrong. */
static void start_over(struct hooks *hooks, uint64_t now_ns)
{
	struct hook_run *run, *next;

	hooks->walk_ns = hooks->walked_ns = hooks->look_ns = 0;
	HASH_ITER (hh, hooks->runs, run, next) {
		run->since_ns = run->since_ns < now_ns ? run->since_ns : now_ns;
		run->hold_ns = 0;
	}
}

void hooks_work(struct core *core)
{
	struct hooks *hooks = core->hooks;
	struct hook_run *run, *next;
	unsigned int left = RUNS_AT_ONCE;
	uint64_t now_ns;

	if (core->model->locked) {
		hooks_forget(core);
		return;
	}
	/* That a hook was run cannot be written down: it is run then. */
	if (!vault_can_change(core->vault))
		return;
	now_ns = model_now_ns(core->model);
	if (now_ns < hooks->seen_ns)
		start_over(hooks, now_ns);
	hooks->seen_ns = now_ns;
	if (now_ns < hooks->look_ns)
		return;
	if (now_ns >= hooks->walk_ns)
		walk(core, now_ns);
	HASH_ITER (hh, hooks->runs, run, next) {
		if (hook_run_next_ns(hooks, run) > now_ns)
			continue;
		if (!left--)
			break;
		hook_run_go_on(core, run, now_ns);
	}
	hooks->look_ns = hooks->walk_ns;
	HASH_ITER (hh, hooks->runs, run, next)
		look_by(hooks, hook_run_next_ns(hooks, run));
}

int hooks_patience(const struct core *core)
{
	uint64_t look_ns = core->hooks->look_ns, now_ns, wait_ms;

	if (core->model->locked || look_ns == HOOK_NEVER || !vault_can_change(core->vault))
		return -1;
	now_ns = model_now_ns(core->model);
	if (look_ns <= now_ns)
		return 0;
	wait_ms = (look_ns - now_ns) / 1000000 + 1;
	return wait_ms < INT_MAX ? (int)wait_ms : INT_MAX;
}

bool hooks_errand_ended(struct core *core, const struct errand_end *end)
{
	struct hooks *hooks = core->hooks;

	for (int i = 0; i < HOOK_ERRANDS_MAX; i++) {
		if (hooks->errands[i].number != end->number)
			continue;
		hook_run_hear(core, &hooks->errands[i], end, model_now_ns(core->model));
		hooks->look_ns = 0;
		return true;
	}
	return false;
}
