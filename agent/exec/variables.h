/* SPDX-License-Identifier: Apache-2.0 */
/* Which variables are read from files, and the environment that comes of it. */
#ifndef TACIT_EXEC_VARIABLES_H
#define TACIT_EXEC_VARIABLES_H

#include <stddef.h>

#include "exec/options.h"

#define VARIABLES_MAX                                                                              \
	256 /* a container has a few; each is an open file at the agent for a moment */
/* Of one NAME=VALUE with the NUL behind it: the kernel's MAX_ARG_STRLEN. */
#define VARIABLES_BYTES_MAX 131072

struct variable {
	const char *name; /* of name_length bytes: where NAME_FILE=..., or NAME=FILE of --env, is */
	size_t name_length;
	char *path; /* absolute */
};

struct variables {
	struct variable list[VARIABLES_MAX];
	size_t count;
};

/* Every NAME_FILE whose value is a path below options->dir, and every --env: its file, when it has
 * no slash, is one in that directory. Other variables stay what they are, also NAME__FILE, which is
 * a convention of images that read it themselves. TACIT_INVALID: NAME is set as well, or named
 * twice. What it points to must outlive `variables`. Ends with variables_free, also after an
 * error. */
int variables_find(struct variables *variables, char *const *environment,
	const struct options *options, struct err *err);
void variables_free(struct variables *variables);

/* The same environment with each NAME and without its NAME_FILE, ended by NULL. The values are read
 * now; newlines at their ends are no part of them. TACIT_INVALID: a NUL in one; TACIT_TOO_LARGE.
 * The array and the strings of `variables` in it are allocated, for as long as the process lives:
 * it is about to be another program. */
int variables_read(
	const struct variables *variables, char *const *environment, char ***made, struct err *err);

#endif
