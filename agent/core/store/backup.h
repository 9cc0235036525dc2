/* SPDX-License-Identifier: Apache-2.0 */
/* A backup: a copy of the store in one file, made while the store is served and written to, and
 * checked before anybody is told that it is whole. It is ciphertext, with the key slots and the
 * generation of the moment at which it became whole: a store like any other (FORMAT.md, "Backup").
 *
 * It lies in a directory of its own, made with it and removed with it. On the thread that owns the
 * vault. */
#ifndef TACIT_STORE_BACKUP_H
#define TACIT_STORE_BACKUP_H

#include "core/store/vault.h"

struct backup;

struct backup_state {
	uint64_t done, total; /* pages; `total` grows with the store */
	bool whole;
	/* When it is whole. */
	uint64_t size; /* bytes */
	uint64_t generation;
};

/* Begin one of an open vault in the directory `dir`, which is made; what an earlier one left there
 * goes. TACIT_LOCKED: nobody could check it. TACIT_CORRUPT: rows are damaged, and a backup with
 * them would be of no use. TACIT_BUSY: one is being made. The vault outlives the backup, or
 * backup_end() comes before vault_close(). */
int backup_begin(struct vault *vault, const char *dir, struct backup **backup, struct err *err);

/* Copy some pages, in milliseconds; the last step opens every record and value of the copy, which
 * takes as long as unlocking does, by `root`, the store's root key. After an error: backup_end().
 * TACIT_IO when the disk is full; TACIT_CORRUPT when the copy is not sound, with its first problem;
 * TACIT_STALE when the store had to be opened anew. */
int backup_step(struct backup *backup, const uint8_t root[SEAL_KEY_BYTES],
	struct backup_state *state, struct err *err);

/* Up to `room` bytes of a whole one from `offset` on; *length is 0 at its end, and beyond it.
 * TACIT_INVALID when it is not whole. */
int backup_read(struct backup *backup, uint64_t offset, void *bytes, size_t room, size_t *length,
	struct err *err);

/* NULL does nothing. The file and its directory go. */
void backup_end(struct backup *backup);

/* What is left of one whose process has ended. */
void backup_clear(const char *dir);

#define BACKUP_FILE_NAME "store.db" /* in that directory */

/* Before a file that anybody may have written is opened as a copy: a store that was copied with
 * ordinary means says that it has a log beside it, of which nothing was copied. Now it does not.
 * TACIT_CORRUPT: it is cut off. TACIT_IO. */
int backup_settle(const char *path, struct err *err);

#endif
