/* SPDX-License-Identifier: Apache-2.0 */
/* A backup that becomes the store. It comes in pieces, from whoever has it: until it was opened
 * with its key and every row of it checked, it is a stranger's file.
 *
 * MUST NOT touch the store that is there before all of the new one has been checked.
 * MUST close that store before the other takes its place. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/files.h"
#include "base/log.h"
#include "core/control/keys/keys.h"
#include "core/control/store/store_place.h"
#include "core/store/verify.h"

struct restore {
	int fd;
	uint64_t size;
	char path[STORE_PATH_MAX];
};

void restore_end(struct restore *restore)
{
	if (!restore)
		return;
	if (restore->fd >= 0)
		close(restore->fd);
	free(restore);
}

static void drop(struct core *core)
{
	char dir[STORE_PATH_MAX];

	restore_end(core->restore);
	core->restore = NULL;
	store_path(core, STORE_RESTORE, dir);
	backup_clear(dir);
}

static int begin(struct core *core, struct err *err)
{
	char dir[STORE_PATH_MAX];
	struct restore *restore;

	drop(core);
	store_path(core, STORE_RESTORE, dir);
	if (mkdir(dir, 0700) < 0)
		return err_errno(err, errno, TACIT_IO, "make %s", dir);
	restore = calloc(1, sizeof *restore);
	if (!restore)
		return err_set(err, TACIT_LIMIT, "out of memory");
	core->restore = restore;
	store_path(core, STORE_RESTORE "/" BACKUP_FILE_NAME, restore->path);
	restore->fd = open(restore->path, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	return restore->fd < 0 ? err_errno(err, errno, TACIT_IO, "make %s", restore->path) : 0;
}

static void put_offset(struct pack *doc, uint64_t offset)
{
	doc_open(doc, NULL, DOC_OBJECT);
	doc_number(doc, "offset", offset);
	doc_close(doc);
}

int call_store_restore(struct call *call, struct err *err)
{
	int status = begin(call->core, err);

	if (status < 0)
		drop(call->core);
	else
		put_offset(&call->reply, 0);
	return status;
}

static int check_begun(const struct core *core, struct err *err)
{
	return core->restore ? 0 : err_set(err, TACIT_NOT_FOUND, "no restore is under way");
}

int call_store_restore_write(struct call *call, struct err *err)
{
	struct restore *restore = call->core->restore;
	const uint32_t length = call->request->body_length;
	int status = check_begun(call->core, err);

	if (status < 0)
		return status;
	if (length > TACIT_CHUNK_MAX)
		return err_set(
			err, TACIT_TOO_LARGE, "a piece has at most %u bytes", TACIT_CHUNK_MAX);
	if (call->request->offset != restore->size)
		return err_set(err, TACIT_STALE, "the next piece begins at %llu",
			(unsigned long long)restore->size);
	status = file_write_fd(restore->fd, call->body, length, err);
	if (status < 0) {
		/* What it took on the disk may be what is missing there. */
		drop(call->core);
		return status;
	}
	restore->size += length;
	put_offset(&call->reply, restore->size);
	return 0;
}

int call_store_restore_drop(struct call *call, struct err *err)
{
	(void)err;
	drop(call->core);
	doc_open(&call->reply, NULL, DOC_OBJECT);
	doc_bool(&call->reply, "ended", true);
	doc_close(&call->reply);
	return 0;
}

/* By what the operator gives, or by what unlocks the agent. */
static int open_copy(struct call *call, struct vault *copy, uint8_t *root, struct err *err)
{
	struct keys_given given;
	int status = keys_take(call, "restore", &given, err);

	if (status == 0)
		status = keys_open(call->core, copy, &given, root, err);
	keys_drop(&given);
	return status;
}

static int take_first(void *arg, const struct verify_problem *problem, struct err *err)
{
	char *first = arg;

	(void)err;
	if (!first[0])
		snprintf(first, ERR_TEXT_MAX, "%s", problem->text);
	return 0;
}

static int verify(struct vault *copy, uint64_t *generation, struct err *err)
{
	struct verify_result result;
	char first[ERR_TEXT_MAX] = "";
	int status = vault_verify(copy, take_first, first, &result, err);

	if (status < 0)
		return status;
	*generation = result.generation;
	return result.problems
		       ? err_set(err, TACIT_CORRUPT,
				 "the backup has %llu problems and is not taken; the first: "
				 "%.200s",
				 (unsigned long long)result.problems, first)
		       : 0;
}

/* Whether the store that is there may go: one without secrets, or none; or it was said that it may.
 */
static int check_present(const struct call *call, struct err *err)
{
	struct core *core = call->core;
	struct err why;

	if (call->request->flags & REQUEST_FORCE || core_attach(core, &why) == -TACIT_NOT_FOUND)
		return 0;
	if (core->model->locked)
		return err_set(err, TACIT_EXISTS,
			"there is a store, and whether it has secrets cannot be told while it is "
			"locked: it is replaced, and kept beside the new one, when that is forced");
	if (!HASH_CNT(by_id, core->model->secrets_by_id))
		return 0;
	return err_set(err, TACIT_EXISTS,
		"there is a store with %u secrets: it is replaced, and kept beside the new one, "
		"when that is forced",
		HASH_CNT(by_id, core->model->secrets_by_id));
}

/* All that is in memory of the store that is there goes. */
static void close_present(struct core *core)
{
	struct vault *vault = core->vault;

	backup_end(core->backup);
	core->backup = NULL;
	hooks_forget(core);
	core_lock(core, false, NULL);
	model_write_lock(core->model);
	core->vault = NULL;
	model_unlock(core->model);
	vault_close(vault);
}

static int check_copy(struct call *call, uint8_t *root, uint64_t *generation, struct err *err)
{
	struct restore *restore = call->core->restore;
	struct vault *copy;
	int status = fsync(restore->fd) < 0 ? err_errno(err, errno, TACIT_IO, "write the copy")
					    : backup_settle(restore->path, err);

	if (status == 0)
		status = vault_attach_copy(&store_sqlite, restore->path, &copy, err);
	if (status < 0)
		return status;
	status = open_copy(call, copy, root, err);
	if (status == 0)
		status = verify(copy, generation, err);
	if (status == 0)
		status = check_present(call, err);
	if (status == 0)
		status = store_announce(call->core, copy, err);
	vault_close(copy);
	return status;
}

/* Serve the store that is in place, by its root key. */
static int serve(struct core *core, const uint8_t *root, struct err *err)
{
	int status;

	memcpy(core->keys->root, root, SEAL_KEY_BYTES);
	core->keys->root_present = 1;
	status = core_resume(core, err);
	if (status == 0 && vault_is_written_locked(core->vault))
		status = vault_write_locked(core->vault, false, err);
	if (status < 0) {
		core->failure = *err;
		return status;
	}
	core->failure = (struct err){ 0 };
	touches_add_since(core, 0);
	containers_all_changed(core->containers);
	keep_containers(core);
	return 0;
}

/* One store or the other. That the new one could not be put in place is the answer, whether or not
 * the old one, if it was served, is served again. */
static int swap(
	struct core *core, const uint8_t *root, char replaced[STORE_REPLACED_MAX], struct err *err)
{
	const bool served = !core->model->locked;
	uint8_t *before = seal_alloc(SEAL_KEY_BYTES);
	char dir[STORE_PATH_MAX];
	struct err why;
	int status;

	if (!before)
		return err_set(err, TACIT_LIMIT, "no locked memory left");
	memcpy(before, core->keys->root, SEAL_KEY_BYTES);
	store_path(core, "", dir);
	close_present(core);
	status = store_sqlite.replace(dir, core->restore->path, replaced, err);
	if (status == 0) {
		status = serve(core, root, err);
		if (status < 0)
			err_wrap(err, "the backup is in place, and not served");
	} else if (served && serve(core, before, &why) < 0) {
		log_error("the store that was to be replaced: %s", why.text);
	}
	seal_free(before);
	return status;
}

static void put_result(
	struct pack *doc, const struct core *core, uint64_t generation, const char *replaced)
{
	char path[STORE_PATH_MAX], below[STORE_REPLACED_MAX + 1];

	doc_open(doc, NULL, DOC_OBJECT);
	store_path(core, "/" BACKUP_FILE_NAME, path);
	doc_text(doc, "store", path);
	doc_number(doc, "generation", generation);
	if (replaced[0]) {
		snprintf(below, sizeof below, "/%s", replaced);
		store_path(core, below, path);
		doc_text(doc, "replaced", path);
	} else {
		doc_none(doc, "replaced");
	}
	doc_close(doc);
}

int call_store_restore_end(struct call *call, struct err *err)
{
	char replaced[STORE_REPLACED_MAX] = "";
	struct core *core = call->core;
	uint8_t *root = seal_alloc(SEAL_KEY_BYTES);
	uint64_t generation = 0;
	int status =
		root ? check_begun(core, err) : err_set(err, TACIT_LIMIT, "no locked memory left");

	if (status == 0)
		status = check_copy(call, root, &generation, err);
	if (status == 0)
		status = swap(core, root, replaced, err);
	seal_free(root);
	if (status < 0)
		return status;
	drop(core);
	log_info("a backup of generation %llu is the store now", (unsigned long long)generation);
	put_result(&call->reply, core, generation, replaced);
	return 0;
}
