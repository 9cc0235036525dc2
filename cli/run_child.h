/* SPDX-License-Identifier: Apache-2.0 */
/* The process of a run: in its control group, with a mount namespace of its own in which the
 * consumer's directory is /run/secrets. */
#ifndef TACIT_CLI_RUN_CHILD_H
#define TACIT_CLI_RUN_CHILD_H

#include <signal.h>
#include <sys/resource.h>
#include <sys/types.h>

#include "base/err.h"
#include "cli/run_cgroup.h"

#define RUN_SECRETS_DIR "/run/secrets"

/* Of `tacit run`, as docker has them. */
enum run_exit {
	RUN_EXIT_FAILED = 125,    /* it failed by itself */
	RUN_EXIT_CANNOT = 126,    /* the command cannot be executed */
	RUN_EXIT_NOT_FOUND = 127, /* the command is not there */
	RUN_EXIT_SIGNAL = 128,    /* and the signal's number: the command was killed */
};

struct run_child {
	const char *const *argv; /* up to a NULL */
	const char *directory;   /* the consumer's, below the mount */
	const struct run_cgroup *cgroup;
	sigset_t mask;       /* signals that it blocks */
	struct rlimit cores; /* its limit of core files */
};

/* Start it, in the session and the process group of the caller; returns when the command is being
 * executed. It is killed when the caller dies. On failure nothing runs, and *status is one of enum
 * run_exit. */
int run_child_start(const struct run_child *plan, pid_t *pid, int *status, struct err *err);

#endif
