/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>
#include <string.h>

#include "cli/compose/file.h"

static int take_root(void *arg, struct yaml_node *root, struct err *err)
{
	struct compose_file *file = arg;

	(void)err;
	file->root = root;
	return 0;
}

/* `include`: a path, a list of paths, or of maps whose `path` is one or a list. */
static int read_include(struct compose_file *file, struct yaml_node *item, struct err *err)
{
	struct yaml_node *meant = yaml_target(item);
	struct compose_text *paths, *grown;
	struct pairs members;
	size_t count;
	int rc;

	if (meant->kind == YAML_MAP) {
		rc = pairs_of(file, item, &members, err);
		if (rc)
			return rc;
		item = pairs_find(&members, "path").value;
	}
	rc = texts_of(file, item, "a path of `include`", &paths, &count, err);
	for (size_t i = 0; i < count && !rc; i++) {
		grown = arena_grow(
			&file->arena, file->includes, file->include_count, sizeof *grown);
		if (!grown)
			return err_set(err, TACIT_LIMIT, "no memory for the file");
		file->includes = grown;
		if (paths[i].text)
			grown[file->include_count++] = paths[i];
	}
	return rc;
}

static int read_includes(struct compose_file *file, struct yaml_node *node, struct err *err)
{
	struct yaml_node *meant = yaml_target(node);
	int rc = 0;

	if (!meant || yaml_is_nothing(meant))
		return 0;
	if (meant->kind != YAML_LIST)
		return read_include(file, node, err);
	for (struct yaml_node *item = meant->first; item && !rc; item = item->next)
		rc = read_include(file, item, err);
	return rc;
}

static int by_name(const void *left, const void *right)
{
	const struct service *a = *(const struct service *const *)left;
	const struct service *b = *(const struct service *const *)right;

	return strcmp(a->face.name.text, b->face.name.text);
}

static int index_services(struct compose_file *file, struct err *err)
{
	file->by_name = arena_take(&file->arena, (file->service_count + 1) * sizeof *file->by_name);
	if (!file->by_name)
		return err_set(err, TACIT_LIMIT, "no memory for the file");
	for (size_t i = 0; i < file->service_count; i++)
		file->by_name[i] = &file->services[i];
	qsort(file->by_name, file->service_count, sizeof *file->by_name, by_name);
	return 0;
}

static int read_file(struct compose_file *file, struct err *err)
{
	struct yaml_reading reading = { file->name, file->text, file->length, true };
	struct pairs pairs;
	int rc = yaml_read(&reading, &file->arena, take_root, file, err);

	if (rc)
		return rc;
	rc = pairs_of(file, file->root, &pairs, err);
	rc = rc ? rc
		: text_of(file, pairs_find(&pairs, "name").value, "`name`", &file->project, err);
	rc = rc ? rc : read_services(file, pairs_find(&pairs, "services").value, err);
	rc = rc ? rc : read_secrets(file, pairs_find(&pairs, "secrets").value, err);
	rc = rc ? rc : read_includes(file, pairs_find(&pairs, "include").value, err);
	return rc ? rc : index_services(file, err);
}

int compose_parse(const char *name, const char *text, size_t length, struct compose_file **file,
	struct err *err)
{
	struct compose_file *made;
	int rc;

	if (length > COMPOSE_FILE_MAX)
		return err_set(
			err, TACIT_LIMIT, "%s: larger than %u MiB", name, COMPOSE_FILE_MAX >> 20);
	made = calloc(1, sizeof *made);
	if (!made)
		return err_set(err, TACIT_LIMIT, "no memory for the file");
	made->name = arena_text(&made->arena, name, strlen(name));
	made->text = arena_text(&made->arena, text, length);
	made->length = length;
	if (made->name && made->text)
		rc = read_file(made, err);
	else
		rc = err_set(err, TACIT_LIMIT, "no memory for the file");
	if (rc)
		compose_free(made);
	else
		*file = made;
	return rc;
}

void compose_free(struct compose_file *file)
{
	if (!file)
		return;
	arena_clear(&file->arena);
	free(file);
}

const char *compose_bytes(const struct compose_file *file, size_t *length)
{
	*length = file->length;
	return file->text;
}

const struct compose_text *compose_project(const struct compose_file *file)
{
	return file->project.text ? &file->project : NULL;
}

size_t compose_service_count(const struct compose_file *file)
{
	return file->service_count;
}

const struct compose_service *compose_service(const struct compose_file *file, size_t index)
{
	return index < file->service_count ? &file->services[index].face : NULL;
}

const struct service *service_named(const struct compose_file *file, const char *name)
{
	struct service wanted = { .face.name.text = name };
	const struct service *key = &wanted;
	const struct service **found =
		bsearch(&key, file->by_name, file->service_count, sizeof *file->by_name, by_name);

	return found ? *found : NULL;
}

const struct compose_service *compose_service_named(
	const struct compose_file *file, const char *name)
{
	const struct service *service = service_named(file, name);

	return service ? &service->face : NULL;
}

size_t compose_secret_count(const struct compose_file *file)
{
	return file->secret_count;
}

const struct compose_secret *compose_secret(const struct compose_file *file, size_t index)
{
	return index < file->secret_count ? &file->secrets[index] : NULL;
}

size_t compose_include_count(const struct compose_file *file)
{
	return file->include_count;
}

const struct compose_text *compose_include(const struct compose_file *file, size_t index)
{
	return index < file->include_count ? &file->includes[index] : NULL;
}
