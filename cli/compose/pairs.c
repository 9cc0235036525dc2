/* SPDX-License-Identifier: Apache-2.0 */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "cli/compose/file.h"

/* The names that are taken, so that merges do not bring them again: open addressing. */
struct names {
	const char **slots;
	size_t size, count;
};

static void cleanup_names(struct names *names)
{
	free(names->slots);
}

int file_error(const struct compose_file *file, const struct yaml_node *node, struct err *err,
	const char *format, ...)
{
	char text[ERR_TEXT_MAX];
	va_list list;

	va_start(list, format);
	vsnprintf(text, sizeof text, format, list);
	va_end(list);
	return yaml_error(err, TACIT_INVALID, file->name, node ? node->line : 1, "%s", text);
}

static const char **slot_of(const struct names *names, const char *name)
{
	size_t hash = 5381;

	for (const char *at = name; *at; at++)
		hash = hash * 33 + (unsigned char)*at;
	while (names->slots[hash % names->size] && strcmp(names->slots[hash % names->size], name))
		hash++;
	return &names->slots[hash % names->size];
}

static bool names_grow(struct names *names)
{
	struct names larger = { .size = names->size ? 4 * names->size : 64 };

	larger.slots = calloc(larger.size, sizeof *larger.slots);
	if (!larger.slots)
		return false;
	for (size_t i = 0; i < names->size; i++)
		if (names->slots[i])
			*slot_of(&larger, names->slots[i]) = names->slots[i];
	larger.count = names->count;
	free(names->slots);
	*names = larger;
	return true;
}

/* 1: new, 0: it was there; negative: no memory. */
static int names_add(struct names *names, const char *name)
{
	const char **slot;

	if (2 * names->count >= names->size && !names_grow(names))
		return -TACIT_LIMIT;
	slot = slot_of(names, name);
	if (*slot)
		return 0;
	*slot = name;
	names->count++;
	return 1;
}

static bool is_merge(const struct yaml_node *key)
{
	return key->kind == YAML_SCALAR && key->style == YAML_PLAIN && key->text &&
	       !strcmp(key->text, "<<");
}

struct collecting {
	struct compose_file *file;
	struct pairs *pairs;
	struct names *names;
};

static int take_pair(struct collecting *all, struct yaml_node *key, bool merged, struct err *err)
{
	struct yaml_node *meant = yaml_target(key);
	struct pair *items;
	int rc;

	if (++all->file->visits > COMPOSE_VISITS_MAX)
		return yaml_error(err, TACIT_LIMIT, all->file->name, key->line,
			"more than %u keys with those that merges bring", COMPOSE_VISITS_MAX);
	if (meant->kind != YAML_SCALAR || !meant->text)
		return file_error(all->file, key, err, "a key that is no text");
	rc = names_add(all->names, meant->text);
	if (rc <= 0)
		return rc ? err_set(err, TACIT_LIMIT, "no memory for the file") : 0;
	items = arena_grow(&all->file->arena, all->pairs->items, all->pairs->count, sizeof *items);
	if (!items)
		return err_set(err, TACIT_LIMIT, "no memory for the file");
	all->pairs->items = items;
	items[all->pairs->count++] = (struct pair){ key, key->next, merged };
	return 0;
}

static int collect(struct collecting *all, struct yaml_node *map, bool merged, unsigned int depth,
	struct err *err);

static int collect_merge(
	struct collecting *all, struct yaml_node *value, unsigned int depth, struct err *err)
{
	struct yaml_node *meant = yaml_target(value);
	int rc = 0;

	if (meant->kind == YAML_MAP)
		return collect(all, meant, true, depth + 1, err);
	if (meant->kind != YAML_LIST)
		return file_error(all->file, value, err, "`<<` needs a map, or a list of maps");
	for (struct yaml_node *item = meant->first; item && !rc; item = item->next) {
		if (yaml_target(item)->kind != YAML_MAP)
			return file_error(all->file, item, err, "`<<` needs a list of maps");
		rc = collect(all, yaml_target(item), true, depth + 1, err);
	}
	return rc;
}

static int collect(struct collecting *all, struct yaml_node *map, bool merged, unsigned int depth,
	struct err *err)
{
	int rc = 0;

	if (depth > COMPOSE_DEPTH_MAX)
		return yaml_error(err, TACIT_LIMIT, all->file->name, map->line,
			"more than %d merges in each other", COMPOSE_DEPTH_MAX);
	for (struct yaml_node *key = map->first; key && !rc; key = key->next->next)
		if (!is_merge(key))
			rc = take_pair(all, key, merged, err);
	for (struct yaml_node *key = map->first; key && !rc; key = key->next->next)
		if (is_merge(key))
			rc = collect_merge(all, key->next, depth, err);
	return rc;
}

int pairs_of(struct compose_file *file, struct yaml_node *map, struct pairs *pairs, struct err *err)
{
	__attribute__((cleanup(cleanup_names))) struct names names = { 0 };
	struct collecting all = { .file = file, .pairs = pairs, .names = &names };
	struct yaml_node *meant = yaml_target(map);

	*pairs = (struct pairs){ 0 };
	if (!meant || yaml_is_nothing(meant))
		return 0;
	if (meant->kind != YAML_MAP)
		return file_error(file, map, err, "a map belongs here");
	return collect(&all, meant, false, 0, err);
}

struct pair pairs_find(const struct pairs *pairs, const char *key)
{
	for (size_t i = 0; i < pairs->count; i++)
		if (!strcmp(yaml_target(pairs->items[i].key)->text, key))
			return pairs->items[i];
	return (struct pair){ 0 };
}

int text_of(struct compose_file *file, struct yaml_node *node, const char *what,
	struct compose_text *text, struct err *err)
{
	struct yaml_node *meant = yaml_target(node);

	*text = (struct compose_text){ 0 };
	if (!meant)
		return 0;
	if (meant->kind != YAML_SCALAR && !(meant->tag && !strcmp(meant->tag, "!reset")))
		return file_error(file, node, err, "%s has to be a text", what);
	text->offset = meant->offset;
	text->end = meant->end;
	text->line = meant->line;
	text->column = meant->column;
	text->shared = meant != node || yaml_shared(meant);
	if (yaml_is_nothing(meant))
		return 0;
	text->text = meant->text ? meant->text : "";
	text->length = meant->length;
	text->ambiguous = (meant->style == YAML_PLAIN && plain_is_ambiguous(text->text)) ||
			  (meant->tag && strcmp(meant->tag, "tag:yaml.org,2002:str"));
	return 0;
}

int name_of(struct compose_file *file, struct yaml_node *node, const char *what,
	struct compose_text *text, struct err *err)
{
	int rc = text_of(file, node, what, text, err);

	return rc || text->text ? rc : file_error(file, node, err, "%s is missing", what);
}

int texts_of(struct compose_file *file, struct yaml_node *node, const char *what,
	struct compose_text **texts, size_t *count, struct err *err)
{
	struct yaml_node *meant = yaml_target(node);
	struct yaml_node *item;
	int rc = 0;

	*texts = NULL;
	*count = 0;
	if (!meant || yaml_is_nothing(meant))
		return 0;
	*texts = arena_take(&file->arena, (meant->count + 1) * sizeof **texts);
	if (!*texts)
		return err_set(err, TACIT_LIMIT, "no memory for the file");
	if (meant->kind == YAML_SCALAR) {
		*count = 1;
		return text_of(file, node, what, &(*texts)[0], err);
	}
	if (meant->kind != YAML_LIST)
		return file_error(file, node, err, "%s has to be a text or a list of texts", what);
	for (item = meant->first; item && !rc; item = item->next) {
		struct compose_text *text = &(*texts)[(*count)++];

		rc = text_of(file, item, what, text, err);
		if (meant != node || yaml_shared(meant))
			text->shared = true;
	}
	return rc;
}
