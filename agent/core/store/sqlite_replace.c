/* SPDX-License-Identifier: Apache-2.0 */
/* One store.db in the place of another.
 *
 * The old one is given a second name first, and its log, should there be anything in it, one too;
 * then the new one is renamed over it. So there is a store.db at every moment. A replacement that
 * was cut short before the rename is told by the second name being that of the same file: it is
 * taken away, and the log put back. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "core/store/sqlite.h"

#define LOG_SUFFIX "-wal"
#define INDEX_SUFFIX "-shm"
#define REPLACED SQLITE_FILE_NAME ".replaced-"
#define REPLACED_MAX 999 /* old stores that are kept: an operator removes them */
#define NAME_MAX_ (STORE_REPLACED_MAX + sizeof LOG_SUFFIX)

static int fails(struct err *err, const char *what)
{
	return err_errno(err, errno, TACIT_IO, "replace the store: %s", what);
}

static bool is_there(int at, const char *name, struct stat *status)
{
	return fstatat(at, name, status, AT_SYMLINK_NOFOLLOW) == 0;
}

static int remove_file(int at, const char *name, struct err *err)
{
	return unlinkat(at, name, 0) < 0 && errno != ENOENT ? fails(err, "remove a file") : 0;
}

static void log_of(const char *name, char log[NAME_MAX_])
{
	snprintf(log, NAME_MAX_, "%s" LOG_SUFFIX, name);
}

static int choose_name(int at, char replaced[STORE_REPLACED_MAX], struct err *err)
{
	struct stat status;

	for (int i = 1; i <= REPLACED_MAX; i++) {
		snprintf(replaced, STORE_REPLACED_MAX, REPLACED "%d", i);
		if (!is_there(at, replaced, &status))
			return 0;
	}
	replaced[0] = '\0';
	return err_set(err, TACIT_LIMIT,
		"%d stores that were replaced are kept: remove those that nobody needs",
		REPLACED_MAX);
}

/* Second names for the store that is there. */
static int keep_old(int at, char replaced[STORE_REPLACED_MAX], struct err *err)
{
	char log[NAME_MAX_];
	struct stat status;
	int result = choose_name(at, replaced, err);

	if (result < 0)
		return result;
	log_of(replaced, log);
	if (linkat(at, SQLITE_FILE_NAME, at, replaced, 0) < 0)
		return fails(err, "keep the old one");
	if (is_there(at, SQLITE_FILE_NAME LOG_SUFFIX, &status) && status.st_size &&
		linkat(at, SQLITE_FILE_NAME LOG_SUFFIX, at, log, 0) < 0)
		return fails(err, "keep the log of the old one");
	if (fsync(at) < 0)
		return fails(err, "sync");
	/* A log that is found beside another store would be put into it. */
	result = remove_file(at, SQLITE_FILE_NAME LOG_SUFFIX, err);
	if (!result)
		result = remove_file(at, SQLITE_FILE_NAME INDEX_SUFFIX, err);
	if (!result && fsync(at) < 0)
		return fails(err, "sync");
	return result;
}

static int put_back(int at, const char *replaced, struct err *err)
{
	char log[NAME_MAX_];
	struct stat kept, present;

	log_of(replaced, log);
	if (is_there(at, log, &kept)) {
		if (!is_there(at, SQLITE_FILE_NAME LOG_SUFFIX, &present)) {
			if (renameat(at, log, at, SQLITE_FILE_NAME LOG_SUFFIX) < 0)
				return fails(err, "put the log back");
		} else if (kept.st_ino == present.st_ino && remove_file(at, log, err) < 0) {
			return -TACIT_IO;
		}
		/* The log before the name that tells of it. */
		if (fsync(at) < 0)
			return fails(err, "sync");
	}
	if (remove_file(at, replaced, err) < 0)
		return -TACIT_IO;
	return fsync(at) < 0 ? fails(err, "sync") : 0;
}

static bool is_replaced_name(const char *name)
{
	size_t length = strlen(name), digits = strlen(REPLACED);

	return length > digits && length < STORE_REPLACED_MAX && !strncmp(name, REPLACED, digits) &&
	       strspn(name + digits, "0123456789") == length - digits;
}

static int undo_in(DIR *open_dir, int at, const struct stat *store, struct err *err)
{
	const struct dirent *entry;
	int result = 0;

	while (!result && (entry = readdir(open_dir))) {
		struct stat status;

		if (is_replaced_name(entry->d_name) && is_there(at, entry->d_name, &status) &&
			status.st_ino == store->st_ino && status.st_dev == store->st_dev)
			result = put_back(at, entry->d_name, err);
	}
	return result;
}

int sqlite_replace_undo(const char *dir, struct err *err)
{
	DIR *open_dir = opendir(dir);
	struct stat store;
	int result = 0;

	/* Whoever opens the store says what is the matter. */
	if (!open_dir)
		return 0;
	if (is_there(dirfd(open_dir), SQLITE_FILE_NAME, &store) && store.st_nlink > 1)
		result = undo_in(open_dir, dirfd(open_dir), &store, err);
	closedir(open_dir);
	return result;
}

int sqlite_replace(
	const char *dir, const char *path, char replaced[STORE_REPLACED_MAX], struct err *err)
{
	_close_ int at = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct stat status;
	struct err why;
	int result = 0;

	replaced[0] = '\0';
	if (at < 0)
		return fails(err, "open its directory");
	if (is_there(at, SQLITE_FILE_NAME, &status))
		result = keep_old(at, replaced, &why);
	if (!result && renameat(AT_FDCWD, path, at, SQLITE_FILE_NAME) < 0)
		result = fails(&why, "rename the new one");
	if (result < 0) {
		if (replaced[0] && put_back(at, replaced, NULL) < 0)
			return err_set(
				err, TACIT_IO, "%s; the old one is %s/%s", why.text, dir, replaced);
		return err_set(err, why.code, "%s", why.text);
	}
	return fsync(at) < 0 ? fails(err, "sync") : 0;
}
