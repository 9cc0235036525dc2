/* SPDX-License-Identifier: Apache-2.0 */
/* Whether files have been rotated: the agent opens a file that changed for writing and closes it,
 * so those who watch it are told (inotify). */
#ifndef TACIT_EXEC_WATCH_H
#define TACIT_EXEC_WATCH_H

#include <stdbool.h>

#include "exec/variables.h"

/* A descriptor that is readable when one of the files has been rotated since. TACIT_INVALID: there
 * is no file to watch. */
int watch_open(const struct variables *variables, int *watch, struct err *err);

/* Take what there is to read. Whether there was something that says a rotation. Never waits. */
bool watch_take(int watch);

/* Whether all can be read now: a grant that has ended is told in the same way, and a program whose
 * file is gone is better left as it is. Reads nothing. */
bool watch_is_readable(const struct variables *variables);

#endif
