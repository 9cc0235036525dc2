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
	after = prefix + CONTAINER_ID_LENGTH + strlen(suffix);
	if (length < after || length >= CGROUP_PATH_MAX || memcmp(path, root, prefix) ||
		hex_length(path + prefix, CONTAINER_ID_LENGTH) != CONTAINER_ID_LENGTH ||
		memcmp(path + prefix + CONTAINER_ID_LENGTH, suffix, strlen(suffix)) ||
		(after < length && path[after] != '/'))
		return false;
	memcpy(match->id, path + prefix, CONTAINER_ID_LENGTH);
	match->id[CONTAINER_ID_LENGTH] = '\0';
	memcpy(match->path, path, after);
	match->path[after] = '\0';
	return true;
}

bool cgroup_match_path(
	const struct config *config, const char *path, size_t length, struct cgroup_match *match)
{
	match->run = match_root(CGROUP_RUN_ROOT, path, length, match);
	if (match->run)
		return true;
	for (size_t i = 0; i < config->runtime_root_count; i++)
		if (match_root(config->runtime_roots[i], path, length, match))
			return true;
	return false;
}

/* Divide "4:memory:/docker/…" into controller and path. False: it is no such line. */
static bool divide_line(const char *line, size_t length, struct cgroup_match *match,
	const char **path, size_t *path_length)
{
	const char *end = line + length;
	const char *controller = memchr(line, ':', length);

	*path = controller ? memchr(controller + 1, ':', (size_t)(end - controller - 1)) : NULL;
	if (!*path)
		return false;
	controller++;
	match->unified = controller == *path;
	if (*path - controller >= 5 && !memcmp(controller, "name=", 5))
		controller += 5;
	snprintf(match->controller, sizeof match->controller, "%.*s", (int)(*path - controller),
		controller);
	++*path;
	*path_length = (size_t)(end - *path);
	return true;
}

/* One line, "4:memory:/docker/…" or "0::/docker/…". False: it contradicts what was found before. */
static bool take_line(const struct config *config, const char *line, size_t length, bool *found,
	struct cgroup_match *match)
{
	struct cgroup_match here = { 0 };
	const char *path;
	size_t path_length;
	bool matched;

	if (!divide_line(line, length, &here, &path, &path_length))
		return false;
	matched = cgroup_match_path(config, path, path_length, &here);
	if (!matched)
		return !(here.unified && path_length > 1);
	if (*found && (strcmp(match->id, here.id) || match->run != here.run))
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

bool cgroup_mentions(const struct config *config, const char *text, size_t length)
{
	const char *at = text, *end = text + length;

	while (at < end) {
		const char *newline = memchr(at, '\n', (size_t)(end - at));
		size_t size = (size_t)((newline ? newline : end) - at), path_length;
		struct cgroup_match here;
		const char *path;

		if (size && divide_line(at, size, &here, &path, &path_length) &&
			cgroup_match_path(config, path, path_length, &here))
			return true;
		at += size + 1;
	}
	return false;
}

/* The first component that is no slice; its cgroup's path ends with it. */
static bool take_unit(const char *path, size_t length, char *unit, struct cgroup_match *match)
{
	static const char slice[] = ".slice";
	const char *at = path, *end = path + length;

	if (length >= sizeof match->path)
		return false;
	while (at < end && *at == '/') {
		const char *name = at + 1;
		const char *next = memchr(name, '/', (size_t)(end - name));
		size_t size = (size_t)((next ? next : end) - name);

		at = name + size;
		if (size > strlen(slice) && !memcmp(at - strlen(slice), slice, strlen(slice)))
			continue;
		/* Below the root itself nothing is a unit: "init.scope" is systemd. */
		if (name == path + 1 || !consumer_component_ok(CONSUMER_UNIT, 0, name, size) ||
			!memchr(name, '.', size))
			return false;
		memcpy(unit, name, size);
		unit[size] = '\0';
		memcpy(match->path, path, (size_t)(at - path));
		match->path[at - path] = '\0';
		return true;
	}
	return false;
}

bool cgroup_unit(const char *text, size_t length, char *unit, struct cgroup_match *match)
{
	const char *at = text, *end = text + length;
	bool found = false;

	while (at < end && !(found && match->unified)) {
		const char *newline = memchr(at, '\n', (size_t)(end - at));
		size_t size = (size_t)((newline ? newline : end) - at), path_length;
		struct cgroup_match here = { 0 };
		const char *path;
		char name[NAME_SEGMENT_MAX + 1];

		/* systemd's own hierarchy: v2, or the v1 one that bears its name. */
		if (size && divide_line(at, size, &here, &path, &path_length) &&
			(here.unified || !strcmp(here.controller, "systemd")) &&
			take_unit(path, path_length, name, &here)) {
			*match = here;
			memcpy(unit, name, sizeof name);
			found = true;
		}
		at += size + 1;
	}
	return found;
}
