/* SPDX-License-Identifier: Apache-2.0 */
/* What the agent's own rotation of a secret wants next, and what it is after each thing that has
 * happened. Pure functions: a record and a time to a record. Whoever calls them writes the record
 * that comes out into the store together with the change of the secret that belongs to it, in one
 * commit. So a process that begins with any record that was ever written goes on from there: at
 * worst it does a step again, and each of a rotator's steps may be done again.
 *
 *   IDLE    due: `make` gives a value           -> staged, RUN
 *   RUN     `run` makes the world accept it too -> VERIFY
 *   VERIFY  `verify` sees that it does          -> current, IDLE until it is due again
 *   UNDO    `undo`: it never was                -> staged no more, IDLE for ROTATION_REST_NS
 *
 * A step that fails is tried again, ROTATION_ATTEMPTS times in all; then RUN and VERIFY become
 * UNDO, which is tried for ever. Without a rotator there is one step: a random value is current.
 * Times are realtime, in nanoseconds. */
#ifndef TACIT_ROTATION_ROTATION_H
#define TACIT_ROTATION_ROTATION_H

#include "core/store/vault.h"

#define ROTATION_ATTEMPTS 5u                /* of a step: 15 s of waiting in all */
#define ROTATION_BACKOFF_NS (1000000000ull) /* after the first failure; then doubled */
#define ROTATION_BACKOFF_MAX_NS (300 * 1000000000ull)
#define ROTATION_REST_NS (3600 * 1000000000ull)  /* after a rotation that failed, at most */
#define ROTATION_OVERDUE_NS (60 * 1000000000ull) /* due for longer is too long */
#define ROTATION_NEVER UINT64_MAX

/* When something is to be done; ROTATION_NEVER: not by itself. In the past: now. */
uint64_t rotation_due_ns(const struct schedule_record *record);

/* Likewise, as it is now: what lies further ahead than any of it can was said by a clock that has
 * been set back since, and is due. */
uint64_t rotation_due_at(const struct schedule_record *record, uint64_t now_ns);

/* What a rotator is to do when something is: its argument. NULL: there is no rotator. */
const char *rotation_argument(const struct schedule_record *record);

/* The change of the secret that belongs to a record. */
enum rotation_change {
	ROTATION_NO_CHANGE,
	ROTATION_REPLACE, /* the generated value becomes current */
	ROTATION_STAGE,   /* the made value becomes next: version record->version */
	ROTATION_SWITCH,  /* the staged version becomes current */
	ROTATION_DROP,    /* there is no next version */
};

/* It was done; `version` is the number of the version that is made, if one is. */
enum rotation_change rotation_done(const struct schedule_record *record, uint64_t version,
	uint64_t now_ns, struct schedule_record *after);
/* It was not, and nothing changes but the record. */
void rotation_failed(const struct schedule_record *record, const char *reason, uint64_t now_ns,
	struct schedule_record *after);
/* The staged version is not there any more: that rotation is over. */
void rotation_lost(
	const struct schedule_record *record, uint64_t now_ns, struct schedule_record *after);
/* Somebody wants it now. What is under way is not begun again. */
void rotation_asked(
	const struct schedule_record *record, uint64_t now_ns, struct schedule_record *after);

bool rotation_is_failing(const struct schedule_record *record);
bool rotation_is_overdue(const struct schedule_record *record, uint64_t now_ns);
/* "waiting", "overdue", "running" or "failing"; `running`: a step is being done right now. */
const char *rotation_state(const struct schedule_record *record, uint64_t now_ns, bool running);
const char *rotation_step_word(uint32_t step); /* "idle", "run", "verify", "undo" */

#endif
