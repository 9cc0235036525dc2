/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "cli/compose/file.h"

static void mark_shared(
	struct compose_variable *variable, const struct service *service, const struct pair *place)
{
	if (!place->merged && !service->environment.merged &&
		service->environment.value->kind != YAML_ALIAS && !yaml_shared(place->key))
		return;
	variable->name.shared = true;
	variable->value.shared = true;
}

static int read_map(struct compose_file *file, struct service *service,
	struct compose_variable **variables, struct err *err)
{
	struct pairs pairs;
	int rc = pairs_of(file, service->environment.value, &pairs, err);

	if (rc)
		return rc;
	service->places = pairs.items;
	service->face.variable_count = pairs.count;
	*variables = arena_take(&file->arena, (pairs.count + 1) * sizeof **variables);
	if (!*variables)
		return err_set(err, TACIT_LIMIT, "no memory for the file");
	for (size_t i = 0; i < pairs.count; i++) {
		struct compose_variable *variable = &(*variables)[i];

		rc = name_of(file, pairs.items[i].key, "a variable's name", &variable->name, err);
		if (!rc)
			rc = text_of(
				file, pairs.items[i].value, "a variable", &variable->value, err);
		if (rc)
			return rc;
		mark_shared(variable, service, &pairs.items[i]);
	}
	return 0;
}

/* NAME=VALUE, or NAME. */
static int read_item(struct compose_file *file, struct yaml_node *item,
	struct compose_variable *variable, struct err *err)
{
	struct compose_text whole;
	const char *equals;
	int rc = name_of(file, item, "a variable in a list (NAME=VALUE)", &whole, err);

	if (rc)
		return rc;
	equals = strchr(whole.text, '=');
	whole.ambiguous = false;
	variable->is_list = true;
	variable->name = variable->value = whole;
	variable->name.length = equals ? (size_t)(equals - whole.text) : whole.length;
	variable->name.text = arena_text(&file->arena, whole.text, variable->name.length);
	variable->value.text = equals ? equals + 1 : NULL;
	variable->value.length = equals ? whole.length - variable->name.length - 1 : 0;
	return variable->name.text ? 0 : err_set(err, TACIT_LIMIT, "no memory for the file");
}

static int read_list(struct compose_file *file, struct service *service, struct yaml_node *list,
	struct compose_variable **variables, struct err *err)
{
	size_t count = 0;
	int rc = 0;

	*variables = arena_take(&file->arena, (list->count + 1) * sizeof **variables);
	service->places = arena_take(&file->arena, (list->count + 1) * sizeof *service->places);
	file->visits += list->count;
	if (!*variables || !service->places || file->visits > COMPOSE_VISITS_MAX)
		return yaml_error(err, TACIT_LIMIT, file->name, list->line,
			"too many variables, with those that aliases bring");
	for (struct yaml_node *item = list->first; item && !rc; item = item->next) {
		service->places[count] = (struct pair){ item, item, false };
		rc = read_item(file, item, &(*variables)[count], err);
		if (!rc)
			mark_shared(&(*variables)[count], service, &service->places[count]);
		count++;
	}
	service->face.variable_count = count;
	return rc;
}

int read_environment(struct compose_file *file, struct service *service, struct err *err)
{
	struct yaml_node *meant = yaml_target(service->environment.value);
	struct compose_variable *variables = NULL;
	int rc;

	if (!meant)
		return 0;
	if (meant->kind == YAML_LIST && !yaml_is_nothing(meant))
		rc = read_list(file, service, meant, &variables, err);
	else
		rc = read_map(file, service, &variables, err);
	service->face.variables = variables;
	return rc;
}
