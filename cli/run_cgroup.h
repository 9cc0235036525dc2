/* SPDX-License-Identifier: Apache-2.0 */
/* The control group of a run, by which the agent knows its processes: TACIT_RUN_CGROUP/ID in the
 * hierarchies that the agent reads, version 2 and, where there is one, systemd's of version 1.
 *
 * Whoever has one holds a lock on its directory, so that the next run can tell the directories of
 * those that were killed, and removes them. Single-threaded; needs root. */
#ifndef TACIT_CLI_RUN_CGROUP_H
#define TACIT_CLI_RUN_CGROUP_H

#include <stddef.h>

#include "base/err.h"

#define RUN_CGROUPS_MAX 2
#define RUN_CGROUP_PATH_MAX 160

struct run_cgroup {
	size_t count;
	char path[RUN_CGROUPS_MAX][RUN_CGROUP_PATH_MAX];
	int lock[RUN_CGROUPS_MAX]; /* their directories, open and locked; close-on-exec */
};

/* Make them for the run `id`. TACIT_UNAVAILABLE: the host has no such hierarchy, or it cannot be
 * written to. On failure nothing is left. */
int run_cgroup_make(const char *id, struct run_cgroup *cgroup, struct err *err);

/* Move the calling process into them. 0, or -1 with errno. */
int run_cgroup_enter(const struct run_cgroup *cgroup);

/* Kill whoever is left in them, and remove them; waits up to two seconds for that. */
void run_cgroup_end(struct run_cgroup *cgroup);

#endif
