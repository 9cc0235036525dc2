/* SPDX-License-Identifier: Apache-2.0 */
/* Who is reading: a thread id of a FUSE request, made into "this container" or "a process of the
 * host". The reader cannot end while its request is unanswered, so its id cannot be another's yet.
 *
 * Reads of a reader's /proc only cgroup, comm, status, stat, uid_map and gid_map: memory of the
 * kernel, never a disk. Thread-safe. */
#ifndef TACIT_IDENTITY_IDENTITY_H
#define TACIT_IDENTITY_IDENTITY_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/config.h"
#include "core/identity/cgroup.h"

enum reader_kind {
	READER_UNKNOWN,   /* not visible, or its cgroups contradict each other: denied everything */
	READER_HOST,      /* in no container of a known engine; perhaps of systemd's unit `unit` */
	READER_CONTAINER, /* in the container `id` */
};

struct reader {
	enum reader_kind kind;
	bool run;           /* of READER_CONTAINER: it is a run's, not an engine's */
	uint64_t container; /* inode of the container's cgroup: an id used again has another */
	char id[CONTAINER_ID_LENGTH + 1];
	char unit[NAME_SEGMENT_MAX + 1]; /* of READER_HOST; empty: none */
};

struct identity;

/* `config` is kept, not copied. NULL: no memory. */
struct identity *identity_new(const struct config *config);
void identity_free(struct identity *identity);

/* Who thread `tid` is. */
void identity_find(struct identity *identity, pid_t tid, struct reader *reader);

/* Whether thread `tid`, whose fsuid is `fsuid`, is user `uid` of the host: by its id, in the host's
 * own pid namespace; or in a user namespace that maps `uid` alone, as only `uid` and root can make
 * one (a rootless engine's container). Root is known by its id only. */
bool identity_is_user(pid_t tid, uid_t fsuid, uid_t uid);

/* Whether `tid` belongs to process 1 of a container's pid namespace, one below the host's. */
bool identity_is_main_process(pid_t tid);

/* The process that thread `tid` belongs to: its thread group, and when that began, by which it
 * differs from an earlier one of the same number. False: it is not visible. */
bool identity_process(pid_t tid, uint64_t *process, uint64_t *start);

/* What the thread calls itself, as it likes: any bytes but NUL; empty when it is not visible. */
#define IDENTITY_COMM_MAX 15
void identity_comm(pid_t tid, char comm[IDENTITY_COMM_MAX + 1]);

/* Whether `gid` is among the groups of thread `tid`, its own or a supplementary one. */
bool identity_in_group(pid_t tid, gid_t gid);

/* The id on the host of `inside`, as the user namespace of `tid` counts. (uid_t)-1: not mapped. */
uid_t identity_host_uid(pid_t tid, uid_t inside);
gid_t identity_host_gid(pid_t tid, gid_t inside);

/* The text of a uid_map or gid_map applied to `inside`; pure. */
uint32_t identity_apply_map(const char *map, uint32_t inside);
/* Whether a line of a uid_map maps one id, `host`; pure. */
bool identity_maps_alone(const char *map, uint32_t host);
/* Field 22 of the text of /proc/PID/stat, whatever the program is called; 0: it has none; pure. */
uint64_t identity_start_time(const char *stat);
/* The numbers of a line of /proc/PID/status ("NStgid"), at most `room`; how many there are; pure.
 */
size_t identity_status_numbers(
	const char *status, const char *name, unsigned long *numbers, size_t room);

#endif
