/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "cli/compose/edit.h"

static int replace_variable(struct splices *splices, const struct service *service,
	const struct change *change, struct err *err)
{
	const struct compose_variable *variable = &service->face.variables[change->index];
	const struct pair *place = &service->places[change->index];
	const char *text;
	int rc;

	if (variable->is_list) {
		text = arena_print(splices->arena, "%s=%s", change->new_name, change->value);
		return text ? replace_scalar(splices, place->value, text, err)
			    : err_set(err, TACIT_LIMIT, "no memory for the changes");
	}
	rc = strcmp(variable->name.text, change->new_name)
		     ? replace_scalar(splices, place->key, change->new_name, err)
		     : 0;
	return rc ? rc : replace_value(splices, place->key, change->value, err);
}

/* A new variable, as an entry of a map or a list of that kind. */
static int make_entry(struct splices *splices, const struct change *change, bool is_list,
	enum yaml_style style, struct entry *entry, struct err *err)
{
	struct arena *arena = splices->arena;
	const char *whole, *name, *value;

	if (is_list) {
		whole = arena_print(arena, "%s=%s", change->new_name, change->value);
		name = whole ? written(arena, whole, YAML_PLAIN, false) : NULL;
		entry->lines = name ? arena_print(arena, "- %s", name) : NULL;
		entry->flow = whole ? written(arena, whole, style, true) : NULL;
	} else {
		name = written(arena, change->new_name, YAML_PLAIN, false);
		value = written(arena, change->value, YAML_PLAIN, false);
		entry->lines = name && value ? arena_print(arena, "%s: %s", name, value) : NULL;
		name = written(arena, change->new_name, style, true);
		value = written(arena, change->value, style, true);
		entry->flow = name && value ? arena_print(arena, "%s: %s", name, value) : NULL;
	}
	return entry->lines && entry->flow ? 0
					   : err_set(err, TACIT_LIMIT, "no memory for the changes");
}

/* All new variables as one entry, for a map that is not there yet. */
static int make_map(struct splices *splices, const struct changes *changes, enum yaml_style style,
	struct entry *all, struct err *err)
{
	_entries_ struct entries entries;
	int rc = entries_begin(&entries, err);

	for (const struct change *at = changes->first; at && !rc; at = at->next) {
		struct entry one;

		if (at->kind != CHANGE_ADD)
			continue;
		rc = make_entry(splices, at, false, style, &one, err);
		if (!rc)
			entries_add(&entries, &one);
	}
	all->order = ORDER_ENVIRONMENT;
	return rc ? rc : entries_end(&entries, splices->arena, all, err);
}

/* Services that share an environment add the same to it, once. */
static bool is_added(
	struct splices *splices, const struct yaml_node *collection, const struct entry *entry)
{
	for (size_t i = 0; i < splices->count; i++) {
		const struct splice *splice = &splices->items[i];
		const char *text = collection->flow ? entry->flow : entry->lines;
		size_t length = strlen(text);

		if (splice->node == collection && splice->length >= length &&
			!strcmp(splice->text + splice->length - length, text))
			return true;
	}
	return false;
}

static int add_to(struct splices *splices, const struct service *service,
	struct yaml_node *collection, const struct changes *changes, struct err *err)
{
	bool shared = service->environment.merged || yaml_shared(collection);
	int rc = 0;

	for (const struct change *at = changes->first; at && !rc; at = at->next) {
		struct entry entry = { .order = ORDER_ENVIRONMENT };

		if (at->kind != CHANGE_ADD)
			continue;
		rc = make_entry(splices, at, collection->kind == YAML_LIST, new_style(collection),
			&entry, err);
		if (!rc && !(shared && is_added(splices, collection, &entry)))
			rc = add_entry(splices, collection, &entry, err);
	}
	return rc;
}

static int add_variables(struct splices *splices, const struct service *service,
	const struct changes *changes, struct err *err)
{
	struct yaml_node *collection = yaml_target(service->environment.value);
	struct entry all;
	int rc;

	if (collection && !yaml_is_nothing(collection))
		return add_to(splices, service, collection, changes, err);
	rc = make_map(splices, changes, new_style(service->node), &all, err);
	if (rc)
		return rc;
	return collection ? add_first_entry(splices, service->environment.key, false, &all, err)
			  : add_key(splices, service, "environment", false, &all, err);
}

static bool is_emptied(const struct yaml_node *collection)
{
	for (const struct yaml_node *at = collection->first; at; at = at->next)
		if (!at->removed)
			return false;
	return collection->first;
}

int change_environment(struct splices *splices, const struct service *service,
	const struct changes *changes, struct err *err)
{
	const struct pair *environment = &service->environment;
	bool adds = false, removes = false;
	int rc = 0;

	for (const struct change *at = changes->first; at && !rc; at = at->next) {
		adds |= at->kind == CHANGE_ADD;
		removes |= at->kind == CHANGE_REMOVE;
		if (at->kind == CHANGE_VARIABLE)
			rc = replace_variable(splices, service, at, err);
		else if (at->kind == CHANGE_REMOVE)
			rc = remove_entry(splices, service->places[at->index].key, err);
	}
	if (rc || adds)
		return rc ? rc : add_variables(splices, service, changes, err);
	if (removes && is_emptied(yaml_target(environment->value)) &&
		environment->value->kind != YAML_ALIAS)
		rc = remove_entry(splices, environment->key, err);
	return rc;
}
