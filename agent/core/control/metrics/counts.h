/* SPDX-License-Identifier: Apache-2.0 */
/* How many there are of what core has, and who read each secret last: for status, for metrics and
 * for lists. In the worker, of a model that is not locked. */
#ifndef TACIT_CONTROL_COUNTS_H
#define TACIT_CONTROL_COUNTS_H

#include "core/control/core.h"

struct counts {
	uint64_t secrets, grants, consumers;   /* grants that live, and who has one of them */
	uint64_t scheduled, overdue, failing;  /* secrets that the agent rotates by itself */
	uint64_t hooks_pending, hooks_failing; /* those that gave up, too */
};
void counts_take(const struct core *core, struct counts *counts);

/* The last OPEN of one secret, or (NULL) of each, through whichever of its living grants.
 * Zero-initialise, let go of by counts_free_readers(). */
struct counts_reader {
	const struct secret *secret;
	const struct grant *grant;
	uint64_t when_ns;
	uint64_t version;
};
struct counts_readers {
	struct counts_reader *list; /* by secret, the last one first */
	size_t count;
};
int counts_take_readers(const struct core *core, const struct secret *only,
	struct counts_readers *readers, struct err *err);
/* NULL: nobody has read it. */
const struct counts_reader *counts_last_reader(
	const struct counts_readers *readers, const struct secret *secret);
void counts_free_readers(struct counts_readers *readers);

#endif
