/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "cli/compose/edit.h"

/* Which splice a node of the new text may belong to: asked for in the text's order. */
struct cursor {
	const struct splices *splices;
	size_t index;
	size_t before; /* bytes that the earlier ones added, less those they took */
};

static bool is_new(struct cursor *at, const struct yaml_node *node)
{
	for (; at->index < at->splices->count; at->index++) {
		const struct splice *splice = &at->splices->items[at->index];
		size_t start = splice->offset + at->before;

		/* Nothing that is written new is empty: an empty value at a splice's start is one
		 * that was there. */
		if (node->offset < start || (node->offset == start && node->end == start))
			return false;
		if (node->offset < start + splice->length)
			return true;
		at->before += splice->length - (splice->end - splice->offset);
	}
	return false;
}

/* Mark a new text's nodes that the splices brought. A collection came by them when all that is in
 * it did, as an old one is gone when all in it is: it has no place of its own. At most
 * COMPOSE_DEPTH_MAX calls deep. */
static bool mark_gone(struct yaml_node *node, struct cursor *splices)
{
	bool all = true;

	if (!node->first)
		return node->gone = splices ? is_new(splices, node) : node->gone;
	for (struct yaml_node *child = node->first; child; child = child->next)
		all &= mark_gone(child, splices);
	return node->gone = all;
}

static bool same_text(const char *a, const char *b)
{
	return a && b ? !strcmp(a, b) : a == b;
}

static bool same_node(const struct yaml_node *a, const struct yaml_node *b)
{
	return a->kind == b->kind && a->style == b->style && a->flow == b->flow &&
	       a->depth == b->depth && a->length == b->length && same_text(a->text, b->text) &&
	       same_text(a->tag, b->tag);
}

static struct yaml_node *next_left(struct yaml_node *node)
{
	while (node && node->gone)
		node = yaml_next(node);
	return node;
}

static int verify_rest(const struct compose_file *old, const struct splices *splices,
	const struct compose_file *changed, struct err *err)
{
	struct cursor cursor = { .splices = splices };
	struct yaml_node *a = old->root, *b = changed->root;

	mark_gone(a, NULL);
	mark_gone(b, &cursor);
	for (;;) {
		a = next_left(a);
		b = next_left(b);
		if (!a && !b)
			return 0;
		if (!a || !b || !same_node(a, b))
			return file_error(old, a ? a : old->root, err,
				"cannot be changed without changing this too; write it in lines of "
				"its own");
		a = yaml_next(a);
		b = yaml_next(b);
	}
}

struct setting {
	const char *name, *value;
};

static int by_name(const void *left, const void *right)
{
	const struct setting *a = left, *b = right;
	int order = strcmp(a->name, b->name);

	if (order || !a->value || !b->value)
		return order ? order : (a->value != NULL) - (b->value != NULL);
	return strcmp(a->value, b->value);
}

static bool same_settings(struct setting *a, size_t a_count, struct setting *b, size_t b_count)
{
	if (a_count != b_count)
		return false;
	qsort(a, a_count, sizeof *a, by_name);
	qsort(b, b_count, sizeof *b, by_name);
	for (size_t i = 0; i < a_count; i++)
		if (by_name(&a[i], &b[i]))
			return false;
	return true;
}

static size_t expect_variables(
	const struct service *service, const struct changes *changes, struct setting *settings)
{
	size_t count = service->face.variable_count, kept = 0;

	for (size_t i = 0; i < count; i++)
		settings[i] = (struct setting){ service->face.variables[i].name.text,
			service->face.variables[i].value.text };
	for (const struct change *at = changes->first; at; at = at->next) {
		if (at->kind == CHANGE_VARIABLE)
			settings[at->index] = (struct setting){ at->new_name, at->value };
		else if (at->kind == CHANGE_REMOVE)
			settings[at->index].name = NULL;
		else if (at->kind == CHANGE_ADD)
			settings[count++] = (struct setting){ at->new_name, at->value };
	}
	for (size_t i = 0; i < count; i++)
		if (settings[i].name)
			settings[kept++] = settings[i];
	return kept;
}

static bool verify_variables(struct setting *room, const struct service *old,
	const struct changes *changes, const struct service *new)
{
	size_t expected = expect_variables(old, changes, room);
	struct setting *found = room + expected;

	for (size_t i = 0; i < new->face.variable_count; i++)
		found[i] = (struct setting){ new->face.variables[i].name.text,
			new->face.variables[i].value.text };
	return same_settings(room, expected, found, new->face.variable_count);
}

static bool verify_secrets(struct arena *arena, struct setting *room, const struct service *old,
	const struct changes *changes, const struct service *new)
{
	struct compose_secret *expected;
	struct setting *found;
	size_t count;

	if (secrets_expected(arena, old, changes, &expected, &count, NULL))
		return false;
	found = room + count;
	for (size_t i = 0; i < count; i++)
		room[i] = (struct setting){ expected[i].source.text, expected[i].target.text };
	for (size_t i = 0; i < new->face.secret_count; i++) {
		const struct compose_secret *at = &new->face.secrets[i];
		bool same = same_text(at->source.text, at->target.text);

		found[i] = (struct setting){ at->source.text, same ? NULL : at->target.text };
	}
	return same_settings(room, count, found, new->face.secret_count);
}

static const struct change *list_change(const struct changes *changes, const char *key)
{
	const struct change *found = NULL;

	for (const struct change *at = changes->first; at; at = at->next)
		if (at->kind == CHANGE_LIST && !strcmp(at->name, key))
			found = at;
	return found;
}

static bool same_texts(
	const struct compose_text *a, size_t a_count, const struct compose_text *b, size_t b_count)
{
	for (size_t i = 0; i < a_count && a_count == b_count; i++)
		if (!same_text(a[i].text, b[i].text))
			return false;
	return a_count == b_count;
}

static bool verify_list(const struct change *change, const struct compose_text *old,
	size_t old_count, const struct compose_text *new, size_t new_count)
{
	if (!change)
		return same_texts(old, old_count, new, new_count);
	for (size_t i = 0; i < new_count && new_count == change->word_count; i++)
		if (!same_text(new[i].text, change->words[i]))
			return false;
	return new_count == change->word_count;
}

static bool verify_service(struct arena *arena, const struct service *old,
	const struct changes *changes, const struct service *new)
{
	const struct compose_service *a = &old->face, *b = &new->face;
	_free_ struct setting *room = NULL;
	size_t count = a->variable_count + b->variable_count + a->secret_count + b->secret_count;

	for (const struct change *at = changes->first; at; at = at->next)
		count++;
	room = calloc(count + 1, sizeof *room);
	return room && same_text(a->name.text, b->name.text) &&
	       same_text(a->image.text, b->image.text) && same_text(a->build.text, b->build.text) &&
	       same_text(a->extends.text, b->extends.text) &&
	       same_texts(a->env_files, a->env_file_count, b->env_files, b->env_file_count) &&
	       verify_list(list_change(changes, "entrypoint"), a->entrypoint, a->entrypoint_count,
		       b->entrypoint, b->entrypoint_count) &&
	       verify_list(list_change(changes, "command"), a->command, a->command_count,
		       b->command, b->command_count) &&
	       verify_variables(room, old, changes, new) &&
	       verify_secrets(arena, room, old, changes, new);
}

/* The new top-level secrets and files, and the old ones but for theirs. */
static bool verify_top(const struct compose_edit *edit, const struct compose_file *changed)
{
	const struct compose_file *old = edit->file;
	size_t count = old->secret_count;
	_free_ struct setting *room = NULL;
	struct setting *found;

	for (const struct change *at = edit->top.first; at; at = at->next)
		count++;
	room = calloc(count + changed->secret_count + 1, sizeof *room);
	if (!room)
		return false;
	count = old->secret_count;
	for (size_t i = 0; i < count; i++)
		room[i] =
			(struct setting){ old->secrets[i].source.text, old->secrets[i].file.text };
	for (const struct change *at = edit->top.first; at; at = at->next)
		if (at->kind == CHANGE_FILE && at->index < old->secret_count)
			room[at->index].value = at->value;
		else if (at->kind == CHANGE_FILE)
			room[count++] = (struct setting){ at->name, at->value };
	found = room + count;
	for (size_t i = 0; i < changed->secret_count; i++)
		found[i] = (struct setting){ changed->secrets[i].source.text,
			changed->secrets[i].file.text };
	return same_settings(room, count, found, changed->secret_count);
}

int verify_edit(const struct compose_edit *edit, const struct splices *splices,
	struct compose_file *changed, struct err *err)
{
	const struct compose_file *old = edit->file;
	int rc = verify_rest(old, splices, changed, err);

	if (rc)
		return rc;
	if (old->service_count != changed->service_count || !verify_top(edit, changed))
		return file_error(old, old->root, err,
			"cannot be changed as asked: the top-level secrets would not be right");
	for (size_t i = 0; i < old->service_count; i++) {
		const struct changes *changes = &edit->services[i];

		if (!verify_service(
			    splices->arena, &old->services[i], changes, &changed->services[i]))
			return file_error(old, old->services[i].pair.key, err,
				changes->first
					? "cannot be changed: it shares an anchor or a merge "
					  "with a service that gets something else; give "
					  "each its own"
					: "would change too, as it shares an anchor or a merge "
					  "with a service that changes; change both, or give "
					  "it its own");
	}
	return verify_expanded(edit->file, changed, err);
}
