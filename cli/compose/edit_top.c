/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "cli/compose/edit.h"

/* `  NAME:` and `    file: PATH`. */
static int make_secret(struct splices *splices, const struct change *change, enum yaml_style style,
	struct entry *entry, struct err *err)
{
	struct arena *arena = splices->arena;
	const char *quote = style == YAML_DOUBLE ? "\"" : "";
	const char *name = written(arena, change->name, YAML_PLAIN, false);
	const char *file = written(arena, change->value, YAML_PLAIN, false);
	const char *flow = written(arena, change->name, style, true);
	const char *flow_file = written(arena, change->value, style, true);

	if (!name || !file || !flow || !flow_file)
		return err_set(err, TACIT_LIMIT, "no memory for the changes");
	entry->order = ORDER_SECRETS;
	entry->lines = arena_print(arena, "%s:\n%*sfile: %s", name, (int)splices->step, "", file);
	entry->flow = arena_print(arena, "%s: {%sfile%s: %s}", flow, quote, quote, flow_file);
	return entry->lines && entry->flow ? 0
					   : err_set(err, TACIT_LIMIT, "no memory for the changes");
}

/* Its `file:` becomes another. */
static int change_file(struct splices *splices, const struct change *change, struct err *err)
{
	struct pair *pair = &splices->file->secret_pairs[change->index];
	struct yaml_node *map = yaml_target(pair->value);
	struct entry entry = { .order = ORDER_SECRETS };
	const char *file = written(splices->arena, change->value, YAML_PLAIN, true);

	if (!file)
		return err_set(err, TACIT_LIMIT, "no memory for the changes");
	for (struct yaml_node *key = map->first; map->kind == YAML_MAP && key;
		key = key->next->next)
		if (yaml_target(key)->text && !strcmp(yaml_target(key)->text, "file"))
			return replace_value(splices, key, change->value, err);
	entry.lines = entry.flow = arena_print(splices->arena,
		new_style(map) == YAML_DOUBLE ? "\"file\": \"%s\"" : "file: %s", file);
	if (!yaml_is_nothing(map))
		return add_entry(splices, map, &entry, err);
	return add_first_entry(splices, pair->key, false, &entry, err);
}

/* Behind everything, comments too, when nothing but those follows. */
static size_t end_of_file(const struct splices *splices, bool *keeps)
{
	const struct compose_file *file = splices->file;
	size_t end = line_end_after(splices, file->root, keeps), at = end, last = end;

	while (!*keeps && at < file->length) {
		size_t start = at + strspn(file->text + at, "\r\n \t");
		size_t length;

		if (start == file->length)
			return last;
		if (file->text[start] != '#')
			return end;
		length = strcspn(file->text + start, "\r\n");
		at = last = start + length;
	}
	return last;
}

static struct yaml_node *own_secrets(const struct compose_file *file)
{
	if (file->root->kind == YAML_MAP)
		for (struct yaml_node *key = file->root->first; key; key = key->next->next)
			if (key->kind == YAML_SCALAR && key->text && !strcmp(key->text, "secrets"))
				return key;
	return NULL;
}

static int add_section(struct splices *splices, const struct entry *all, struct err *err)
{
	struct yaml_node *root = splices->file->root;
	const char *below;
	struct splice splice = { .depth = root->depth + 1, .node = root };
	struct entry entry = { .order = ORDER_SECRETS };
	bool keeps;

	if (root->flow) {
		entry.lines = "";
		entry.flow = arena_print(splices->arena,
			new_style(root) == YAML_DOUBLE ? "\"secrets\": {%s}" : "secrets: {%s}",
			all->flow);
		return add_entry(splices, root, &entry, err);
	}
	splice.offset = splice.end = end_of_file(splices, &keeps);
	below = indented(
		splices->arena, splices->eol, all->lines, root->column - 1 + splices->step);
	splice.text = arena_print(splices->arena, "%s%s%*ssecrets:%s", splices->eol,
		keeps ? "" : splices->eol, (int)root->column - 1, "", below ? below : "");
	return splices_add(splices, splice, err);
}

/* Those that are new, one by one into the map that is there, else all as one entry. */
static int add_secrets(struct splices *splices, const struct changes *changes,
	struct yaml_node *map, struct entry *all, struct err *err)
{
	_entries_ struct entries entries;
	int rc = entries_begin(&entries, err);

	for (const struct change *at = changes->first; at && !rc; at = at->next) {
		struct entry one;

		if (at->kind != CHANGE_FILE || at->index < splices->file->secret_count)
			continue;
		rc = make_secret(
			splices, at, new_style(map ? map : splices->file->root), &one, err);
		if (!rc && map)
			rc = add_entry(splices, map, &one, err);
		else if (!rc)
			entries_add(&entries, &one);
	}
	all->order = ORDER_SECRETS;
	return rc ? rc : entries_end(&entries, splices->arena, all, err);
}

static int change_section(struct splices *splices, const struct changes *changes, struct err *err)
{
	struct yaml_node *key = own_secrets(splices->file);
	struct yaml_node *map = key ? yaml_target(key->next) : NULL;
	struct entry all;
	int rc =
		add_secrets(splices, changes, map && !yaml_is_nothing(map) ? map : NULL, &all, err);

	if (rc || !*all.lines)
		return rc;
	return key ? add_first_entry(splices, key, false, &all, err)
		   : add_section(splices, &all, err);
}

int change_top(struct splices *splices, const struct changes *changes, struct err *err)
{
	int rc = 0;

	for (const struct change *at = changes->first; at && !rc; at = at->next) {
		if (at->kind == CHANGE_FILE && at->index < splices->file->secret_count)
			rc = change_file(splices, at, err);
		else if (at->kind == CHANGE_TEXT)
			rc = replace_scalar(splices, at->node, at->value, err);
	}
	return rc ? rc : change_section(splices, changes, err);
}
