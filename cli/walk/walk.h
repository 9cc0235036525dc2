/* SPDX-License-Identifier: Apache-2.0 */
/* Going through a tree of files that others have written.
 *
 * No symbolic link below the path is followed, nothing but regular files is opened, no other file
 * system is entered (the agent's own mount among them), and git's own folder is passed over. Within
 * a folder the names come in the order of their bytes. One thread. */
#ifndef TACIT_WALK_WALK_H
#define TACIT_WALK_WALK_H

#include <stdbool.h>
#include <sys/stat.h>

#include "base/err.h"

#define WALK_DEPTH_MAX 200   /* folders in each other: a descriptor each */
#define WALK_PATH_MAX 16384u /* bytes of a path with its NUL */

struct walk_file {
	const char *path; /* the given one and what is below it */
	int fd;           /* open for reading, the walk's to close */
	struct stat status;
	const char *in_git; /* its path from the root of the work tree that it is in; NULL: it is in
			       none */
	bool ignored;       /* by a .gitignore, or .git/info/exclude */
};

struct walk {
	/* Files, and folders as a whole, that git ignores are gone through, too. Without it an
	 * ignored folder is not, and a file in another one is given to `file` all the same. */
	bool ignored;
	/* A folder of this name is gone through in any case, with all that is in it. NULL: none. */
	const char *always;
	/* Each regular file. A failure ends the walk. */
	int (*file)(void *arg, const struct walk_file *file, struct err *err);
	/* What could not be opened or is too deep; the walk goes on. */
	void (*trouble)(void *arg, const char *path, const struct err *err);
	void *arg;
};

/* Whether a folder called `name` is in a path. */
bool walk_is_below(const char *path, const char *name);

/* Go through `path`, a folder or a file; it may be a symbolic link. TACIT_NOT_FOUND and the like
 * when it cannot be opened itself. */
int walk_path(const struct walk *walk, const char *path, struct err *err);

#endif
