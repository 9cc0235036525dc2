/* SPDX-License-Identifier: Apache-2.0 */
/* How many rows a second bare SQLite commits with the store's settings, one row a transaction.
 *
 *   bare_sqlite FILE COUNT     prints rows per second */
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#define ROW_BYTES 256 /* about what a sealed record of a short value takes */

static double now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

static int insert(sqlite3_stmt *statement)
{
	char row[ROW_BYTES];

	sqlite3_randomness(sizeof row, row);
	sqlite3_bind_blob(statement, 1, row, 16, SQLITE_TRANSIENT);
	sqlite3_bind_blob(statement, 2, row, sizeof row, SQLITE_TRANSIENT);
	if (sqlite3_step(statement) != SQLITE_DONE)
		return -1;
	return sqlite3_reset(statement);
}

int main(int argc, char **argv)
{
	static const char setup[] =
		"PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA wal_autocheckpoint=0;"
		"PRAGMA trusted_schema=0; PRAGMA secure_delete=1; PRAGMA cache_size=-256;"
		"CREATE TABLE value (id BLOB PRIMARY KEY NOT NULL, bytes BLOB NOT NULL) STRICT;";
	sqlite3_stmt *statement = NULL;
	sqlite3 *db = NULL;
	int count = argc == 3 ? atoi(argv[2]) : 0;
	double start;

	if (count < 1) {
		fprintf(stderr, "usage: bare_sqlite FILE COUNT\n");
		return 2;
	}
	if (sqlite3_open(argv[1], &db) || sqlite3_exec(db, setup, NULL, NULL, NULL) ||
		sqlite3_prepare_v2(db, "INSERT INTO value VALUES (?, ?)", -1, &statement, NULL)) {
		fprintf(stderr, "bare_sqlite: %s\n", sqlite3_errmsg(db));
		return 1;
	}
	start = now();
	for (int i = 0; i < count; i++)
		if (insert(statement)) {
			fprintf(stderr, "bare_sqlite: %s\n", sqlite3_errmsg(db));
			return 1;
		}
	printf("%.1f\n", count / (now() - start));
	sqlite3_finalize(statement);
	sqlite3_close(db);
	return 0;
}
