/* SPDX-License-Identifier: Apache-2.0 */
/* What is in the log: one record after the other, and whether it is all there. Needs the chain key.
 * Reads what is durable, while another thread or process writes on. A reader is one thread's. */
#ifndef TACIT_AUDIT_READER_H
#define TACIT_AUDIT_READER_H

#include "core/audit/log.h"

/* What is wrong at a place. */
enum audit_fault {
	AUDIT_SOUND,
	AUDIT_CHANGED,       /* a record does not authenticate, or is not the one that was there */
	AUDIT_MISSING,       /* a file is */
	AUDIT_BROKEN,        /* the agent had lost the state, and began anew behind this */
	AUDIT_SHORTENED,     /* the file ends before the log does */
	AUDIT_BEHIND,        /* there is more than the state says: it is an older one */
	AUDIT_NO_STATE,      /* nothing says where the log ends: it is missing or damaged */
	AUDIT_STATE,         /* what says where the log ends was not written with its last record */
	AUDIT_STATE_DAMAGED, /* one of the two copies of the state, or what is between them */
	AUDIT_ROLLED_BACK,   /* the log does not have what it had when it was last looked at */
	AUDIT_FAULTS
};

/* The first place at which something is wrong. */
struct audit_place {
	enum audit_fault fault;
	uint64_t file;   /* 0: the log as a whole */
	uint64_t offset; /* in that file */
	uint64_t number; /* of the record that is there, or should be */
};

struct audit_verdict {
	uint64_t files, records; /* sound, up to the place */
	uint64_t first;          /* number of the first record kept */
	uint64_t unfinished;     /* bytes behind the end: being written, or torn */
	struct audit_position end;
	struct audit_place bad;
};

struct audit_reader;

/* Begin at the record `from` (1 or 0: the first that is kept), or behind the last one when that is
 * lower. TACIT_NOT_FOUND: there is no log. Of `options` the dir, the id and the key. */
int audit_reader_open(const struct audit_options *options, uint64_t from,
	struct audit_reader **reader, struct err *err);
void audit_reader_close(struct audit_reader *reader); /* NULL does nothing */

/* 1: the next record and its number. 0: there is none yet; ask again later. TACIT_CORRUPT:
 * something is wrong, and audit_reader_place() says what and where; asked again, it goes on behind
 * it, with the next record or the next file. */
int audit_reader_next(struct audit_reader *reader, struct audit_record *record, uint64_t *number,
	struct err *err);
/* Pass over up to `most` of the records before the one to begin at, which audit_reader_next() would
 * otherwise do at once. 1: it has come to that one, or to the end; 0: there are more. TACIT_CORRUPT
 * as there. */
int audit_reader_pass(struct audit_reader *reader, uint64_t most, struct err *err);
const struct audit_place *audit_reader_place(const struct audit_reader *reader);

/* Read all of it, up to the first place at which something is wrong, which is a TACIT_CORRUPT whose
 * text names it. `since`: a position that the log once had, from outside of it; NULL: none. A log
 * that is older, or has another past, is AUDIT_ROLLED_BACK. `verdict` is filled in either case. */
int audit_verify(const struct audit_options *options, const struct audit_position *since,
	struct audit_verdict *verdict, struct err *err);

/* The same, looked at from another thread: how far it is, and whether it is to end with a
 * TACIT_UNAVAILABLE before the next record. */
struct audit_watch {
	_Atomic bool stop;
	_Atomic uint64_t records;
};
int audit_verify_watched(const struct audit_options *options, const struct audit_position *since,
	struct audit_watch *watch, struct audit_verdict *verdict, struct err *err);

/* "record 7 of file 2, at byte 1234: changed", into `text`. */
#define AUDIT_PLACE_MAX 160
void audit_place_format(const struct audit_place *place, char text[AUDIT_PLACE_MAX]);

#endif
