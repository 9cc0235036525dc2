/* SPDX-License-Identifier: Apache-2.0 */
/* These stand in for functions that the headers otherwise make inline. */
#undef _FORTIFY_SOURCE
#include "disk_state.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "cache.h"

static struct {
	struct disk_plan plan;
	size_t dir_length;
	unsigned int calls, log_calls;
	bool armed, refused;
} disk;

void disk_arm(const struct disk_plan *plan)
{
	memset(&disk, 0, sizeof disk);
	disk.plan = *plan;
	disk.dir_length = strlen(plan->dir);
	disk.armed = true;
	cache_start(plan->attic);
}

void disk_heal(void)
{
	disk.plan.at = 0;
}

unsigned int disk_calls(void)
{
	return disk.calls;
}

unsigned int disk_log_calls(void)
{
	return disk.log_calls;
}

bool disk_counts(enum disk_calls is)
{
	return disk.plan.of == is || (disk.plan.of == DISK_CHANGES && is == DISK_SYNCS);
}

bool disk_refused(void)
{
	return disk.refused;
}

void disk_cut_power(void)
{
	disk.armed = false;
	cache_lose(0);
	_exit(0);
}

__attribute__((noreturn)) static void die(void)
{
	if (disk.plan.manner == DISK_POWER)
		cache_lose(0);
	if (disk.plan.manner == DISK_SOME)
		cache_lose(disk.plan.lot);
	for (;;)
		kill(getpid(), SIGKILL);
}

bool disk_is_ours(int dir, const char *name, char path[DISK_PATH_ROOM])
{
	char link[64];
	ssize_t length = 0;

	if (!disk.armed)
		return false;
	if (!name || (name[0] != '/' && dir != AT_FDCWD)) {
		snprintf(link, sizeof link, "/proc/self/fd/%d", dir);
		length = readlink(link, path, DISK_PATH_ROOM - 1);
		if (length < 0)
			return false;
	}
	if (name)
		snprintf(path + length, DISK_PATH_ROOM - (size_t)length, "%s%s", length ? "/" : "",
			name);
	else
		path[length] = '\0';
	return !strncmp(path, disk.plan.dir, disk.dir_length) &&
	       (path[disk.dir_length] == '/' || !path[disk.dir_length]);
}

static bool ends(const char *path, const char *end)
{
	size_t length = strlen(path);

	return length >= strlen(end) && !strcmp(path + length - strlen(end), end);
}

/* Whether this call is one that the plan is about. */
static bool is_struck(const char *path, enum disk_calls is)
{
	if (!disk_counts(is))
		return false;
	disk.calls++;
	disk.log_calls += ends(path, "-wal");
	if (!disk.plan.at || disk.plan.manner == DISK_COUNT)
		return false;
	return disk.plan.sticky ? disk.calls >= disk.plan.at : disk.calls == disk.plan.at;
}

bool disk_fails(const char *path, enum disk_calls is)
{
	if (!is_struck(path, is))
		return false;
	if (disk.plan.manner != DISK_REFUSE)
		die();
	disk.refused = true;
	errno = disk.plan.errnum;
	return true;
}

static long put(int fd, const void *bytes, size_t length, off_t offset)
{
	return offset < 0 ? syscall(SYS_write, fd, bytes, length)
			  : syscall(SYS_pwrite64, fd, bytes, length, offset);
}

/* `offset` below 0: where the descriptor is. */
static ssize_t do_write(int fd, const void *bytes, size_t length, off_t offset)
{
	char path[DISK_PATH_ROOM];
	uint64_t at;
	ssize_t done;

	if (!disk_is_ours(fd, NULL, path))
		return put(fd, bytes, length, offset);
	if (!ends(path, "-shm"))
		cache_know(fd);
	at = (uint64_t)(offset < 0 ? lseek(fd, 0, SEEK_CUR) : offset);
	if (!is_struck(path, DISK_CHANGES)) {
		done = put(fd, bytes, length, offset);
		if (done > 0)
			cache_wrote(fd, at, (size_t)done);
		return done;
	}
	if (disk.plan.manner == DISK_TORN ||
		(disk.plan.manner == DISK_REFUSE && disk.plan.errnum == ENOSPC)) {
		done = put(fd, bytes, length / 2, offset);
		if (done > 0)
			cache_wrote(fd, at, (size_t)done);
	}
	if (disk.plan.manner != DISK_REFUSE)
		die();
	disk.refused = true;
	errno = disk.plan.errnum;
	return -1;
}

ssize_t pwrite(int fd, const void *bytes, size_t length, off_t offset)
{
	return do_write(fd, bytes, length, offset);
}

ssize_t pwrite64(int fd, const void *bytes, size_t length, off64_t offset)
{
	return do_write(fd, bytes, length, offset);
}

ssize_t write(int fd, const void *bytes, size_t length)
{
	return do_write(fd, bytes, length, -1);
}

static int do_sync(int fd, long number)
{
	char path[DISK_PATH_ROOM];
	bool failed;

	if (!disk_is_ours(fd, NULL, path))
		return (int)syscall(number, fd);
	failed = disk_fails(path, DISK_SYNCS);
	cache_synced(fd, !failed);
	return failed ? -1 : 0;
}

int fsync(int fd)
{
	return do_sync(fd, SYS_fsync);
}

int fdatasync(int fd)
{
	return do_sync(fd, SYS_fdatasync);
}

static int do_truncate(int fd, off_t length)
{
	char path[DISK_PATH_ROOM];
	bool ours = disk_is_ours(fd, NULL, path);
	int result;

	if (ours && !ends(path, "-shm"))
		cache_know(fd);
	if (ours && disk_fails(path, DISK_CHANGES))
		return -1;
	result = (int)syscall(SYS_ftruncate, fd, length);
	if (ours && !result)
		cache_resized(fd);
	return result;
}

int ftruncate(int fd, off_t length)
{
	return do_truncate(fd, length);
}

int ftruncate64(int fd, off64_t length)
{
	return do_truncate(fd, length);
}

/* As glibc has it: the error is returned. */
static int do_allocate(int fd, off_t offset, off_t length)
{
	char path[DISK_PATH_ROOM];
	bool ours = disk_is_ours(fd, NULL, path);

	if (ours)
		cache_know(fd);
	if (ours && disk_fails(path, DISK_CHANGES))
		return errno;
	if (syscall(SYS_fallocate, fd, 0, offset, length))
		return errno;
	if (ours)
		cache_resized(fd);
	return 0;
}

int posix_fallocate(int fd, off_t offset, off_t length)
{
	return do_allocate(fd, offset, length);
}

int posix_fallocate64(int fd, off64_t offset, off64_t length)
{
	return do_allocate(fd, offset, length);
}
