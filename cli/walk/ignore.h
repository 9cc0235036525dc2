/* SPDX-License-Identifier: Apache-2.0 */
/* What .gitignore and .dockerignore files say of a path. Pure; from several threads, rules that
 * have been read may be asked at the same time. */
#ifndef TACIT_WALK_IGNORE_H
#define TACIT_WALK_IGNORE_H

#include <stdbool.h>
#include <stddef.h>

#define IGNORE_FILE_MAX (1u << 20) /* bytes of such a file: far more than anybody writes */

enum ignore_verdict {
	IGNORE_SILENT, /* no rule is about it */
	IGNORE_OUT,    /* it is ignored */
	IGNORE_IN,     /* it is not, by a rule with '!' */
};

struct ignore;

/* The rules of a text, which is copied. NULL: no memory. */
struct ignore *ignore_read(const char *text, size_t length);
void ignore_free(struct ignore *ignore); /* NULL does nothing */

/* As git understands a .gitignore: `path` is relative to the file's folder, without a '/' at its
 * ends. That a folder above it is ignored, which decides, is for the caller to have asked before.
 */
enum ignore_verdict ignore_by_git(const struct ignore *ignore, const char *path, bool is_folder);

/* As docker understands a .dockerignore: `path` is relative to the context, and all of the folders
 * above it are looked at, too. */
enum ignore_verdict ignore_by_docker(const struct ignore *ignore, const char *path);

#endif
