/* SPDX-License-Identifier: Apache-2.0 */
#include "core/store/connection.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "base/cleanup.h"
#include "core/store/schema.h"

#define APPLICATION_ID 0x74616369 /* "taci" in the file's header */
#define FORMAT_VERSION 1          /* user_version in the file's header */
#define BUSY_MS 1000 /* a predecessor that is not yet dead may be inside a commit for so long */

/* SQLite's file format: what stands where in its first bytes. */
#define HEAD_BYTES 72
#define AT_MODES 18 /* two: for whoever writes, for whoever reads; 1 without a log, 2 with one */
#define AT_USER_VERSION 60
#define AT_APPLICATION_ID 68
static const char head_magic[16] = "SQLite format 3";

#define TEXT_OF_(number) #number
#define TEXT_OF(number) TEXT_OF_(number)

static const char fresh[] =
	"PRAGMA synchronous=FULL;"
	"PRAGMA application_id=" TEXT_OF(APPLICATION_ID) ";"
							 "PRAGMA user_version=" TEXT_OF(
								 FORMAT_VERSION) ";";

static const char settings[] =
	"PRAGMA trusted_schema=0;"
	"PRAGMA cell_size_check=1;"
	"PRAGMA mmap_size=0;"
	"PRAGMA temp_store=MEMORY;"
	"PRAGMA cache_size=-256;" /* KiB: what is read is kept by the layers above */
	"PRAGMA secure_delete=1;"
	"PRAGMA journal_mode=WAL;"
	"PRAGMA synchronous=FULL;"
	/* An automatic checkpoint swallows the errors of its fsync. */
	"PRAGMA wal_autocheckpoint=0;";

/* Of a copy, of which nothing is written. */
static const char copy_settings[] = "PRAGMA trusted_schema=0;"
				    "PRAGMA cell_size_check=1;"
				    "PRAGMA mmap_size=0;"
				    "PRAGMA temp_store=MEMORY;"
				    "PRAGMA query_only=1;";

static const struct {
	int option;
	int value;
} options[] = {
	{ SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1 },
	{ SQLITE_DBCONFIG_DEFENSIVE, 1 },
	{ SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0 },
	{ SQLITE_DBCONFIG_ENABLE_LOAD_EXTENSION, 0 },
	{ SQLITE_DBCONFIG_ENABLE_TRIGGER, 0 },
	{ SQLITE_DBCONFIG_ENABLE_VIEW, 0 },
	{ SQLITE_DBCONFIG_ENABLE_FKEY, 0 },
};

/* What each primary result code is here; one that is not in the table is TACIT_INTERNAL. */
static const struct {
	int rc;
	enum tacit_code code;
} codes[] = {
	{ SQLITE_BUSY, TACIT_BUSY },
	{ SQLITE_LOCKED, TACIT_BUSY },
	{ SQLITE_NOMEM, TACIT_LIMIT },
	{ SQLITE_PERM, TACIT_DENIED },
	{ SQLITE_AUTH, TACIT_DENIED },
	{ SQLITE_READONLY, TACIT_IO },
	{ SQLITE_IOERR, TACIT_IO },
	{ SQLITE_FULL, TACIT_IO },
	{ SQLITE_CANTOPEN, TACIT_IO },
	{ SQLITE_PROTOCOL, TACIT_IO },
	{ SQLITE_NOLFS, TACIT_IO },
	{ SQLITE_CORRUPT, TACIT_CORRUPT },
	{ SQLITE_NOTADB, TACIT_CORRUPT },
	{ SQLITE_FORMAT, TACIT_CORRUPT },
	{ SQLITE_TOOBIG, TACIT_CORRUPT },
	{ SQLITE_CONSTRAINT, TACIT_CORRUPT },
	{ SQLITE_MISMATCH, TACIT_CORRUPT },
	/* Our statements are fixed: one that does not compile met another schema than ours. */
	{ SQLITE_ERROR, TACIT_CORRUPT },
};

int connection_error(int rc, const char *what, struct err *err)
{
	enum tacit_code code = TACIT_INTERNAL;

	for (size_t i = 0; i < sizeof codes / sizeof *codes; i++)
		if (codes[i].rc == (rc & 0xff))
			code = codes[i].code;
	return err_set(err, code, "%s: %s (SQLite %d)", what, sqlite3_errstr(rc), rc);
}

static bool refused_to_read(sqlite3_file *file)
{
	int refused = 0;

	return file && file->pMethods &&
	       !file->pMethods->xFileControl(file, SQLITE_FCNTL_LAST_ERRNO, &refused) &&
	       refused == EIO;
}

int connection_blame(sqlite3 *db, int rc)
{
	static const int files[] = { SQLITE_FCNTL_FILE_POINTER, SQLITE_FCNTL_JOURNAL_POINTER };

	for (size_t i = 0; (rc & 0xff) == SQLITE_CORRUPT && i < sizeof files / sizeof *files; i++) {
		sqlite3_file *file = NULL;

		if (!sqlite3_file_control(db, "main", files[i], &file) && refused_to_read(file))
			rc = SQLITE_IOERR_READ;
	}
	return rc;
}

int connection_run(sqlite3 *db, const char *sql)
{
	return sqlite3_exec(db, sql, NULL, NULL, NULL);
}

int connection_integer(sqlite3 *db, const char *sql, int64_t *value)
{
	_finalize_ sqlite3_stmt *row = NULL;
	int rc = sqlite3_prepare_v2(db, sql, -1, &row, NULL);

	if (rc)
		return rc;
	rc = sqlite3_step(row);
	if (rc == SQLITE_ROW && sqlite3_column_type(row, 0) == SQLITE_INTEGER) {
		*value = sqlite3_column_int64(row, 0);
		return SQLITE_OK;
	}
	return rc == SQLITE_ROW || rc == SQLITE_DONE ? SQLITE_CORRUPT : rc;
}

static int make_file(const char *path, struct err *err)
{
	_close_ int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);

	if (fd < 0)
		return err_errno(
			err, errno, errno == EEXIST ? TACIT_EXISTS : TACIT_IO, "create %s", path);
	if (fchmod(fd, 0600) < 0)
		return err_errno(err, errno, TACIT_IO, "set the mode of %s", path);
	return 0;
}

static void close_db(sqlite3 **db)
{
	sqlite3_close(*db);
}
#define _close_db_ __attribute__((cleanup(close_db)))

int connection_create(const char *path, struct err *err)
{
	_close_db_ sqlite3 *db = NULL;
	int rc, result = make_file(path, err);

	if (result < 0)
		return result;
	rc = sqlite3_open_v2(path, &db,
		SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE, NULL);
	if (!rc)
		rc = connection_run(db, fresh);
	if (!rc)
		rc = schema_make(db);
	if (!rc)
		rc = connection_run(db, "PRAGMA journal_mode=WAL");
	return rc ? connection_error(connection_blame(db, rc), "make store", err) : 0;
}

static int judge_version(int64_t application, int64_t version, struct err *err)
{
	if (application != APPLICATION_ID || version < 1)
		return err_set(err, TACIT_CORRUPT, "not a store of tacit");
	if (version > FORMAT_VERSION)
		return err_set(err, TACIT_NEWER,
			"made by a newer tacit: store format %lld, this one knows up to %d",
			(long long)version, FORMAT_VERSION);
	return 0;
}

static int check_version(sqlite3 *db, struct err *err)
{
	int64_t application, version;
	int rc = connection_integer(db, "PRAGMA application_id", &application);

	if (!rc)
		rc = connection_integer(db, "PRAGMA user_version", &version);
	return rc ? connection_error(rc, "read header", err)
		  : judge_version(application, version, err);
}

/* The first bytes of the file, through SQLite's own layer over the system: a descriptor of ours
 * would, when closed, drop the locks of every other connection in this process. */
static int read_head(const char *path, uint8_t head[HEAD_BYTES])
{
	sqlite3_vfs *vfs = sqlite3_initialize() ? NULL : sqlite3_vfs_find(NULL);
	_free_ sqlite3_file *file = vfs ? calloc(1, (size_t)vfs->szOsFile) : NULL;
	sqlite3_filename name = sqlite3_create_filename(path, "", "", 0, NULL);
	int rc = SQLITE_NOMEM, ignored;

	if (file && name)
		rc = vfs->xOpen(
			vfs, name, file, SQLITE_OPEN_READONLY | SQLITE_OPEN_MAIN_DB, &ignored);
	if (!rc)
		rc = file->pMethods->xRead(file, head, HEAD_BYTES, 0);
	if (file && file->pMethods)
		file->pMethods->xClose(file);
	sqlite3_free_filename(name);
	return rc;
}

static int64_t big_endian(const uint8_t *at)
{
	return (int64_t)at[0] << 24 | at[1] << 16 | at[2] << 8 | at[3];
}

/* Look at the version before anything can write. A connection of SQLite would not do: it makes the
 * log's index, and without the log a checkpoint cut short looks like a broken file. */
static int probe(const char *path, struct err *err)
{
	uint8_t head[HEAD_BYTES];
	int rc = read_head(path, head);

	if (rc == SQLITE_IOERR_SHORT_READ || (!rc && memcmp(head, head_magic, sizeof head_magic)))
		return err_set(err, TACIT_CORRUPT, "not a store of tacit");
	if (rc)
		return connection_error(rc, "read header", err);
	/* With another number SQLite would read the file, and refuse to write it as a disk does. */
	if (head[AT_MODES] > 2 || head[AT_MODES + 1] > 2)
		return err_set(err, TACIT_CORRUPT, "its header is damaged");
	return judge_version(
		big_endian(head + AT_APPLICATION_ID), big_endian(head + AT_USER_VERSION), err);
}

/* Before the first statement, which reads the schema. */
static int restrain(sqlite3 *db, struct err *err)
{
	int rc = SQLITE_OK;

	for (size_t i = 0; !rc && i < sizeof options / sizeof *options; i++)
		rc = sqlite3_db_config(db, options[i].option, options[i].value, NULL);
	if (rc)
		return connection_error(rc, "configure store", err);
	sqlite3_busy_timeout(db, BUSY_MS);
	sqlite3_limit(db, SQLITE_LIMIT_LENGTH, (int)CONNECTION_ROW_MAX);
	/* A newer tacit may have left its version in the log, where the probe did not look. */
	return check_version(db, err);
}

static int configure(sqlite3 *db, struct err *err)
{
	int rc, result = restrain(db, err);

	if (result < 0)
		return result;
	rc = connection_run(db, settings);
	return rc ? connection_error(rc, "configure store", err) : 0;
}

/* That it may be opened at all, by its name and its first bytes. */
static int check_file(const char *path, struct err *err)
{
	struct stat status;
	int result;

	if (lstat(path, &status) < 0)
		return err_errno(err, errno, TACIT_IO, "%s", path);
	if (!S_ISREG(status.st_mode))
		return err_set(err, TACIT_CORRUPT, "%s is not a regular file", path);
	result = probe(path, err);
	if (result < 0)
		err_wrap(err, "%s", path);
	return result;
}

static int open_with(const char *path, int flags, int (*prepare)(sqlite3 *db, struct err *err),
	sqlite3 **db, struct err *err)
{
	_close_db_ sqlite3 *opened = NULL;
	int rc, result = check_file(path, err);

	if (result < 0)
		return result;
	rc = sqlite3_open_v2(
		path, &opened, flags | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE, NULL);
	if (rc)
		return connection_error(rc, "open store", err);
	result = prepare(opened, err);
	if (result == -TACIT_CORRUPT && connection_blame(opened, SQLITE_CORRUPT) != SQLITE_CORRUPT)
		result = connection_error(SQLITE_IOERR_READ, "open store", err);
	if (result < 0) {
		err_wrap(err, "%s", path);
		return result;
	}
	*db = opened;
	opened = NULL;
	return 0;
}

int connection_open(const char *path, sqlite3 **db, struct err *err)
{
	return open_with(path, SQLITE_OPEN_READWRITE, configure, db, err);
}

/* What a stranger's file is read with: nothing of it is longer or deeper than what is ours. */
static const struct {
	int limit;
	int value;
} copy_limits[] = {
	{ SQLITE_LIMIT_SQL_LENGTH, 4096 },
	{ SQLITE_LIMIT_COLUMN, 16 },
	{ SQLITE_LIMIT_EXPR_DEPTH, 100 },
	{ SQLITE_LIMIT_COMPOUND_SELECT, 4 },
	{ SQLITE_LIMIT_ATTACHED, 0 },
	{ SQLITE_LIMIT_TRIGGER_DEPTH, 1 },
	{ SQLITE_LIMIT_LIKE_PATTERN_LENGTH, 64 },
};

int connection_check(sqlite3 *db, struct err *err)
{
	_finalize_ sqlite3_stmt *row = NULL;
	int rc = sqlite3_prepare_v2(db, "PRAGMA integrity_check(1)", -1, &row, NULL);
	const char *text;

	if (!rc)
		rc = sqlite3_step(row);
	if (rc != SQLITE_ROW)
		return connection_error(
			rc == SQLITE_DONE ? SQLITE_CORRUPT : connection_blame(db, rc), "check",
			err);
	text = (const char *)sqlite3_column_text(row, 0);
	if (text && !strcmp(text, "ok"))
		return 0;
	if (connection_blame(db, SQLITE_CORRUPT) != SQLITE_CORRUPT)
		return connection_error(SQLITE_IOERR_READ, "check", err);
	return err_set(err, TACIT_CORRUPT, "its pages do not belong together");
}

static int configure_copy(sqlite3 *db, struct err *err)
{
	int rc, result;

	for (size_t i = 0; i < sizeof copy_limits / sizeof *copy_limits; i++)
		sqlite3_limit(db, copy_limits[i].limit, copy_limits[i].value);
	result = restrain(db, err);
	if (result < 0)
		return result;
	rc = connection_run(db, copy_settings);
	if (rc)
		return connection_error(rc, "read the copy", err);
	rc = schema_check(db);
	if (rc == SQLITE_CORRUPT)
		return err_set(err, TACIT_CORRUPT, "its tables are not those of a store");
	return rc ? connection_error(rc, "read the copy", err) : connection_check(db, err);
}

int connection_open_copy(const char *path, sqlite3 **db, struct err *err)
{
	return open_with(path, SQLITE_OPEN_READONLY, configure_copy, db, err);
}

static const char bare[] = "PRAGMA synchronous=OFF;"
			   "PRAGMA locking_mode=EXCLUSIVE;" /* no index of a log beside it */
			   "PRAGMA journal_mode=OFF;";

int connection_create_copy(const char *path, sqlite3 **db, struct err *err)
{
	_close_db_ sqlite3 *opened = NULL;
	int rc, result = make_file(path, err);

	if (result < 0)
		return result;
	rc = sqlite3_open_v2(path, &opened,
		SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE, NULL);
	if (!rc)
		rc = connection_run(opened, bare);
	if (rc)
		return connection_error(rc, "make the copy", err);
	*db = opened;
	opened = NULL;
	return 0;
}
