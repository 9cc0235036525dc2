/* SPDX-License-Identifier: Apache-2.0 */
/* What a request leaves in the audit ring. record.c: what was given; denial.c: what was not.
 *
 * A worker puts into a lane of its own (the doorman into one of all parked OPENs), holding its
 * `record_mutex`: another thread tells what it has counted when it has nothing to do. Nothing here
 * waits for a disk. */
#ifndef TACIT_FUSE_RECORD_H
#define TACIT_FUSE_RECORD_H

#include "base/cleanup.h"
#include "core/fuse/internal.h"

/* Number of the request at hand. */
uint64_t record_unique(const struct worker *worker);
unsigned int record_lane(const struct worker *worker);

/* Who asks, and what is granted at `file` (NULL: nothing that is known). */
void record_describe(const struct turn *turn, const struct node *file, struct audit_record *record);

/* Whether the record of the parked OPEN at hand says that it is given: a denial is then to say of
 * this very one that it was not. */
bool record_promises(const struct worker *worker);

/* Into the worker's lane, or counted as lost when that is full. The caller has record_mutex. */
void record_put(const struct worker *worker, const struct audit_record *record);
/* The same, of the parked OPEN at hand: once, whichever core does it. */
void record_put_parked(const struct worker *doorman, const struct audit_record *record);
/* Whether the request at hand may be one that an earlier core has recorded, and was, as the same:
 * this core may decide otherwise. Of parked ones record_put_parked() knows better. */
bool record_was_put(const struct worker *worker, const struct audit_record *record);

#endif
