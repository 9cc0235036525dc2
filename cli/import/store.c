/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/import/store.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/files.h"
#include "seal/seal.h"

#define PART ".tacit-part"
#define ERASE_CHUNK 65536

int store_read(int folder, const char *path, struct store_text *text, struct err *err)
{
	_close_ int fd =
		openat(folder, path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY);
	int status;

	*text = (struct store_text){ 0 };
	if (fd < 0 && errno == ENOENT)
		return 0;
	if (fd < 0 || fstat(fd, &text->status) < 0)
		return err_errno(err, errno, TACIT_IO, "%.200s", path);
	if (!S_ISREG(text->status.st_mode) || text->status.st_size > COMPOSE_FILE_MAX)
		return err_set(err, TACIT_INVALID, "%.200s is not a regular file", path);
	text->text = malloc((size_t)text->status.st_size + 1);
	if (!text->text)
		return err_set(err, TACIT_INTERNAL, "no memory for %.200s", path);
	status = file_read_fd(fd, text->text, (size_t)text->status.st_size, &text->length, err);
	if (!status)
		return 0;
	store_forget(text);
	return err_wrap(err, "%.200s", path);
}

void store_forget(struct store_text *text)
{
	if (text->text)
		seal_wipe(text->text, text->length);
	free(text->text);
	text->text = NULL;
	text->length = 0;
}

bool store_same(const struct store_text *a, const struct store_text *b)
{
	if (!a->text || !b->text)
		return !a->text && !b->text;
	return a->length == b->length && !memcmp(a->text, b->text, a->length);
}

static int give(int fd, const struct stat *like)
{
	const struct timespec times[] = { like->st_atim, like->st_mtim };

	/* The owner first: changing it takes bits of the mode away. Who is not root has made it
	 * for itself. */
	if (fchown(fd, like->st_uid, like->st_gid) < 0 && errno != EPERM)
		return -1;
	if (fchmod(fd, like->st_mode & 07777) < 0)
		return -1;
	return futimens(fd, times);
}

int store_write(int folder, const char *name, const char *text, size_t length,
	const struct stat *like, struct err *err)
{
	_close_ int fd = -1;
	int status;

	if (unlinkat(folder, name, 0) < 0 && errno != ENOENT)
		return err_errno(err, errno, TACIT_IO, "make %.200s", name);
	fd = openat(folder, name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd < 0)
		return err_errno(err, errno, TACIT_IO, "make %.200s", name);
	status = file_write_fd(fd, text, length, err);
	if (status < 0)
		return err_wrap(err, "%.200s", name);
	if ((like && give(fd, like) < 0) || fsync(fd) < 0)
		return err_errno(err, errno, TACIT_IO, "write %.200s", name);
	return 0;
}

int store_sync_folder(int folder, const char *path, struct err *err)
{
	const char *slash = strrchr(path, '/');
	char name[IMPORT_PATH_MAX] = ".";
	_close_ int fd = -1;

	if (slash)
		snprintf(name, sizeof name, "%.*s", slash == path ? 1 : (int)(slash - path), path);
	fd = openat(folder, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0 || fsync(fd) < 0)
		return err_errno(err, errno, TACIT_IO, "sync the folder of %.200s", path);
	return 0;
}

/* "secrets/.x.txt.tacit-part" of "secrets/x.txt". */
static int name_part(const char *path, char *part, struct err *err)
{
	const char *slash = strrchr(path, '/');
	int folder = slash ? (int)(slash - path) + 1 : 0;
	int length = snprintf(part, IMPORT_PATH_MAX, "%.*s.%s" PART, folder, path, path + folder);

	if (length < 0 || length >= IMPORT_PATH_MAX)
		return err_set(err, TACIT_INVALID, "a path is too long");
	return 0;
}

int store_replace(int folder, const char *path, const struct store_text *text,
	const struct stat *like, bool times, struct err *err)
{
	char part[IMPORT_PATH_MAX];
	struct stat now = *like;
	int status = name_part(path, part, err);

	now.st_mtim.tv_nsec = now.st_atim.tv_nsec = UTIME_NOW;
	if (!status)
		status = store_write(
			folder, part, text->text, text->length, times ? like : &now, err);
	if (!status && renameat(folder, part, folder, path) < 0)
		status = err_errno(err, errno, TACIT_IO, "name %.200s", path);
	return status ? status : store_sync_folder(folder, path, err);
}

/* On file systems that write elsewhere, and on flash, the old bytes may be there still. */
static int erase(int folder, const char *name, struct err *err)
{
	static const char zeros[ERASE_CHUNK];
	_close_ int fd = openat(folder, name, O_WRONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	struct stat status;
	int result = 0;

	if (fd < 0 || fstat(fd, &status) < 0)
		return err_errno(err, errno, TACIT_IO, "overwrite %.200s", name);
	if (!S_ISREG(status.st_mode) || status.st_nlink > 1)
		return 0;
	for (off_t at = 0; !result && at < status.st_size; at += ERASE_CHUNK) {
		off_t left = status.st_size - at;

		result = file_write_fd(
			fd, zeros, left < ERASE_CHUNK ? (size_t)left : ERASE_CHUNK, err);
	}
	if (!result && fsync(fd) < 0)
		return err_errno(err, errno, TACIT_IO, "overwrite %.200s", name);
	return result;
}

int store_remove(int folder, const char *name, struct err *err)
{
	struct stat status;
	int result = 0;

	if (fstatat(folder, name, &status, AT_SYMLINK_NOFOLLOW) < 0)
		return errno == ENOENT ? 0 : err_errno(err, errno, TACIT_IO, "%.200s", name);
	if (S_ISREG(status.st_mode) && status.st_nlink == 1)
		result = erase(folder, name, err);
	if (!result && unlinkat(folder, name, 0) < 0 && errno != ENOENT)
		return err_errno(err, errno, TACIT_IO, "remove %.200s", name);
	return result;
}
