/* SPDX-License-Identifier: Apache-2.0 */
#include "core/store/schema.h"

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

#include "core/store/connection.h"

/* As SQLite keeps them: the statements as they were given, and none of an index it made itself. */
static const struct {
	const char *type, *name, *table, *sql;
} objects[] = {
	{ "table", "meta", "meta",
		"CREATE TABLE meta (name TEXT PRIMARY KEY NOT NULL, bytes BLOB NOT NULL) STRICT" },
	{ "table", "record", "record",
		"CREATE TABLE record (id BLOB PRIMARY KEY NOT NULL, bytes BLOB NOT NULL) STRICT" },
	{ "table", "value", "value",
		"CREATE TABLE value (id BLOB PRIMARY KEY NOT NULL, bytes BLOB NOT NULL) STRICT" },
	{ "table", "fence", "fence",
		"CREATE TABLE fence (one INTEGER PRIMARY KEY CHECK (one = 1), owner INTEGER NOT "
		"NULL) STRICT" },
	{ "index", "sqlite_autoindex_meta_1", "meta", NULL },
	{ "index", "sqlite_autoindex_record_1", "record", NULL },
	{ "index", "sqlite_autoindex_value_1", "value", NULL },
};
#define OBJECTS (sizeof objects / sizeof *objects)

int schema_make(sqlite3 *db)
{
	int rc = connection_run(db, "BEGIN");

	for (size_t i = 0; !rc && i < OBJECTS; i++)
		if (objects[i].sql)
			rc = connection_run(db, objects[i].sql);
	if (!rc)
		rc = connection_run(db, "INSERT INTO fence (one, owner) VALUES (1, 0)");
	return rc ? rc : connection_run(db, "COMMIT");
}

static bool is_text(sqlite3_stmt *row, int column, const char *expected)
{
	const char *text = (const char *)sqlite3_column_text(row, column);

	if (!text || !expected)
		return text == expected;
	return (size_t)sqlite3_column_bytes(row, column) == strlen(expected) &&
	       !strcmp(text, expected);
}

/* Which of the objects a row of the schema is; OBJECTS: none. */
static size_t object_of(sqlite3_stmt *row)
{
	size_t i = 0;

	while (i < OBJECTS &&
		!(is_text(row, 0, objects[i].type) && is_text(row, 1, objects[i].name) &&
			is_text(row, 2, objects[i].table) && is_text(row, 3, objects[i].sql)))
		i++;
	return i;
}

int schema_check(sqlite3 *db)
{
	_finalize_ sqlite3_stmt *row = NULL;
	bool seen[OBJECTS] = { false };
	size_t count = 0;
	int rc = sqlite3_prepare_v2(
		db, "SELECT type, name, tbl_name, sql FROM sqlite_schema", -1, &row, NULL);

	if (rc)
		return rc;
	while ((rc = sqlite3_step(row)) == SQLITE_ROW) {
		size_t object = object_of(row);

		if (object == OBJECTS || seen[object])
			return SQLITE_CORRUPT;
		seen[object] = true;
		count++;
	}
	if (rc != SQLITE_DONE)
		return rc;
	return count == OBJECTS ? SQLITE_OK : SQLITE_CORRUPT;
}
