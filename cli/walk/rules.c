/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/walk/rules.h"

#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/cleanup.h"
#include "base/files.h"
#include "cli/walk/ignore.h"

/* Of a folder that has been pushed. */
struct level {
	struct ignore *ignore, *excludes; /* NULL: there is none; excludes: of a root */
	size_t start;                     /* where in the path what is below it begins */
	bool in_git;                      /* it is in a work tree, or the root of one */
	bool is_root;
	bool ignored;
};

struct rules {
	char *path; /* absolute; "" is the root of the file system */
	size_t length, room;
	struct level *levels;
	size_t count, level_room;
};

static struct ignore *read_rules(int folder, const char *name)
{
	_close_ int fd =
		openat(folder, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY);
	_free_ char *text = fd < 0 ? NULL : malloc(IGNORE_FILE_MAX);
	size_t length;

	if (!text || file_read_fd(fd, text, IGNORE_FILE_MAX, &length, NULL) < 0)
		return NULL;
	return ignore_read(text, length);
}

static bool is_root(int folder)
{
	struct stat status;

	return fstatat(folder, ".git", &status, AT_SYMLINK_NOFOLLOW) == 0;
}

bool rules_push(struct rules *rules, int fd)
{
	struct level level = { .start = rules->length + 1 }, *more = rules->levels;

	if (rules->count == rules->level_room) {
		size_t room = rules->level_room ? 2 * rules->level_room : 16;

		more = reallocarray(rules->levels, room, sizeof *more);
		if (!more)
			return false;
		rules->levels = more;
		rules->level_room = room;
	}
	level.is_root = is_root(fd);
	level.in_git = level.is_root || (rules->count && more[rules->count - 1].in_git);
	level.ignored = !level.is_root && rules_ignore(rules, true);
	if (level.in_git && !level.ignored)
		level.ignore = read_rules(fd, ".gitignore");
	if (level.is_root)
		level.excludes = read_rules(fd, ".git/info/exclude");
	rules->levels[rules->count++] = level;
	return true;
}

void rules_pop(struct rules *rules)
{
	struct level *level = &rules->levels[--rules->count];

	ignore_free(level->ignore);
	ignore_free(level->excludes);
}

bool rules_enter(struct rules *rules, const char *name)
{
	size_t length = strlen(name), needed = rules->length + length + 2;

	if (needed > rules->room) {
		char *more = realloc(rules->path, 2 * needed);

		if (!more)
			return false;
		rules->path = more;
		rules->room = 2 * needed;
	}
	rules->path[rules->length] = '/';
	memcpy(rules->path + rules->length + 1, name, length + 1);
	rules->length += length + 1;
	return true;
}

void rules_leave(struct rules *rules)
{
	rules->length = (size_t)(strrchr(rules->path, '/') - rules->path);
	rules->path[rules->length] = '\0';
}

bool rules_ignore(const struct rules *rules, bool is_folder)
{
	const struct level *level = rules->levels + rules->count;
	enum ignore_verdict said = IGNORE_SILENT;

	if (!rules->count || !level[-1].in_git)
		return false;
	if (level[-1].ignored)
		return true;
	do {
		level--;
		if (level->ignore)
			said = ignore_by_git(level->ignore, rules->path + level->start, is_folder);
		if (said == IGNORE_SILENT && level->excludes)
			said = ignore_by_git(
				level->excludes, rules->path + level->start, is_folder);
	} while (said == IGNORE_SILENT && !level->is_root);
	return said == IGNORE_OUT;
}

const char *rules_path(const struct rules *rules)
{
	for (size_t i = rules->count; i-- > 0 && rules->levels[i].in_git;)
		if (rules->levels[i].is_root)
			return rules->path + rules->levels[i].start;
	return NULL;
}

/* Every folder of an absolute path but the last name, whose place is entered. */
static bool go_down(struct rules *rules, char *path)
{
	char *next = path + 1, *name;
	int folder = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
	bool good = folder >= 0 && rules_push(rules, folder);

	while (good && (name = strsep(&next, "/"))) {
		int below = next ? openat(folder, name, O_PATH | O_DIRECTORY | O_CLOEXEC) : -1;

		good = rules_enter(rules, name);
		if (good && next)
			good = below >= 0 && rules_push(rules, below);
		if (below < 0)
			continue;
		close(folder);
		folder = below;
	}
	if (folder >= 0)
		close(folder);
	return good;
}

struct rules *rules_begin(const char *path)
{
	struct rules *rules = calloc(1, sizeof *rules);
	_free_ char *real = realpath(path, NULL);

	if (rules && real && go_down(rules, real))
		return rules;
	rules_end(rules);
	return NULL;
}

void rules_end(struct rules *rules)
{
	if (!rules)
		return;
	while (rules->count)
		rules_pop(rules);
	free(rules->levels);
	free(rules->path);
	free(rules);
}
