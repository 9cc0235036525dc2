/* SPDX-License-Identifier: Apache-2.0 */
/* The files of the log: records are appended, made durable together, and never changed.
 *
 *   audit-00000001, audit-00000002, ...   header, records (FORMAT.md, "Audit log")
 *   audit.state                           where the log ends, and the key of what comes next
 *
 * Records are written and synced first, then the state; with both on the disk they are
 * acknowledged. Whoever opens the log next takes over the records behind the place that the state
 * names, if they are whole and authentic, and cuts off what is not: so nothing half written is
 * taken for a record, and a state that is older than it should be, or one of its two copies
 * damaged, loses none. Each record says where in the ring it was. So the log alone says how far
 * each lane of the ring has been written, and none is written twice.
 *
 * A disk that refuses makes the log *blocked*: nothing more is acknowledged until audit_log_heal()
 * has written what was under way. A failed fsync is never tried again on the same descriptor or
 * for the same bytes: what the disk may not have is written anew.
 *
 * One thread at a time; every function but the getters waits for a disk. */
#ifndef TACIT_AUDIT_LOG_H
#define TACIT_AUDIT_LOG_H

#include <stdbool.h>

#include "core/audit/record.h"
#include "seal/seal.h"

#define AUDIT_DIR_MAX 256
/* Of one commit: the file of a state that is older than that was put back, not torn. */
#define AUDIT_BATCH_RECORDS 256u

struct audit_log;

struct audit_options {
	const char *dir;           /* exists, mode 0700, ours; kept, not copied */
	uint8_t id[SEAL_ID_BYTES]; /* of the log: the store's */
	/* The chain key: 32 random bytes which whoever unlocks the store finds in it. NULL while it
	 * is locked: what there is can be added to, and nothing can be read. Kept, not copied. */
	const uint8_t *key;
	uint64_t file_bytes; /* a file that has as many is the last but one; at least 4096 */
	uint64_t keep;       /* files that are kept, at least 1; 0: all */
};

/* What audit_log_open() found. None of it is an error; all of it is to be told. */
struct audit_found {
	bool created;     /* there was no log */
	uint64_t adopted; /* records that a crash had left unacknowledged, and that are the log's */
	uint64_t torn;    /* bytes at the end that a crash had left, and that were cut off */
	bool state_lost;  /* there were files and no state that is whole: a new file was begun.
			     audit_verify() says where the old ones end */
	bool broken;      /* the last file is shorter than it was, or has more behind its end than
			     a crash can leave: it was left as it is, and a new one begun */
};

/* How far each lane of a ring has been written, in the log's own words. */
struct audit_marks {
	uint8_t ring[AUDIT_RING_ID_BYTES];
	uint64_t taken[AUDIT_LANES];
	uint64_t lost; /* of audit_ring_lost(), that the log tells of */
};

/* Where the log ends: what to keep outside of it, so that nobody can put an older one back. */
struct audit_position {
	uint64_t file;   /* from 1 */
	uint64_t number; /* of the last record, from 1; 0: there is none */
	uint8_t link[32];
};

/* The id of the log that is in `dir`, by what says where it ends, so that it can be opened while the
 * store is locked, or is not there: nothing is authenticated. TACIT_NOT_FOUND: there is none, or
 * nothing says so. */
int audit_log_find_id(const char *dir, uint8_t id[SEAL_ID_BYTES], struct err *err);

/* Open the log, or make it, which needs the key. TACIT_LOCKED: it must be made, or its state is
 * lost, and there is no key. TACIT_BUSY: another process has it open. TACIT_NEWER. TACIT_IO: as the
 * disk says. */
int audit_log_open(const struct audit_options *options, struct audit_log **log,
	struct audit_found *found, struct err *err);
void audit_log_close(struct audit_log *log); /* what was not committed is gone; NULL does nothing */

/* Records come from this ring from now on. With another one than before its lanes begin at 0, and
 * that is made durable. TACIT_IO: the log is blocked. */
int audit_log_use_ring(
	struct audit_log *log, const uint8_t ring[AUDIT_RING_ID_BYTES], struct err *err);

/* Add a record to the batch, in memory. TACIT_LIMIT: it has AUDIT_BATCH_RECORDS; TACIT_UNAVAILABLE:
 * the log is blocked. */
int audit_log_append(struct audit_log *log, const struct audit_record *record,
	const struct audit_source *source, struct err *err);

/* Make the batch durable. On failure the log is blocked, and the batch empty: when it has been
 * healed, audit_log_marks() says which of its records it has, and the others are appended again.
 * Begins the next file when this one is long enough; a failure of that blocks the log, too. */
int audit_log_commit(struct audit_log *log, struct err *err);

/* Try to end the blocked state. 0: the log can be appended to; nothing is done when it could. */
int audit_log_heal(struct audit_log *log, struct err *err);

bool audit_log_is_blocked(const struct audit_log *log);
/* How far the durable log has the ring; of a blocked log it is known when it has been healed. */
const struct audit_marks *audit_log_marks(const struct audit_log *log);
/* The end of what is durable. */
void audit_log_position(const struct audit_log *log, struct audit_position *position);

#endif
