/* SPDX-License-Identifier: Apache-2.0 */
/* Private to core/store/: the engine over SQLite, its state and the half that moves rows.
 *
 * Invariants
 *   1. `seen` is the owner that the fence had when this store was opened, or was made by it; it is
 *      raised only from that number, so that a store which could not raise it at first (a full
 * disk) never raises it over a successor.
 *   2. A commit happens only in a transaction that has read `seen` in the fence.
 *   3. After an I/O error nothing is written before the connection was opened anew.
 *   4. Before the fence is ours the log that was found is written once more, and the names
 *      are synced (sqlite_log.c): nothing is built upon what only looks as if the disk had it. */
#ifndef TACIT_STORE_SQLITE_H
#define TACIT_STORE_SQLITE_H

#include <stdbool.h>

#include "core/store/connection.h"
#include "core/store/store.h"

#define SQLITE_FILE_NAME "store.db"

struct store {
	sqlite3 *db;
	int64_t seen;               /* invariant 1 */
	bool raised;                /* the fence is ours */
	bool broken;                /* invariant 3 */
	bool refused;               /* a commit failed, and nothing was committed since */
	bool is_copy;               /* of a store: opened for reading */
	struct store_copy *copying; /* one that is being made, or NULL */
	char path[CONNECTION_PATH_MAX];
};

/* connection_error(), and the store is broken when the disk refused. */
int sqlite_fail(struct store *store, int rc, const char *what, struct err *err);

/* sqlite_copy.c, sqlite_replace.c; as struct store_engine says. */
int sqlite_copy_begin(
	struct store *store, const char *path, struct store_copy **copy, struct err *err);
int sqlite_copy_step(struct store_copy *copy, struct store_copy_state *state, struct err *err);
void sqlite_copy_end(struct store_copy *copy);
int sqlite_open_copy(const char *path, struct store **opened, struct err *err);
int sqlite_replace(
	const char *dir, const char *path, char replaced[STORE_REPLACED_MAX], struct err *err);

/* The connection is about to be closed: what is being copied ends. */
void sqlite_copy_cut(struct store *store);
/* What a replacement that was cut short has left in `dir`, before the store is opened. */
int sqlite_replace_undo(const char *dir, struct err *err);

/* sqlite_log.c: invariant 4. In a transaction that writes. */
int sqlite_settle(struct store *store, struct err *err);

/* Rows; as struct store_engine says. */
int sqlite_each(
	struct store *store, enum store_table table, store_row_fn *row, void *arg, struct err *err);
int sqlite_get(struct store *store, enum store_table table, const uint8_t id[STORE_ID_BYTES],
	store_row_fn *row, void *arg, struct err *err);
int sqlite_put(struct store *store, enum store_table table, const uint8_t id[STORE_ID_BYTES],
	const uint8_t *bytes, size_t length, struct err *err);
int sqlite_remove(struct store *store, enum store_table table, const uint8_t id[STORE_ID_BYTES],
	struct err *err);
int sqlite_check(struct store *store, struct err *err);
int sqlite_reindex(struct store *store, struct err *err);
int sqlite_get_meta(struct store *store, const char *name, uint8_t *bytes, size_t room,
	size_t *length, struct err *err);
int sqlite_put_meta(struct store *store, const char *name, const uint8_t *bytes, size_t length,
	struct err *err);

#endif
