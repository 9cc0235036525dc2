/* SPDX-License-Identifier: Apache-2.0 */
#include "core/identity/cgroup.h"

#include <stdio.h>
#include <string.h>

static size_t hex_length(const char *text, size_t length)
{
	size_t count = 0;

	while (count < length && memchr("0123456789abcdef", text[count], 16))
		count++;
	return count;
}

/* `root` is "/system.slice/docker-ID.scope": a prefix, the id, a suffix that ends a component. */
static bool match_root(
	const char *root, const char *path, size_t length, struct cgroup_match *match)
{
	const char *mark = strstr(root, "ID"), *suffix;
	size_t prefix, after;

	if (!mark)
		return false;
	suffix = mark + 2;
	prefix = (size_t)(mark - root);
	after = prefix + CGROUP_ID_LENGTH + strlen(suffix);
	if (length < after || length >= CGROUP_PATH_MAX || memcmp(path, root, prefix) ||
		hex_length(path + prefix, CGROUP_ID_LENGTH) != CGROUP_ID_LENGTH ||
		memcmp(path + prefix + CGROUP_ID_LENGTH, suffix, strlen(suffix)) ||
		(after < length && path[after] != '/'))
		return false;
	memcpy(match->id, path + prefix, CGROUP_ID_LENGTH);
	match->id[CGROUP_ID_LENGTH] = '\0';
	memcpy(match->path, path, after);
	match->path[after] = '\0';
	return true;
}

bool cgroup_match_path(
	const struct config *config, const char *path, size_t length, struct cgroup_match *match)
{
	for (size_t i = 0; i < config->runtime_root_count; i++)
		if (match_root(config->runtime_roots[i], path, length, match))
			return true;
	return false;
}

/* One line, "4:memory:/docker/…" or "0::/docker/…". False: it contradicts what was found before. */
static bool take_line(const struct config *config, const char *line, size_t length, bool *found,
	struct cgroup_match *match)
{
	const char *end = line + length;
	const char *controller = memchr(line, ':', length);
	const char *path =
		controller ? memchr(controller + 1, ':', (size_t)(end - controller - 1)) : NULL;
	struct cgroup_match here = { 0 };
	bool matched;

	if (!path)
		return false;
	controller++;
	here.unified = controller == path;
	if (path - controller >= 5 && !memcmp(controller, "name=", 5))
		controller += 5;
	snprintf(here.controller, sizeof here.controller, "%.*s", (int)(path - controller),
		controller);
	path++;
	matched = cgroup_match_path(config, path, (size_t)(end - path), &here);
	if (!matched)
		return !(here.unified && end - path > 1);
	if (*found && strcmp(match->id, here.id))
		return false;
	if (!*found || here.unified)
		*match = here;
	*found = true;
	return true;
}

bool cgroup_match_text(
	const struct config *config, const char *text, size_t length, struct cgroup_match *match)
{
	const char *at = text, *end = text + length;
	bool found = false;

	while (at < end) {
		const char *newline = memchr(at, '\n', (size_t)(end - at));
		size_t size = (size_t)((newline ? newline : end) - at);

		if (size && !take_line(config, at, size, &found, match))
			return false;
		at += size + 1;
	}
	return found;
}
