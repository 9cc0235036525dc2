/* SPDX-License-Identifier: Apache-2.0 */
/* Keys of a service, and of the file itself. */
#include <string.h>

#include "cli/compose/edit.h"

/* The key and what belongs below it as an entry of a map. */
static int make_key(struct splices *splices, const struct yaml_node *map, const char *key,
	bool is_list, const struct entry *value, struct entry *entry, struct err *err)
{
	unsigned int step = is_list ? splices->dash : splices->step;
	const char *below = indented(splices->arena, "\n", value->lines, step);
	const char *quote = new_style(map) == YAML_DOUBLE ? "\"" : "";

	entry->order = value->order;
	entry->lines = below ? arena_print(splices->arena, "%s:%s", key, below) : NULL;
	entry->flow = arena_print(splices->arena, is_list ? "%s%s%s: [%s]" : "%s%s%s: {%s}", quote,
		key, quote, value->flow);
	return entry->lines && entry->flow ? 0
					   : err_set(err, TACIT_LIMIT, "no memory for the changes");
}

int add_key(struct splices *splices, const struct service *service, const char *key, bool is_list,
	const struct entry *value, struct err *err)
{
	struct entry entry;
	int rc;

	if (service->node->kind != YAML_MAP)
		return file_error(splices->file, service->pair.key, err,
			"a service without anything cannot get something");
	rc = make_key(splices, service->node, key, is_list, value, &entry, err);
	return rc ? rc : add_entry(splices, service->node, &entry, err);
}

static struct yaml_node *own_key(const struct service *service, const char *name)
{
	if (service->node->kind != YAML_MAP)
		return NULL;
	for (struct yaml_node *key = service->node->first; key; key = key->next->next)
		if (key->kind == YAML_SCALAR && key->text && !strcmp(key->text, name))
			return key;
	return NULL;
}

static int add_list(struct splices *splices, const struct service *service,
	const struct change *change, const char *list, struct err *err)
{
	const char *quote = new_style(service->node) == YAML_DOUBLE ? "\"" : "";
	struct entry entry = { .order = strcmp(change->name, "command") ? ORDER_ENTRYPOINT
									: ORDER_COMMAND };

	if (service->node->kind != YAML_MAP)
		return file_error(splices->file, service->pair.key, err,
			"a service without anything cannot get something");
	entry.lines = arena_print(splices->arena, "%s: %s", change->name, list);
	entry.flow = arena_print(splices->arena, "%s%s%s: %s", quote, change->name, quote, list);
	return add_entry(splices, service->node, &entry, err);
}

static int set_list(struct splices *splices, const struct service *service,
	const struct change *change, struct err *err)
{
	const char *list = written_list(splices->arena, change->words, change->word_count);
	struct yaml_node *key = own_key(service, change->name);

	if (!list)
		return err_set(err, TACIT_LIMIT, "no memory for the changes");
	return key ? replace_whole(splices, key, list, err)
		   : add_list(splices, service, change, list, err);
}

int change_lists(struct splices *splices, const struct service *service,
	const struct changes *changes, struct err *err)
{
	int rc = 0;

	for (const struct change *at = changes->first; at && !rc; at = at->next)
		if (at->kind == CHANGE_LIST)
			rc = set_list(splices, service, at, err);
	return rc;
}
