/* SPDX-License-Identifier: Apache-2.0 */
/* The rows of store.db, one statement at a time: compiling one takes microseconds, a commit takes a
 * disk's time, so none is kept. */
#include <string.h>

#include "core/store/sqlite.h"

enum verb { EACH, GET, PUT, REMOVE, VERBS };

/* Indexed by enum store_table; 0 is the meta table, whose key is a name. */
static const char *const statements[][VERBS] = {
	{ "", "SELECT name, bytes FROM meta WHERE name = ?1",
		"INSERT OR REPLACE INTO meta (name, bytes) VALUES (?1, ?2)", "" },
	[STORE_RECORDS] = { "SELECT id, bytes FROM record",
		"SELECT id, bytes FROM record WHERE id = ?1",
		"INSERT OR REPLACE INTO record (id, bytes) VALUES (?1, ?2)",
		"DELETE FROM record WHERE id = ?1" },
	[STORE_VALUES] = { "SELECT id, bytes FROM value",
		"SELECT id, bytes FROM value WHERE id = ?1",
		"INSERT OR REPLACE INTO value (id, bytes) VALUES (?1, ?2)",
		"DELETE FROM value WHERE id = ?1" },
};
#define META 0

static int prepare(struct store *store, int table, enum verb verb, sqlite3_stmt **row)
{
	return sqlite3_prepare_v2(store->db, statements[table][verb], -1, row, NULL);
}

static int bind_id(sqlite3_stmt *row, const uint8_t id[STORE_ID_BYTES])
{
	return sqlite3_bind_blob(row, 1, id, STORE_ID_BYTES, SQLITE_STATIC);
}

/* Hand a row on; an id or bytes of another type are the file's fault. */
static int give_row(sqlite3_stmt *row, store_row_fn *on_row, void *arg, struct err *err)
{
	const void *id = sqlite3_column_blob(row, 0), *bytes = sqlite3_column_blob(row, 1);

	if (sqlite3_column_type(row, 0) != SQLITE_BLOB ||
		sqlite3_column_type(row, 1) != SQLITE_BLOB ||
		sqlite3_column_bytes(row, 0) != STORE_ID_BYTES)
		return err_set(err, TACIT_CORRUPT, "a row of the store has no valid id");
	return on_row(arg, id, bytes ? bytes : id, (size_t)sqlite3_column_bytes(row, 1), err);
}

int sqlite_each(struct store *store, enum store_table table, store_row_fn *on_row, void *arg,
	struct err *err)
{
	_finalize_ sqlite3_stmt *row = NULL;
	int rc = prepare(store, (int)table, EACH, &row);

	if (rc)
		return sqlite_fail(store, rc, "read store", err);
	while ((rc = sqlite3_step(row)) == SQLITE_ROW) {
		int result = give_row(row, on_row, arg, err);

		if (result)
			return result;
	}
	return rc == SQLITE_DONE ? 0 : sqlite_fail(store, rc, "read store", err);
}

int sqlite_get(struct store *store, enum store_table table, const uint8_t id[STORE_ID_BYTES],
	store_row_fn *on_row, void *arg, struct err *err)
{
	_finalize_ sqlite3_stmt *row = NULL;
	int rc = prepare(store, (int)table, GET, &row);

	if (!rc)
		rc = bind_id(row, id);
	if (!rc)
		rc = sqlite3_step(row);
	if (rc == SQLITE_ROW)
		return give_row(row, on_row, arg, err);
	if (rc == SQLITE_DONE)
		return err_set(err, TACIT_NOT_FOUND, "the store has no such row");
	return sqlite_fail(store, rc, "read store", err);
}

int sqlite_get_meta(struct store *store, const char *name, uint8_t *bytes, size_t room,
	size_t *length, struct err *err)
{
	_finalize_ sqlite3_stmt *row = NULL;
	int rc = prepare(store, META, GET, &row);
	const void *found;

	if (!rc)
		rc = sqlite3_bind_text(row, 1, name, -1, SQLITE_STATIC);
	if (!rc)
		rc = sqlite3_step(row);
	if (rc == SQLITE_DONE)
		return err_set(err, TACIT_NOT_FOUND, "the store has no %s", name);
	if (rc != SQLITE_ROW)
		return sqlite_fail(store, rc, "read store", err);
	found = sqlite3_column_blob(row, 1);
	*length = (size_t)sqlite3_column_bytes(row, 1);
	if (sqlite3_column_type(row, 1) != SQLITE_BLOB || *length > room)
		return err_set(err, TACIT_CORRUPT, "the store's %s is of another size", name);
	if (found)
		memcpy(bytes, found, *length);
	return 0;
}

/* The second value and the one step of a change. A blob without bytes is still a blob. */
static int change(struct store *store, int rc, sqlite3_stmt *row, const uint8_t *bytes,
	size_t length, struct err *err)
{
	if (!rc)
		rc = sqlite3_bind_blob64(
			row, 2, length ? (const void *)bytes : "", length, SQLITE_STATIC);
	if (!rc && (rc = sqlite3_step(row)) == SQLITE_DONE)
		return 0;
	return sqlite_fail(store, rc, "write store", err);
}

int sqlite_put(struct store *store, enum store_table table, const uint8_t id[STORE_ID_BYTES],
	const uint8_t *bytes, size_t length, struct err *err)
{
	_finalize_ sqlite3_stmt *row = NULL;
	int rc;

	if (length > CONNECTION_ROW_MAX - CONNECTION_ROW_HEAD)
		return err_set(err, TACIT_TOO_LARGE, "a row of the store has at most %u bytes",
			CONNECTION_ROW_MAX - CONNECTION_ROW_HEAD);
	rc = prepare(store, (int)table, PUT, &row);
	if (!rc)
		rc = bind_id(row, id);
	return change(store, rc, row, bytes, length, err);
}

int sqlite_put_meta(
	struct store *store, const char *name, const uint8_t *bytes, size_t length, struct err *err)
{
	_finalize_ sqlite3_stmt *row = NULL;
	int rc;

	if (length > STORE_META_MAX)
		return err_set(
			err, TACIT_TOO_LARGE, "a meta row has at most %d bytes", STORE_META_MAX);
	rc = prepare(store, META, PUT, &row);
	if (!rc)
		rc = sqlite3_bind_text(row, 1, name, -1, SQLITE_STATIC);
	return change(store, rc, row, bytes, length, err);
}

int sqlite_remove(struct store *store, enum store_table table, const uint8_t id[STORE_ID_BYTES],
	struct err *err)
{
	_finalize_ sqlite3_stmt *row = NULL;
	int rc = prepare(store, (int)table, REMOVE, &row);

	if (!rc)
		rc = bind_id(row, id);
	if (!rc && (rc = sqlite3_step(row)) == SQLITE_DONE)
		return 0;
	return sqlite_fail(store, rc, "write store", err);
}

int sqlite_check(struct store *store, struct err *err)
{
	int result = connection_check(store->db, err);

	store->broken |= result == -TACIT_IO;
	return result;
}

int sqlite_reindex(struct store *store, struct err *err)
{
	int rc = connection_run(store->db, "REINDEX");

	return rc ? sqlite_fail(store, rc, "make the index anew", err) : 0;
}
