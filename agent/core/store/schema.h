/* SPDX-License-Identifier: Apache-2.0 */
/* Private to core/store/: the tables of store.db, in the words in which they lie in it. */
#ifndef TACIT_STORE_SCHEMA_H
#define TACIT_STORE_SCHEMA_H

#include <sqlite3.h>

/* Make the tables in an empty database, within one transaction. SQLite's code. */
int schema_make(sqlite3 *db);

/* SQLITE_OK when the database has these tables, their indexes, and nothing else: no view, trigger,
 * generated column or check of a stranger's. SQLITE_CORRUPT when it has not. */
int schema_check(sqlite3 *db);

#endif
