/* SPDX-License-Identifier: Apache-2.0 */
/* What an earlier process has left may be in the machine's memory alone. When a sync fails, Linux
 * takes the bytes for written; a process that ends at that leaves a log that reads well, of which
 * the disk has a part, and no later sync of it says so. What is committed behind it, and what a
 * checkpoint moves, would be gone with the power. Written again the bytes are written.
 *
 * So may the names be: that there is a log, and that a journal was removed, which would be played
 * back into a store that has gone on since. SQLite syncs the directory and does not look whether
 * that went well. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "core/store/sqlite.h"

#define CHUNK (64u << 10)

static int write_again(sqlite3_file *log, uint8_t *bytes, sqlite3_int64 length)
{
	int rc = SQLITE_OK;

	for (sqlite3_int64 at = 0; !rc && at < length; at += CHUNK) {
		int part = length - at < (sqlite3_int64)CHUNK ? (int)(length - at) : (int)CHUNK;

		rc = log->pMethods->xRead(log, bytes, part, at);
		if (!rc)
			rc = log->pMethods->xWrite(log, bytes, part, at);
	}
	return rc ? rc : log->pMethods->xSync(log, SQLITE_SYNC_NORMAL);
}

/* Nobody else writes to it while this process is inside a transaction that writes. */
static int write_log_again(sqlite3 *db)
{
	_free_ uint8_t *bytes = malloc(CHUNK);
	sqlite3_file *log = NULL;
	sqlite3_int64 length = 0;
	int rc = sqlite3_file_control(db, "main", SQLITE_FCNTL_JOURNAL_POINTER, &log);

	if (rc || !bytes)
		return rc ? rc : SQLITE_NOMEM;
	if (!log || !log->pMethods)
		return SQLITE_OK;
	rc = log->pMethods->xFileSize(log, &length);
	return rc || !length ? rc : write_again(log, bytes, length);
}

static int sync_names(const char *path, struct err *err)
{
	char dir[CONNECTION_PATH_MAX];
	const char *slash = strrchr(path, '/');
	_close_ int at = -1;

	snprintf(dir, sizeof dir, "%.*s", slash ? (int)(slash - path) : 1, slash ? path : ".");
	at = open(*dir ? dir : "/", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return at < 0 || fsync(at) < 0
		       ? err_errno(err, errno, TACIT_IO, "sync the store's directory")
		       : 0;
}

int sqlite_settle(struct store *store, struct err *err)
{
	int rc = write_log_again(store->db);

	return rc ? sqlite_fail(store, rc, "write the log again", err)
		  : sync_names(store->path, err);
}
