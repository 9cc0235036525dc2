/* SPDX-License-Identifier: Apache-2.0 */
/* Doing what a plan says to the files of a project, so that whoever kills it at any moment finds
 * each file as it was or as it is to be, and can finish it or take it back.
 *
 *   .tacit-import/              0700, in the folder of the first compose file
 *   .tacit-import/.gitignore    '*'
 *   .tacit-import/N/            one per import, from 1
 *   .tacit-import/N/I.old       file I as it was: the very file, until another one has its name
 *   .tacit-import/N/I.new       as it is to be; not there when it is to go
 *   .tacit-import/N/manifest.json
 *
 * MUST  be complete and on the disk before its manifest is named; what has no manifest was never
 *       begun, or is being removed.
 * MUST  write every file beside its name and rename it; a file that is neither as it was nor as it
 *       was to be is somebody's work, and is not touched.
 * MUST  overwrite what it removes, unless the file has another name.
 * MUST NOT follow symbolic links.
 *
 * One run at a time: the folder is locked. */
#ifndef TACIT_IMPORT_JOURNAL_H
#define TACIT_IMPORT_JOURNAL_H

#include "cli/import/plan.h"

#define JOURNAL_FOLDER ".tacit-import"

enum journal_state {
	JOURNAL_NONE,    /* there is no backup */
	JOURNAL_WRITING, /* an import was cut short */
	JOURNAL_APPLIED,
	JOURNAL_UNDOING /* an --undo was cut short */
};

struct journal {
	char folder[IMPORT_PATH_MAX]; /* of the project; "" is the current one */
	int fd;                       /* of JOURNAL_FOLDER, locked; -1: it is not there */
	unsigned int last;            /* the newest import's number, 0: none */
	enum journal_state state;     /* of the newest */
};

/* Lock the backups of a project and see how they are; with `make` the folder is made when it is not
 * there. TACIT_BUSY when another run has it. Remains of what was never begun are removed. */
int journal_open(struct journal *journal, const char *folder, bool make, struct err *err);
void journal_close(struct journal *journal);

/* Keep the old files and write the new ones. TACIT_STALE when a file is not what was planned with:
 * nothing is changed then, or what is changed is taken back by journal_undo(). */
int journal_apply(struct journal *journal, const struct import_plan *plan, struct err *err);
/* Go on with an import that was cut short. */
int journal_finish(struct journal *journal, struct err *err);
/* Put the newest import's old files back, and remove its backup. TACIT_STALE, and nothing is done,
 * when a file was changed since. */
int journal_undo(struct journal *journal, struct err *err);
/* Overwrite and remove all backups: there is no way back then. *count is how many there were.
 * TACIT_BUSY when one was cut short. */
int journal_destroy(struct journal *journal, unsigned int *count, struct err *err);

#endif
