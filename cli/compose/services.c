/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "cli/compose/file.h"

/* Mark what is read through an alias or a merge: changing it changes others. */
static void mark(struct compose_text *text, const struct pair *pair)
{
	if (pair->merged || (pair->value && pair->value->kind == YAML_ALIAS))
		text->shared = true;
}

static int read_text(struct compose_file *file, const struct pairs *pairs, const char *key,
	struct compose_text *text, struct err *err)
{
	struct pair pair = pairs_find(pairs, key);
	int rc = text_of(file, pair.value, key, text, err);

	mark(text, &pair);
	return rc;
}

/* A text, or a map of which `member` is the text. */
static int read_text_or(struct compose_file *file, const struct pair *pair, const char *key,
	const char *member, struct compose_text *text, struct err *err)
{
	struct yaml_node *meant = yaml_target(pair->value);
	struct pairs members;
	int rc;

	if (meant && meant->kind == YAML_MAP) {
		rc = pairs_of(file, meant, &members, err);
		rc = rc ? rc : read_text(file, &members, member, text, err);
	} else {
		rc = text_of(file, pair->value, key, text, err);
	}
	mark(text, pair);
	return rc;
}

static int read_words(struct compose_file *file, const struct pairs *pairs, const char *key,
	const struct compose_text **words, size_t *count, bool *is_text, struct err *err)
{
	struct pair pair = pairs_find(pairs, key);
	struct yaml_node *meant = yaml_target(pair.value);
	struct compose_text *read = NULL;
	int rc = texts_of(file, pair.value, key, &read, count, err);

	for (size_t i = 0; !rc && i < *count; i++)
		mark(&read[i], &pair);
	*words = read;
	*is_text = meant && meant->kind == YAML_SCALAR && *count == 1;
	return rc;
}

/* `env_file`: a path, a list of paths, a list of maps with a `path`. */
static int read_env_files(struct compose_file *file, const struct pairs *pairs,
	struct service *service, struct err *err)
{
	struct pair pair = pairs_find(pairs, "env_file");
	struct yaml_node *meant = yaml_target(pair.value);
	struct compose_text *texts;
	size_t count = 0;
	int rc = 0;

	if (!meant || yaml_is_nothing(meant))
		return 0;
	texts = arena_take(&file->arena, (meant->count + 1) * sizeof *texts);
	if (!texts)
		return err_set(err, TACIT_LIMIT, "no memory for the file");
	if (meant->kind == YAML_LIST) {
		for (struct yaml_node *item = meant->first; item && !rc; item = item->next) {
			struct pair one = { .value = item, .merged = pair.merged };

			rc = read_text_or(file, &one, "env_file", "path", &texts[count], err);
			count += texts[count].text != NULL;
		}
	} else {
		rc = read_text_or(file, &pair, "env_file", "path", &texts[0], err);
		count = texts[0].text != NULL;
	}
	service->face.env_files = texts;
	service->face.env_file_count = count;
	return rc;
}

static int read_extends(struct compose_file *file, const struct pairs *pairs,
	struct service *service, struct err *err)
{
	struct pair pair = pairs_find(pairs, "extends");
	struct yaml_node *meant = yaml_target(pair.value);
	struct pairs members;
	int rc;

	if (!meant || meant->kind != YAML_MAP)
		return text_of(file, pair.value, "extends", &service->face.extends, err);
	rc = pairs_of(file, meant, &members, err);
	if (!rc)
		rc = read_text(file, &members, "service", &service->face.extends, err);
	return rc ? rc : read_text(file, &members, "file", &service->face.extends_file, err);
}

static bool is_merged(const struct service *service, const struct pairs *pairs)
{
	for (size_t i = 0; i < pairs->count; i++)
		if (pairs->items[i].merged)
			return true;
	for (size_t i = 0; i < service->face.variable_count; i++)
		if (service->places[i].merged)
			return true;
	return service->pair.value->kind == YAML_ALIAS || service->face.extends.text;
}

static int read_service(struct compose_file *file, struct service *service, struct err *err)
{
	struct compose_service *face = &service->face;
	struct pairs pairs;
	struct pair build;
	int rc = name_of(file, service->pair.key, "a service's name", &face->name, err);

	service->node = yaml_target(service->pair.value);
	rc = rc ? rc : pairs_of(file, service->pair.value, &pairs, err);
	if (rc)
		return rc;
	service->environment = pairs_find(&pairs, "environment");
	service->secrets = pairs_find(&pairs, "secrets");
	build = pairs_find(&pairs, "build");
	rc = read_text(file, &pairs, "image", &face->image, err);
	rc = rc ? rc : read_text_or(file, &build, "build", "context", &face->build, err);
	rc = rc ? rc : read_extends(file, &pairs, service, err);
	rc = rc ? rc : read_env_files(file, &pairs, service, err);
	rc = rc ? rc
		: read_words(file, &pairs, "entrypoint", &face->entrypoint, &face->entrypoint_count,
			  &face->entrypoint_is_text, err);
	rc = rc ? rc
		: read_words(file, &pairs, "command", &face->command, &face->command_count,
			  &face->command_is_text, err);
	rc = rc ? rc : read_environment(file, service, err);
	rc = rc ? rc : read_service_secrets(file, service, err);
	if (!rc)
		face->merged = is_merged(service, &pairs);
	return rc;
}

int read_services(struct compose_file *file, struct yaml_node *services, struct err *err)
{
	struct pairs pairs;
	int rc = pairs_of(file, services, &pairs, err);

	if (rc)
		return rc;
	file->services = arena_take(&file->arena, (pairs.count + 1) * sizeof *file->services);
	if (!file->services)
		return err_set(err, TACIT_LIMIT, "no memory for the file");
	for (size_t i = 0; i < pairs.count && !rc; i++) {
		file->services[i].pair = pairs.items[i];
		rc = read_service(file, &file->services[i], err);
	}
	file->service_count = pairs.count;
	return rc;
}
