/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "cli/compose/edit.h"

static const char *target_of(const struct compose_secret *secret)
{
	return secret->target.text ? secret->target.text : secret->source.text;
}

/* The source that an existing one gets, or the one it has. */
static const char *new_source(const struct changes *changes, const char *source)
{
	for (const struct change *at = changes->first; at; at = at->next)
		if (at->kind == CHANGE_SOURCE && !strcmp(at->name, source))
			return at->new_name;
	return source;
}

static void set_text(struct compose_text *text, const char *to)
{
	*text = (struct compose_text){ .text = to, .length = to ? strlen(to) : 0 };
}

int secrets_expected(struct arena *arena, const struct service *service,
	const struct changes *changes, struct compose_secret **secrets, size_t *count,
	struct err *err)
{
	size_t room = service->face.secret_count;
	struct compose_secret *made;

	for (const struct change *at = changes->first; at; at = at->next)
		room++;
	*secrets = made = arena_take(arena, (room + 1) * sizeof *made);
	*count = 0;
	if (!made)
		return err_set(err, TACIT_LIMIT, "no memory for the changes");
	for (size_t i = 0; i < service->face.secret_count; i++) {
		const struct compose_secret *old = &service->face.secrets[i];

		set_text(&made[i].source, new_source(changes, old->source.text));
		set_text(&made[i].target, target_of(old));
		++*count;
	}
	for (const struct change *at = changes->first; at; at = at->next) {
		if (at->kind != CHANGE_SECRET)
			continue;
		set_text(&made[*count].source, at->name);
		set_text(&made[*count].target, at->value ? at->value : at->name);
		++*count;
	}
	for (size_t i = 0; i < *count; i++)
		if (!strcmp(made[i].source.text, made[i].target.text))
			made[i].target.text = NULL;
	return 0;
}

/* As an item: the name alone, or source and target. */
static int make_item(struct splices *splices, const char *source, const char *target,
	enum yaml_style style, struct entry *entry, struct err *err)
{
	struct arena *arena = splices->arena;
	const char *quote = style == YAML_DOUBLE ? "\"" : "";
	const char *plain = written(arena, source, YAML_PLAIN, false);
	const char *flow = written(arena, source, style, true);

	entry->order = ORDER_SECRETS;
	if (!plain || !flow)
		return err_set(err, TACIT_LIMIT, "no memory for the changes");
	if (!target) {
		entry->lines = arena_print(arena, "- %s", plain);
		entry->flow = flow;
	} else {
		const char *to = written(arena, target, YAML_PLAIN, false);
		const char *to_flow = written(arena, target, style, true);

		if (!to || !to_flow)
			return err_set(err, TACIT_LIMIT, "no memory for the changes");
		entry->lines = arena_print(arena, "- source: %s\n  target: %s", plain, to);
		entry->flow = arena_print(arena, "{%ssource%s: %s, %starget%s: %s}", quote, quote,
			flow, quote, quote, to_flow);
	}
	return entry->lines && entry->flow ? 0
					   : err_set(err, TACIT_LIMIT, "no memory for the changes");
}

/* `- old` becomes `- source: new` and `target: old`; a map gets another source. */
static int change_source(struct splices *splices, struct yaml_node *item,
	const struct compose_secret *secret, const char *source, struct err *err)
{
	struct arena *arena = splices->arena;
	struct yaml_node *map = yaml_target(item);
	struct splice splice = { item->offset, item->end, .depth = item->depth, .node = item };
	enum yaml_style style = new_style(item->parent);
	struct entry entry = { .order = ORDER_SECRETS };
	const char *target = written(arena, target_of(secret), style, map->flow);
	int rc;

	if (map->kind != YAML_MAP) {
		rc = make_item(splices, source, secret->source.text, style, &entry, err);
		if (rc)
			return rc;
		splice.text = item->parent->flow
				      ? entry.flow
				      : arena_print(arena, "source: %s%s%*starget: %s",
						written(arena, source, YAML_PLAIN, false),
						splices->eol, (int)item->column - 1, "", target);
		node_gone(item);
		return splices_add(splices, splice, err);
	}
	for (struct yaml_node *key = map->first; key; key = key->next->next) {
		if (yaml_target(key)->text && !strcmp(yaml_target(key)->text, "source")) {
			rc = replace_value(splices, key, source, err);
			if (rc || secret->target.text)
				return rc;
			entry.lines = entry.flow = arena_print(arena,
				style == YAML_DOUBLE ? "\"target\": %s" : "target: %s", target);
			return add_entry(splices, map, &entry, err);
		}
	}
	return file_error(splices->file, item, err, "its `source` comes by a merge; write it here");
}

static int change_items(struct splices *splices, const struct service *service,
	const struct changes *changes, struct err *err)
{
	struct yaml_node *list = service->secrets.value;
	int rc = 0;

	for (size_t i = 0; i < service->face.secret_count && !rc; i++) {
		const struct compose_secret *secret = &service->face.secrets[i];
		const char *source = new_source(changes, secret->source.text);

		if (strcmp(source, secret->source.text))
			rc = change_source(
				splices, service->secret_items[i].value, secret, source, err);
	}
	for (const struct change *at = changes->first; at && !rc; at = at->next) {
		struct entry entry;

		if (at->kind != CHANGE_SECRET)
			continue;
		rc = make_item(splices, at->name, at->value, new_style(list), &entry, err);
		rc = rc ? rc : add_entry(splices, list, &entry, err);
	}
	return rc;
}

/* uid, gid and mode of inherited ones are not in the model. */
static int refuse_more(struct splices *splices, const struct service *service, struct err *err)
{
	for (size_t i = 0; i < service->face.secret_count; i++) {
		struct yaml_node *item = service->secret_items[i].value;
		struct yaml_node *map = yaml_target(item);
		size_t known = 2u * (service->face.secrets[i].target.text ? 2 : 1);

		if (map->kind == YAML_MAP && map->count != known)
			return file_error(splices->file, item, err,
				"cannot be copied into the service that inherits it; give that "
				"service `secrets` of its own");
	}
	return 0;
}

/* The whole list, for a service that has none of its own. */
static int make_list(struct splices *splices, const struct service *service,
	const struct changes *changes, struct entry *all, struct err *err)
{
	_entries_ struct entries entries;
	struct compose_secret *secrets;
	size_t count = 0;
	int rc = entries_begin(&entries, err);

	if (!rc)
		rc = secrets_expected(splices->arena, service, changes, &secrets, &count, err);
	for (size_t i = 0; i < count && !rc; i++) {
		struct entry one;

		rc = make_item(splices, secrets[i].source.text, secrets[i].target.text,
			new_style(service->node), &one, err);
		if (!rc)
			entries_add(&entries, &one);
	}
	all->order = ORDER_SECRETS;
	return rc ? rc : entries_end(&entries, splices->arena, all, err);
}

int change_secrets(struct splices *splices, const struct service *service,
	const struct changes *changes, struct err *err)
{
	const struct pair *pair = &service->secrets;
	bool own = pair->value && !pair->merged, asked = false;
	struct entry all;
	int rc;

	for (const struct change *at = changes->first; at; at = at->next)
		asked |= at->kind == CHANGE_SECRET || at->kind == CHANGE_SOURCE;
	if (!asked)
		return 0;
	if (own && pair->value->kind == YAML_LIST)
		return change_items(splices, service, changes, err);
	rc = refuse_more(splices, service, err);
	rc = rc ? rc : make_list(splices, service, changes, &all, err);
	if (rc)
		return rc;
	if (own && pair->value->kind == YAML_ALIAS)
		return replace_text(
			splices, pair->value, arena_print(splices->arena, "[%s]", all.flow), err);
	if (own)
		return add_first_entry(splices, pair->key, true, &all, err);
	return add_key(splices, service, "secrets", true, &all, err);
}
