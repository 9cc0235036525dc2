/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "cli/compose/file.h"

/* `- name`, or a map with `source` and `target`. */
static int read_item(struct compose_file *file, struct yaml_node *item,
	struct compose_secret *secret, struct err *err)
{
	struct yaml_node *meant = yaml_target(item);
	struct pairs pairs;
	int rc;

	if (meant->kind != YAML_MAP)
		return name_of(file, item, "a service's secret", &secret->source, err);
	rc = pairs_of(file, item, &pairs, err);
	if (!rc)
		rc = text_of(
			file, pairs_find(&pairs, "source").value, "`source`", &secret->source, err);
	if (!rc)
		rc = text_of(
			file, pairs_find(&pairs, "target").value, "`target`", &secret->target, err);
	if (!rc && !secret->source.text)
		rc = file_error(file, item, err, "a secret without `source`");
	return rc;
}

int read_service_secrets(struct compose_file *file, struct service *service, struct err *err)
{
	struct yaml_node *list = yaml_target(service->secrets.value);
	struct compose_secret *secrets;
	size_t count = 0;
	int rc = 0;

	if (!list || yaml_is_nothing(list))
		return 0;
	if (list->kind != YAML_LIST)
		return file_error(file, service->secrets.value, err, "`secrets` has to be a list");
	secrets = arena_take(&file->arena, (list->count + 1) * sizeof *secrets);
	service->secret_items =
		arena_take(&file->arena, (list->count + 1) * sizeof *service->secret_items);
	file->visits += list->count;
	if (!secrets || !service->secret_items || file->visits > COMPOSE_VISITS_MAX)
		return yaml_error(err, TACIT_LIMIT, file->name, list->line,
			"too many secrets, with those that aliases bring");
	for (struct yaml_node *item = list->first; item && !rc; item = item->next) {
		service->secret_items[count] = (struct pair){ item, item, false };
		rc = read_item(file, item, &secrets[count++], err);
	}
	service->face.secrets = secrets;
	service->face.secret_count = count;
	return rc;
}

/* `external: true`, or in old files a map. */
static bool is_set(struct pair pair)
{
	struct yaml_node *meant = yaml_target(pair.value);

	return meant && !yaml_is_nothing(meant) &&
	       !(meant->kind == YAML_SCALAR && !strcasecmp(meant->text, "false"));
}

int read_secrets(struct compose_file *file, struct yaml_node *secrets, struct err *err)
{
	struct pairs all, members;
	int rc = pairs_of(file, secrets, &all, err);

	if (rc)
		return rc;
	file->secrets = arena_take(&file->arena, (all.count + 1) * sizeof *file->secrets);
	if (!file->secrets)
		return err_set(err, TACIT_LIMIT, "no memory for the file");
	file->secret_pairs = all.items;
	file->secret_count = all.count;
	for (size_t i = 0; i < all.count && !rc; i++) {
		struct compose_secret *secret = &file->secrets[i];

		rc = name_of(file, all.items[i].key, "a secret's name", &secret->source, err);
		rc = rc ? rc : pairs_of(file, all.items[i].value, &members, err);
		if (rc)
			return rc;
		rc = text_of(
			file, pairs_find(&members, "file").value, "`file`", &secret->file, err);
		secret->is_external = is_set(pairs_find(&members, "external"));
		secret->is_environment = is_set(pairs_find(&members, "environment"));
	}
	return rc;
}
