/* SPDX-License-Identifier: Apache-2.0 */
/* What gets into an image: a Dockerfile in a folder above copies it, and .dockerignore beside that
 * does not keep it out. */
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/files.h"
#include "cli/env_scan.h"
#include "cli/walk/ignore.h"
#include "cli/walk/wild.h"

#define DOCKERFILE_MAX (1u << 20)
#define WORDS_MAX 64 /* of one COPY */

static char *read_beside(const char *path, size_t folder, const char *name)
{
	char *text = malloc(DOCKERFILE_MAX + 1);
	_free_ char *whole = NULL;
	size_t length = 0;

	if (text && asprintf(&whole, "%.*s%s", (int)folder, path, name) > 0 &&
		file_read(whole, text, DOCKERFILE_MAX, &length, NULL) == 0) {
		text[length] = '\0';
		return text;
	}
	free(text);
	return NULL;
}

/* Whether what stands in a COPY means the file or a folder above it. */
static bool covers(const char *source, const char *path)
{
	char above[PATH_MAX], pattern[PATH_MAX];
	size_t length;

	source += strspn(source, "/");
	while (!strncmp(source, "./", 2))
		source += 2;
	length = strcspn(source, "");
	while (length && source[length - 1] == '/')
		length--;
	if (!length || (length == 1 && *source == '.'))
		return true;
	if (length >= sizeof pattern || strlen(path) >= sizeof above)
		return false;
	memcpy(pattern, source, length);
	pattern[length] = '\0';
	memcpy(above, path, strlen(path) + 1);
	for (char *slash = above; slash; slash = strrchr(above, '/')) {
		if (slash != above)
			*slash = '\0';
		if (wild_match(pattern, above))
			return true;
	}
	return false;
}

/* The words of COPY or ADD but for options and the last one, which says where to. One that takes
 * from another image or stage copies nothing of the context. */
static bool line_copies(char *line, const char *path)
{
	char *words[WORDS_MAX], *rest = NULL;
	size_t count = 0;
	char *word = strtok_r(line, " \t\r[\",]", &rest);

	if (!word || (strcasecmp(word, "COPY") && strcasecmp(word, "ADD")))
		return false;
	while ((word = strtok_r(NULL, " \t\r[\",]", &rest)) && count < WORDS_MAX) {
		if (!strncmp(word, "--from=", 7))
			return false;
		if (strncmp(word, "--", 2))
			words[count++] = word;
	}
	for (size_t i = 0; i + 1 < count; i++)
		if (covers(words[i], path))
			return true;
	return false;
}

static void join_lines(char *text)
{
	for (char *at = text; (at = strchr(at, '\\')); at++)
		if (at[1] == '\n')
			at[0] = at[1] = ' ';
		else if (at[1] == '\r' && at[2] == '\n')
			at[0] = at[1] = at[2] = ' ';
}

static bool copies(char *dockerfile, const char *path)
{
	char *rest = dockerfile, *line;

	join_lines(dockerfile);
	while ((line = strsep(&rest, "\n")))
		if (line_copies(line + strspn(line, " \t"), path))
			return true;
	return false;
}

static bool is_kept_out(const char *path, size_t folder, const char *dockerfile)
{
	_free_ char *own = NULL, *text = NULL;
	struct ignore *ignore;
	bool out;

	if (asprintf(&own, "%s.dockerignore", dockerfile) < 0)
		return false;
	text = read_beside(path, folder, own);
	if (!text)
		text = read_beside(path, folder, ".dockerignore");
	ignore = text ? ignore_read(text, strlen(text)) : NULL;
	out = ignore && ignore_by_docker(ignore, path + folder) == IGNORE_OUT;
	ignore_free(ignore);
	return out;
}

bool env_scan_in_context(const struct env_scan *scan, const char *path)
{
	static const char *const names[] = { "Dockerfile", "Containerfile" };
	size_t least = SIZE_MAX, length = strlen(path);

	for (size_t i = 0; i < scan->root_count; i++) {
		size_t root = strlen(scan->roots[i]);

		if (!strncmp(scan->roots[i], path, root) && root < least)
			least = root;
	}
	/* Every folder from its own up to the path that was given. */
	for (size_t folder = length; folder-- > 0;) {
		if (path[folder] != '/' || folder + 1 < least)
			continue;
		for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
			_free_ char *text = read_beside(path, folder + 1, names[i]);

			if (text && copies(text, path + folder + 1) &&
				!is_kept_out(path, folder + 1, names[i]))
				return true;
		}
	}
	return false;
}
