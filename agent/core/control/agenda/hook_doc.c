/* SPDX-License-Identifier: Apache-2.0 */
/* How far hooks are, for operators. */
#include "core/control/agenda/hooks.h"
#include "core/control/call.h"

static bool is_running(const struct core *core, const struct grant *grant)
{
	const struct hook_run *run =
		hook_run_find(core->hooks, grant->record.consumer, grant->record.on_rotate);

	return run && (run->stage == STAGE_GOING || run->stage == STAGE_OVER);
}

enum hook_due_state hook_state(const struct core *core, const struct grant *grant)
{
	return hook_is_meant(core, grant)
		       ? hook_due_state(&grant->hook, secret_since_ns(grant->secret))
		       : HOOK_IDLE;
}

/* Failures for the last change. */
static void put_failures(struct pack *doc, const struct grant *grant, enum hook_due_state state)
{
	bool failed = state == HOOK_FAILING || state == HOOK_GAVE_UP;

	doc_number(doc, "attempts", failed ? grant->hook.attempts : 0);
	if (grant->hook.reason[0])
		doc_text(doc, "reason", grant->hook.reason);
	else
		doc_none(doc, "reason");
}

void doc_put_hook(struct pack *doc, const struct core *core, const struct grant *grant)
{
	static const char *const words[] = {
		[HOOK_IDLE] = "idle",
		[HOOK_PENDING] = "pending",
		[HOOK_FAILING] = "failing",
		[HOOK_GAVE_UP] = "gave_up",
	};
	enum hook_due_state state;

	if (!grant->record.on_rotate[0]) {
		doc_none(doc, "on_rotate");
		doc_none(doc, "hook");
		return;
	}
	state = hook_state(core, grant);
	doc_text(doc, "on_rotate", grant->record.on_rotate);
	doc_open(doc, "hook", DOC_OBJECT);
	doc_text(doc, "state",
		state != HOOK_IDLE && is_running(core, grant) ? "running" : words[state]);
	put_failures(doc, grant, state);
	doc_time(doc, "last_run_at", grant->hook.last_ns);
	doc_close(doc);
}

void doc_put_hooks(struct pack *doc, const struct core *core)
{
	struct grant *grant, *next;
	uint64_t pending = 0;

	doc_open(doc, "hooks", DOC_OBJECT);
	doc_open(doc, "failing", DOC_LIST);
	HASH_ITER (hh, core->model->grants, grant, next) {
		enum hook_due_state state = hook_state(core, grant);

		pending += state == HOOK_PENDING;
		if (state != HOOK_FAILING && state != HOOK_GAVE_UP)
			continue;
		doc_open(doc, NULL, DOC_OBJECT);
		doc_text(doc, "consumer", grant->record.consumer);
		doc_text(doc, "file", grant->record.file);
		doc_text(doc, "on_rotate", grant->record.on_rotate);
		put_failures(doc, grant, state);
		doc_close(doc);
	}
	doc_close(doc);
	doc_number(doc, "pending", pending);
	doc_close(doc);
}
