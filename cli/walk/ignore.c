/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/walk/ignore.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "cli/walk/wild.h"

struct rule {
	const char *pattern; /* in the text */
	bool keeps;          /* "!" */
	bool of_folders;     /* "/" at its end */
	bool anchored;       /* with a "/" elsewhere: of the whole path, not of its last name */
};

struct ignore {
	char *text;
	struct rule *rules;
	size_t count, room;
};

/* Spaces at the end do not count, unless they are escaped. */
static void trim(char *line)
{
	size_t length = strlen(line);

	if (length && line[length - 1] == '\r')
		line[--length] = '\0';
	while (length && line[length - 1] == ' ' && !(length > 1 && line[length - 2] == '\\'))
		line[--length] = '\0';
}

static bool add_rule(struct ignore *ignore, char *line)
{
	struct rule rule = { 0 }, *more = ignore->rules;
	size_t length;

	if (ignore->count == ignore->room) {
		ignore->room = ignore->room ? 2 * ignore->room : 16;
		more = reallocarray(ignore->rules, ignore->room, sizeof *more);
		if (!more)
			return false;
		ignore->rules = more;
	}
	rule.keeps = *line == '!';
	line += rule.keeps;
	length = strlen(line);
	rule.of_folders = length && line[length - 1] == '/';
	if (rule.of_folders)
		line[length - 1] = '\0';
	rule.anchored = strchr(line, '/');
	rule.pattern = line + (*line == '/');
	if (*rule.pattern)
		ignore->rules[ignore->count++] = rule;
	return true;
}

struct ignore *ignore_read(const char *text, size_t length)
{
	static const char mark[] = "\xef\xbb\xbf";
	struct ignore *ignore = calloc(1, sizeof *ignore);
	char *line, *next;

	if (!ignore)
		return NULL;
	ignore->text = strndup(text, length);
	next = ignore->text;
	if (next && !strncmp(next, mark, strlen(mark)))
		next += strlen(mark);
	while (next && (line = strsep(&next, "\n"))) {
		trim(line);
		if (*line && *line != '#' && !add_rule(ignore, line))
			break;
	}
	if (ignore->text && !next)
		return ignore;
	ignore_free(ignore);
	return NULL;
}

void ignore_free(struct ignore *ignore)
{
	if (!ignore)
		return;
	free(ignore->text);
	free(ignore->rules);
	free(ignore);
}

static enum ignore_verdict verdict(const struct rule *rule)
{
	return rule->keeps ? IGNORE_IN : IGNORE_OUT;
}

/* git compares what has no wildcards first, and takes the rest for a pattern of its own: stars that
 * follow a letter then stand at the beginning of one. */
static bool git_matches(const char *pattern, const char *path)
{
	size_t plain = strcspn(pattern, "*?[\\");

	return !strncmp(pattern, path, plain) && wild_match(pattern + plain, path + plain);
}

enum ignore_verdict ignore_by_git(const struct ignore *ignore, const char *path, bool is_folder)
{
	const char *slash = strrchr(path, '/');
	const char *name = slash ? slash + 1 : path;

	for (size_t i = ignore->count; i-- > 0;) {
		const struct rule *rule = &ignore->rules[i];

		if (rule->of_folders && !is_folder)
			continue;
		if (rule->anchored ? git_matches(rule->pattern, path)
				   : wild_match(rule->pattern, name))
			return verdict(rule);
	}
	return IGNORE_SILENT;
}

/* The path, or a folder above it. */
static bool docker_matches(const char *pattern, const char *path)
{
	char above[PATH_MAX];
	size_t length = strlen(path);

	if (!strncmp(pattern, "./", 2))
		pattern += 2;
	if (length >= sizeof above)
		return false;
	memcpy(above, path, length + 1);
	for (;;) {
		char *slash;

		if (!strcmp(pattern, ".") || wild_match(pattern, above))
			return true;
		slash = strrchr(above, '/');
		if (!slash)
			return false;
		*slash = '\0';
	}
}

enum ignore_verdict ignore_by_docker(const struct ignore *ignore, const char *path)
{
	for (size_t i = ignore->count; i-- > 0;)
		if (docker_matches(ignore->rules[i].pattern, path))
			return verdict(&ignore->rules[i]);
	return IGNORE_SILENT;
}
