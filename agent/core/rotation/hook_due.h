/* SPDX-License-Identifier: Apache-2.0 */
/* When hooks are to be run: once for several grants, once for several changes, again after a
 * failure, and not for ever. Times are realtime, in nanoseconds; a clock that was set back delays
 * nothing. Pure functions. */
#ifndef TACIT_ROTATION_HOOK_DUE_H
#define TACIT_ROTATION_HOOK_DUE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/store/vault.h"

/* A run waits until for `debounce_ns` nothing has changed; but, where something always does, for so
 * many of them at most. */
#define HOOK_DEBOUNCES_MAX 15u
/* After a failure: 1 s, 2 s, 4 s..., until there have been so many in a row for one change. */
#define HOOK_BACKOFF_FIRST_NS UINT64_C(1000000000)
#define HOOK_BACKOFF_MAX_NS UINT64_C(300000000000)
#define HOOK_ATTEMPTS_MAX 8u
#define HOOK_ATTEMPTS_ENDLESS 4u /* counted at most, of those for which it cannot be blamed */

#define HOOK_NEVER UINT64_MAX

enum hook_due_state {
	HOOK_IDLE,    /* it has been run for the last change */
	HOOK_PENDING, /* it has not been run for it yet */
	HOOK_FAILING, /* it has failed, and will be run again */
	HOOK_GAVE_UP, /* it has failed HOOK_ATTEMPTS_MAX times */
};

/* A grant with a hook, whose secret last changed at `since_ns`; it has waited since `wanted_ns`. */
struct hook_due_item {
	const char *consumer, *on_rotate;
	const struct hook_record *record;
	uint64_t since_ns, wanted_ns;
	void *grant; /* the caller's */
};

enum hook_due_state hook_due_state(const struct hook_record *record, uint64_t since_ns);

/* Bring items that are one run together: those of one consumer with the same hook. How many of the
 * first of them are one run. And when it is due, HOOK_NEVER if none of them needs it. */
void hook_due_sort(struct hook_due_item *items, size_t count);
size_t hook_due_group(const struct hook_due_item *items, size_t count);
uint64_t hook_due_at(
	const struct hook_due_item *group, size_t count, uint64_t debounce_ns, uint64_t now_ns);

/* What a run for the change at `since_ns` leaves in the record of each of its items. A failure for
 * which the hook cannot be blamed is `endless`: it is never given up. */
void hook_due_done(struct hook_record *record, uint64_t since_ns, uint64_t now_ns);
void hook_due_failed(struct hook_record *record, uint64_t since_ns, uint64_t now_ns,
	const char *reason, bool endless);

#endif
