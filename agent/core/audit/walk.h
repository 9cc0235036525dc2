/* SPDX-License-Identifier: Apache-2.0 */
/* A reader from the inside: what verifying looks at, besides the records. */
#ifndef TACIT_AUDIT_WALK_H
#define TACIT_AUDIT_WALK_H

#include "core/audit/internal.h"

struct audit_reader {
	struct audit_options options;
	int dir, fd; /* fd: of `file`, whose header has been read; -1: it has not */
	/* One seal_alloc(). */
	struct audit_reader_keys {
		struct chain chain;
		struct state end; /* of the log, when `end_known` */
	} * keys;
	uint64_t file, offset;       /* where the next item is */
	uint64_t number;             /* of the record before it */
	uint64_t from;               /* records below are passed over */
	uint64_t first_file, first;  /* where the walk began, and the number of its first record */
	uint64_t oldest;             /* file that the last header says is kept */
	uint64_t lowest, highest;    /* files that there are */
	uint64_t left_file, left_at; /* the end of the file before this one */
	bool end_known, end_damaged; /* by a state; one of its two copies is not whole */
	bool keyed;  /* the chain has the key of the item before: a file may carry it on */
	bool linked; /* the item before was sound: the next one must be the one that follows it */
	const struct audit_position *since; /* to be come by */
	bool since_seen;
	struct audit_place place; /* of the last fault */
};

/* Look again where the log ends. False in `moved`: where it did. */
int walk_find_end(struct audit_reader *reader, bool *moved, struct err *err);

#endif
