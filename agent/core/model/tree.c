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

/* One that is in no directory's list yet. */
static struct node *make_node(
	struct model *model, struct node *parent, uint64_t id, const char *name)
{
	struct node *node = calloc(1, sizeof *node);

	if (!node)
		return NULL;
	node->id = id;
	node->parent = parent;
	snprintf(node->name, sizeof node->name, "%s", name);
	HASH_ADD(hh, model->nodes, id, sizeof node->id, node);
	return node;
}

static void drop_node(struct model *model, struct node *node)
{
	HASH_DELETE(hh, model->nodes, node);
	free(node->children);
	free(node);
}

static struct node *grow(struct model *model, struct node *parent, uint64_t id, const char *name)
{
	struct node *node = id ? model_node(model, id) : NULL;

	if (node || !id)
		return node;
	node = make_node(model, parent, id, name);
	if (!node || !parent || adopt_child(parent, node))
		return node;
	drop_node(model, node);
	return NULL;
}

struct node *tree_grow(struct model *model, struct node *parent, const char *name)
{
	return grow(model, parent,
		parent ? node_child(model->node_key, parent->id, name) : NODE_ROOT_ID, name);
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

/* In `self`, where the names of all consumers are, another's file may be called the same. It was
 * there first, and stays: nobody is told of the folder. */
static bool tell_folder(
	struct model *model, const struct node *directory, const char *name, uint64_t id)
{
	bool taken = node_kind(id) == CONSUMER_SELF && node_file(model, directory, name);

	return !model->on_folder || taken || model->on_folder(model->on_folder_arg, id);
}

void model_tell_folders(struct model *model)
{
	for (const struct node *folder = model->folders; folder; folder = folder->next)
		tell_folder(model, folder->parent, folder->name, folder->id);
}

/* The server knows a folder before the kernel can: when it cannot, the folder is not made. */
static struct node *tree_folder(struct model *model, struct node *directory, const char *name)
{
	uint64_t id = node_folder(model->node_key, directory->id, name);
	struct node *folder = id ? model_node(model, id) : NULL;

	if (folder || !id || !tell_folder(model, directory, name, id))
		return folder;
	folder = grow(model, directory, id, name);
	if (!folder)
		return NULL;
	folder->next = model->folders;
	model->folders = folder;
	return folder;
}

struct node *tree_granted(struct model *model, struct node *directory, const char *file)
{
	const char *end = name_folder_end(file);
	char folder[TACIT_FILE_NAME_MAX + 1];

	if (!end || !directory)
		return directory ? tree_grow(model, directory, file) : NULL;
	snprintf(folder, sizeof folder, "%.*s", (int)(end - file), file);
	directory = tree_folder(model, directory, folder);
	return directory ? tree_grow(model, directory, end + 1) : NULL;
}

/* FOLDER@N is in no directory's list: it is not listed, and can go. */
struct node *tree_add_generation(
	struct model *model, struct node **place, struct node *folder, uint64_t number)
{
	char name[sizeof folder->name];
	struct node *node;

	snprintf(name, sizeof name, "%.63s@%llu", folder->name, (unsigned long long)number);
	node = make_node(model, folder->parent,
		node_folder(model->node_key, folder->parent->id, name), name);
	if (!node)
		return NULL;
	node->generation = number;
	node->folder = folder;
	node->next = *place;
	*place = node;
	return node;
}

void tree_drop_generation(struct model *model, struct node **place)
{
	struct node *node = *place;

	*place = node->next;
	for (size_t i = 0; i < node->child_count; i++)
		drop_node(model, node->children[i]);
	drop_node(model, node);
}

uint64_t tree_consumer_id(const struct model *model, const char *consumer)
{
	char names[TACIT_CONSUMER_NAME_MAX + 1], *rest = names, *name;
	uint64_t id = NODE_ROOT_ID;

	snprintf(names, sizeof names, "%s", consumer);
	while (id && (name = strsep(&rest, "/")))
		id = node_child(model->node_key, id, name);
	return id;
}

struct node *model_consumer(const struct model *model, const char *consumer)
{
	uint64_t id = tree_consumer_id(model, consumer);

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

struct node *node_folder_of(
	const struct model *model, const struct node *directory, const char *folder)
{
	uint64_t id = directory ? node_folder(model->node_key, directory->id, folder) : 0;

	return id ? model_node(model, id) : NULL;
}

struct node *node_granted(const struct model *model, const struct node *directory, const char *file)
{
	const char *end = name_folder_end(file);
	char folder[TACIT_FILE_NAME_MAX + 1];

	if (!end)
		return node_file(model, directory, file);
	snprintf(folder, sizeof folder, "%.*s", (int)(end - file), file);
	return node_file(model, node_folder_of(model, directory, folder), end + 1);
}

struct node *node_consumer(const struct node *node)
{
	struct node *above = node->parent;

	while (above && node_level(above->id) != LEVEL_CONSUMER)
		above = above->parent;
	return above;
}

struct grant *node_next_grant(const struct node *directory, struct grant_place *place)
{
	while (place->child < directory->child_count) {
		const struct node *child = directory->children[place->child];
		struct grant *grant = child->grant;

		if (node_level(child->id) == LEVEL_FOLDER && place->below < child->child_count) {
			grant = child->children[place->below++]->grant;
		} else {
			place->child++;
			place->below = 0;
		}
		if (grant_lives(grant))
			return grant;
	}
	return NULL;
}
