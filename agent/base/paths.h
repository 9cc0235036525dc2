/* SPDX-License-Identifier: Apache-2.0 */
/* Where an instance keeps its things: the system's, or a scratch instance below --root. */
#ifndef TACIT_BASE_PATHS_H
#define TACIT_BASE_PATHS_H

#include "base/err.h"

#define PATH_ROOT_MAX 200 /* bytes of a root: leaves room for what is below it */
#define PATH_FULL_MAX 256

/* root + path, one of TACIT_*_PATH of <tacit/api.h>. `full` holds PATH_FULL_MAX. `root` is "" or an
 * absolute path without a trailing slash, at most PATH_ROOT_MAX bytes (path_check_root). */
void path_below(const char *root, const char *path, char *full);

/* Resolve `given` (may be relative, must exist) into `root` of PATH_ROOT_MAX + 1 bytes. A unix
 * socket's path has at most 107 bytes; a root too long for that is TACIT_INVALID. */
int path_check_root(const char *given, char *root, struct err *err);

#endif
