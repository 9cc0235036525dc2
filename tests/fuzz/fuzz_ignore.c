/* SPDX-License-Identifier: Apache-2.0 */
/* Ignore files of strangers: a file, a NUL, and a path to judge. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "cli/walk/ignore.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const uint8_t *end = memchr(data, '\0', size);
	size_t length = end ? (size_t)(end - data) : size;
	struct ignore *ignore = ignore_read((const char *)data, length);
	char *path = end ? strndup((const char *)end + 1, size - length - 1) : strdup("a/b");

	if (ignore && path) {
		/* A folder that no rule is about is a file that none is about. */
		if (ignore_by_git(ignore, path, true) == IGNORE_SILENT &&
			ignore_by_git(ignore, path, false) != IGNORE_SILENT)
			abort();
		ignore_by_docker(ignore, path);
	}
	free(path);
	ignore_free(ignore);
	return 0;
}
