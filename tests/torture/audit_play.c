/* SPDX-License-Identifier: Apache-2.0 */
#include "audit_play.h"

#include <string.h>

const struct audit_script audit_scripts[] = {
	{ .name = "audit log, made",
		.steps = { { AUDIT_STEP_OPEN, 0 }, { AUDIT_STEP_GROUP, 1 },
			{ AUDIT_STEP_GROUP, 7 } } },
	{ .name = "audit log, rolling",
		.before = { { AUDIT_STEP_OPEN, 0 }, { AUDIT_STEP_GROUP, 9 } },
		.steps = { { AUDIT_STEP_OPEN, 0 }, { AUDIT_STEP_GROUP, 1 }, { AUDIT_STEP_GROUP, 8 },
			{ AUDIT_STEP_GROUP, 20 }, { AUDIT_STEP_OPEN, 0 },
			{ AUDIT_STEP_GROUP, 3 } } },
	{ .name = "audit log, old files removed",
		.keep = 2,
		.before = { { AUDIT_STEP_OPEN, 0 }, { AUDIT_STEP_GROUP, 30 },
			{ AUDIT_STEP_GROUP, 9 } },
		.steps = { { AUDIT_STEP_OPEN, 0 }, { AUDIT_STEP_GROUP, 20 },
			{ AUDIT_STEP_GROUP, 2 }, { AUDIT_STEP_GROUP, 20 } } },
	{ .name = "audit log, locked",
		.before = { { AUDIT_STEP_OPEN, 0 }, { AUDIT_STEP_GROUP, 6 } },
		.steps = { { AUDIT_STEP_LOCKED, 0 }, { AUDIT_STEP_GROUP, 12 },
			{ AUDIT_STEP_GROUP, 2 }, { AUDIT_STEP_LOCKED, 0 }, { AUDIT_STEP_GROUP, 15 },
			{ AUDIT_STEP_OPEN, 0 }, { AUDIT_STEP_GROUP, 12 } } },
	{ 0 },
};

static int do_step(struct ledger *ledger, const struct audit_step *step, struct err *err)
{
	return step->verb == AUDIT_STEP_GROUP
		       ? ledger_pump(ledger, err)
		       : ledger_open(ledger, step->verb == AUDIT_STEP_LOCKED, err);
}

void audit_play_start(
	struct audit_play *with, const struct audit_script *script, const struct scene *scene)
{
	struct ledger *ledger = &with->ledger;

	with->script = script;
	with->put = scene_share(sizeof *with->put);
	scene_empty(scene);
	ledger_start(ledger, scene, script->keep);
	for (const struct audit_step *step = script->before; step->verb; step++) {
		ledger_put(ledger, step->count);
		scene_must(do_step(ledger, step, &err));
	}
	memset(&with->since, 0, sizeof with->since);
	if (ledger->log)
		audit_log_position(ledger->log, &with->since);
	ledger_close(ledger);
	scene_keep(scene);
}

static void acknowledge(void *arg, const struct audit_record *record, uint64_t number)
{
	const struct play *play = arg;
	struct audit_play *with = play->with;
	bool *told = &with->told[record->unique % AUDIT_RECORDS_MAX];

	/* Of some the place in the log is not known any more. */
	if (*told || record->unique > with->ledger.put || (number && number != record->unique))
		scene_fail("torture: record %llu was told of as record %llu%s",
			(unsigned long long)record->unique, (unsigned long long)number,
			*told ? " once more" : "");
	*told = true;
	play->page->acked++;
}

/* Everything that was acknowledged is there, whatever else is. */
static enum play_verdict still_reads(const struct play *play, const char *when)
{
	const struct audit_play *with = play->with;
	uint64_t last, wanted = with->since.number + play->page->acked;
	struct err err = { 0 };

	if (ledger_read(&with->ledger, &last, &err) < 0)
		return play_say(play, PLAY_UNSOUND, "%s: %s", when, err.text);
	if (last < wanted || last > with->ledger.put)
		return play_say(play, last < wanted ? PLAY_LOST : PLAY_MIXED,
			"%s there are %llu records, %llu were acknowledged", when,
			(unsigned long long)last, (unsigned long long)wanted);
	return PLAY_OLD;
}

static enum play_verdict mend(const struct play *play, const struct disk_plan *plan,
	const struct audit_step *step, const struct err *why)
{
	struct audit_play *with = play->with;
	struct ledger *ledger = &with->ledger;
	struct err err = { 0 };
	enum play_verdict verdict;

	play->page->failures++;
	if (!disk_refused() || why->code != TACIT_IO)
		return play_say(play, PLAY_UNSOUND, "%s", why->text);
	verdict = still_reads(play, "after a failure");
	if (plan->sticky && ledger->log) {
		ledger_put(ledger, 1);
		*with->put = ledger->put;
		if (ledger_pump(ledger, &err) >= 0)
			return play_say(
				play, PLAY_UNSOUND, "a record was written to a disk that refuses");
	}
	if (plan->lot % 2)
		ledger_close(ledger);
	disk_heal();
	if (verdict != PLAY_OLD)
		return verdict;
	if (!ledger->log && ledger_open(ledger, false, &err) < 0)
		return play_say(play, PLAY_UNSOUND, "opened anew: %s", err.text);
	if (step->verb == AUDIT_STEP_GROUP && ledger_pump(ledger, &err) < 0)
		return play_say(play, PLAY_UNSOUND, "again: %s", err.text);
	return still_reads(play, "after a repair");
}

enum play_verdict audit_work(const struct play *play, const struct disk_plan *plan)
{
	struct audit_play *with = play->with;
	struct ledger *ledger = &with->ledger;

	ledger_new_ring(ledger);
	ledger->on_durable = acknowledge;
	ledger->with = (void *)play;
	for (const struct audit_step *step = with->script->steps; step->verb; step++) {
		struct err err = { 0 };
		enum play_verdict verdict = PLAY_OLD;
		int result;

		ledger_put(ledger, step->count);
		*with->put = ledger->put;
		result = do_step(ledger, step, &err);
		if (result < 0)
			verdict = mend(play, plan, step, &err);
		if (verdict != PLAY_OLD)
			return verdict;
	}
	return PLAY_OLD;
}

/* What was found when the log was opened is what a crash leaves, and no more. */
static enum play_verdict check_found(const struct play *play, const struct audit_found *found)
{
	const struct audit_play *with = play->with;

	if (found->broken)
		return play_say(play, PLAY_UNSOUND, "it was taken for broken");
	if (found->state_lost)
		return play_say(play, PLAY_UNSOUND, "its state was lost");
	if (found->created && (with->since.number || play->page->acked))
		return play_say(play, PLAY_LOST, "there was no log");
	return PLAY_OLD;
}

/* The core after that one: with the same ring, or, of a machine that was started anew, another. */
static enum play_verdict go_on(const struct play *play, bool rebooted, uint64_t last)
{
	struct audit_play *with = play->with;
	struct ledger *ledger = &with->ledger;
	struct err err = { 0 };

	ledger->put = rebooted ? last : *with->put;
	if (rebooted)
		ledger_new_ring(ledger);
	ledger_put(ledger, 3);
	if (ledger_pump(ledger, &err) < 0 || ledger_read(ledger, &last, &err) < 0 ||
		ledger_verify(ledger, &with->since, &err) < 0)
		return play_say(play, PLAY_UNSOUND, "it cannot be gone on with: %s", err.text);
	if (last != ledger->put)
		return play_say(play, PLAY_LOST, "%llu records in the end, not %llu",
			(unsigned long long)last, (unsigned long long)ledger->put);
	return PLAY_OLD;
}

enum play_verdict audit_check(const struct play *play, const struct disk_plan *plan)
{
	struct audit_play *with = play->with;
	struct ledger *ledger = &with->ledger;
	bool rebooted = plan->attic;
	struct err err = { 0 };
	enum play_verdict verdict;
	uint64_t last;

	ledger->put = *with->put > with->since.number ? *with->put : with->since.number;
	if (ledger_open(ledger, false, &err) < 0)
		return play_say(play, PLAY_UNSOUND, "it does not open: %s", err.text);
	verdict = check_found(play, &ledger->found);
	if (verdict == PLAY_OLD && ledger_verify(ledger, &with->since, &err) < 0)
		verdict = play_say(play, PLAY_UNSOUND, "%s", err.text);
	if (verdict == PLAY_OLD)
		verdict = still_reads(play, "opened anew");
	if (verdict != PLAY_OLD || ledger_read(ledger, &last, &err) < 0)
		return verdict;
	if (last > with->since.number + play->page->acked)
		verdict = PLAY_NEW;
	return go_on(play, rebooted, last) == PLAY_OLD ? verdict : PLAY_UNSOUND;
}
