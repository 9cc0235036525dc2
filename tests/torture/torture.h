/* SPDX-License-Identifier: Apache-2.0 */
/* The store, its anchor, its backups and the audit log under a disk that fails at each of its calls
 * and a hand that changes each of their bits.
 *
 * kill: SIGKILL in the place of each call that changes a file (also in the middle of a write), and
 * the machine's power cut there (cache.h). What was acknowledged is there, what was under way is
 * there or not, whole; vault_verify() and audit_verify() find nothing, every key opens its slot,
 * and the work goes on from there to its end.
 *
 * refuse: ENOSPC and EIO from each call, once and from then on. A step that says it failed changed
 * nothing, reading goes on, no other change gets through while the disk refuses, the work goes on
 * afterwards, in the same process or in the next one, and at its end the power is cut: nothing that
 * was acknowledged is gone. EIO in reading, too.
 *
 * damage: each bit of each byte, and each length, of every file. What is read is what was written,
 * or refused, and something names the damage; whatever is not damaged is served as long as the
 * store opens at all.
 *
 * rules: what is refused in a defined way: a second owner, another keyring or an older one, an
 * older format, another algorithm.
 *
 * What none of this shows: a disk that answers a sync with success and did not do it, reorders what
 * was synced, or returns other bytes than it was given and they authenticate. Threads: each worker
 * has one. Writes through memory mappings: SQLite's index of its log, which is made anew.
 *
 * TORTURE_FULL=1: every point; without it some are drawn by the lot TORTURE_LOT, which is printed.
 */
#ifndef TACIT_TORTURE_TORTURE_H
#define TACIT_TORTURE_TORTURE_H

#include "play.h"

struct torture {
	bool full;
	uint64_t lot;
	uint32_t wrong; /* points at which something was */
};

/* Whether to play a point of a sweep of which one in `of` is enough. */
bool torture_wants(const struct torture *torture, uint64_t point, uint32_t of);

/* Run `part` in this many processes side by side, each of which has every TORTURE_JOBS-th point. */
#define TORTURE_JOBS 2u
typedef void torture_job_fn(const struct torture *torture, unsigned int job, void *with);
void torture_share_out(struct torture *torture, torture_job_fn *job, void *with);

/* The parts. */
void torture_kill(struct torture *torture);
void torture_refuse(struct torture *torture);
void torture_damage(struct torture *torture);
void torture_rules(struct torture *torture);

#endif
