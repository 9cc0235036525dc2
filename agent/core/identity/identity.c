/* SPDX-License-Identifier: Apache-2.0 */
#include "core/identity/identity.h"

#include <fcntl.h>
#include <linux/magic.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/files.h"

#define CGROUP_TEXT_MAX 16384
#define GROUPS_MAX 1024 /* of one thread that are looked at: more than anybody has */
#define KNOWN_MAX 1024  /* cgroups remembered; each number has one place */
#define STAT_TEXT_MAX 4096
#define START_TIME_FIELD 22 /* of /proc/PID/stat, as proc(5) counts */
#define THREADS_MAX 256     /* threads whose pidfd is kept; each id has one place */

/* From linux/pidfd.h of 6.13: absent from the oldest headers we build with. */
#define PIDFD_THREAD_FLAG O_EXCL
#define PIDFD_INFO_HAS_CGROUPID (1u << 2)
struct pidfd_info_v0 {
	uint64_t mask, cgroupid;
	uint32_t pid, tgid, ppid, ruid, rgid, euid, egid, suid, sgid, fsuid, fsgid;
	int32_t exit_code;
};
#define PIDFD_GET_INFO_V0 _IOWR(0xFF, 11, struct pidfd_info_v0)

/* A cgroup known to be inside a container. The kernel never gives a cgroup's number again. */
struct known {
	uint64_t cgroup;
	struct reader reader;
};

/* A thread that has asked before. Its pidfd is of that thread for ever: when the id is another's,
 * it says that its own is gone. */
struct thread {
	pid_t tid;
	int pidfd;
};

struct identity {
	const struct config *config;
	const char *unified; /* where cgroup v2 is mounted */
	pthread_mutex_t mutex;
	struct thread thread[THREADS_MAX]; /* under mutex */
	struct known known[KNOWN_MAX];     /* under mutex */
};

struct identity *identity_new(const struct config *config)
{
	struct identity *identity = calloc(1, sizeof *identity);
	struct statfs fs;

	if (!identity)
		return NULL;
	identity->config = config;
	identity->unified = "/sys/fs/cgroup";
	if (!statfs(identity->unified, &fs) && fs.f_type != CGROUP2_SUPER_MAGIC)
		identity->unified = "/sys/fs/cgroup/unified"; /* hybrid: v1 with v2 beside it */
	pthread_mutex_init(&identity->mutex, NULL);
	return identity;
}

void identity_free(struct identity *identity)
{
	if (!identity)
		return;
	for (int i = 0; i < THREADS_MAX; i++)
		if (identity->thread[i].tid && identity->thread[i].pidfd >= 0)
			close(identity->thread[i].pidfd);
	pthread_mutex_destroy(&identity->mutex);
	free(identity);
}

static uint64_t ask_pidfd(int pidfd)
{
	struct pidfd_info_v0 info = { .mask = PIDFD_INFO_HAS_CGROUPID };

	if (pidfd < 0 || ioctl(pidfd, PIDFD_GET_INFO_V0, &info) ||
		!(info.mask & PIDFD_INFO_HAS_CGROUPID))
		return 0;
	return info.cgroupid;
}

/* The number of the thread's v2 cgroup: one system call for a thread that is known, three for a new
 * one; 0 on a kernel that does not say. */
static uint64_t cgroup_number(struct identity *identity, pid_t tid)
{
	struct thread *thread = &identity->thread[(unsigned int)tid % THREADS_MAX];
	uint64_t number;
	hold_mutex(&identity->mutex);

	if (thread->tid == tid && (number = ask_pidfd(thread->pidfd)))
		return number;
	if (thread->tid && thread->pidfd >= 0)
		close(thread->pidfd);
	thread->tid = tid;
	thread->pidfd = (int)syscall(SYS_pidfd_open, tid, PIDFD_THREAD_FLAG);
	return ask_pidfd(thread->pidfd);
}

static size_t read_proc(pid_t tid, const char *name, char *text, size_t room)
{
	char path[64];
	size_t length = 0;

	snprintf(path, sizeof path, "/proc/%d/%s", tid, name);
	return file_read(path, text, room, &length, NULL) < 0 ? 0 : length;
}

/* Every directory above the container's is root's: nobody else could have made it there. */
static bool place_is_roots(
	const struct identity *identity, const struct cgroup_match *match, uint64_t *inode)
{
	char path[CGROUP_PATH_MAX + 128];
	int base = match->unified
			   ? snprintf(path, sizeof path, "%s%s", identity->unified, match->path)
			   : snprintf(path, sizeof path, "/sys/fs/cgroup/%s%s", match->controller,
				     match->path);
	size_t top = (size_t)base - strlen(match->path);
	struct stat st;

	if (lstat(path, &st) || !S_ISDIR(st.st_mode))
		return false;
	*inode = st.st_ino;
	for (char *slash; (slash = strrchr(path, '/')) && slash > path + top;) {
		*slash = '\0';
		if (lstat(path, &st) || st.st_uid)
			return false;
	}
	return true;
}

/* Whether the answer is that of the thread's v2 cgroup: of all who are in it. */
static bool find_by_text(const struct identity *identity, pid_t tid, struct reader *reader)
{
	char text[CGROUP_TEXT_MAX];
	size_t length = read_proc(tid, "cgroup", text, sizeof text);
	struct cgroup_match match;
	uint64_t unused;

	*reader = (struct reader){ .kind = length ? READER_HOST : READER_UNKNOWN };
	if (!length)
		return false;
	if (!cgroup_match_text(identity->config, text, length, &match)) {
		if (cgroup_mentions(identity->config, text, length))
			reader->kind = READER_UNKNOWN;
		else if (cgroup_unit(text, length, reader->unit, &match) &&
			 !place_is_roots(identity, &match, &unused))
			reader->unit[0] = '\0';
		return false;
	}
	reader->kind = READER_UNKNOWN;
	if (!place_is_roots(identity, &match, &reader->container))
		return false;
	reader->kind = READER_CONTAINER;
	reader->run = match.run;
	memcpy(reader->id, match.id, sizeof reader->id);
	return match.unified;
}

void identity_find(struct identity *identity, pid_t tid, struct reader *reader)
{
	uint64_t number;
	struct known *known;

	*reader = (struct reader){ .kind = READER_UNKNOWN };
	if (tid <= 0)
		return;
	number = cgroup_number(identity, tid);
	known = &identity->known[number % KNOWN_MAX];
	if (number) {
		hold_mutex(&identity->mutex);
		if (known->cgroup == number) {
			*reader = known->reader;
			return;
		}
	}
	/* Remember it, if the thread was in that cgroup before and after the text was read. A
	 * container that only v1 knows is in the v2 cgroup of everybody else. */
	if (find_by_text(identity, tid, reader) && number &&
		cgroup_number(identity, tid) == number) {
		hold_mutex(&identity->mutex);
		*known = (struct known){ number, *reader };
	}
}

size_t identity_status_numbers(
	const char *status, const char *name, unsigned long *numbers, size_t room)
{
	size_t length = strlen(name), count = 0;
	const char *line = strstr(status, name);

	while (line && ((line > status && line[-1] != '\n') || line[length] != ':'))
		line = strstr(line + 1, name);
	if (!line)
		return 0;
	for (const char *at = line + length + 1; count < room;) {
		char *end;

		at += strspn(at, " \t");
		if (*at < '0' || *at > '9')
			break;
		numbers[count++] = strtoul(at, &end, 10);
		at = end;
	}
	return count;
}

static void read_status(pid_t tid, char text[CGROUP_TEXT_MAX])
{
	text[read_proc(tid, "status", text, CGROUP_TEXT_MAX - 1)] = '\0';
}

bool identity_in_group(pid_t tid, gid_t gid)
{
	static const char *const lines[] = { "Gid", "Groups" };
	unsigned long groups[GROUPS_MAX];
	char text[CGROUP_TEXT_MAX];

	read_status(tid, text);
	for (size_t i = 0; i < 2; i++) {
		size_t count = identity_status_numbers(text, lines[i], groups, GROUPS_MAX);

		while (count--)
			if (groups[count] == gid)
				return true;
	}
	return false;
}

bool identity_is_main_process(pid_t tid)
{
	unsigned long ids[3];
	char text[CGROUP_TEXT_MAX];

	read_status(tid, text);
	return identity_status_numbers(text, "NStgid", ids, 3) == 2 && ids[1] == 1;
}

uint64_t identity_start_time(const char *stat)
{
	/* The second field is the program's name, in brackets: any bytes, these and spaces too. */
	const char *at = strrchr(stat, ')');

	for (int field = 2; at && field < START_TIME_FIELD; field++)
		if ((at = strchr(at, ' ')))
			at++;
	return at ? strtoull(at, NULL, 10) : 0;
}

bool identity_process(pid_t tid, uint64_t *process, uint64_t *start)
{
	char status[CGROUP_TEXT_MAX], stat[STAT_TEXT_MAX];
	unsigned long group;

	read_status(tid, status);
	if (identity_status_numbers(status, "Tgid", &group, 1) != 1)
		return false;
	stat[read_proc((pid_t)group, "stat", stat, sizeof stat - 1)] = '\0';
	*process = group;
	*start = identity_start_time(stat);
	return *start != 0;
}

bool identity_maps_alone(const char *map, uint32_t host)
{
	unsigned int first, from, count;
	int used;

	while (sscanf(map, "%u %u %u%n", &first, &from, &count, &used) == 3) {
		if (from == host && count == 1)
			return true;
		map += used;
	}
	return false;
}

bool identity_is_user(pid_t tid, uid_t fsuid, uid_t uid)
{
	unsigned long ids[2];
	char text[CGROUP_TEXT_MAX];

	if (fsuid == uid) {
		read_status(tid, text);
		if (identity_status_numbers(text, "NSpid", ids, 2) == 1)
			return true;
	}
	/* Service managers map root into the namespaces of services that are not root's. */
	if (!uid)
		return false;
	text[read_proc(tid, "uid_map", text, sizeof text - 1)] = '\0';
	return identity_maps_alone(text, uid);
}

uint32_t identity_apply_map(const char *map, uint32_t inside)
{
	unsigned int first, host, count;
	int used;

	while (sscanf(map, "%u %u %u%n", &first, &host, &count, &used) == 3) {
		if (inside >= first && inside - first < count)
			return host + (inside - first);
		map += used;
	}
	return UINT32_MAX;
}

static uint32_t host_id(pid_t tid, const char *name, uint32_t inside)
{
	char text[4096];
	size_t length = read_proc(tid, name, text, sizeof text - 1);

	text[length] = '\0';
	return identity_apply_map(text, inside);
}

uid_t identity_host_uid(pid_t tid, uid_t inside)
{
	return host_id(tid, "uid_map", inside);
}

gid_t identity_host_gid(pid_t tid, gid_t inside)
{
	return host_id(tid, "gid_map", inside);
}
