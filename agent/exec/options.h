/* SPDX-License-Identifier: Apache-2.0 */
/* tacit-exec: a program gets what its variables NAME_FILE name as variables NAME, and nobody else.
 *
 * It runs in containers of any image, as their first process: static, without a library but libc,
 * and one thread. It starts one child, passes signals to it and its exit status on, and reaps what
 * is left to it. A value is only ever in the child, which reads the files itself before it becomes
 * the program: this process never has one, so neither its environment nor its memory tells any.
 *
 * Here: the command line. Pure; all that is found points into `argv`. */
#ifndef TACIT_EXEC_OPTIONS_H
#define TACIT_EXEC_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"

#define OPTIONS_DIR_DEFAULT "/run/secrets"
#define OPTIONS_ENV_MAX 64 /* --env on one command line: more belong into variables NAME_FILE */

enum options_on_rotate { ON_ROTATE_NOTHING, ON_ROTATE_RESTART, ON_ROTATE_SIGNAL };

struct options {
	const char *dir;                  /* files below it are secrets; no slash at its end */
	const char *env[OPTIONS_ENV_MAX]; /* NAME=FILE, each with both */
	size_t env_count;
	enum options_on_rotate on_rotate;
	int signal;     /* of ON_ROTATE_SIGNAL */
	char **command; /* NULL: there is none, for help or the version is wanted */
	bool wants_help, wants_version;
};

/* `argv` ends with NULL; the slash at the end of --dir is cut off in place. TACIT_INVALID with a
 * text that names the option. */
int options_parse(char **argv, struct options *options, struct err *err);

/* The number of "HUP", "SIGHUP" or "1"; 0: there is no such signal. */
int options_signal(const char *name);

#endif
