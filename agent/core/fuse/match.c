/* SPDX-License-Identifier: Apache-2.0 */
/* Whether a reader is a consumer: by its engine's word, or the kernel's, and by every rule that the
 * consumer is bound to. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/fuse/internal.h"

enum standing turn_standing(struct turn *turn)
{
	if (!turn->has_standing)
		turn->standing = containers_standing(
			turn->server->parts.containers, &turn->reader, turn->opens);
	turn->has_standing = true;
	return turn->standing;
}

static bool keeps_rules(const struct consumer *consumer, const struct container_facts *facts)
{
	for (uint32_t i = 0; consumer && i < consumer->record.rule_count; i++)
		if (!binding_holds(consumer->record.rules[i], facts))
			return false;
	return true;
}

/* Whether `node` is the directory of `consumer`, or lies above it. */
static bool is_place_of(const struct node *node, const char *consumer)
{
	const char *kind = consumer_kind_word(node_kind(node->id));
	char path[TACIT_CONSUMER_NAME_MAX + 2];

	if (node_level(node->id) == LEVEL_ABOVE) {
		snprintf(path, sizeof path, "%s/%s/", kind, node->name);
		return !strncmp(consumer, path, strlen(path));
	}
	if (consumer_kind_depth(node_kind(node->id)) == 2)
		snprintf(path, sizeof path, "%s/%s/%s", kind, node->parent->name, node->name);
	else
		snprintf(path, sizeof path, "%s/%s", kind, node->name);
	return !strcmp(consumer, path);
}

/* What the engine itself says of it, or root of a run, before any rule. */
static bool is_named(const struct node *node, const struct container_facts *facts)
{
	const char *run = container_run_consumer(facts);

	if (run)
		return is_place_of(node, run);
	if (node_level(node->id) == LEVEL_ABOVE)
		return !strcmp(facts->project, node->name);
	if (node_kind(node->id) == CONSUMER_CONTAINER)
		return !strcmp(facts->name, node->name);
	return node_kind(node->id) == CONSUMER_COMPOSE && !strcmp(facts->service, node->name) &&
	       !strcmp(facts->project, node->parent->name);
}

bool server_is_consumer(const struct node *node, const struct container_facts *facts)
{
	return is_named(node, facts) && keeps_rules(node->consumer, facts);
}

struct look {
	const struct node *node;
	bool matches;
};

static void look_at(void *arg, const struct container_facts *facts, enum container_state state)
{
	struct look *look = arg;

	(void)state;
	look->matches = server_is_consumer(look->node, facts);
}

static enum policy_match match_container(struct turn *turn, const struct node *node)
{
	struct look look = { .node = node };

	if (turn->reader.kind != READER_CONTAINER)
		return MATCH_NO;
	switch (turn_standing(turn)) {
	case STANDING_KNOWN:
		containers_visit(turn->server->parts.containers, turn->reader.id, look_at, &look);
		return look.matches ? MATCH_YES : MATCH_NO;
	case STANDING_WEAK:
		/* Nothing says that a rule holds. */
		return node->consumer && node->consumer->record.rule_count ? MATCH_NO : MATCH_YES;
	case STANDING_PENDING:
		return MATCH_UNKNOWN;
	case STANDING_NOBODY:
		break;
	}
	/* An OPEN is told that nobody knows it; to everything else the place is absent. Of a run
	 * that has ended nobody will say more. */
	return turn->opens && !turn->reader.run ? MATCH_UNKNOWN : MATCH_NO;
}

static bool is_below_consumer(const struct node *node)
{
	enum node_level level = node_level(node->id);

	return level == LEVEL_FILE || level == LEVEL_FOLDER;
}

enum policy_match turn_match(struct turn *turn, const struct node *place)
{
	const struct node *node = is_below_consumer(place) ? node_consumer(place) : place;
	bool matches = false;

	if (node_level(node->id) == LEVEL_ROOT)
		return MATCH_NO;
	/* A run is any kind of consumer, and no other besides. */
	if (turn->reader.run && node_kind(node->id) != CONSUMER_SELF)
		return match_container(turn, node);
	switch (node_kind(node->id)) {
	case CONSUMER_COMPOSE:
	case CONSUMER_CONTAINER:
		return match_container(turn, node);
	case CONSUMER_UNIT:
		matches =
			turn->reader.kind == READER_HOST && !strcmp(turn->reader.unit, node->name);
		break;
	case CONSUMER_USER:
		matches = turn->reader.kind == READER_HOST &&
			  identity_is_user(turn->who->pid, turn->who->uid,
				  (uid_t)strtoul(node->name, NULL, 10));
		break;
	case CONSUMER_SELF:
	case CONSUMER_KINDS:
		break;
	}
	return matches ? MATCH_YES : MATCH_NO;
}

/* The consumers that a reader can be through `self`, the first that has the file decides. */
struct names {
	char consumer[2][TACIT_CONSUMER_NAME_MAX + 1];
	char container[TACIT_CONSUMER_NAME_MAX + 1];
	bool run; /* the first is what root has said that it is */
};

static void take_names(void *arg, const struct container_facts *facts, enum container_state state)
{
	const char *run = container_run_consumer(facts);
	struct names *names = arg;

	(void)state;
	if (run) {
		names->run = true;
		snprintf(names->consumer[0], sizeof names->consumer[0], "%s", run);
		snprintf(names->container, sizeof names->container, "%s", run);
		return;
	}
	snprintf(names->container, sizeof names->container, "%s", facts->name);
	if (facts->name[0])
		snprintf(
			names->consumer[0], sizeof names->consumer[0], "container/%s", facts->name);
	if (facts->project[0] && facts->service[0] &&
		strlen(facts->project) + strlen(facts->service) + sizeof "compose//" <=
			sizeof names->consumer[1])
		snprintf(names->consumer[1], sizeof names->consumer[1], "compose/%.127s/%.117s",
			facts->project, facts->service);
}

static void find_names(struct turn *turn, struct names *names)
{
	*names = (struct names){ 0 };
	if (turn->reader.kind == READER_CONTAINER) {
		if (turn_standing(turn) == STANDING_KNOWN)
			containers_visit(
				turn->server->parts.containers, turn->reader.id, take_names, names);
	} else if (turn->reader.kind == READER_HOST) {
		if (turn->reader.unit[0])
			snprintf(names->consumer[0], sizeof names->consumer[0], "unit/%s",
				turn->reader.unit);
		snprintf(names->consumer[1], sizeof names->consumer[1], "user/%u", turn->who->uid);
	}
}

/* Through `self` nobody but the reader says who it is: labels, which whoever starts a container
 * chooses, are not enough. */
static bool is_bound(const struct node *directory)
{
	const struct consumer *consumer = directory->consumer;

	if (node_kind(directory->id) != CONSUMER_COMPOSE)
		return true;
	for (uint32_t i = 0; consumer && i < consumer->record.rule_count; i++)
		if (binding_is_strong(consumer->record.rules[i]))
			return true;
	return false;
}

static bool is_alive(const struct node *node)
{
	if (node_level(node->id) == LEVEL_FILE)
		return grant_lives(node_grant(node));
	for (size_t i = 0; i < node->child_count; i++)
		if (grant_lives(node_grant(node->children[i])))
			return true;
	return false;
}

/* The reader's own file or folder of this name in `self`. */
static const struct node *find_own(struct turn *turn, const struct node *node)
{
	bool is_folder = node_level(node->id) == LEVEL_FOLDER;
	struct names names;

	find_names(turn, &names);
	for (int i = 0; i < 2; i++) {
		const struct node *directory =
			names.consumer[i][0] ? model_consumer(turn->model, names.consumer[i])
					     : NULL;
		const struct node *own =
			is_folder ? node_folder_of(turn->model, directory, node->name)
				  : node_file(turn->model, directory, node->name);

		if (own && is_alive(own) && (names.run || is_bound(directory)) &&
			turn_match(turn, directory) == MATCH_YES)
			return own;
	}
	return NULL;
}

/* What lies in a folder is of whoever has the folder: members of two do not belong together. */
static const struct node *find_own_below(struct turn *turn, const struct node *node)
{
	const struct node *own;

	if (node_level(node->parent->id) != LEVEL_FOLDER)
		return find_own(turn, node);
	own = node_file(turn->model, find_own(turn, node->parent), node->name);
	return own && is_alive(own) ? own : NULL;
}

const struct node *turn_resolve(struct turn *turn, const struct node *node)
{
	if (!node || !is_below_consumer(node) || node_kind(node->id) != CONSUMER_SELF)
		return node;
	/* Once: its engine may rename it meanwhile, and what is opened must be what was judged. */
	if (turn->resolved != node)
		turn->own = find_own_below(turn, node);
	turn->resolved = node;
	return turn->own;
}

void turn_user(struct turn *turn, char user[VAULT_USER_MAX + 1])
{
	struct names names;

	find_names(turn, &names);
	if (turn->reader.kind == READER_CONTAINER)
		snprintf(user, VAULT_USER_MAX + 1, "%s%s%.160s %.12s",
			turn->reader.run ? "run" : "container", names.container[0] ? "/" : "",
			names.container, turn->reader.id);
	else
		snprintf(user, VAULT_USER_MAX + 1, "%.191s",
			names.consumer[0][0] ? names.consumer[0] : names.consumer[1]);
}
