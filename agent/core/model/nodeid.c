/* SPDX-License-Identifier: Apache-2.0 */
#include "core/model/nodeid.h"

#include <string.h>

#include "seal/seal.h"

#define LEVEL_SHIFT 60
#define KIND_SHIFT 56
#define HASH_MASK ((1ull << KIND_SHIFT) - 1)
#define LEVEL_MASK ((1ull << LEVEL_SHIFT) - 1)
#define ROOT_PROGRAM                                                                               \
	((uint64_t)LEVEL_PROGRAM << LEVEL_SHIFT | (uint64_t)CONSUMER_KINDS << KIND_SHIFT)

enum node_level node_level(uint64_t node)
{
	return node == NODE_ROOT_ID ? LEVEL_ROOT : (enum node_level)(node >> LEVEL_SHIFT);
}

enum consumer_kind node_kind(uint64_t node)
{
	return (enum consumer_kind)(node >> KIND_SHIFT & 0xf);
}

static uint64_t at_level(uint64_t node, enum node_level level)
{
	return (node & LEVEL_MASK) | (uint64_t)level << LEVEL_SHIFT;
}

uint64_t node_owner(uint64_t node)
{
	enum node_level level = node_level(node);

	if (level != LEVEL_PROGRAMS && level != LEVEL_PROGRAM)
		return node;
	return node == ROOT_PROGRAM ? NODE_ROOT_ID : at_level(node, LEVEL_CONSUMER);
}

/* What of the agent's own a directory has of this name. */
static uint64_t own_child(uint64_t parent, enum node_level level, const char *name)
{
	if (level == LEVEL_CONSUMER)
		return strcmp(name, NAME_PROGRAMS) ? 0 : at_level(parent, LEVEL_PROGRAMS);
	if (strcmp(name, NAME_PROGRAM))
		return 0;
	if (level == LEVEL_ROOT)
		return ROOT_PROGRAM;
	return level == LEVEL_PROGRAMS ? at_level(parent, LEVEL_PROGRAM) : 0;
}

static uint64_t number(const uint8_t key[16], uint64_t parent, const char *name,
	enum node_level level, enum consumer_kind kind)
{
	unsigned char path[sizeof parent + NAME_SEGMENT_MAX];
	size_t length = strlen(name);

	memcpy(path, &parent, sizeof parent);
	memcpy(path + sizeof parent, name, length);
	return (uint64_t)level << LEVEL_SHIFT | (uint64_t)kind << KIND_SHIFT |
	       (seal_hash64(key, path, sizeof parent + length) & HASH_MASK);
}

/* FOLDER@N, which is in consumers' directories alone. */
static uint64_t generation(const uint8_t key[16], uint64_t parent, const char *name)
{
	enum consumer_kind kind = node_kind(parent);
	size_t length;
	uint64_t which;

	return node_level(parent) == LEVEL_CONSUMER && kind != CONSUMER_SELF &&
			       name_is_generation(name, &length, &which)
		       ? number(key, parent, name, LEVEL_FOLDER, kind)
		       : 0;
}

uint64_t node_child(const uint8_t key[16], uint64_t parent, const char *name)
{
	size_t length = strlen(name);
	enum node_level level = node_level(parent);
	enum consumer_kind kind;
	uint64_t own = own_child(parent, level, name);
	unsigned int depth;

	if (own || length > NAME_SEGMENT_MAX || level == LEVEL_FILE || level >= LEVEL_PROGRAMS)
		return own;
	if (level == LEVEL_ROOT) {
		kind = consumer_kind_of_word(name, length);
		if (kind == CONSUMER_KINDS)
			return 0;
		return number(key, parent, name,
			consumer_kind_depth(kind) ? LEVEL_KIND : LEVEL_CONSUMER, kind);
	}
	kind = node_kind(parent);
	if (level == LEVEL_CONSUMER || level == LEVEL_FOLDER)
		return name_check_file(name, NULL) < 0
			       ? generation(key, parent, name)
			       : number(key, parent, name, LEVEL_FILE, kind);
	depth = level == LEVEL_KIND ? 0 : 1;
	if (!consumer_component_ok(kind, depth, name, length))
		return 0;
	return number(key, parent, name,
		depth + 1 == consumer_kind_depth(kind) ? LEVEL_CONSUMER : LEVEL_ABOVE, kind);
}

uint64_t node_folder(const uint8_t key[16], uint64_t consumer, const char *name)
{
	if (node_level(consumer) != LEVEL_CONSUMER || strlen(name) > NAME_SEGMENT_MAX)
		return 0;
	return name_check_file(name, NULL) < 0
		       ? generation(key, consumer, name)
		       : number(key, consumer, name, LEVEL_FOLDER, node_kind(consumer));
}
