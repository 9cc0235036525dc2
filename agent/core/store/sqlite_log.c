/* SPDX-License-Identifier: Apache-2.0 */
/* A log that somebody else has left may be in the machine's memory alone. When a sync fails, Linux
 * takes the bytes for written; a process that ends at that leaves a log that reads well, of which
 * the disk has a part, and no later sync of it says so. What is committed behind it, and what a
 * checkpoint moves, would be gone with the power. Written again the bytes are written. */
#include <stdlib.h>

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
int sqlite_write_log_again(sqlite3 *db)
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
