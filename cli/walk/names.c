/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/walk/names.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static bool is_passed_over(const char *name)
{
	static const char *const passed[] = { ".", "..", ".git", ".hg", ".svn" };

	for (size_t i = 0; i < sizeof passed / sizeof *passed; i++)
		if (!strcmp(name, passed[i]))
			return true;
	return false;
}

static int add(struct names *names, const char *name)
{
	if (names->count == names->room) {
		size_t room = names->room ? 2 * names->room : 32;
		char **more = reallocarray(names->names, room, sizeof *more);

		if (!more)
			return ENOMEM;
		names->names = more;
		names->room = room;
	}
	names->names[names->count] = strdup(name);
	return names->names[names->count] ? (names->count++, 0) : ENOMEM;
}

static int by_bytes(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

int names_read(struct names *names, int fd)
{
	int copy = openat(fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC), trouble = 0;
	DIR *folder = copy < 0 ? NULL : fdopendir(copy);
	struct dirent *entry;

	*names = (struct names){ 0 };
	if (!folder) {
		trouble = errno;
		if (copy >= 0)
			close(copy);
		return trouble;
	}
	while (!trouble && (errno = 0, entry = readdir(folder)))
		if (!is_passed_over(entry->d_name) && entry->d_type != DT_LNK)
			trouble = add(names, entry->d_name);
	if (!trouble)
		trouble = errno;
	closedir(folder);
	if (trouble)
		names_free(names);
	else if (names->count)
		qsort(names->names, names->count, sizeof *names->names, by_bytes);
	return trouble;
}

void names_free(struct names *names)
{
	for (size_t i = 0; i < names->count; i++)
		free(names->names[i]);
	free(names->names);
	*names = (struct names){ 0 };
}
