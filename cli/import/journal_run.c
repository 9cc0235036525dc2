/* SPDX-License-Identifier: Apache-2.0 */
/* From the old files to the new ones, and back. */
#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "cli/import/store.h"

/* One file of an import, as it was, is to be, and is. */
struct three {
	struct store_text old, made, now;
};

static void drop_three(struct three *three)
{
	store_forget(&three->old);
	store_forget(&three->made);
	store_forget(&three->now);
}

#define _three_ __attribute__((cleanup(drop_three)))

static int read_three(int project, int import, const struct manifest_file *file, size_t index,
	struct three *three, struct err *err)
{
	char old[STORE_NAME_MAX], made[STORE_NAME_MAX];
	int status;

	journal_copy_name(index, "old", old);
	journal_copy_name(index, "new", made);
	status = store_read(import, old, &three->old, err);
	if (!status && !file->gone)
		status = store_read(import, made, &three->made, err);
	if (!status)
		status = store_read(project, file->path, &three->now, err);
	if (!status && (!three->old.text || (!file->gone && !three->made.text)))
		status = err_set(err, TACIT_CORRUPT,
			JOURNAL_FOLDER " is not complete; put %.200s right by hand", file->path);
	if (status < 0 || store_same(&three->now, &three->old) ||
		store_same(&three->now, &three->made))
		return status;
	return err_set(err, TACIT_STALE,
		"%.200s was changed since; put it right by hand, or by " JOURNAL_FOLDER,
		file->path);
}

static int finish_file(
	int project, int import, const struct manifest_file *file, size_t index, struct err *err)
{
	_three_ struct three three = { 0 };
	int status = read_three(project, import, file, index, &three, err);

	if (status < 0 || store_same(&three.now, &three.made))
		return status;
	if (!file->gone)
		return store_replace(
			project, file->path, &three.made, &three.old.status, false, err);
	if (unlinkat(project, file->path, 0) < 0)
		return err_errno(err, errno, TACIT_IO, "remove %.200s", file->path);
	return store_sync_folder(project, file->path, err);
}

int journal_undo_file(
	int project, int import, const struct manifest_file *file, size_t index, struct err *err)
{
	_three_ struct three three = { 0 };
	int status = read_three(project, import, file, index, &three, err);

	if (status < 0 || store_same(&three.now, &three.old))
		return status;
	return store_replace(project, file->path, &three.old, &three.old.status, true, err);
}

static int check_file(
	int project, int import, const struct manifest_file *file, size_t index, struct err *err)
{
	_three_ struct three three = { 0 };

	return read_three(project, import, file, index, &three, err);
}

int journal_run(struct journal *journal, journal_file_fn *each, enum journal_state first,
	enum journal_state last, struct err *err)
{
	struct manifest manifest __attribute__((cleanup(manifest_free))) = { 0 };
	_close_ int project = journal_project(journal, err);
	_close_ int import = project < 0 ? -1 : journal_import(journal, journal->last, err);
	int status = import < 0 ? -(int)err->code : manifest_read(import, &manifest, err);

	for (size_t i = 0; !status && i < manifest.count; i++)
		status = check_file(project, import, &manifest.files[i], i, err);
	if (!status && manifest.state != first) {
		manifest.state = first;
		status = manifest_write(import, &manifest, err);
	}
	for (size_t i = 0; !status && i < manifest.count; i++)
		status = each(project, import, &manifest.files[i], i, err);
	if (!status && last != first) {
		manifest.state = last;
		status = manifest_write(import, &manifest, err);
	}
	if (!status)
		journal->state = last;
	return status;
}

int journal_finish(struct journal *journal, struct err *err)
{
	return journal_run(journal, finish_file, JOURNAL_WRITING, JOURNAL_APPLIED, err);
}
