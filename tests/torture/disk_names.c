/* SPDX-License-Identifier: Apache-2.0 */
/* The calls that change names, and those that read. */
#undef _FORTIFY_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "cache.h"
#include "disk_state.h"

static bool is_there(const char *path)
{
	struct stat status;

	return !lstat(path, &status);
}

static int do_open(int dir, const char *name, int flags, mode_t mode)
{
	char path[DISK_PATH_ROOM];
	bool makes = (flags & O_CREAT) && disk_is_ours(dir, name, path) && !is_there(path);
	int fd;

	if (makes && disk_fails(path, DISK_CHANGES))
		return -1;
	fd = (int)syscall(SYS_openat, dir, name, flags, mode);
	if (fd >= 0 && makes)
		cache_made(path);
	if (fd >= 0 && (flags & O_TRUNC) && disk_is_ours(fd, NULL, path))
		cache_resized(fd);
	return fd;
}

/* The mode is there when it is needed. */
#define MODE_OF(flags)                                                                             \
	({                                                                                         \
		mode_t mode_ = 0;                                                                  \
		va_list list_;                                                                     \
		va_start(list_, flags);                                                            \
		if ((flags) & (O_CREAT | __O_TMPFILE))                                             \
			mode_ = va_arg(list_, mode_t);                                             \
		va_end(list_);                                                                     \
		mode_;                                                                             \
	})

int open(const char *name, int flags, ...)
{
	return do_open(AT_FDCWD, name, flags, MODE_OF(flags));
}

int open64(const char *name, int flags, ...)
{
	return do_open(AT_FDCWD, name, flags, MODE_OF(flags));
}

int openat(int dir, const char *name, int flags, ...)
{
	return do_open(dir, name, flags, MODE_OF(flags));
}

int openat64(int dir, const char *name, int flags, ...)
{
	return do_open(dir, name, flags, MODE_OF(flags));
}

static int do_rename(int dir, const char *name, int to_dir, const char *to, unsigned int flags)
{
	char path[DISK_PATH_ROOM], to_path[DISK_PATH_ROOM];
	bool ours = disk_is_ours(dir, name, path) && disk_is_ours(to_dir, to, to_path);

	if (ours && disk_fails(to_path, DISK_CHANGES))
		return -1;
	if ((flags & RENAME_NOREPLACE) && ours && is_there(to_path)) {
		errno = EEXIST;
		return -1;
	}
	if (ours && is_there(path))
		cache_renames(path, to_path);
	return (int)syscall(SYS_renameat2, dir, name, to_dir, to, flags);
}

int rename(const char *name, const char *to)
{
	return do_rename(AT_FDCWD, name, AT_FDCWD, to, 0);
}

int renameat(int dir, const char *name, int to_dir, const char *to)
{
	return do_rename(dir, name, to_dir, to, 0);
}

int renameat2(int dir, const char *name, int to_dir, const char *to, unsigned int flags)
{
	return do_rename(dir, name, to_dir, to, flags);
}

static int do_unlink(int dir, const char *name, int flags)
{
	char path[DISK_PATH_ROOM];
	bool ours = disk_is_ours(dir, name, path) && is_there(path);

	if (ours && disk_fails(path, DISK_CHANGES))
		return -1;
	if (ours)
		cache_removes(path);
	return (int)syscall(SYS_unlinkat, dir, name, flags);
}

int unlink(const char *name)
{
	return do_unlink(AT_FDCWD, name, 0);
}

int unlinkat(int dir, const char *name, int flags)
{
	return do_unlink(dir, name, flags);
}

int linkat(int dir, const char *name, int to_dir, const char *to, int flags)
{
	char path[DISK_PATH_ROOM];
	bool ours = disk_is_ours(to_dir, to, path) && !is_there(path);
	int result;

	if (ours && disk_fails(path, DISK_CHANGES))
		return -1;
	result = (int)syscall(SYS_linkat, dir, name, to_dir, to, flags);
	if (ours && !result)
		cache_made(path);
	return result;
}

/* That a directory is there is not taken back by a power cut. */
int mkdir(const char *name, mode_t mode)
{
	char path[DISK_PATH_ROOM];

	if (disk_is_ours(AT_FDCWD, name, path) && disk_fails(path, DISK_CHANGES))
		return -1;
	return (int)syscall(SYS_mkdirat, AT_FDCWD, name, mode);
}

static ssize_t do_read(int fd, void *bytes, size_t length, off_t offset)
{
	char path[DISK_PATH_ROOM];

	if (disk_counts(DISK_READS) && disk_is_ours(fd, NULL, path) && disk_fails(path, DISK_READS))
		return -1;
	return offset < 0 ? syscall(SYS_read, fd, bytes, length)
			  : syscall(SYS_pread64, fd, bytes, length, offset);
}

ssize_t pread(int fd, void *bytes, size_t length, off_t offset)
{
	return do_read(fd, bytes, length, offset);
}

ssize_t pread64(int fd, void *bytes, size_t length, off64_t offset)
{
	return do_read(fd, bytes, length, offset);
}

ssize_t read(int fd, void *bytes, size_t length)
{
	return do_read(fd, bytes, length, -1);
}
