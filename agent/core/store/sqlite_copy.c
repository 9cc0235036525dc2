/* SPDX-License-Identifier: Apache-2.0 */
/* A store in one file: made from the connection that commits, so that what is committed meanwhile
 * is in it, and read by one that trusts nothing of it. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/store/sqlite.h"

/* 2 MiB: a few milliseconds of the one thread that makes changes. */
#define STEP_PAGES 512

struct store_copy {
	struct store *store;    /* NULL: its connection was closed */
	sqlite3 *db;            /* the copy; NULL when it is whole */
	sqlite3_backup *backup; /* NULL when it is over */
	struct store_copy_state state;
};

int sqlite_copy_begin(
	struct store *store, const char *path, struct store_copy **copy, struct err *err)
{
	struct store_copy *made;
	int result;

	if (store->copying)
		return err_set(err, TACIT_BUSY, "a copy of the store is being made");
	made = calloc(1, sizeof *made);
	if (!made)
		return err_set(err, TACIT_LIMIT, "out of memory");
	result = connection_create_copy(path, &made->db, err);
	if (!result) {
		made->backup = sqlite3_backup_init(made->db, "main", store->db, "main");
		if (!made->backup)
			result = connection_error(
				sqlite3_extended_errcode(made->db), "begin a copy", err);
	}
	if (result < 0) {
		sqlite_copy_end(made);
		return result;
	}
	made->store = store;
	store->copying = made;
	*copy = made;
	return 0;
}

/* Of either connection. */
static int copy_fail(const struct store_copy *copy, int rc, const char *what, struct err *err)
{
	rc = connection_blame(copy->db, rc);
	return connection_error(
		copy->store ? connection_blame(copy->store->db, rc) : rc, what, err);
}

/* The pages came with the store's mode, a log beside the file: a copy is one file. */
static int finish(struct store_copy *copy, struct err *err)
{
	_finalize_ sqlite3_stmt *row = NULL;
	const char *mode = NULL;
	int rc = sqlite3_backup_finish(copy->backup);

	copy->backup = NULL;
	copy->store->copying = NULL;
	if (!rc)
		rc = sqlite3_prepare_v2(copy->db, "PRAGMA journal_mode=DELETE", -1, &row, NULL);
	if (!rc && (rc = sqlite3_step(row)) == SQLITE_ROW) {
		mode = (const char *)sqlite3_column_text(row, 0);
		rc = mode && !strcmp(mode, "delete") ? SQLITE_OK : SQLITE_IOERR;
	}
	sqlite3_finalize(row);
	row = NULL;
	if (!rc)
		rc = sqlite3_close(copy->db);
	if (rc)
		return copy_fail(copy, rc, "end the copy", err);
	copy->db = NULL;
	copy->state.whole = true;
	return 0;
}

int sqlite_copy_step(struct store_copy *copy, struct store_copy_state *state, struct err *err)
{
	int rc, total, left, result = 0;

	if (copy->state.whole) {
		*state = copy->state;
		return 0;
	}
	if (!copy->store || !copy->backup)
		return err_set(err, TACIT_STALE,
			"the copy was cut short by an error of the disk: begin anew");
	rc = sqlite3_backup_step(copy->backup, STEP_PAGES);
	if (rc != SQLITE_OK && rc != SQLITE_DONE)
		return copy_fail(copy, rc, "copy the store", err);
	total = sqlite3_backup_pagecount(copy->backup);
	left = sqlite3_backup_remaining(copy->backup);
	copy->state.total = (uint64_t)total;
	copy->state.done = (uint64_t)(total - left);
	if (rc == SQLITE_DONE)
		result = finish(copy, err);
	if (!result)
		*state = copy->state;
	return result;
}

void sqlite_copy_cut(struct store *store)
{
	struct store_copy *copy = store->copying;

	if (!copy)
		return;
	sqlite3_backup_finish(copy->backup);
	copy->backup = NULL;
	copy->store = NULL;
	store->copying = NULL;
}

void sqlite_copy_end(struct store_copy *copy)
{
	if (!copy)
		return;
	if (copy->backup)
		sqlite3_backup_finish(copy->backup);
	if (copy->store && copy->store->copying == copy)
		copy->store->copying = NULL;
	sqlite3_close(copy->db);
	free(copy);
}

/* Nobody's MAC has it in it, and a store that has none to raise could not be opened. */
static int check_fence(struct store *store, struct err *err)
{
	int64_t ignored;
	int rc = connection_integer(store->db,
		"SELECT owner FROM fence WHERE one = 1 AND owner < 0x7fffffffffffffff", &ignored);

	return rc ? connection_error(connection_blame(store->db, rc), "the copy's fence", err) : 0;
}

int sqlite_open_copy(const char *path, struct store **opened, struct err *err)
{
	struct store *store = calloc(1, sizeof *store);
	int result;

	if (!store)
		return err_set(err, TACIT_LIMIT, "out of memory");
	store->is_copy = true;
	result = connection_open_copy(path, &store->db, err);
	if (!result)
		result = check_fence(store, err);
	if (result < 0) {
		sqlite3_close(store->db);
		free(store);
		return result;
	}
	*opened = store;
	return 0;
}
