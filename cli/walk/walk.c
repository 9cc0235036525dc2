/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/walk/walk.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "cli/walk/names.h"
#include "cli/walk/rules.h"

/* O_NONBLOCK: a FIFO that took a file's place must not hold us. */
#define OPENING (O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK)

/* Where the walk is. */
struct going {
	const struct walk *walk;
	dev_t device;
	char path[WALK_PATH_MAX];
	size_t length; /* of path */
	struct rules *rules;
	bool ignored_too; /* folders that git ignores */
	unsigned int depth;
};

static int go_folder(struct going *going, int fd, struct err *err);

static void report(const struct going *going, int code, const char *what)
{
	struct err err;

	err_errno(&err, code, TACIT_IO, "%s", what);
	going->walk->trouble(going->walk->arg, going->path, &err);
}

static int give_file(
	struct going *going, int fd, const struct stat *status, bool ignored, struct err *err)
{
	struct walk_file file = {
		.path = going->path, .fd = fd, .status = *status, .ignored = ignored
	};

	file.in_git = rules_path(going->rules);
	return going->walk->file(going->walk->arg, &file, err);
}

bool walk_is_below(const char *path, const char *name)
{
	size_t length = strlen(name);

	for (const char *at = path; (at = strstr(at, name)); at++)
		if ((at == path || at[-1] == '/') && (at[length] == '/' || !at[length]))
			return true;
	return false;
}

static bool is_passed_over(const struct going *going, bool ignored)
{
	const struct walk *walk = going->walk;

	return ignored && !going->ignored_too &&
	       !(walk->always && walk_is_below(going->path, walk->always));
}

/* What a name was when its folder was read is looked at again, on what was opened. */
static int go_opened(struct going *going, int fd, struct err *err)
{
	struct stat status;
	bool ignored;

	if (fstat(fd, &status) < 0) {
		report(going, errno, "it cannot be looked at");
		return 0;
	}
	ignored = rules_ignore(going->rules, S_ISDIR(status.st_mode));
	if (S_ISREG(status.st_mode))
		return give_file(going, fd, &status, ignored, err);
	if (!S_ISDIR(status.st_mode) || status.st_dev != going->device ||
		is_passed_over(going, ignored))
		return 0;
	if (going->depth == WALK_DEPTH_MAX) {
		report(going, ELOOP, "too many folders in each other");
		return 0;
	}
	return go_folder(going, fd, err);
}

static int go_name(struct going *going, int folder, const char *name, struct err *err)
{
	size_t length = strlen(name), before = going->length;
	_close_ int fd = -1;
	int status = 0;

	if (before + length + 2 > sizeof going->path) {
		report(going, ENAMETOOLONG, "a name in it");
		return 0;
	}
	if (before && going->path[before - 1] != '/')
		going->path[going->length++] = '/';
	memcpy(going->path + going->length, name, length + 1);
	going->length += length;
	if (rules_enter(going->rules, name)) {
		fd = openat(folder, name, OPENING | O_NOFOLLOW);
		/* A link, a socket, or a file that went in the meantime. */
		if (fd < 0 && errno != ELOOP && errno != ENXIO && errno != ENOENT)
			report(going, errno, "it cannot be opened");
		else if (fd >= 0)
			status = go_opened(going, fd, err);
		rules_leave(going->rules);
	} else {
		report(going, ENOMEM, "its name");
	}
	going->length = before;
	going->path[before] = '\0';
	return status;
}

static int go_folder(struct going *going, int fd, struct err *err)
{
	struct names names = { 0 };
	int status = 0, trouble = names_read(&names, fd);

	if (!trouble && !rules_push(going->rules, fd)) {
		names_free(&names);
		trouble = ENOMEM;
	}
	if (trouble) {
		report(going, trouble, "the folder cannot be read");
		return 0;
	}
	going->depth++;
	for (size_t i = 0; !status && i < names.count; i++)
		status = go_name(going, fd, names.names[i], err);
	rules_pop(going->rules);
	going->depth--;
	names_free(&names);
	return status;
}

static int start(struct going *going, int fd, const char *path, struct err *err)
{
	struct stat status;

	if (fstat(fd, &status) < 0)
		return err_errno(err, errno, TACIT_IO, "look at it");
	if (!S_ISDIR(status.st_mode) && !S_ISREG(status.st_mode))
		return err_set(err, TACIT_INVALID, "it is neither a folder nor a regular file");
	going->device = status.st_dev;
	going->rules = rules_begin(path);
	if (!going->rules)
		return err_set(err, TACIT_LIMIT, "out of memory, or a folder above it went away");
	if (S_ISREG(status.st_mode))
		return give_file(going, fd, &status, rules_ignore(going->rules, false), err);
	/* One that is named is gone through. */
	going->ignored_too = going->walk->ignored || rules_ignore(going->rules, true);
	return go_folder(going, fd, err);
}

int walk_path(const struct walk *walk, const char *path, struct err *err)
{
	struct going *going = calloc(1, sizeof *going);
	_close_ int fd = open(path, OPENING);
	int status;

	if (!going || fd < 0 || strlen(path) >= sizeof going->path) {
		status = !going   ? err_set(err, TACIT_LIMIT, "out of memory")
			 : fd < 0 ? err_errno(err, errno, TACIT_IO, "open it")
				  : err_set(err, TACIT_INVALID, "the path is too long");
		free(going);
		return status;
	}
	going->walk = walk;
	going->length = strlen(path);
	memcpy(going->path, path, going->length + 1);
	status = start(going, fd, path, err);
	rules_end(going->rules);
	free(going);
	return status;
}
