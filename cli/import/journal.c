/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/import/journal.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "cli/import/store.h"

#define IMPORTS_MAX 999 /* backups beside each other; nobody undoes so many */

static void drop_dir(DIR **dir)
{
	if (*dir)
		closedir(*dir);
}

#define _closedir_ __attribute__((cleanup(drop_dir)))

int journal_project(const struct journal *journal, struct err *err)
{
	int fd = open(*journal->folder ? journal->folder : ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	return fd < 0 ? err_errno(err, errno, TACIT_IO, "the project's folder") : fd;
}

/* Everything in it but other imports; then it. The manifest first: without one it is a remain. */
static int drop_import(const struct journal *journal, unsigned int number, struct err *err)
{
	char name[STORE_NAME_MAX];
	_close_ int fd = -1;
	_closedir_ DIR *dir = NULL;
	struct dirent *entry;
	int status, copy;

	snprintf(name, sizeof name, "%u", number);
	fd = openat(journal->fd, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
	if (fd < 0)
		return err_errno(err, errno, TACIT_IO, JOURNAL_FOLDER "/%s", name);
	/* It has no value in it; half of it would be worse than all or nothing. */
	status = unlinkat(fd, MANIFEST_NAME, 0) < 0 && errno != ENOENT
			 ? err_errno(err, errno, TACIT_IO, "remove the manifest")
			 : 0;
	if (!status && fsync(fd) < 0)
		status = err_errno(err, errno, TACIT_IO, "sync " JOURNAL_FOLDER "/%s", name);
	copy = status ? -1 : openat(fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	dir = copy < 0 ? NULL : fdopendir(copy);
	while (dir && !status && (entry = readdir(dir)))
		if (entry->d_name[0] != '.')
			status = store_remove(fd, entry->d_name, err);
	if (!status && unlinkat(journal->fd, name, AT_REMOVEDIR) < 0)
		status = err_errno(err, errno, TACIT_IO, "remove " JOURNAL_FOLDER "/%s", name);
	return status;
}

static unsigned int number_of(const char *name)
{
	size_t digits = strspn(name, "0123456789");

	return !digits || name[digits] || digits > 3 || *name == '0'
		       ? 0
		       : (unsigned int)strtoul(name, NULL, 10);
}

int journal_import(const struct journal *journal, unsigned int number, struct err *err)
{
	char name[STORE_NAME_MAX];
	int fd;

	snprintf(name, sizeof name, "%u", number);
	fd = openat(journal->fd, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
	return fd < 0 ? err_errno(err, errno, TACIT_IO, JOURNAL_FOLDER "/%s", name) : fd;
}

/* What is in an import's folder: a manifest, or remains. */
static int look_at(struct journal *journal, unsigned int number, struct err *err)
{
	struct manifest manifest;
	_close_ int fd = journal_import(journal, number, err);
	int status = fd < 0 ? fd : manifest_read(fd, &manifest, err);

	if (status < 0)
		return status;
	if (!manifest.count)
		return drop_import(journal, number, err);
	if (number > journal->last) {
		journal->last = number;
		journal->state = manifest.state;
	}
	manifest_free(&manifest);
	return 0;
}

static int look(struct journal *journal, struct err *err)
{
	int copy = openat(journal->fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	_closedir_ DIR *dir = copy < 0 ? NULL : fdopendir(copy);
	struct dirent *entry;
	int status = 0;

	if (!dir)
		return err_errno(err, errno, TACIT_IO, JOURNAL_FOLDER);
	journal->last = 0;
	journal->state = JOURNAL_NONE;
	while (!status && (entry = readdir(dir)))
		if (number_of(entry->d_name))
			status = look_at(journal, number_of(entry->d_name), err);
	return status;
}

static int make_folder(int project, struct err *err)
{
	if (mkdirat(project, JOURNAL_FOLDER, 0700) < 0 && errno != EEXIST)
		return err_errno(err, errno, TACIT_IO, "make " JOURNAL_FOLDER);
	return store_sync_folder(project, JOURNAL_FOLDER, err);
}

/* Values are to lie where nobody else reaches: not in a folder that somebody else has put there. */
static int check_folder(int fd, struct err *err)
{
	struct stat status;

	if (fstat(fd, &status) < 0)
		return err_errno(err, errno, TACIT_IO, JOURNAL_FOLDER);
	if (status.st_uid != geteuid() || status.st_mode & 077)
		return err_set(err, TACIT_DENIED,
			JOURNAL_FOLDER " is not this user's alone; run as its owner, or remove it");
	return 0;
}

int journal_open(struct journal *journal, const char *folder, bool make, struct err *err)
{
	_close_ int project = -1;
	int status = 0;

	*journal = (struct journal){ .fd = -1 };
	snprintf(journal->folder, sizeof journal->folder, "%s", folder);
	project = journal_project(journal, err);
	if (project >= 0 && make)
		status = make_folder(project, err);
	if (project < 0 || status < 0)
		return project < 0 ? project : status;
	journal->fd =
		openat(project, JOURNAL_FOLDER, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
	if (journal->fd < 0 && errno == ENOENT)
		return 0;
	if (journal->fd < 0)
		return err_errno(err, errno, TACIT_IO, JOURNAL_FOLDER);
	status = check_folder(journal->fd, err);
	if (!status && flock(journal->fd, LOCK_EX | LOCK_NB) < 0)
		status = err_set(err, TACIT_BUSY, "another import of this project is under way");
	if (!status)
		status = look(journal, err);
	if (status < 0)
		journal_close(journal);
	return status;
}

void journal_close(struct journal *journal)
{
	if (journal->fd >= 0)
		close(journal->fd);
	journal->fd = -1;
}

void journal_copy_name(size_t index, const char *suffix, char name[STORE_NAME_MAX])
{
	snprintf(name, STORE_NAME_MAX, "%zu.%s", index, suffix);
}

/* The very file when it can have a second name: what is destroyed later is then where it always
 * was. */
static int keep_old(int project, int import, const char *path, size_t index,
	const struct import_file *file, struct err *err)
{
	struct store_text now __attribute__((cleanup(store_forget))) = { 0 };
	const struct store_text planned = { .text = file->old, .length = file->old_length };
	char name[STORE_NAME_MAX];
	int status = store_read(project, path, &now, err);

	if (status < 0)
		return status;
	if (!store_same(&now, &planned))
		return err_set(err, TACIT_STALE,
			"%.200s was changed meanwhile; nothing was done, try again", path);
	journal_copy_name(index, "old", name);
	if (!linkat(project, path, import, name, 0))
		return 0;
	return store_write(import, name, now.text, now.length, &now.status, err);
}

static int keep_file(int project, int import, const char *path, size_t index,
	const struct import_file *file, struct err *err)
{
	char name[STORE_NAME_MAX];
	int status = keep_old(project, import, path, index, file, err);

	if (status < 0 || file->gone)
		return status;
	journal_copy_name(index, "new", name);
	return store_write(import, name, file->made, file->made_length, NULL, err);
}

/* `path` as it is found from the project's folder. */
static void shorten(const struct import_plan *plan, const char *path, char *below)
{
	size_t length = strlen(plan->folder);

	if (length && !strncmp(path, plan->folder, length))
		path += length + strspn(path + length, "/");
	snprintf(below, IMPORT_PATH_MAX, "%s", path);
}

static int make_import(struct journal *journal, int *import, struct err *err)
{
	static const char ignored[] = "*\n";
	char name[STORE_NAME_MAX];
	int status;

	if (journal->last >= IMPORTS_MAX)
		return err_set(err, TACIT_LIMIT,
			"there are %d backups; '--destroy-backup' removes them", IMPORTS_MAX);
	status = store_write(journal->fd, ".gitignore", ignored, sizeof ignored - 1, NULL, err);
	if (status < 0)
		return status;
	snprintf(name, sizeof name, "%u", journal->last + 1);
	if (mkdirat(journal->fd, name, 0700) < 0)
		return err_errno(err, errno, TACIT_IO, "make " JOURNAL_FOLDER "/%s", name);
	if (fsync(journal->fd) < 0)
		return err_errno(err, errno, TACIT_IO, "sync " JOURNAL_FOLDER);
	*import = journal_import(journal, journal->last + 1, err);
	return *import < 0 ? *import : 0;
}

static int prepare(struct journal *journal, const struct import_plan *plan, int project, int import,
	struct err *err)
{
	struct manifest manifest
		__attribute__((cleanup(manifest_free))) = { .state = JOURNAL_WRITING,
			.files = calloc(plan->file_count, sizeof *manifest.files) };
	int status = 0;

	if (!manifest.files)
		return err_set(err, TACIT_INTERNAL, "no memory for a manifest");
	for (size_t i = 0; !status && i < plan->file_count; i++) {
		const struct import_file *file = &plan->files[i];
		struct manifest_file *kept = &manifest.files[manifest.count];

		if (!file->changed && !file->gone)
			continue;
		shorten(plan, file->path, kept->path);
		kept->gone = file->gone;
		status = keep_file(project, import, kept->path, manifest.count++, file, err);
	}
	if (!status && fsync(import) < 0)
		status = err_errno(err, errno, TACIT_IO, "sync " JOURNAL_FOLDER);
	if (!status)
		status = manifest_write(import, &manifest, err);
	if (!status) {
		journal->last++;
		journal->state = JOURNAL_WRITING;
	}
	return status;
}

int journal_apply(struct journal *journal, const struct import_plan *plan, struct err *err)
{
	_close_ int project = journal_project(journal, err);
	_close_ int import = -1;
	int status = project < 0 ? project : make_import(journal, &import, err);

	if (status < 0)
		return status;
	status = prepare(journal, plan, project, import, err);
	if (status < 0) {
		struct err ignored;

		drop_import(journal, journal->last + 1, &ignored);
		return status;
	}
	return journal_finish(journal, err);
}

static int drop_folder(struct journal *journal, struct err *err)
{
	_close_ int project = journal_project(journal, err);
	int status = project < 0 ? project : store_remove(journal->fd, ".gitignore", err);

	if (!status && unlinkat(project, JOURNAL_FOLDER, AT_REMOVEDIR) < 0 && errno != ENOTEMPTY)
		status = err_errno(err, errno, TACIT_IO, "remove " JOURNAL_FOLDER);
	return status;
}

int journal_undo(struct journal *journal, struct err *err)
{
	int status;

	if (journal->fd < 0 || !journal->last)
		return err_set(err, TACIT_NOT_FOUND,
			"there is no backup of an import here; nothing was changed");
	status = journal_run(journal, journal_undo_file, JOURNAL_UNDOING, JOURNAL_UNDOING, err);
	if (!status)
		status = drop_import(journal, journal->last, err);
	if (!status)
		status = look(journal, err);
	return status || journal->last ? status : drop_folder(journal, err);
}

int journal_destroy(struct journal *journal, unsigned int *count, struct err *err)
{
	int status = 0;

	*count = 0;
	if (journal->fd < 0)
		return 0;
	while (!status && journal->last) {
		if (journal->state != JOURNAL_APPLIED)
			return err_set(err, TACIT_BUSY,
				"an import or an undo was cut short; finish it first: import again "
				"with '--apply', or '--undo'");
		status = drop_import(journal, journal->last, err);
		*count += !status;
		if (!status)
			status = look(journal, err);
	}
	return status ? status : drop_folder(journal, err);
}
