/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "base/cleanup.h"
#include "cli/compose/compose.h"
#include "cli/compose/yaml.h"

struct walk {
	compose_scalar_fn *each;
	void *arg;
};

static struct compose_text as_text(const struct yaml_node *node)
{
	return (struct compose_text){ .text = node->text ? node->text : "",
		.length = node->length,
		.offset = node->offset,
		.end = node->end,
		.line = node->line,
		.column = node->column };
}

/* `key` is the nearest map's; at most COMPOSE_DEPTH_MAX calls deep, as the tree is. */
static void visit(
	const struct walk *walk, const struct yaml_node *node, const struct yaml_node *key)
{
	static const struct compose_text no_key = { .text = "" };
	struct compose_text value, name = key ? as_text(key) : no_key;

	if (node->kind == YAML_SCALAR && node->text) {
		value = as_text(node);
		walk->each(walk->arg, &name, &value);
	} else if (node->kind == YAML_LIST) {
		for (const struct yaml_node *item = node->first; item; item = item->next)
			visit(walk, item, key);
	} else if (node->kind == YAML_MAP) {
		for (const struct yaml_node *at = node->first; at; at = at->next->next)
			visit(walk, at->next, at->kind == YAML_SCALAR ? at : NULL);
	}
}

static int visit_document(void *arg, struct yaml_node *root, struct err *err)
{
	(void)err;
	if (root)
		visit(arg, root, NULL);
	return 0;
}

static void cleanup_arena(struct arena *arena)
{
	arena_clear(arena);
}

int compose_each_scalar(const char *name, const char *text, size_t length, compose_scalar_fn *each,
	void *arg, struct err *err)
{
	__attribute__((cleanup(cleanup_arena))) struct arena arena = { 0 };
	struct yaml_reading reading = { name, text, length, false };
	struct walk walk = { each, arg };

	return yaml_read(&reading, &arena, visit_document, &walk, err);
}
