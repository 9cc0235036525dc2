/* SPDX-License-Identifier: Apache-2.0 */
/* The audit of one core: a thread that writes what is in the ring into the log, and what the worker
 * says of operators' changes and of what the agent does by itself.
 *
 * The ring outlives core, so a record counts from the moment it is put there. The log is open
 * whenever there is one; its chain key lies in the store, and is known while that is unlocked.
 * While the log cannot be written for AUDITOR_PATIENCE_NS or longer, changes are refused. Reads
 * follow the configuration: `audit required` parks an OPEN until its record is durable, and denies
 * it after a second; `audit best-effort` goes on and counts what was lost. */
#ifndef TACIT_CONTROL_AUDITOR_H
#define TACIT_CONTROL_AUDITOR_H

#include "core/audit/pump.h"
#include "core/control/core.h"

#define AUDITOR_PATIENCE_NS 1000000000ull

struct auditor;

/* boot, before the server: map the ring that holder gave. What an earlier core began and did not
 * finish is recorded as "interrupted". Then, when all else is there, the thread. */
int auditor_new(struct core *core, struct err *err);
int auditor_start(struct core *core, struct err *err);
/* End the thread, which may be waiting for a disk; NULL in core->auditor afterwards. A core that
 * ends with its process has no need of it. */
void auditor_free(struct core *core);
struct audit_ring *auditor_ring(const struct core *core);

/* The worker. The store has been unlocked: take the chain key out of it (it is made when there is
 * none) and open the log. A log that cannot be opened is no reason to stay locked: it is blocked.
 * And it is about to be locked: write what there is, then forget the key. */
int auditor_unlocked(struct core *core, struct err *err);
void auditor_lock(struct core *core);

/* The worker: what is in the ring is durable afterwards, or AUDITOR_PATIENCE_NS has passed. */
void auditor_flush(struct core *core);

/* The worker, around a change that an operator asks for: what it will be is written into the ring
 * before anything happens. TACIT_UNAVAILABLE while changes are refused: then nothing has been
 * written, and what is done all the same (locking, say) is noted. A core that dies between the two
 * leaves it to its successor, which records it as "interrupted". Time, kind and outcome are filled
 * in. auditor_end() without a begin does nothing. */
int auditor_begin(struct core *core, const struct audit_record *change, struct err *err);
void auditor_end(struct core *core, const char *outcome);

/* The worker: the agent did something by itself ("rotate", "hook", "unlock"); `secret`, `consumer`
 * may be NULL. */
void auditor_note(struct core *core, const char *act, const char *secret, uint64_t version,
	const char *consumer, const char *outcome);

/* From any thread, never waits: there is something in the ring; with `urgent` it is about to be
 * full. Of server_parts; `core` is a struct core. */
void auditor_wake(void *core, bool urgent);

/* main: a socket that holder connected, or -1, to where records are told, too. */
void auditor_take_copy(struct core *core, int fd);

struct auditor_state {
	struct audit_pump_state pump;
	struct audit_position position;
	bool open;    /* there is a log */
	bool blocked; /* changes are refused */
	bool copying; /* records are told to syslog or journald, too */
	uint64_t copies_lost;
	char reason[VAULT_REASON_MAX + 1]; /* why the log cannot be written; empty: it can */
};
void auditor_state(const struct core *core, struct auditor_state *state);

/* The worker, for a change that the store makes anyway now and then: whether the log is further
 * than the store knows, and, within the change, tell it. A log that is older than that when the
 * store is unlocked was put in the place of the newest: that is recorded, and `audit verify` finds
 * it for as long as the log has not outgrown it. */
bool auditor_has_moved(const struct core *core);
int auditor_put_place(struct core *core, struct err *err);
/* What the log must have, by all that is known. */
void auditor_since(const struct core *core, struct audit_position *since);

/* For reading the log, in the worker, while the store is unlocked: where it is, and its key. NULL:
 * there is none, or it is locked. Valid until auditor_lock(). */
const struct audit_options *auditor_options(const struct core *core);

#endif
