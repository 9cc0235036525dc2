/* SPDX-License-Identifier: Apache-2.0 */
/* Whether files have been rotated: the agent opens a file that changed for writing and closes it,
 * so those who watch it are told (inotify). It may tell them once more, when one of its processes
 * has died: what is there says whether it is new. */
#ifndef TACIT_EXEC_WATCH_H
#define TACIT_EXEC_WATCH_H

#include <stdbool.h>
#include <sys/stat.h>

#include "exec/variables.h"

struct watch {
	int fd; /* readable when there is something to take; -1: nothing is watched */
	const struct variables *variables;
	struct stat known[VARIABLES_MAX]; /* of each file, at watch_note() */
};

enum watch_news {
	WATCH_NOTHING,
	WATCH_ROTATED,
	/* A grant that has ended is told in the same way: a program whose file is gone is better
	 * left as it is. */
	WATCH_UNREADABLE,
};

/* Until the process ends. TACIT_INVALID: there is no file to watch. */
int watch_open(struct watch *watch, const struct variables *variables, struct err *err);

/* What is there now is known, and what has been told until now is taken. */
void watch_note(struct watch *watch);

/* Take what there is to read. Whether there was something that says a rotation. Never waits. */
bool watch_take(const struct watch *watch);

/* What is new since watch_note(). Reads none of the files. */
enum watch_news watch_look(const struct watch *watch);

#endif
