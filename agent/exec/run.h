/* SPDX-License-Identifier: Apache-2.0 */
/* The child, and what its parent does for it. */
#ifndef TACIT_EXEC_RUN_H
#define TACIT_EXEC_RUN_H

#include "exec/variables.h"

/* Of the parent, as docker and podman have them; any other is the command's. */
enum run_exit {
	RUN_EXIT_TROUBLE = 125,   /* tacit-exec's own: an option, a file that cannot be read */
	RUN_EXIT_NOT_RUN = 126,   /* the command cannot be executed */
	RUN_EXIT_NOT_FOUND = 127, /* there is no such command */
	RUN_EXIT_BY_SIGNAL = 128, /* and the signal's number */
};

/* Say it on the standard error. */
void run_say(const char *text);

/* Run options->command until it has ended. The status to exit with. `environment` is what
 * `variables` were found in. All signals are blocked from here on. */
int run_command(
	const struct options *options, const struct variables *variables, char **environment);

#endif
