/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/run_cgroup.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <linux/magic.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <time.h>
#include <unistd.h>

#include <tacit/api.h>

#include "base/cleanup.h"
#include "base/container.h"

#define END_TRIES 200 /* of END_PAUSE_NS: the dead leave a control group by and by */
#define END_PAUSE_NS 10000000
#define WALK_FDS 16

/* Where the agent looks, and what must be mounted there. */
static const struct {
	const char *path;
	unsigned int magic;
} hierarchies[] = {
	{ "/sys/fs/cgroup", CGROUP2_SUPER_MAGIC },
	{ "/sys/fs/cgroup/unified", CGROUP2_SUPER_MAGIC },
	{ "/sys/fs/cgroup/systemd", CGROUP_SUPER_MAGIC },
};

static int lock_directory(const char *path, int how)
{
	_close_ int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);

	return fd < 0 || flock(fd, how) ? -1 : take_fd(&fd);
}

/* Directories of runs that ended without removing them; those that somebody is still in stay. */
static void sweep(const char *above)
{
	DIR *list = opendir(above);

	for (struct dirent *entry; list && (entry = readdir(list));) {
		char path[RUN_CGROUP_PATH_MAX];
		_close_ int lock = -1;

		if (!container_id_ok(entry->d_name))
			continue;
		snprintf(path, sizeof path, "%s/%.64s", above, entry->d_name);
		lock = lock_directory(path, LOCK_EX | LOCK_NB);
		if (lock >= 0)
			rmdir(path);
	}
	if (list)
		closedir(list);
}

/* The directory above stays locked meanwhile: nobody sweeps what is not locked yet. */
static int make_in(const char *hierarchy, const char *id, struct run_cgroup *cgroup)
{
	char above[RUN_CGROUP_PATH_MAX / 2], *path = cgroup->path[cgroup->count];
	_close_ int turn = -1;

	snprintf(above, sizeof above, "%s" TACIT_RUN_CGROUP, hierarchy);
	snprintf(path, RUN_CGROUP_PATH_MAX, "%s/%s", above, id);
	if (mkdir(above, 0755) && errno != EEXIST)
		return -1;
	turn = lock_directory(above, LOCK_EX);
	if (turn < 0)
		return -1;
	sweep(above);
	if (mkdir(path, 0755))
		return -1;
	cgroup->lock[cgroup->count++] = lock_directory(path, LOCK_EX | LOCK_NB);
	return cgroup->lock[cgroup->count - 1] < 0 ? -1 : 0;
}

int run_cgroup_make(const char *id, struct run_cgroup *cgroup, struct err *err)
{
	struct statfs fs;

	*cgroup = (struct run_cgroup){ .count = 0 };
	for (size_t i = 0; i < sizeof hierarchies / sizeof hierarchies[0]; i++) {
		if (cgroup->count == RUN_CGROUPS_MAX || statfs(hierarchies[i].path, &fs) ||
			(unsigned int)fs.f_type != hierarchies[i].magic)
			continue;
		if (make_in(hierarchies[i].path, id, cgroup) == 0)
			continue;
		err_errno(err, errno, TACIT_UNAVAILABLE, "make a control group in %s",
			hierarchies[i].path);
		run_cgroup_end(cgroup);
		return -TACIT_UNAVAILABLE;
	}
	return cgroup->count
		       ? 0
		       : err_set(err, TACIT_UNAVAILABLE,
				 "there are no control groups at /sys/fs/cgroup, by which the "
				 "agent knows who reads");
}

int run_cgroup_enter(const struct run_cgroup *cgroup)
{
	for (size_t i = 0; i < cgroup->count; i++) {
		char path[RUN_CGROUP_PATH_MAX + 16];
		_close_ int members = -1;

		snprintf(path, sizeof path, "%s/cgroup.procs", cgroup->path[i]);
		members = open(path, O_WRONLY | O_CLOEXEC);
		if (members < 0 || write(members, "0", 1) != 1)
			return -1;
	}
	return 0;
}

static void kill_members(const char *directory)
{
	char path[4096];
	_fclose_ FILE *members = NULL;
	int pid;

	snprintf(path, sizeof path, "%s/cgroup.procs", directory);
	members = fopen(path, "re");
	/* 0 stands for a process of another pid namespace, and for whole groups to kill(2). */
	while (members && fscanf(members, "%d", &pid) == 1)
		if (pid > 1)
			kill(pid, SIGKILL);
}

static int remove_one(const char *path, const struct stat *st, int kind, struct FTW *walk)
{
	(void)st;
	(void)walk;
	if (kind == FTW_DP) {
		kill_members(path);
		rmdir(path);
	}
	return 0;
}

void run_cgroup_end(struct run_cgroup *cgroup)
{
	static const struct timespec pause = { .tv_nsec = END_PAUSE_NS };

	for (size_t i = 0; i < cgroup->count; i++) {
		for (int tries = 0; tries < END_TRIES && !access(cgroup->path[i], F_OK); tries++) {
			if (tries)
				nanosleep(&pause, NULL);
			nftw(cgroup->path[i], remove_one, WALK_FDS, FTW_DEPTH | FTW_PHYS);
		}
		if (cgroup->lock[i] >= 0)
			close(cgroup->lock[i]);
	}
	cgroup->count = 0;
}
