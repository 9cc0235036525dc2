/* SPDX-License-Identifier: Apache-2.0 */
/* What an image runs by itself, as the engines of this host have it. */
#include <stdlib.h>
#include <string.h>

#include "cli/engine.h"
#include "cli/env_import.h"

static bool take_words(const json_t *list, char ***words, size_t *count)
{
	const json_t *word;
	size_t i;

	*words = calloc(json_array_size(list) + 1, sizeof **words);
	if (!*words)
		return false;
	json_array_foreach (list, i, word) {
		if (!json_is_string(word))
			return false;
		(*words)[*count] = strdup(json_string_value(word));
		if (!(*words)[(*count)++])
			return false;
	}
	return true;
}

static bool take(const json_t *image, struct import_start *start)
{
	const json_t *config = json_object_get(image, "Config");

	if (!json_is_object(config))
		return false;
	return take_words(json_object_get(config, "Entrypoint"), &start->entrypoint,
		       &start->entrypoint_count) &&
	       take_words(json_object_get(config, "Cmd"), &start->command, &start->command_count) &&
	       start->entrypoint_count + start->command_count > 0;
}

static bool ask(struct session *session, const char *name, struct import_start *start)
{
	for (size_t i = 0; engine_commands[i]; i++) {
		_json_ json_t *image = NULL;
		struct err ignored;

		if (engine_image(session, engine_commands[i], name, &image, &ignored) < 0)
			continue;
		if (take(image, start))
			return true;
		import_start_free(start);
	}
	return false;
}

bool env_image_start(struct session *session, const char *image, const char *project,
	const char *service, struct import_start *start)
{
	/* What compose calls an image that it builds, newer versions first. */
	static const char between[] = { '-', '_' };

	if (image)
		return ask(session, image, start);
	for (size_t i = 0; i < sizeof between; i++) {
		char name[2 * IMPORT_NAME_MAX + 2];

		snprintf(name, sizeof name, "%s%c%s", project, between[i], service);
		if (ask(session, name, start))
			return true;
	}
	return false;
}
