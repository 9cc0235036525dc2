/* SPDX-License-Identifier: Apache-2.0 */
/* Durable rows of opaque bytes: what is under the vault. It never sees a name, a size or a key.
 *
 * One owner at a time: opening raises a fence, and a commit by an owner that was opened before
 * fails with TACIT_STALE (a core that was killed but is not yet dead cannot write behind its
 * successor). Not thread-safe: one thread owns a store. A commit that returned 0 survives kill -9
 * and power loss. One that failed was not made; only if the process dies, or the disk goes on
 * refusing, before the rollback is through may the next owner find it made after all. */
#ifndef TACIT_STORE_STORE_H
#define TACIT_STORE_STORE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

#define STORE_ID_BYTES 16
#define STORE_META_MAX 4096 /* bytes of one meta row */

enum store_table { STORE_RECORDS = 1, STORE_VALUES = 2 };

struct store;
struct store_copy;

struct store_copy_state {
	uint64_t done, total; /* pages */
	bool whole;
};

#define STORE_REPLACED_MAX 32 /* bytes of a file's name with its NUL */

/* One row at a time; the bytes live until it returns. Not 0 ends the walk, which returns it. */
typedef int store_row_fn(void *arg, const uint8_t id[STORE_ID_BYTES], const uint8_t *bytes,
	size_t length, struct err *err);

/* A storage engine. All of them pass tests/unit/core/store/ unchanged. */
struct store_engine {
	const char *name;
	/* Make a new, empty store in the directory `dir`. TACIT_EXISTS when there is one. */
	int (*create)(const char *dir, struct err *err);
	/* Open the one that is there and raise its fence. TACIT_NOT_FOUND, TACIT_NEWER,
	 * TACIT_CORRUPT. */
	int (*open)(const char *dir, struct store **store, struct err *err);
	void (*close)(struct store *store);
	/* Small rows with a fixed name, outside the sealed tables. TACIT_NOT_FOUND when absent. */
	int (*get_meta)(struct store *store, const char *name, uint8_t *bytes, size_t room,
		size_t *length, struct err *err);
	/* Walk a table in no particular order. */
	int (*each)(struct store *store, enum store_table table, store_row_fn *row, void *arg,
		struct err *err);
	/* One row through `row`; TACIT_NOT_FOUND when it is not there. */
	int (*get)(struct store *store, enum store_table table, const uint8_t id[STORE_ID_BYTES],
		store_row_fn *row, void *arg, struct err *err);
	/* Changes between begin and commit are made together or not at all. put replaces. After any
	 * failure call rollback; it never fails. */
	int (*begin)(struct store *store, struct err *err);
	int (*put_meta)(struct store *store, const char *name, const uint8_t *bytes, size_t length,
		struct err *err);
	int (*put)(struct store *store, enum store_table table, const uint8_t id[STORE_ID_BYTES],
		const uint8_t *bytes, size_t length, struct err *err);
	int (*remove)(struct store *store, enum store_table table, const uint8_t id[STORE_ID_BYTES],
		struct err *err);
	int (*commit)(struct store *store, struct err *err);
	void (*rollback)(struct store *store);
	/* Move the log into the database now and then; called outside a transaction, off any hot
	 * path. */
	int (*checkpoint)(struct store *store, struct err *err);
	/* Whether rows are found where they are: each() may give one that get() does not know.
	 * TACIT_CORRUPT. As long as each() of all tables. */
	int (*check)(struct store *store, struct err *err);
	/* In a transaction: make anew what rows are found by. */
	int (*reindex)(struct store *store, struct err *err);

	/* A copy of the whole store, in one file that must not exist: begun, made a few pages at a
	 * time, and let go of, whole or not. Commits in between are in it, too. One at a time
	 * (TACIT_BUSY); one that an error of the disk has cut short is TACIT_STALE. The file is the
	 * caller's to remove; it is whole when a step has said so, and is not synced. */
	int (*copy_begin)(
		struct store *store, const char *path, struct store_copy **copy, struct err *err);
	int (*copy_step)(struct store_copy *copy, struct store_copy_state *state, struct err *err);
	void (*copy_end)(struct store_copy *copy); /* NULL does nothing */
	/* Open such a file, which anybody may have written, for reading: TACIT_CORRUPT, TACIT_NEWER
	 * before a row of it was read. There is no fence, and nothing can be changed. */
	int (*open_copy)(const char *path, struct store **store, struct err *err);
	/* Put such a file, synced and on the same file system, in the place of the store in `dir`,
	 * which nobody has open. That one is kept beside it as `replaced` ("store.db.replaced-1");
	 * empty when there was none. Wherever it is cut short, open() finds the one or the other.
	 */
	int (*replace)(const char *dir, const char *path, char replaced[STORE_REPLACED_MAX],
		struct err *err);
};

extern const struct store_engine store_sqlite;

#endif
