/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "cli/compose/edit.h"

struct comparison {
	struct compose_file *old, *new;
	size_t visits;
	const struct yaml_node *alias; /* the outermost that is being followed, or NULL */
};

static int differs(const struct comparison *both, const struct yaml_node *node, struct err *err)
{
	return file_error(both->old, both->alias ? both->alias : node, err,
		"would change too, by an alias or a merge; write here what it stands for");
}

static int compare(struct comparison *both, struct yaml_node *a, struct yaml_node *b,
	unsigned int depth, struct err *err);

static int compare_maps(struct comparison *both, struct yaml_node *a, struct yaml_node *b,
	unsigned int depth, struct err *err)
{
	struct pairs old, new;
	int rc = pairs_of(both->old, a, &old, err);

	rc = rc ? rc : pairs_of(both->new, b, &new, err);
	if (!rc && old.count != new.count)
		rc = differs(both, a, err);
	for (size_t i = 0; !rc && i < old.count; i++) {
		rc = compare(both, old.items[i].key, new.items[i].key, depth, err);
		if (!rc)
			rc = compare(both, old.items[i].value, new.items[i].value, depth, err);
	}
	return rc;
}

static int compare_meant(struct comparison *both, struct yaml_node *a, struct yaml_node *b,
	unsigned int depth, struct err *err)
{
	int rc = 0;

	if (a->kind != b->kind || a->count != b->count || a->length != b->length)
		return differs(both, a, err);
	if (a->kind == YAML_MAP)
		return compare_maps(both, a, b, depth + 1, err);
	if (a->kind == YAML_SCALAR && a->length && memcmp(a->text, b->text, a->length))
		return differs(both, a, err);
	for (a = a->first, b = b->first; a && !rc; a = a->next, b = b->next)
		rc = compare(both, a, b, depth + 1, err);
	return rc;
}

static int compare(struct comparison *both, struct yaml_node *a, struct yaml_node *b,
	unsigned int depth, struct err *err)
{
	const struct yaml_node *alias = both->alias;
	int rc;

	if (depth > 2 * COMPOSE_DEPTH_MAX || ++both->visits > COMPOSE_VISITS_MAX)
		return yaml_error(err, TACIT_LIMIT, both->old->name, a->line,
			"aliases of aliases come to too much");
	if (!alias && a->kind == YAML_ALIAS)
		both->alias = a;
	rc = compare_meant(both, yaml_target(a), yaml_target(b), depth, err);
	both->alias = alias;
	return rc;
}

static bool is_one_of(const struct yaml_node *key, const char *const *names, size_t count)
{
	const char *text = yaml_target((struct yaml_node *)key)->text;

	for (size_t i = 0; i < count; i++)
		if (!strcmp(text, names[i]))
			return true;
	return false;
}

/* What is not in the model of services, key by key: what is new there has a key that is. */
static int compare_others(struct comparison *both, struct yaml_node *a, struct yaml_node *b,
	const char *const *known, size_t count, struct err *err)
{
	struct pairs old, new;
	size_t j = 0;
	int rc = pairs_of(both->old, a, &old, err);

	rc = rc ? rc : pairs_of(both->new, b, &new, err);
	for (size_t i = 0; !rc && i < old.count; i++) {
		if (is_one_of(old.items[i].key, known, count))
			continue;
		while (j < new.count && is_one_of(new.items[j].key, known, count))
			j++;
		if (j == new.count)
			return differs(both, old.items[i].key, err);
		rc = compare(both, old.items[i].key, new.items[j].key, 0, err);
		/* Extensions do nothing but by the aliases that mean them. */
		if (!rc && strncmp(yaml_target(old.items[i].key)->text, "x-", 2))
			rc = compare(both, old.items[i].value, new.items[j].value, 0, err);
		j++;
	}
	return rc;
}

int verify_expanded(struct compose_file *old, struct compose_file *changed, struct err *err)
{
	static const char *const of_service[] = { "environment", "secrets", "entrypoint",
		"command" };
	static const char *const of_file[] = { "services", "secrets" };
	struct comparison both = { .old = old, .new = changed };
	int rc;

	old->visits = changed->visits = 0;
	rc = compare_others(&both, old->root, changed->root, of_file, 2, err);
	for (size_t i = 0; !rc && i < old->service_count; i++)
		rc = compare_others(&both, old->services[i].node, changed->services[i].node,
			of_service, 4, err);
	return rc;
}
