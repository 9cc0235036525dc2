/* SPDX-License-Identifier: Apache-2.0 */
/* One run of a hook: a program, or an act on each container of a consumer. It ends in the records
 * of its grants, all of them in one commit. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "core/control/agenda/hooks.h"
#include "core/control/audit/auditor.h"

#define PROGRAM_TIMEOUT_MS 30000
#define AGAIN_NS SECOND_NS                   /* after it was too early to ask */
#define WRITE_AGAIN_NS UINT64_C(10000000000) /* after the disk refused */

static void make_key(char key[TACIT_CONSUMER_NAME_MAX + 1 + HOOK_TEXT_MAX + 1],
	const char *consumer, const char *on_rotate)
{
	snprintf(
		key, TACIT_CONSUMER_NAME_MAX + 1 + HOOK_TEXT_MAX + 1, "%s %s", consumer, on_rotate);
}

struct hook_run *hook_run_find(
	const struct hooks *hooks, const char *consumer, const char *on_rotate)
{
	char key[TACIT_CONSUMER_NAME_MAX + 1 + HOOK_TEXT_MAX + 1];
	struct hook_run *run;

	make_key(key, consumer, on_rotate);
	HASH_FIND_STR(hooks->runs, key, run);
	return run;
}

struct hook_run *hook_run_make(
	struct hooks *hooks, const char *consumer, const char *on_rotate, uint64_t now_ns)
{
	struct hook_run *run = calloc(1, sizeof *run);

	if (!run || hook_parse(on_rotate, &run->hook, NULL) < 0) {
		free(run);
		return NULL;
	}
	make_key(run->key, consumer, on_rotate);
	snprintf(run->consumer, sizeof run->consumer, "%s", consumer);
	snprintf(run->on_rotate, sizeof run->on_rotate, "%s", on_rotate);
	run->since_ns = now_ns;
	HASH_ADD_STR(hooks->runs, key, run);
	return run;
}

void hook_run_drop(struct hooks *hooks, struct hook_run *run)
{
	for (int i = 0; i < HOOK_ERRANDS_MAX; i++)
		if (hooks->errands[i].run == run)
			hooks->errands[i] = (struct hook_errand){ 0 };
	if (hooks->program == run)
		hooks->program = NULL;
	HASH_DEL(hooks->runs, run);
	free(run->members);
	free(run->acts);
	free(run);
}

/* The grant of a member, while it has this hook. */
static struct grant *member_grant(
	const struct core *core, const struct hook_run *run, const struct hook_member *member)
{
	struct grant *grant = model_grant_by_id(core->model, member->grant_id);

	return grant && hook_is_wanted(core, grant) &&
			       !strcmp(grant->record.on_rotate, run->on_rotate)
		       ? grant
		       : NULL;
}

/* What it is run for now: grants may have gone meanwhile, and secrets changed again. The grant that
 * changed last is returned; NULL: there is none. */
static const struct grant *refresh(const struct core *core, struct hook_run *run)
{
	const struct grant *newest = NULL;
	uint64_t newest_ns = 0;
	size_t kept = 0;

	for (size_t i = 0; i < run->member_count; i++) {
		struct hook_member member = run->members[i];
		const struct grant *grant = member_grant(core, run, &member);

		if (!grant)
			continue;
		member.since_ns = secret_since_ns(grant->secret);
		run->members[kept++] = member;
		if (newest && member.since_ns <= newest_ns)
			continue;
		newest = grant;
		newest_ns = member.since_ns;
	}
	run->member_count = kept;
	if (newest_ns != run->newest_ns)
		run->act_count = 0; /* nothing has been done for that change */
	run->newest_ns = newest_ns;
	return newest;
}

struct hook_errand *hook_errand_free(struct hooks *hooks)
{
	for (int i = 0; i < HOOK_ERRANDS_MAX; i++)
		if (!hooks->errands[i].number)
			return &hooks->errands[i];
	return NULL;
}

void hook_run_be_over(struct hook_run *run, uint64_t now_ns)
{
	run->stage = STAGE_OVER;
	run->hold_ns = now_ns;
}

void hook_run_fail(struct hook_run *run, const char *reason)
{
	run->failed = true;
	snprintf(run->reason, sizeof run->reason, "%s", reason);
}

static void begin_program(
	struct core *core, struct hook_run *run, const struct grant *newest, uint64_t now_ns)
{
	struct hook_errand *errand = hook_errand_free(core->hooks);
	struct frame_run frame = { .lane = RUN_HOOK,
		.timeout_ms = PROGRAM_TIMEOUT_MS,
		.version = newest->secret->record.current };
	int stream[ERRAND_STREAMS] = { -1, -1, -1, -1 };

	snprintf(frame.program, sizeof frame.program, "%s", run->hook.name);
	snprintf(frame.secret, sizeof frame.secret, "%s", newest->secret->record.name);
	snprintf(frame.consumer, sizeof frame.consumer, "%s", run->consumer);
	if (!errand || errands_run(core, &frame, stream, NULL) < 0) {
		run->hold_ns = now_ns + HOOK_AGAIN_NS;
		return;
	}
	*errand = (struct hook_errand){ .number = frame.number, .run = run };
	core->hooks->program = run;
	run->stage = STAGE_GOING;
}

static void begin(struct core *core, struct hook_run *run, uint64_t now_ns)
{
	const struct grant *newest = refresh(core, run);

	run->failed = run->endless = false;
	run->reason[0] = '\0';
	if (!newest) {
		hook_run_be_over(run, now_ns);
	} else if (run->hook.kind == HOOK_EXEC) {
		begin_program(core, run, newest, now_ns);
	} else {
		hook_acts_begin(core, run, now_ns);
	}
}

static struct hook_record record_after(const struct hook_run *run, const struct grant *grant,
	const struct hook_member *member, uint64_t now_ns)
{
	struct hook_record record = grant->hook;

	if (run->failed)
		hook_due_failed(&record, member->since_ns, now_ns, run->reason, run->endless);
	else
		hook_due_done(&record, member->since_ns, now_ns);
	return record;
}

static int put_records(
	struct core *core, const struct hook_run *run, uint64_t now_ns, struct err *err)
{
	int status = vault_begin(core->vault, err);

	for (size_t i = 0; status == 0 && i < run->member_count; i++) {
		const struct hook_member *member = &run->members[i];
		const struct grant *grant = member_grant(core, run, member);
		struct hook_record record;

		if (!grant)
			continue;
		record = record_after(run, grant, member, now_ns);
		status = vault_put_hook(core->vault, &record, err);
	}
	if (status == 0)
		status = vault_commit(core->vault, err);
	if (status < 0)
		vault_rollback(core->vault);
	return status;
}

/* The first failure for a change, and the last. */
static void tell_failure(
	const struct hook_run *run, const struct hook_record *record, uint64_t since_ns)
{
	bool ended = hook_due_state(record, since_ns) == HOOK_GAVE_UP;

	if (ended || record->attempts == 1)
		log_warning("hook %s of %s: %s%s", run->on_rotate, run->consumer, run->reason,
			ended ? "; it is given up until the next change" : "");
}

/* Written down, then in memory: nobody is told that it was done before it cannot be forgotten. */
static void write_down(struct core *core, struct hook_run *run, uint64_t now_ns)
{
	struct err err;

	if (run->member_count && put_records(core, run, now_ns, &err) < 0) {
		log_warning("write down what became of a hook: %s", err.text);
		run->hold_ns = now_ns + WRITE_AGAIN_NS;
		return;
	}
	for (size_t i = 0; i < run->member_count; i++) {
		const struct hook_member *member = &run->members[i];
		struct grant *grant = member_grant(core, run, member);

		if (!grant)
			continue;
		grant->hook = record_after(run, grant, member, now_ns);
		auditor_note(core, "hook", grant->secret->record.name,
			grant->secret->record.current, run->consumer,
			run->failed ? "failed" : code_word(TACIT_OK));
		if (run->failed && !i)
			tell_failure(run, &grant->hook, member->since_ns);
	}
	/* What was left out meanwhile, and what failed, is due again some time. */
	hooks_walk_by(core->hooks, now_ns);
	if (run->failed)
		run->stage = STAGE_RESTING;
	else
		hook_run_drop(core->hooks, run);
}

void hook_run_go_on(struct core *core, struct hook_run *run, uint64_t now_ns)
{
	if (run->stage == STAGE_WAITING)
		begin(core, run, now_ns);
	else if (run->stage == STAGE_GOING)
		hook_acts_go_on(core, run, now_ns);
	if (run->stage == STAGE_OVER && run->hold_ns <= now_ns)
		write_down(core, run, now_ns);
}

uint64_t hook_run_next_ns(const struct hooks *hooks, const struct hook_run *run)
{
	if (run->stage == STAGE_RESTING ||
		(run->hook.kind == HOOK_EXEC && hooks->program && run->stage != STAGE_OVER))
		return HOOK_NEVER;
	if (run->stage != STAGE_GOING)
		return run->hold_ns;
	for (size_t i = 0; i < run->act_count; i++)
		if (run->acts[i].state == ACT_TO_DO)
			return run->hold_ns;
	return HOOK_NEVER;
}

void hook_run_hear(struct core *core, struct hook_errand *errand, const struct errand_end *end,
	uint64_t now_ns)
{
	struct hook_run *run = errand->run;
	size_t act = errand->act;

	*errand = (struct hook_errand){ 0 };
	if (run->hook.kind != HOOK_EXEC) {
		hook_acts_hear(run, act, end, now_ns);
		return;
	}
	core->hooks->program = NULL;
	if (end->busy) {
		run->stage = STAGE_WAITING;
		run->hold_ns = now_ns + HOOK_AGAIN_NS;
		return;
	}
	if (!end->done)
		hook_run_fail(run, end->reason);
	hook_run_be_over(run, now_ns);
}
