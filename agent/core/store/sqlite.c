/* SPDX-License-Identifier: Apache-2.0 */
/* The engine over SQLite: DIR/store.db and the log beside it. FORMAT.md describes the tables. */
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>

#include "base/cleanup.h"
#include "core/store/connection.h"
#include "core/store/sqlite.h"

#define NEW_NAME "store.db.new"

int sqlite_fail(struct store *store, int rc, const char *what, struct err *err)
{
	int result = connection_error(connection_blame(store->db, rc), what, err);

	if (result == -TACIT_IO)
		store->broken = true;
	return result;
}

static int path_of(
	const char *dir, const char *name, char path[CONNECTION_PATH_MAX], struct err *err)
{
	if (snprintf(path, CONNECTION_PATH_MAX, "%s/%s", dir, name) >= CONNECTION_PATH_MAX)
		return err_set(err, TACIT_INVALID, "the path of the store is too long");
	return 0;
}

/* The store is made under another name and then renamed: a crash leaves none, not half of one. */
static int sqlite_create(const char *dir, struct err *err)
{
	static const char *const leftovers[] = { NEW_NAME, NEW_NAME "-journal", NEW_NAME "-wal",
		NEW_NAME "-shm" };
	char path[CONNECTION_PATH_MAX];
	_close_ int at = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int result = path_of(dir, NEW_NAME, path, err);

	if (result < 0)
		return result;
	if (at < 0)
		return err_errno(err, errno, TACIT_IO, "%s", dir);
	if (!faccessat(at, SQLITE_FILE_NAME, F_OK, AT_SYMLINK_NOFOLLOW))
		return err_set(err, TACIT_EXISTS, "%s has a store already", dir);
	if (flock(at, LOCK_EX | LOCK_NB) < 0)
		return err_set(err, TACIT_BUSY, "another process makes a store in %s", dir);
	for (size_t i = 0; i < sizeof leftovers / sizeof *leftovers; i++)
		if (unlinkat(at, leftovers[i], 0) < 0 && errno != ENOENT)
			return err_errno(err, errno, TACIT_IO, "remove %s", leftovers[i]);
	result = connection_create(path, err);
	if (result < 0)
		return result;
	if (renameat2(at, NEW_NAME, at, SQLITE_FILE_NAME, RENAME_NOREPLACE) < 0)
		return err_errno(err, errno, errno == EEXIST ? TACIT_EXISTS : TACIT_IO,
			"rename the new store in %s", dir);
	return fsync(at) < 0 ? err_errno(err, errno, TACIT_IO, "sync %s", dir) : 0;
}

static int read_owner(struct store *store, int64_t *owner, struct err *err)
{
	int rc = connection_integer(store->db, "SELECT owner FROM fence WHERE one = 1", owner);

	return rc ? sqlite_fail(store, rc, "read fence", err) : 0;
}

static int check_owner(struct store *store, struct err *err)
{
	int64_t owner;
	int result = read_owner(store, &owner, err);

	if (result < 0)
		return result;
	if (owner != store->seen)
		return err_set(err, TACIT_STALE, "another process has taken the store over");
	return 0;
}

static void undo(struct store *store)
{
	if (store->db && !sqlite3_get_autocommit(store->db) &&
		connection_run(store->db, "ROLLBACK"))
		store->broken = true;
}

static int try_raise(struct store *store, struct err *err)
{
	int rc = connection_run(store->db, "BEGIN IMMEDIATE"), result;

	if (rc)
		return sqlite_fail(store, rc, "raise fence", err);
	result = check_owner(store, err);
	if (result < 0)
		return result;
	if (!store->raised)
		result = sqlite_settle(store, err);
	if (result < 0)
		return result;
	rc = connection_run(store->db,
		"UPDATE fence SET owner = owner + 1 WHERE one = 1 AND owner < 0x7fffffffffffffff");
	if (!rc && sqlite3_changes(store->db) != 1)
		rc = SQLITE_CORRUPT;
	if (!rc)
		rc = connection_run(store->db, "COMMIT");
	return rc ? sqlite_fail(store, rc, "raise fence", err) : 0;
}

static int raise_fence(struct store *store, struct err *err)
{
	int result = try_raise(store, err);

	if (result < 0) {
		undo(store);
		return result;
	}
	store->seen++;
	store->raised = true;
	store->refused = false;
	return 0;
}

/* The old connection is closed after the new one was opened. Closed first, it would take the index
 * of the log with it, and the recovery that follows could bring back a commit that had failed in
 * its last step and was reported so. */
static int mend(struct store *store, struct err *err)
{
	sqlite3 *db;
	int result;

	if (!store->broken)
		return 0;
	result = connection_open(store->path, &db, err);
	if (result < 0) {
		err_wrap(err, "recover the store");
		return result;
	}
	sqlite_copy_cut(store);
	sqlite3_close(store->db);
	store->db = db;
	store->broken = false;
	return 0;
}

/* A commit that the disk refused in its last step lies whole in the log, and a restart would find
 * it there. Raising the fence once more writes over it. */
static void sqlite_rollback(struct store *store)
{
	undo(store);
	if (store->refused && !mend(store, NULL))
		raise_fence(store, NULL);
}

static void sqlite_close(struct store *store)
{
	if (!store)
		return;
	undo(store);
	sqlite_copy_cut(store);
	sqlite3_close(store->db);
	free(store);
}

static int open_store(struct store *store, const char *dir, struct err *err)
{
	struct err refused = { 0 };
	int result = path_of(dir, SQLITE_FILE_NAME, store->path, err);

	if (!result)
		result = sqlite_replace_undo(dir, err);
	if (!result)
		result = connection_open(store->path, &store->db, err);
	if (!result)
		result = read_owner(store, &store->seen, err);
	if (result < 0)
		return result;
	result = raise_fence(store, &refused);
	/* A full disk must not stop the reading: sqlite_begin() tries again. */
	if (result < 0 && result != -TACIT_IO)
		return err_set(err, refused.code, "%s", refused.text);
	return 0;
}

static int sqlite_open(const char *dir, struct store **opened, struct err *err)
{
	struct store *store = calloc(1, sizeof *store);
	int result;

	if (!store)
		return err_set(err, TACIT_LIMIT, "out of memory");
	result = open_store(store, dir, err);
	if (result < 0)
		sqlite_close(store);
	else
		*opened = store;
	return result;
}

static int sqlite_begin(struct store *store, struct err *err)
{
	int rc, result;

	if (store->is_copy)
		return err_set(err, TACIT_DENIED, "a copy of a store is not written to");
	result = mend(store, err);
	if (!result && !store->raised)
		result = raise_fence(store, err);
	if (result < 0)
		return result;
	/* The lock is taken here: a transaction that began can no longer find itself behind. */
	rc = connection_run(store->db, "BEGIN IMMEDIATE");
	return rc ? sqlite_fail(store, rc, "begin", err) : 0;
}

static int sqlite_commit(struct store *store, struct err *err)
{
	int rc, result = check_owner(store, err);

	if (result < 0)
		return result;
	rc = connection_run(store->db, "COMMIT");
	store->refused = rc != SQLITE_OK;
	return rc ? sqlite_fail(store, rc, "commit", err) : 0;
}

static int sqlite_checkpoint(struct store *store, struct err *err)
{
	int rc, result = store->is_copy ? 0 : mend(store, err);

	if (!result && !store->is_copy && !store->raised)
		result = raise_fence(store, err);
	if (result < 0 || store->is_copy)
		return result;
	rc = sqlite3_wal_checkpoint_v2(store->db, NULL, SQLITE_CHECKPOINT_TRUNCATE, NULL, NULL);
	return rc ? sqlite_fail(store, rc, "checkpoint", err) : 0;
}

const struct store_engine store_sqlite = {
	.name = "sqlite",
	.create = sqlite_create,
	.open = sqlite_open,
	.close = sqlite_close,
	.get_meta = sqlite_get_meta,
	.each = sqlite_each,
	.get = sqlite_get,
	.begin = sqlite_begin,
	.put_meta = sqlite_put_meta,
	.put = sqlite_put,
	.remove = sqlite_remove,
	.commit = sqlite_commit,
	.rollback = sqlite_rollback,
	.checkpoint = sqlite_checkpoint,
	.check = sqlite_check,
	.reindex = sqlite_reindex,
	.copy_begin = sqlite_copy_begin,
	.copy_step = sqlite_copy_step,
	.copy_end = sqlite_copy_end,
	.open_copy = sqlite_open_copy,
	.replace = sqlite_replace,
};
