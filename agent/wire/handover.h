/* SPDX-License-Identifier: Apache-2.0 */
/* What outlives core, in memory that holder owns: a memfd with the state of the mount, and a page
 * of secret memory with the keys. A core maps both, finds what its predecessor had in hand, and
 * goes on.
 *
 * One core at a time uses them; holder looks at the strikes only between two cores. A core can be
 * killed between any two stores, so every record is filled before the word that makes it valid. */
#ifndef TACIT_WIRE_HANDOVER_H
#define TACIT_WIRE_HANDOVER_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

#define HANDOVER_MAGIC 0x74616369u /* "taci" */
#define HANDOVER_LAYOUT 4u         /* raised when anything below changes */
#define HANDOVER_LAYOUT_TEXT "4"

#define HANDOVER_THREADS_MAX 16
#define HANDOVER_HANDLES 4096 /* open files of all containers together */
#define HANDOVER_INIT_MAX 512
/* A request is at most max_write (1 MiB, which only a writer could use) and a header; libfuse 3.14
 * reads into a buffer of exactly this size: 256 pages and one for the header. */
#define HANDOVER_REQUEST_MAX (257u * 4096u)
#define HANDOVER_PARKED 256        /* OPENs that wait for somebody's answer, at most */
#define HANDOVER_PARKED_REQUEST 64 /* an OPEN: its header of 40 bytes and 8 more */
#define HANDOVER_SESSIONS 2048     /* processes that are reading bundles, at once */
#define HANDOVER_FOLDERS 4096      /* of bundles, that the mount has ever had */
/* A request that was being processed when this many cores crashed is answered EIO. */
#define HANDOVER_STRIKES 2u

#define SLOT_CLOSED_AGAIN 1u /* no number of an OPEN has it */

/* The request a FUSE thread has in hand. Taken: the kernel has written it here (length of its
 * fuse_in_header is not 0). Cleared when its reply was written. */
struct handover_slot {
	_Atomic uint32_t processing; /* core is working on it */
	_Atomic uint32_t strikes;    /* crashes while `processing` */
	_Atomic uint64_t since_ns;   /* CLOCK_MONOTONIC when processing began */
	_Atomic uint64_t opening;    /* the OPEN at hand, or the last one, by its number; with
					SLOT_CLOSED_AGAIN it was answered, and what it opened has
					been closed since: it is not to be done twice */
	char pad[4096 - 24];
	char request[HANDOVER_REQUEST_MAX];
};

/* An open file. A READ that arrives at a later core finds here what was opened. */
enum handle_state { HANDLE_FREE, HANDLE_OPEN, HANDLE_ENDED };

struct handover_handle {
	_Atomic uint32_t state; /* enum handle_state; ENDED: revoked or locked, not yet released */
	uint32_t generation;    /* of this place in the table: part of the kernel's file handle */
	uint64_t unique;        /* of the OPEN, so that an OPEN done twice makes one handle */
	uint64_t node;
	uint64_t version;
	uint64_t reader; /* identity of the container (core/identity/) */
	uint8_t secret_id[16];
	uint8_t grant_id[16];
	uint32_t size;                   /* of the value opened */
	uint32_t member;                 /* of a file in a bundle's folder: which of its members */
	uint64_t generation_opened;      /* and of which generation; 0: it is in none */
	uint64_t process, process_start; /* who opened it; 0: it belongs to no session */
	uint64_t session_since_ns;       /* of the session that it belongs to */
};

/* A process that has begun to read a bundle: until it opens a member twice, or two seconds have
 * passed, it is given the members of one generation. */
struct handover_session {
	_Atomic uint64_t folder; /* number of the folder's node; 0: free. Set last, cleared first */
	uint64_t process;        /* thread group */
	uint64_t process_start;  /* field 22 of its /proc/PID/stat: the number may be used again */
	uint64_t reader;         /* identity of the container */
	uint8_t bundle_id[16];   /* that the folder showed */
	uint64_t generation;
	uint64_t since_ns;       /* CLOCK_MONOTONIC; of a process each session has another */
	_Atomic uint64_t opened; /* a bit for each member */
};

/* An OPEN that cannot be decided yet: nobody has said which container asks, or a read that is
 * counted has not been written down. It waits here, without a thread, for less than a second. */
enum parked_state {
	PARKED_FREE,
	PARKED_WAITING,
	PARKED_INTERRUPTED, /* its reader was killed: it wants EINTR */
	PARKED_CLOSED,      /* an earlier core answered it, and what it opened was closed since */
};

/* How far the counting of a parked OPEN of a grant with `reads` is. */
enum parked_count {
	COUNT_NONE,    /* it has not come to that, or is being written down */
	COUNT_GIVEN,   /* written down: it may be answered */
	COUNT_REFUSED, /* none left, or it could not be written down */
};

struct handover_parked {
	_Atomic uint32_t state;   /* enum parked_state */
	_Atomic uint32_t count;   /* enum parked_count */
	_Atomic uint32_t strikes; /* crashes of core while it had this one in hand */
	uint32_t granted;         /* low digits of when `grant_id` was granted: it may be again */
	_Atomic uint64_t number; /* the how-many-th read of its container this one is, set before it
				    is written down: a core that takes over, and finds the store at
				    this number, finds this read given; 0: not set */
	uint8_t grant_id[16];    /* of what is counted, and for whom: set before `number` */
	char container[72];
	_Atomic uint64_t recorded; /* place of its record in the doorman's lane of the audit ring,
				      set before it is put there; 0: none */
	uint64_t since_ns;         /* CLOCK_MONOTONIC */
	uint32_t device;   /* the clone it came through, and is answered through */
	uint32_t length;   /* of request */
	char request[HANDOVER_PARKED_REQUEST];
};

struct handover {
	uint32_t magic, layout;
	uint32_t threads; /* device clones; there is a slot for each, and one for parked OPENs */
	uint32_t pad;
	char mount_device[32];    /* "0:57", as /proc/PID/mountinfo calls the mount */
	uint8_t node_key[16];     /* node ids are a keyed hash of their path */
	uint64_t mounted_ns;      /* realtime */
	uint64_t mounted_boot_ns; /* CLOCK_BOOTTIME at that moment */
	uint32_t init_request_length, init_reply_length;
	char init_request[HANDOVER_INIT_MAX];
	char init_reply[HANDOVER_INIT_MAX];
	_Atomic uint64_t core_starts;
	_Atomic uint64_t resumed;           /* requests a core finished for its predecessor */
	_Atomic uint64_t resent;            /* requests the kernel sent again */
	_Atomic uint64_t parked_count;      /* OPENs that were ever parked */
	_Atomic uint64_t parked_total_ns;   /* how long they waited, together */
	_Atomic uint64_t parked_longest_ns; /* and one of them at most */
	_Atomic uint64_t parked_refused;    /* of them: denied, for nobody knew them in time */
	_Atomic uint32_t wrong_keys;        /* tried in a row, of whatever kind */
	uint32_t pad3;
	_Atomic uint64_t
		not_before_ns;         /* CLOCK_BOOTTIME before which no key is tried; 0: at once */
	_Atomic uint32_t folder_count; /* set after the folder it counts */
	uint32_t pad2;
	uint64_t folders[HANDOVER_FOLDERS]; /* numbers of nodes, in the order they were made: a
					       folder's path has a file's shape */
	struct handover_session sessions[HANDOVER_SESSIONS];
	struct handover_handle handles[HANDOVER_HANDLES];
	struct handover_parked parked[HANDOVER_PARKED];
	struct handover_slot slots[] __attribute__((aligned(4096)));
};

/* The secret page: memfd_secret where the kernel has it. Unmapped in holder. */
struct handover_keys {
	uint32_t magic;
	uint32_t root_present;
	uint32_t transit_present;
	uint32_t next_present;
	uint8_t root[32];
	uint8_t next[32]; /* that the store is being changed to: it has this one or `root` */
	uint8_t transit_public[32];
	uint8_t transit_secret[32];
};

size_t handover_size(unsigned int threads);

/* A new memfd for `threads` slots, its header filled but for mount_device and init. */
int handover_create(unsigned int threads, int *fd, struct err *err);

/* Map it. TACIT_NEWER when its layout is not ours (nothing is changed). */
int handover_map(int fd, struct handover **handover, struct err *err);
void handover_unmap(struct handover *handover); /* NULL does nothing */

/* A new, empty secret page: memfd_secret, or an ordinary memfd where the kernel has none. */
int handover_create_keys(int *fd, struct err *err);
int handover_map_keys(int fd, struct handover_keys **keys, struct err *err);
/* Whether the page is memfd_secret: not in cores, not in swap, unreadable even for the kernel. */
bool handover_keys_are_secret(int fd);

#endif
