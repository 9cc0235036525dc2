/* SPDX-License-Identifier: Apache-2.0 */
/* From what is said of who may read what to what a file of statements says: the steps, and the
 * records they make, committed together. access.c's alone. */
#ifndef TACIT_CONTROL_ACCESS_PLAN_H
#define TACIT_CONTROL_ACCESS_PLAN_H

#include "core/control/core.h"

struct access_list {
	struct access_statement *at;
	size_t count, room;
};

/* One step from what is said to what the file says. */
struct access_step {
	enum { STEP_ADD, STEP_CHANGE, STEP_REMOVE } action;
	const struct access_statement *statement; /* of the file; of what is, when removed */
};

/* What is to be committed: records made of the steps. */
struct access_plan {
	struct access_step *steps;
	size_t step_count;
	struct grant_record *grants;
	struct hook_record *hooks; /* of each of them */
	size_t grant_count;
	struct consumer_record *consumers;
	size_t consumer_count;
};

/* Room for steps from `most` statements, of what is and of what is wanted together.
 * access_plan_free() also when it fails. */
int access_plan_room(struct access_plan *plan, size_t most, struct err *err);
void access_plan_free(struct access_plan *plan);
/* The steps from one sorted list to another; with `prune` what is not wanted is removed. The lists
 * outlive the plan. */
void access_plan_steps(struct access_plan *plan, const struct access_list *now,
	const struct access_list *wanted, bool prune);
/* The records that the steps make, if all of them may be put in. */
int access_plan_records(struct core *core, struct access_plan *plan, struct err *err);
/* Into the store, and into memory. */
int access_plan_carry_out(struct core *core, struct access_plan *plan, struct err *err);

#endif
