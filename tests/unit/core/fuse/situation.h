/* SPDX-License-Identifier: Apache-2.0 */
/* Readers that are more than a process in a cgroup: of another user, or in a pid namespace of their
 * own. */
#ifndef TACIT_TEST_FUSE_SITUATION_H
#define TACIT_TEST_FUSE_SITUATION_H

#include <sys/syscall.h>

#include "waiting.h"

static inline void idle(void)
{
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	for (;;)
		pause();
}

/* A child that is user and group `uid`, in the container 64 times `digit` (0: in none). */
static inline pid_t user_child(char digit, uid_t uid)
{
	char container[SCRATCH_CGROUP_MAX], byte = 0;
	int ready[2];
	pid_t pid;

	assert_int_equal(pipe(ready), 0);
	pid = fork();
	assert_true(pid >= 0);
	if (!pid) {
		byte = !setresgid(uid, uid, uid) && !setresuid(uid, uid, uid);
		if (write(ready[1], &byte, 1) == 1)
			idle();
		_exit(1);
	}
	assert_int_equal(read(ready[0], &byte, 1), 1);
	close(ready[0]);
	close(ready[1]);
	assert_int_equal(byte, 1);
	if (!digit)
		return pid;
	assert_true(scratch_container(scratch_unified(), digit, container));
	scratch_move(container, pid);
	return pid;
}

static inline pid_t child_of(pid_t pid)
{
	char path[64];
	int child = 0;

	snprintf(path, sizeof path, "/proc/%d/task/%d/children", pid, pid);
	for (int i = 0; i < PATIENCE_MS && !child; i++) {
		FILE *list = fopen(path, "re");

		assert_non_null(list);
		if (fscanf(list, "%d", &child) != 1)
			child = 0;
		fclose(list);
		usleep(1000);
	}
	assert_true(child > 0);
	return child;
}

/* Process 1 of a pid namespace in that container, and a child of it. 0: this system has none. */
static inline pid_t main_process(char digit, pid_t *second)
{
	char container[SCRATCH_CGROUP_MAX];
	pid_t pid;

	assert_true(scratch_container(scratch_unified(), digit, container));
	pid = (pid_t)syscall(SYS_clone, CLONE_NEWPID | SIGCHLD, 0, 0, 0, 0);
	if (pid < 0)
		return 0;
	if (!pid) {
		syscall(SYS_clone, SIGCHLD, 0, 0, 0, 0);
		idle();
	}
	*second = child_of(pid);
	scratch_move(container, pid);
	scratch_move(container, *second);
	return pid;
}

#endif
