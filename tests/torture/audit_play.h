/* SPDX-License-Identifier: Apache-2.0 */
/* The audit log, played: groups of records go through the pump into files that roll. What is
 * acknowledged is records that were told of as durable. */
#ifndef TACIT_TORTURE_AUDIT_PLAY_H
#define TACIT_TORTURE_AUDIT_PLAY_H

#include "ledger.h"
#include "play.h"

enum audit_verb {
	AUDIT_STEP_END,
	AUDIT_STEP_OPEN,   /* with its key */
	AUDIT_STEP_LOCKED, /* open without it */
	AUDIT_STEP_GROUP,  /* put `count` records, and write them */
};

#define AUDIT_STEPS 12
#define AUDIT_RECORDS_MAX 256
struct audit_script {
	const char *name;
	uint64_t keep;
	struct audit_step {
		enum audit_verb verb;
		uint64_t count;
	} before[AUDIT_STEPS], steps[AUDIT_STEPS];
};

/* Ends with one that has no name. */
extern const struct audit_script audit_scripts[];

struct audit_play {
	const struct audit_script *script;
	struct ledger ledger;
	struct audit_position since;  /* what is before ends there */
	_Atomic uint64_t *put;        /* shared: records that the worker has put in */
	bool told[AUDIT_RECORDS_MAX]; /* that they are durable */
};

void audit_play_start(
	struct audit_play *with, const struct audit_script *script, const struct scene *scene);
enum play_verdict audit_work(const struct play *play, const struct disk_plan *plan);
enum play_verdict audit_check(const struct play *play, const struct disk_plan *plan);

#endif
