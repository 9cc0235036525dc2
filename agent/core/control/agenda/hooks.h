/* SPDX-License-Identifier: Apache-2.0 */
/* Hooks that are being run: hooks.c finds which are due (core/rotation/hook_due.h), hook_run.c runs
 * them. All of it is the worker's, and lives in memory alone: what was not written down as done
 * when core ends, is run again. Times are those of model_now_ns(). */
#ifndef TACIT_CONTROL_HOOKS_H
#define TACIT_CONTROL_HOOKS_H

#include "core/control/agenda/errands.h"
#include "core/rotation/hook_due.h"

#define HOOK_ERRANDS_MAX (ERRANDS_MAX / 2) /* the others are for rotators */
#define HOOK_AGAIN_NS UINT64_C(1000000000) /* when it was too early to ask */

enum hook_stage {
	STAGE_WAITING, /* it is due, and will be begun at hold_ns, or when there is room */
	STAGE_GOING,   /* somebody has been asked; not all of its containers, perhaps */
	STAGE_OVER,    /* and is to be written down, at hold_ns */
	STAGE_RESTING, /* it failed. What has been done of it is not done again */
};

/* One run for all grants of a consumer that have the same hook. */
struct hook_run {
	UT_hash_handle hh; /* by key, in the order in which they were due */
	char key[TACIT_CONSUMER_NAME_MAX + 1 + HOOK_TEXT_MAX + 1]; /* consumer and hook */
	char consumer[TACIT_CONSUMER_NAME_MAX + 1];
	char on_rotate[HOOK_TEXT_MAX + 1];
	struct hook hook;
	enum hook_stage stage;
	bool seen;         /* by the walk under way */
	uint64_t since_ns; /* it was due */
	uint64_t hold_ns;
	struct hook_member {
		uint8_t grant_id[SEAL_ID_BYTES];
		uint64_t since_ns; /* the change that it is run for */
	} * members;
	size_t member_count;
	uint64_t newest_ns; /* of those changes; 0: it was never begun */
	struct hook_act {
		char id[CONTAINER_ID_LENGTH + 1];
		uint32_t engine;
		enum { ACT_TO_DO, ACT_ASKED, ACT_DONE, ACT_FAILED } state;
	} * acts; /* of a signal or restart: one for each container */
	size_t act_count, act_room;
	bool failed;
	bool endless; /* because an engine could not be asked which containers there are */
	char reason[VAULT_REASON_MAX + 1];
};

struct hooks {
	struct hook_run *runs;
	uint64_t walk_ns;   /* when all grants are to be looked at; HOOK_NEVER: when one changes */
	uint64_t walked_ns; /* when they were */
	uint64_t look_ns;   /* when anything at all is to be done */
	uint64_t seen_ns;   /* what time it was when that was last looked at */
	struct hook_run *program; /* whose program is being run; NULL: none is */
	struct hook_errand {
		uint32_t number; /* 0: free */
		struct hook_run *run;
		size_t act;
	} errands[HOOK_ERRANDS_MAX];
};

/* Whether what a grant shows changes when its secret does, and it has a hook for that; and whether
 * that may be run: its consumer is not frozen. */
bool hook_is_meant(const struct core *core, const struct grant *grant);
bool hook_is_wanted(const struct core *core, const struct grant *grant);
/* hook_doc.c: how far it is; HOOK_IDLE of a grant without one. */
enum hook_due_state hook_state(const struct core *core, const struct grant *grant);

/* Look at all grants then, or, when that has just been done, in a moment. */
void hooks_walk_by(struct hooks *hooks, uint64_t at_ns);

struct hook_run *hook_run_find(
	const struct hooks *hooks, const char *consumer, const char *on_rotate);
/* A new run, WAITING, without members; NULL: no memory. */
struct hook_run *hook_run_make(
	struct hooks *hooks, const char *consumer, const char *on_rotate, uint64_t now_ns);
void hook_run_drop(struct hooks *hooks, struct hook_run *run);

/* Begin it, ask for more of it, or write it down, by its stage. It may be gone afterwards. */
void hook_run_go_on(struct core *core, struct hook_run *run, uint64_t now_ns);
/* When it can go on by itself; HOOK_NEVER: when an errand ends. */
uint64_t hook_run_next_ns(const struct hooks *hooks, const struct hook_run *run);
/* One of its errands has ended. */
void hook_run_hear(struct core *core, struct hook_errand *errand, const struct errand_end *end,
	uint64_t now_ns);

/* For hook_run.c and hook_acts.c. A place for an errand, or NULL; how a run ends. */
struct hook_errand *hook_errand_free(struct hooks *hooks);
void hook_run_fail(struct hook_run *run, const char *reason);
void hook_run_be_over(struct hook_run *run, uint64_t now_ns);

/* hook_acts.c */
void hook_acts_begin(struct core *core, struct hook_run *run, uint64_t now_ns);
void hook_acts_go_on(struct core *core, struct hook_run *run, uint64_t now_ns);
void hook_acts_hear(struct hook_run *run, size_t at, const struct errand_end *end, uint64_t now_ns);

#endif
