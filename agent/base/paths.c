/* SPDX-License-Identifier: Apache-2.0 */
#include "base/paths.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/un.h>

#include <tacit/api.h>

void path_below(const char *root, const char *path, char *full)
{
	snprintf(full, PATH_FULL_MAX, "%s%s", root, path);
}

int path_check_root(const char *given, char *root, struct err *err)
{
	char resolved[PATH_MAX];

	if (!realpath(given, resolved))
		return err_errno(err, errno, TACIT_INVALID, "root directory");
	if (!strcmp(resolved, "/"))
		resolved[0] = '\0';
	if (strlen(resolved) + strlen(TACIT_API_SOCKET) >=
		sizeof((struct sockaddr_un *)0)->sun_path)
		return err_set(err, TACIT_INVALID,
			"root directory: its path is too long for a unix socket below it");
	memcpy(root, resolved, strlen(resolved) + 1);
	return 0;
}
