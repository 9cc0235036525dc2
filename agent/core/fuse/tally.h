/* SPDX-License-Identifier: Apache-2.0 */
/* What one thread has answered, in numbers: OPENs by outcome and by how long they took, READs and
 * their bytes.
 *
 * Each worker has a tally of its own and is the only one to write it, without a lock and without
 * a line of memory that another writes; whoever asks adds them up. So the sums are of moments that
 * lie a little apart: a reader may see an OPEN's outcome and not its time yet.
 *
 * They are in core's memory and begin at 0 with each core: whoever collects counters knows that
 * they do (Prometheus' rate() and increase()), and what outlives core must be small. */
#ifndef TACIT_FUSE_TALLY_H
#define TACIT_FUSE_TALLY_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/policy/policy.h"

/* What became of an OPEN. The rules that deny have their own words (policy_rule_word()). */
enum tally_outcome {
	TALLY_OK,
	TALLY_LOCKED,
	TALLY_NOT_GRANTED,
	TALLY_HOST_PROCESS,
	TALLY_OTHER_CONSUMER,
	TALLY_UNIDENTIFIED,
	TALLY_EXPIRED,
	TALLY_USED_UP,
	TALLY_FROZEN,
	TALLY_NOT_MAIN_PROCESS,
	TALLY_UNKNOWN_READER,
	TALLY_READ_ONLY,
	TALLY_MODE,
	/* Of those that the rules allowed, by their errno. */
	TALLY_UNRECORDED,  /* EACCES: what had to be written down first was not, in time */
	TALLY_LIMIT,       /* EAGAIN, EMFILE, ENFILE: no room to wait in, or to have it open in */
	TALLY_GONE,        /* ENOENT, ESTALE, ENOKEY: it went while it was being opened */
	TALLY_INTERRUPTED, /* EINTR: its reader was killed, or had a signal, while it was parked */
	TALLY_ERROR,       /* EIO, ENOMEM and all others */
	TALLY_OUTCOMES
};

/* Upper bounds of the times, in nanoseconds; those beyond the last are in one bucket more. */
#define TALLY_BOUNDS 16
#define TALLY_BUCKETS (TALLY_BOUNDS + 1)

#define TALLY_LINE_BYTES 64 /* of a cache: no two tallies share one, wherever they begin */

struct tally {
	_Atomic uint64_t opens[TALLY_OUTCOMES];
	/* Of OPENs that were answered at once [0], and of those that were parked [1]. */
	_Atomic uint64_t took[2][TALLY_BUCKETS]; /* each in one bucket */
	_Atomic uint64_t took_ns[2];
	_Atomic uint64_t reads, reads_refused, read_bytes;
	char apart[TALLY_LINE_BYTES];
};

/* The same of all of them. */
struct tally_sums {
	uint64_t opens[TALLY_OUTCOMES];
	uint64_t took[2][TALLY_BUCKETS];
	uint64_t took_ns[2];
	uint64_t reads, reads_refused, read_bytes;
};

/* The rule that decided, and the errno that was answered (positive; 0: none). Pure. */
enum tally_outcome tally_outcome_of(enum policy_rule rule, int errnum);
/* "ok", "host-process", "limit": for programs. */
const char *tally_outcome_word(enum tally_outcome outcome);
/* NULL is beyond the last. */
const uint64_t *tally_bound_ns(size_t bucket);

/* An OPEN was answered, `took_ns` after it was taken out of the kernel's hands. And a READ: its
 * bytes, or an errno. By the one thread that writes this tally. */
void tally_open(struct tally *tally, enum tally_outcome outcome, bool parked, uint64_t took_ns);
void tally_read(struct tally *tally, int errnum, uint64_t bytes);

/* Add what a tally has now. From any thread. */
void tally_add(const struct tally *tally, struct tally_sums *sums);

#endif
