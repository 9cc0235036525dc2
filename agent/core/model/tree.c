/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/model/blob.h"

struct node *model_node(const struct model *model, uint64_t id)
{
	struct node *node;

	HASH_FIND(hh, model->nodes, &id, sizeof id, node);
	return node;
}

static bool adopt_child(struct node *parent, struct node *child)
{
	if (parent->child_count == parent->child_room) {
		size_t room = parent->child_room ? parent->child_room * 2 : 4;
		struct node **children = realloc(parent->children, room * sizeof *children);

		if (!children)
			return false;
		parent->children = children;
		parent->child_room = room;
	}
	parent->children[parent->child_count++] = child;
	return true;
}

struct node *tree_grow(struct model *model, struct node *parent, const char *name)
{
	uint64_t id = parent ? node_child(model->node_key, parent->id, name) : NODE_ROOT_ID;
	struct node *node = id ? model_node(model, id) : NULL;

	if (node || !id)
		return node;
	node = calloc(1, sizeof *node);
	if (!node || (parent && !adopt_child(parent, node))) {
		free(node);
		return NULL;
	}
	node->id = id;
	node->parent = parent;
	snprintf(node->name, sizeof node->name, "%s", name);
	HASH_ADD(hh, model->nodes, id, sizeof node->id, node);
	return node;
}

struct node *tree_consumer(struct model *model, const char *consumer)
{
	char names[TACIT_CONSUMER_NAME_MAX + 1], *rest = names, *name;
	struct node *node = model->root;

	snprintf(names, sizeof names, "%s", consumer);
	while (node && (name = strsep(&rest, "/")))
		node = tree_grow(model, node, name);
	return node;
}

struct node *model_consumer(const struct model *model, const char *consumer)
{
	char names[TACIT_CONSUMER_NAME_MAX + 1], *rest = names, *name;
	uint64_t id = NODE_ROOT_ID;

	snprintf(names, sizeof names, "%s", consumer);
	while (id && (name = strsep(&rest, "/")))
		id = node_child(model->node_key, id, name);
	return id ? model_node(model, id) : NULL;
}

struct node *model_self(const struct model *model)
{
	return model_consumer(model, consumer_kind_word(CONSUMER_SELF));
}

struct node *node_file(const struct model *model, const struct node *directory, const char *file)
{
	uint64_t id = directory ? node_child(model->node_key, directory->id, file) : 0;

	return id ? model_node(model, id) : NULL;
}
