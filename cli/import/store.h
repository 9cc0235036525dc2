/* SPDX-License-Identifier: Apache-2.0 */
/* Files as the journal handles them; nobody outside includes this. */
#ifndef TACIT_IMPORT_STORE_H
#define TACIT_IMPORT_STORE_H

#include <sys/stat.h>

#include "cli/import/journal.h"

#define STORE_NAME_MAX 32 /* "I.old", "manifest.json" */

/* A file in memory. */
struct store_text {
	char *text; /* NULL: there is no such file */
	size_t length;
	struct stat status; /* when there is one */
};
/* TACIT_INVALID when it is no regular file. */
int store_read(int folder, const char *path, struct store_text *text, struct err *err);
void store_forget(struct store_text *text); /* wipes */
bool store_same(const struct store_text *a, const struct store_text *b);

/* Write NAME in `folder`, which is not there or a remain, and bring it to the disk. `like` gives it
 * owner, mode and times; NULL: 0600 and now. */
int store_write(int folder, const char *name, const char *text, size_t length,
	const struct stat *like, struct err *err);
/* Put `text` in the place of `path`, by a file beside it and a rename. */
int store_replace(int folder, const char *path, const struct store_text *text,
	const struct stat *like, bool times, struct err *err);
/* Take a name away, if it is there; the bytes, too, when it is the file's last one. */
int store_remove(int folder, const char *name, struct err *err);
/* Bring the folder that `path` is in to the disk. */
int store_sync_folder(int folder, const char *path, struct err *err);

/* The project's folder, and that of one import; the caller's to close. */
int journal_project(const struct journal *journal, struct err *err);
int journal_import(const struct journal *journal, unsigned int number, struct err *err);
/* "3.old" */
void journal_copy_name(size_t index, const char *suffix, char name[STORE_NAME_MAX]);

/* One import's manifest. */
struct manifest {
	enum journal_state state;
	size_t count;
	struct manifest_file {
		char path[IMPORT_PATH_MAX]; /* below the project's folder, or absolute */
		bool gone;
	} * files;
};
int manifest_read(int import, struct manifest *manifest, struct err *err);
int manifest_write(int import, const struct manifest *manifest, struct err *err);
void manifest_free(struct manifest *manifest);
/* See that all files of the newest import are as they were or as they were to be, then do it to
 * each, from one state to the next. */
typedef int journal_file_fn(
	int project, int import, const struct manifest_file *file, size_t index, struct err *err);
int journal_run(struct journal *journal, journal_file_fn *each, enum journal_state first,
	enum journal_state last, struct err *err);
journal_file_fn journal_undo_file;

#define MANIFEST_NAME "manifest.json"

#endif
