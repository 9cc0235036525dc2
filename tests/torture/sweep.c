/* SPDX-License-Identifier: Apache-2.0 */
/* Every script, at every call, in every manner: `kill` and `refuse`. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "audit_play.h"
#include "store_play.h"
#include "torture.h"

#define MANNERS_MAX 8

struct manner {
	const char *name;
	struct disk_plan plan;
	bool cuts_power;
	uint32_t one_in; /* of the points when not all are played */
};

struct sweep {
	const struct manner *manners;     /* of MANNERS_MAX; ends with one that has no name */
	const struct store_script *store; /* the one or the other */
	const struct audit_script *audit;
	/* Shared. */
	struct sweep_page {
		_Atomic uint32_t calls;
		struct play_tally tallies[MANNERS_MAX];
	} * page;
};

static const struct manner deaths[] = {
	{ "killed", { .manner = DISK_KILL }, false, 1 },
	{ "torn", { .manner = DISK_TORN }, false, 6 },
	{ "power cut", { .manner = DISK_POWER }, true, 4 },
	{ "by lot", { .manner = DISK_SOME }, true, 4 },
	{ 0 },
};

static const struct manner refusals[] = {
	{ "ENOSPC", { .manner = DISK_REFUSE, .errnum = ENOSPC }, true, 8 },
	{ "for good", { .manner = DISK_REFUSE, .errnum = ENOSPC, .sticky = true }, true, 8 },
	{ "EIO", { .manner = DISK_REFUSE, .errnum = EIO }, true, 8 },
	{ "for good", { .manner = DISK_REFUSE, .errnum = EIO, .sticky = true }, true, 8 },
	{ "syncs alone", { .manner = DISK_REFUSE, .errnum = EIO, .of = DISK_SYNCS }, true, 1 },
	{ "for good", { .manner = DISK_REFUSE, .errnum = EIO, .sticky = true, .of = DISK_SYNCS },
		true, 1 },
	{ "in reading", { .manner = DISK_REFUSE, .errnum = EIO, .of = DISK_READS }, true, 24 },
	{ 0 },
};

/* The disk must have seen SQLite's own writes, else all of this is about nothing. */
static uint32_t count(const struct sweep *sweep, const struct play *play, struct disk_plan *plan)
{
	uint32_t calls = play_count(play, plan);

	if (sweep->store && plan->of == DISK_CHANGES && !play->page->log_calls)
		scene_fail("torture: what SQLite writes is not seen");
	return calls;
}

static void play_manner(const struct torture *torture, const struct sweep *sweep,
	const struct play *play, size_t which, unsigned int job)
{
	const struct manner *manner = &sweep->manners[which];
	struct disk_plan plan = manner->plan;
	uint32_t calls;

	plan.dir = play->scene->live;
	plan.attic = manner->cuts_power ? play->scene->attic : NULL;
	calls = which && plan.of == DISK_CHANGES ? sweep->page->calls : count(sweep, play, &plan);
	if (!which)
		sweep->page->calls = calls;
	for (plan.at = 1 + job; plan.at <= calls; plan.at += TORTURE_JOBS) {
		uint64_t lot = torture->lot ^ (uint64_t)plan.at << 8 ^ which;

		plan.lot = scene_draw(&lot) | 2;
		if (torture_wants(torture, plan.at * MANNERS_MAX + which, manner->one_in))
			play_point(play, &plan, &sweep->page->tallies[which]);
	}
}

static void run_job(const struct torture *torture, unsigned int job, void *with)
{
	const struct sweep *sweep = with;
	struct store_play store = { 0 };
	struct audit_play audit = { 0 };
	struct play play = { .page = scene_share(sizeof *play.page) };
	struct scene scene;

	scene_make(&scene);
	play.scene = &scene;
	if (sweep->store) {
		play.name = sweep->store->name;
		play.with = &store;
		play.work = store_work;
		play.check = store_check;
		store_play_start(&store, sweep->store, &scene);
	} else {
		play.name = sweep->audit->name;
		play.with = &audit;
		play.work = audit_work;
		play.check = audit_check;
		audit_play_start(&audit, sweep->audit, &scene);
	}
	for (size_t i = 0; sweep->manners[i].name; i++)
		play_manner(torture, sweep, &play, i, job);
	scene_remove(&scene);
}

static void print(const struct sweep *sweep, const char *part, uint32_t *wrong)
{
	uint32_t failed = 0, lost = 0, mixed = 0, unsound = 0, crashes = 0;

	printf("%-6s %-28s %3u calls:", part,
		sweep->store ? sweep->store->name : sweep->audit->name, sweep->page->calls);
	for (size_t i = 0; sweep->manners[i].name; i++) {
		const struct play_tally *tally = &sweep->page->tallies[i];

		printf("%s %s %u", i ? "," : "", sweep->manners[i].name, tally->points);
		if (sweep->manners == deaths)
			printf(" (%u old, %u new)", tally->verdicts[PLAY_OLD],
				tally->verdicts[PLAY_NEW]);
		failed += tally->failed_steps;
		lost += tally->verdicts[PLAY_LOST];
		mixed += tally->verdicts[PLAY_MIXED];
		unsound += tally->verdicts[PLAY_UNSOUND];
		crashes += tally->crashes;
		*wrong += play_wrong(tally);
	}
	if (sweep->manners == refusals)
		printf("; %u steps failed", failed);
	printf(": %u lost, %u mixed, %u unsound, %u crashed\n", lost, mixed, unsound, crashes);
}

static void run_sweep(struct torture *torture, const char *part, struct sweep *sweep)
{
	memset(sweep->page, 0, sizeof *sweep->page);
	torture_share_out(torture, run_job, sweep);
	print(sweep, part, &torture->wrong);
}

static void run_all(struct torture *torture, const char *part, const struct manner *manners)
{
	struct sweep sweep = { .manners = manners, .page = scene_share(sizeof *sweep.page) };

	for (sweep.store = store_scripts; sweep.store->name; sweep.store++)
		run_sweep(torture, part, &sweep);
	sweep.store = NULL;
	for (sweep.audit = audit_scripts; sweep.audit->name; sweep.audit++)
		run_sweep(torture, part, &sweep);
}

void torture_kill(struct torture *torture)
{
	run_all(torture, "kill", deaths);
}

void torture_refuse(struct torture *torture)
{
	run_all(torture, "refuse", refusals);
}
