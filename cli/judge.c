/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/judge.h"

#include <string.h>

#define ID_PREFIX_LEAST 12 /* digits of an id as engines shorten it */

bool judge_below(const char *path, const char *mount)
{
	size_t length = strlen(mount);

	return length && !strncmp(path, mount, length) &&
	       (path[length] == '/' || path[length] == '\0');
}

const char *judge_id(const char *text)
{
	const char *space = strrchr(text, ' ');

	return space ? space + 1 : text;
}

bool judge_names(const char *text, const char *id)
{
	const char *prefix = judge_id(text);
	size_t length = strlen(prefix);

	return length >= ID_PREFIX_LEAST && !strncmp(prefix, id, length);
}

static const char *text_of(const json_t *object, const char *name)
{
	const char *text = json_string_value(json_object_get(object, name));

	return text ? text : "";
}

static bool is_stale(const json_t *container, const json_t *stale)
{
	const char *id = text_of(container, "Id");
	const json_t *entry;
	size_t i;

	json_array_foreach (stale, i, entry)
		if (!strcmp(text_of(entry, "mount"), "stale") &&
			judge_names(text_of(entry, "container"), id))
			return true;
	return false;
}

static bool is_ours(const json_t *container, const char *mount)
{
	const json_t *entry;
	size_t i;

	json_array_foreach (json_object_get(container, "Mounts"), i, entry)
		if (judge_below(text_of(entry, "Source"), mount))
			return true;
	return false;
}

static bool has_failed(const json_t *container)
{
	/* Ended well, or by a person: SIGINT, SIGKILL, SIGTERM. */
	static const json_int_t ended[] = { 0, 130, 137, 143 };
	const json_t *state = json_object_get(container, "State");
	const json_t *code = json_object_get(state, "ExitCode");

	if (!json_is_false(json_object_get(state, "Running")))
		return false;
	if (*text_of(state, "Error"))
		return true;
	for (size_t i = 0; i < sizeof ended / sizeof ended[0]; i++)
		if (json_integer_value(code) == ended[i])
			return false;
	return true;
}

enum judge_why judge_container(const json_t *container, const char *mount, const json_t *stale)
{
	if (is_stale(container, stale))
		return JUDGE_STALE;
	return is_ours(container, mount) && has_failed(container) ? JUDGE_STOPPED : JUDGE_FINE;
}
