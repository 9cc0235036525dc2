/* SPDX-License-Identifier: Apache-2.0 */
/* What is to be written into the audit log, in memory that outlives core: a memfd of its own, which
 * holder makes and gives to each core as it gives the handover memory.
 *
 * A lane per producer: one thread puts into it, and the one thread that writes the log takes out.
 * Nobody waits for anybody, and nothing is locked. A record is in the ring from one store of a
 * counter on; the core that dies before it has recorded nothing, and the core that dies after it
 * has recorded once. Which records the log has is in the log's own state, written with them, so a
 * record that a dying core had written and not yet taken out is not written again
 * (audit_ring_taken).
 *
 * A request that a later core does again is told by its number: audit_ring_find(). */
#ifndef TACIT_WIRE_AUDIT_RING_H
#define TACIT_WIRE_AUDIT_RING_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <tacit/api.h>

#include "base/container.h"
#include "base/err.h"
#include "wire/handover.h"

#define AUDIT_RING_MAGIC 0x74616375u
#define AUDIT_RING_LAYOUT 1u /* raised when anything below changes */

/* One for each FUSE thread, and those of the agent's other threads that record. */
#define AUDIT_LANE_DOORMAN HANDOVER_THREADS_MAX      /* OPENs that were parked */
#define AUDIT_LANE_WORKER (HANDOVER_THREADS_MAX + 1) /* changes, and what the agent does itself */
#define AUDIT_LANES (HANDOVER_THREADS_MAX + 2)
/* A disk that takes 50 ms for a sync meets 20,000 opens per second and thread; a power of two. More
 * than HANDOVER_PARKED, so that a takeover finds every OPEN that the doorman had in hand. */
#define AUDIT_LANE_RECORDS 1024u
#define AUDIT_RING_ID_BYTES 16

/* The numbers are in the log: they stay what they are. */
enum audit_kind {
	AUDIT_READ = 1, /* a secret was given to a reader */
	AUDIT_DENIAL,   /* and here it was not */
	AUDIT_CHANGE,   /* an operator changed something, or tried to */
	AUDIT_AGENT,    /* the agent did something by itself */
	AUDIT_KINDS
};

#define AUDIT_NOBODY UINT32_MAX /* of uid and operator_uid: there is none */
#define AUDIT_COMM_MAX 15       /* TASK_COMM_LEN less its NUL */
#define AUDIT_WORD_MAX 31

/* One thing that happened. Never a value, nor anything derived from one. Texts end in NUL; one that
 * does not apply is empty. */
struct audit_record {
	uint64_t unique;  /* first: of the request, without UNIQUE_RESENT; 0: of none that is done
			     again */
	uint64_t time_ns; /* realtime */
	uint64_t version; /* of the secret; 0: none */
	uint32_t kind;    /* enum audit_kind */
	uint32_t pid;     /* thread that asked, as the host counts; 0: none */
	uint32_t uid;     /* its fsuid, likewise */
	uint32_t operator_uid; /* who asked over the operators' socket */
	uint32_t count; /* how often it happened, of denials that are told together; else 0 */
	uint8_t secret_id[16]; /* zeros: none */
	char container[CONTAINER_ID_LENGTH + 1];
	char comm[AUDIT_COMM_MAX + 1];    /* what the process calls itself: any bytes, and a lie if
					     it likes */
	char act[AUDIT_WORD_MAX + 1];     /* "open", "rotate", "lock" */
	char rule[AUDIT_WORD_MAX + 1];    /* that decided: policy_rule_word() */
	char outcome[AUDIT_WORD_MAX + 1]; /* "ok", "ENOENT", code_word() */
	char consumer[TACIT_CONSUMER_NAME_MAX + 1];
	char secret[TACIT_SECRET_NAME_MAX + 1];
};

/* Denials of one kind (reader, place, rule) that follow each other: the first is a record, those
 * within a second of it are counted here, and told in one record. Whoever puts into the lane holds
 * a lock for it, with which another thread may tell them. */
#define AUDIT_MERGED 8

struct audit_merged {
	_Atomic uint64_t since_ns; /* CLOCK_MONOTONIC, of the first; 0: free. Set last */
	_Atomic uint64_t counted;  /* those after it << 32 | low digits of the last one's request */
	_Atomic uint64_t place;    /* where the record of them is about to be put; 0: nowhere yet */
	uint64_t reader, node;
	uint32_t uid, rule, act, pad;
	struct audit_record record; /* the first */
};

struct audit_lane {
	_Atomic uint64_t put;   /* records that were ever put in: the producer's */
	_Atomic uint64_t taken; /* and that the log has: the consumer's. Never above `put` */
	_Atomic uint64_t lost;  /* records that found no room: the producer's. A core that dies at
				   it may have counted a request that is done again */
	char pad[64 - 24];      /* no two lanes in one cache line */
	struct audit_merged merged[AUDIT_MERGED];
	struct audit_record records[AUDIT_LANE_RECORDS];
} __attribute__((aligned(64)));

/* A change that an operator asked for, from before anything of it is done until its record is in
 * the worker's lane. */
enum audit_intent_state { AUDIT_INTENT_NONE, AUDIT_INTENT_BEGUN, AUDIT_INTENT_ENDED };

struct audit_intent {
	_Atomic uint32_t state; /* enum audit_intent_state: set after what it speaks of */
	uint32_t pad;
	uint64_t put; /* of ENDED: what the lane's counter was before its record */
	struct audit_record record;
};

struct audit_ring {
	uint32_t magic, layout;
	uint8_t id[AUDIT_RING_ID_BYTES]; /* random: counters of another ring are not this one's */
	struct audit_intent intent;      /* the worker's */
	struct audit_lane lanes[AUDIT_LANES];
};

/* A new, empty one. */
int audit_ring_create(int *fd, struct err *err);
/* Map it. TACIT_CORRUPT when it is none, TACIT_NEWER when its layout is not ours. */
int audit_ring_map(int fd, struct audit_ring **ring, struct err *err);
void audit_ring_unmap(struct audit_ring *ring); /* NULL does nothing */

/* Put a copy of `record` in. From the lane's one producer. False: the lane is full, which has been
 * counted; nothing else happened. Never waits, and calls nothing of the system. */
bool audit_ring_put(struct audit_ring *ring, unsigned int lane, const struct audit_record *record);

/* As if it had been full. */
void audit_ring_lose(struct audit_ring *ring, unsigned int lane);

/* The record that this or an earlier core put in for the request `unique`, in any lane, and whether
 * the log has it; false when there is none, or AUDIT_LANE_RECORDS later ones have taken its place.
 * For requests that may have been begun before: it looks at every place. Lanes may be put into
 * meanwhile; what takes a place at that moment is passed over. */
bool audit_ring_find(
	const struct audit_ring *ring, uint64_t unique, struct audit_record *record, bool *taken);

/* The place, counted from 1, of the last record that was put into the lane for the request; 0: there
 * is none any more. From any thread, as audit_ring_find(). */
uint64_t audit_ring_place(const struct audit_ring *ring, unsigned int lane, uint64_t unique);

/* Where the next record of the lane will be, counted from 1: for its producer. Whether the log has
 * the record at a place; and that record, or NULL when it was never put there, or another one has
 * taken its place since: for its producer, too. */
uint64_t audit_ring_next(const struct audit_ring *ring, unsigned int lane);
bool audit_ring_is_taken(const struct audit_ring *ring, unsigned int lane, uint64_t place);
const struct audit_record *audit_ring_at(
	const struct audit_ring *ring, unsigned int lane, uint64_t place);

/* audit_intent.c, for the producer of the worker's lane. A change is about to be made; it has ended
 * so (false: the lane is full, which has been counted); and, before the producer runs, what an
 * earlier core had not ended is recorded as "interrupted", or as it ended when that was known. */
void audit_ring_begin(struct audit_ring *ring, const struct audit_record *change);
bool audit_ring_end(struct audit_ring *ring, uint64_t time_ns, const char *outcome);
void audit_ring_recover(struct audit_ring *ring, uint64_t time_ns);

/* For the one consumer. Records of the lane that wait; the `place`-th of them, from 0, which stays
 * where it is until it is taken. */
uint64_t audit_ring_waiting(const struct audit_ring *ring, unsigned int lane);
const struct audit_record *audit_ring_peek(
	const struct audit_ring *ring, unsigned int lane, uint64_t place);
/* The log has everything of the lane before `taken`. An older number, or one that was never
 * reached, changes nothing. */
void audit_ring_taken(struct audit_ring *ring, unsigned int lane, uint64_t taken);

/* How many wait, and how many were lost, in all lanes. From any thread. */
uint64_t audit_ring_queue(const struct audit_ring *ring);
uint64_t audit_ring_lost(const struct audit_ring *ring);

#endif
