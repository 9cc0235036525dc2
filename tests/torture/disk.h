/* SPDX-License-Identifier: Apache-2.0 */
/* The disk under the programs of this folder. Every call that changes a file below one directory
 * comes here first: ours and libsqlite3's, for the functions of disk.c stand in the program itself,
 * and a symbol of the program goes before the C library's. So they can be counted, and the n-th can
 * be the last thing a process does, or fail.
 *
 * What is not seen: writes through memory mappings (SQLite's index of its log, which is made anew
 * after a crash), and what the C library does in its own depths (stdio, of which the store and the
 * audit log use none). One thread. */
#ifndef TACIT_TORTURE_DISK_H
#define TACIT_TORTURE_DISK_H

#include <stdbool.h>
#include <stdint.h>

/* What becomes of the n-th call. */
enum disk_manner {
	DISK_COUNT,  /* nothing */
	DISK_KILL,   /* SIGKILL in its place */
	DISK_TORN,   /* half of it is written, then SIGKILL; what is no write is as above */
	DISK_POWER,  /* the machine stops: what was not synced is gone (cache.h), all of it */
	DISK_SOME,   /* likewise, but for what the lot leaves */
	DISK_REFUSE, /* it fails with `errnum`; of a write that found no room half is there */
	DISK_MANNERS
};

/* Which calls are counted. */
enum disk_calls {
	DISK_CHANGES, /* whatever changes a file or a name, or syncs it */
	DISK_SYNCS,   /* syncs alone */
	DISK_READS,   /* reading alone */
};

struct disk_plan {
	enum disk_manner manner;
	unsigned int at; /* the call, from 1 */
	bool sticky;     /* and every later one */
	enum disk_calls of;
	int errnum;        /* ENOSPC, EIO */
	uint64_t lot;      /* above 0 */
	const char *dir;   /* without symbolic links; kept, not copied */
	const char *attic; /* as of cache_start(); NULL: no power is ever cut */
};

/* From now on, in this process and in what it forks. */
void disk_arm(const struct disk_plan *plan);
/* Nothing fails any more; counting goes on. */
void disk_heal(void);
/* Calls since disk_arm(); and those of them that were for a file whose name ends in "-wal". */
unsigned int disk_calls(void);
unsigned int disk_log_calls(void);
/* Whether a call was refused. */
bool disk_refused(void);
/* Lose what was not synced, and end: exit status 0. */
__attribute__((noreturn)) void disk_cut_power(void);

#endif
