/* SPDX-License-Identifier: Apache-2.0 */
/* Verbs about who receives: what they have, what they are bound to, whether they are frozen. */
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "core/control/call.h"

void doc_put_path(struct pack *doc, const struct core *core, const char *consumer)
{
	char full[PATH_FULL_MAX + TACIT_CONSUMER_NAME_MAX];

	path_below(core->root, TACIT_MOUNT_DIR "/", full);
	snprintf(full + strlen(full), sizeof full - strlen(full), "%s", consumer);
	doc_text(doc, "path", full);
}

static unsigned int living(const struct node *directory)
{
	struct grant_place place = { 0 };
	unsigned int count = 0;

	while (node_next_grant(directory, &place))
		count++;
	return count;
}

static void put_line(
	struct pack *doc, const struct core *core, const struct node *node, const char *consumer)
{
	const struct consumer *more = node->consumer;
	struct grant_place place = { 0 };
	const struct grant *grant;

	doc_open(doc, NULL, DOC_OBJECT);
	doc_text(doc, "consumer", consumer);
	doc_number(doc, "grants", living(node));
	doc_open(doc, "files", DOC_LIST);
	while ((grant = node_next_grant(node, &place)))
		doc_text(doc, NULL, grant->record.file);
	doc_close(doc);
	doc_put_path(doc, core, consumer);
	doc_bool(doc, "frozen", more && more->record.frozen_ns);
	doc_number(doc, "rules", more ? more->record.rule_count : 0);
	doc_close(doc);
}

static void put_consumers(
	struct pack *doc, const struct core *core, const struct node *node, const char *path)
{
	char below[TACIT_CONSUMER_NAME_MAX + 1];

	if (node_level(node->id) == LEVEL_CONSUMER) {
		if (living(node) || node->consumer)
			put_line(doc, core, node, path);
		return;
	}
	for (size_t i = 0; i < node->child_count; i++) {
		snprintf(below, sizeof below, "%s%s%s", path, path[0] ? "/" : "",
			node->children[i]->name);
		put_consumers(doc, core, node->children[i], below);
	}
}

int call_consumer_list(struct call *call, struct err *err)
{
	(void)err;
	doc_open(&call->reply, NULL, DOC_LIST);
	put_consumers(&call->reply, call->core, call->core->model->root, "");
	doc_close(&call->reply);
	return 0;
}

/* The containers that are this consumer now, as far as anybody knows. */
struct listing {
	struct call *call;
	const struct node *node;
};

static void put_container(
	void *arg, const struct container_facts *facts, enum container_state state)
{
	static const char *const lives[] = { "created", "running", "ended" };
	const struct listing *listing = arg;
	struct pack *doc = &listing->call->reply;

	if (!server_is_consumer(listing->node, facts))
		return;
	doc_open(doc, NULL, DOC_OBJECT);
	doc_text(doc, "id", facts->id);
	doc_text(doc, "name", facts->name);
	doc_text(doc, "image", facts->image);
	doc_text(doc, "engine",
		facts->engine == CONTAINER_OF_RUN
			? "run"
			: listing->call->core->config.engines[facts->engine]);
	doc_text(doc, "life", lives[state]);
	doc_close(doc);
}

static void put_consumer(struct call *call, const struct node *node)
{
	struct listing listing = { call, node };
	const struct consumer *more = node->consumer;
	struct grant_place place = { 0 };
	struct pack *doc = &call->reply;
	const struct grant *grant;

	doc_open(doc, NULL, DOC_OBJECT);
	doc_text(doc, "consumer", call->request->consumer);
	doc_put_path(doc, call->core, call->request->consumer);
	doc_time(doc, "frozen_at", more ? more->record.frozen_ns : 0);
	doc_open(doc, "rules", DOC_LIST);
	for (uint32_t i = 0; more && i < more->record.rule_count; i++)
		doc_text(doc, NULL, more->record.rules[i]);
	doc_close(doc);
	doc_open(doc, "grants", DOC_LIST);
	while ((grant = node_next_grant(node, &place)))
		doc_put_grant(doc, call->core, grant);
	doc_close(doc);
	doc_open(doc, "containers", DOC_LIST);
	containers_each(call->core->containers, put_container, &listing);
	doc_close(doc);
	doc_close(doc);
}

static int find(struct call *call, struct node **node, struct err *err)
{
	*node = model_consumer(call->core->model, call->request->consumer);
	return *node && (living(*node) || (*node)->consumer)
		       ? 0
		       : err_set(err, TACIT_NOT_FOUND, "there is no such consumer");
}

int call_consumer_inspect(struct call *call, struct err *err)
{
	struct node *node;
	int status = find(call, &node, err);

	if (status == 0)
		put_consumer(call, node);
	return status;
}

struct consumer_record consumer_now(const struct core *core, const char *consumer)
{
	const struct node *node = model_consumer(core->model, consumer);
	struct consumer_record record = { .frozen_ns = 0 };

	if (node && node->consumer)
		return node->consumer->record;
	seal_random(record.id, sizeof record.id);
	snprintf(record.consumer, sizeof record.consumer, "%s", consumer);
	return record;
}

/* A consumer of which nothing is said needs no record. */
static bool is_bare(const struct consumer_record *record)
{
	return !record->frozen_ns && !record->rule_count;
}

int consumer_put(struct core *core, const struct consumer_record *record, struct err *err)
{
	return is_bare(record) ? vault_remove_consumer(core->vault, record->id, err)
			       : vault_put_consumer(core->vault, record, err);
}

int consumer_publish(struct core *core, const struct consumer_record *record, struct err *err)
{
	struct node *node = model_consumer(core->model, record->consumer);
	struct grant_place place = { 0 };
	const struct grant *grant;

	/* What a frozen one has open is read no further. */
	while (record->frozen_ns && node && (grant = node_next_grant(node, &place)))
		server_end_handles(core->server, grant->record.id);
	if (!is_bare(record))
		return model_put_consumer(core->model, record, err);
	if (node && node->consumer)
		model_remove_consumer(core->model, node->consumer);
	return 0;
}

static int change(struct core *core, const struct consumer_record *record, struct err *err)
{
	int status = vault_begin(core->vault, err);

	if (status == 0)
		status = consumer_put(core, record, err);
	if (status == 0)
		status = vault_commit(core->vault, err);
	if (status < 0) {
		vault_rollback(core->vault);
		return status;
	}
	model_write_lock(core->model);
	core_expect_published(consumer_publish(core, record, err), err);
	model_unlock(core->model);
	return 0;
}

/* Change it, and answer with what it is now. */
static int change_and_show(struct call *call, const struct consumer_record *record, struct err *err)
{
	int status = change(call->core, record, err);

	/* It is there: it was before, or the change has made it. */
	if (status == 0)
		put_consumer(call, model_consumer(call->core->model, record->consumer));
	return status;
}

static uint32_t rule_at(const struct consumer_record *record, const char *rule)
{
	uint32_t i = 0;

	while (i < record->rule_count && strcmp(record->rules[i], rule))
		i++;
	return i;
}

int consumer_add_rule(struct consumer_record *record, const char *rule, struct err *err)
{
	uint32_t at = rule_at(record, rule);

	if (at < record->rule_count)
		return 0;
	if (at == BINDING_RULES_MAX)
		return err_set(
			err, TACIT_LIMIT, "a consumer has at most %d rules", BINDING_RULES_MAX);
	snprintf(record->rules[record->rule_count++], sizeof record->rules[0], "%s", rule);
	return 0;
}

void consumer_drop_rule(struct consumer_record *record, uint32_t at)
{
	memmove(record->rules[at], record->rules[at + 1],
		(--record->rule_count - at) * sizeof record->rules[0]);
	memset(record->rules[record->rule_count], 0, sizeof record->rules[0]);
}

int call_consumer_bind(struct call *call, struct err *err)
{
	const struct frame_request *request = call->request;
	struct consumer_record record = consumer_now(call->core, request->consumer);
	struct access_statement statement = { .kind = ACCESS_BIND };
	int status = request->rule_count ? 0 : err_set(err, TACIT_INVALID, "say a rule");

	snprintf(statement.consumer, sizeof statement.consumer, "%s", request->consumer);
	for (uint32_t i = 0; status == 0 && i < request->rule_count; i++) {
		memcpy(statement.rule, request->rules[i], sizeof statement.rule);
		status = access_check(&statement, err);
		if (status == 0)
			status = consumer_add_rule(&record, request->rules[i], err);
	}
	return status < 0 ? status : change_and_show(call, &record, err);
}

int call_consumer_unbind(struct call *call, struct err *err)
{
	const struct frame_request *request = call->request;
	struct consumer_record record = consumer_now(call->core, request->consumer);
	struct node *node;
	int status = find(call, &node, err);

	if (status < 0)
		return status;
	for (uint32_t i = 0; i < request->rule_count; i++) {
		uint32_t at = rule_at(&record, request->rules[i]);

		if (at == record.rule_count)
			return err_set(err, TACIT_NOT_FOUND, "the consumer is not bound to rule %u",
				i + 1);
		consumer_drop_rule(&record, at);
	}
	while (!request->rule_count && record.rule_count)
		consumer_drop_rule(&record, 0);
	return change_and_show(call, &record, err);
}

int call_consumer_freeze(struct call *call, struct err *err)
{
	struct consumer_record record = consumer_now(call->core, call->request->consumer);

	if (!record.frozen_ns)
		record.frozen_ns = clock_realtime_ns();
	return change_and_show(call, &record, err);
}

int call_consumer_thaw(struct call *call, struct err *err)
{
	struct consumer_record record = consumer_now(call->core, call->request->consumer);
	struct node *node;
	int status = find(call, &node, err);

	record.frozen_ns = 0;
	return status < 0 ? status : change_and_show(call, &record, err);
}

/* All of it in one commit: its grants stay as tombstones. */
static int remove_all(struct core *core, const struct node *node, struct err *err)
{
	struct grant_place place = { 0 };
	const struct grant *grant;
	int status = vault_begin(core->vault, err);

	while (status == 0 && (grant = node_next_grant(node, &place))) {
		struct grant_record record = grant_tombstone(grant);

		status = grant_put(core, &record, NULL, err);
	}
	if (status == 0 && node->consumer)
		status = vault_remove_consumer(core->vault, node->consumer->record.id, err);
	if (status == 0)
		status = vault_commit(core->vault, err);
	if (status < 0)
		vault_rollback(core->vault);
	return status;
}

int call_consumer_remove(struct call *call, struct err *err)
{
	struct core *core = call->core;
	struct grant_place place = { 0 };
	struct grant *grant;
	struct node *node;
	int status = find(call, &node, err);

	if (status < 0)
		return status;
	if (living(node) && !(call->request->flags & REQUEST_FORCE))
		return err_set(err, TACIT_BUSY, "it has grants: %u", living(node));
	status = remove_all(core, node, err);
	if (status < 0)
		return status;
	model_write_lock(core->model);
	while ((grant = node_next_grant(node, &place)))
		grant_revoke(core, grant);
	if (node->consumer)
		model_remove_consumer(core->model, node->consumer);
	model_unlock(core->model);
	doc_open(&call->reply, NULL, DOC_OBJECT);
	doc_text(&call->reply, "removed", call->request->consumer);
	doc_close(&call->reply);
	return 0;
}
