/* SPDX-License-Identifier: Apache-2.0 */
/* Containers without an engine: cgroups of a test's own, with a child process in them. Needs root
 * and a writable cgroup file system; tests skip without. Included once per test program. */
#ifndef TACIT_TEST_SCRATCH_CGROUP_H
#define TACIT_TEST_SCRATCH_CGROUP_H

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/config.h"

#define SCRATCH_CGROUP_MAX 256

/* Where cgroup v2 is mounted. */
static inline const char *scratch_unified(void)
{
	struct statfs fs;

	return !statfs("/sys/fs/cgroup", &fs) && fs.f_type == CGROUP2_SUPER_MAGIC
		       ? "/sys/fs/cgroup"
		       : "/sys/fs/cgroup/unified";
}

/* The directory of this program's containers in the hierarchy mounted at `mount`. */
static inline void scratch_top(const char *mount, char top[SCRATCH_CGROUP_MAX])
{
	snprintf(top, SCRATCH_CGROUP_MAX, "%s/tacit-test-%d", mount, getpid());
}

/* The defaults, and the only runtime root is scratch_top's. */
static inline void scratch_config(struct config *config)
{
	config_defaults(config);
	snprintf(config->runtime_roots[0], CONFIG_ROOT_MAX, "/tacit-test-%d/ID", getpid());
	config->runtime_root_count = 1;
}

/* The container whose id is 64 times `digit`. False: this system does not let us. */
static inline bool scratch_container(
	const char *mount, char digit, char container[SCRATCH_CGROUP_MAX])
{
	char id[65] = { 0 }, top[SCRATCH_CGROUP_MAX / 2];

	snprintf(top, sizeof top, "%s/tacit-test-%d", mount, getpid());
	memset(id, digit, 64);
	snprintf(container, SCRATCH_CGROUP_MAX, "%s/%s", top, id);
	return (!mkdir(top, 0755) || errno == EEXIST) &&
	       (!mkdir(container, 0755) || errno == EEXIST);
}

static inline void scratch_move(const char *cgroup, pid_t pid)
{
	char path[SCRATCH_CGROUP_MAX + 64], number[16];
	int fd, length = snprintf(number, sizeof number, "%d", pid);

	snprintf(path, sizeof path, "%s/cgroup.procs", cgroup);
	fd = open(path, O_WRONLY | O_CLOEXEC);
	assert_true(fd >= 0);
	assert_int_equal(write(fd, number, (size_t)length), length);
	close(fd);
}

/* A process that does nothing, in `cgroup` (NULL: in ours). */
static inline pid_t scratch_child(const char *cgroup)
{
	pid_t pid = fork();

	assert_true(pid >= 0);
	if (!pid) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		for (;;)
			pause();
	}
	if (cgroup)
		scratch_move(cgroup, pid);
	return pid;
}

static inline void scratch_write_map(pid_t pid, const char *name, const char *map)
{
	char path[64];
	int fd;

	snprintf(path, sizeof path, "/proc/%d/%s", pid, name);
	fd = open(path, O_WRONLY | O_CLOEXEC);
	assert_true(fd >= 0);
	assert_int_equal(write(fd, map, strlen(map)), strlen(map));
	close(fd);
}

/* A process that does nothing, in a user namespace without a map. 0: this system has none. */
static inline pid_t scratch_child_apart(void)
{
	int ready[2];
	char byte = 'n';
	pid_t pid;

	assert_int_equal(pipe(ready), 0);
	pid = fork();
	assert_true(pid >= 0);
	if (!pid) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		byte = unshare(CLONE_NEWUSER) ? 'n' : 'y';
		while (write(ready[1], &byte, 1) == 1)
			pause();
		_exit(1);
	}
	assert_int_equal(read(ready[0], &byte, 1), 1);
	close(ready[0]);
	close(ready[1]);
	if (byte == 'y')
		return pid;
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	return 0;
}

static inline void scratch_end(pid_t pid)
{
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
}

/* A cgroup whose last process was just ended is busy for a moment longer. */
static inline void scratch_rmdir(const char *cgroup)
{
	for (int i = 0; i < 6000 && rmdir(cgroup) && errno == EBUSY; i++)
		usleep(5000);
}

/* End what is in a cgroup: a test that failed did not. */
static inline void scratch_evict(const char *cgroup)
{
	char path[SCRATCH_CGROUP_MAX + 64];
	FILE *list;
	int pid;

	snprintf(path, sizeof path, "%s/cgroup.procs", cgroup);
	list = fopen(path, "re");
	while (list && fscanf(list, "%d", &pid) == 1)
		scratch_end(pid);
	if (list)
		fclose(list);
}

static inline void scratch_remove_tree(const char *cgroup, int depth)
{
	char path[2 * SCRATCH_CGROUP_MAX];
	DIR *dir = opendir(cgroup);
	struct dirent *entry;

	while (dir && (entry = readdir(dir)))
		if (depth && entry->d_type == DT_DIR && entry->d_name[0] != '.' &&
			snprintf(path, sizeof path, "%s/%s", cgroup, entry->d_name) <
				(int)sizeof path)
			scratch_remove_tree(path, depth - 1);
	if (dir)
		closedir(dir);
	scratch_evict(cgroup);
	scratch_rmdir(cgroup);
}

/* Take away what scratch_container() made. */
static inline void scratch_containers_remove(const char *mount)
{
	char top[SCRATCH_CGROUP_MAX];

	scratch_top(mount, top);
	scratch_remove_tree(top, 3);
}

#endif
