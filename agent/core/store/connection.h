/* SPDX-License-Identifier: Apache-2.0 */
/* Private to core/store/: one connection of SQLite to store.db, set up so that nothing in a hostile
 * file runs and nothing is written but by a commit or a checkpoint whose result somebody looks at.
 */
#ifndef TACIT_STORE_CONNECTION_H
#define TACIT_STORE_CONNECTION_H

#include <sqlite3.h>
#include <stdint.h>

#include "base/err.h"

#define CONNECTION_PATH_MAX 512 /* bytes of the path of store.db with its NUL */

/* Rows longer than this are refused both ways: twice a sealed value. */
#define CONNECTION_ROW_MAX (2u << 20)
#define CONNECTION_ROW_HEAD 64 /* of which SQLite takes this much for the id and its own header */

/* Make the file `path`, which must not exist, 0600 whatever the umask, and an empty store in it. */
int connection_create(const char *path, struct err *err);

/* Open the store that is there. TACIT_NOT_FOUND; TACIT_CORRUPT when it is no store; TACIT_NEWER,
 * and then no byte of it was changed. */
int connection_open(const char *path, sqlite3 **db, struct err *err);

/* Open a copy of a store, to be read: a file that anybody may have written. Nothing of it runs, and
 * its tables and pages are checked before anything else is read. TACIT_CORRUPT, TACIT_NEWER. */
int connection_open_copy(const char *path, sqlite3 **db, struct err *err);

/* Make the file `path`, which must not exist, as above, for a copy of another database. It is not
 * synced: whoever needs the copy beyond this process reads it out. */
int connection_create_copy(const char *path, sqlite3 **db, struct err *err);

/* What a result of SQLite is here: TACIT_IO, TACIT_CORRUPT, TACIT_BUSY... `what` is a fixed text.
 * The words of SQLite's own message are left out: they may quote the file. */
int connection_error(int rc, const char *what, struct err *err);

/* SQLite calls a page that the disk refuses to read (EIO) a damaged one. `rc` as it should be: a
 * damaged page says something of the store, and a refusing disk nothing. Once a connection has met
 * with that it is so until it is opened anew. */
int connection_blame(sqlite3 *db, int rc);

/* Whether the pages belong together, and rows are found by their ids. Reads all of it.
 * TACIT_CORRUPT. */
int connection_check(sqlite3 *db, struct err *err);

/* One or more statements without a result. SQLite's code. */
int connection_run(sqlite3 *db, const char *sql);

/* The one integer that `sql` gives. SQLite's code; SQLITE_CORRUPT when it gives no row. */
int connection_integer(sqlite3 *db, const char *sql, int64_t *value);

/* For `_finalize_ sqlite3_stmt *row = NULL;` */
static inline void connection_finalize(sqlite3_stmt **statement)
{
	sqlite3_finalize(*statement);
}
#define _finalize_ __attribute__((cleanup(connection_finalize)))

#endif
