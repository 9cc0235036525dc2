/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "core/control/call.h"

#define MODE_DEFAULT 0400
#define MODE_ALLOWED 0444

static void put_owner(struct pack *doc, const char *name, uint32_t id)
{
	if (id == GRANT_READER)
		doc_none(doc, name);
	else
		doc_number(doc, name, id);
}

void doc_put_grant(struct pack *doc, const struct core *core, const struct grant *grant)
{
	const struct grant_record *record = &grant->record;
	char path[PATH_FULL_MAX + sizeof record->consumer + sizeof record->file], mode[8];

	path_below(core->root, TACIT_MOUNT_DIR, path);
	snprintf(path + strlen(path), sizeof path - strlen(path), "/%s/%s", record->consumer,
		record->file);
	snprintf(mode, sizeof mode, "%04o", record->mode);
	doc_open(doc, NULL, DOC_OBJECT);
	doc_text(doc, "secret", grant->secret->record.name);
	doc_text(doc, "consumer", record->consumer);
	doc_text(doc, "file", record->file);
	doc_text(doc, "path", path);
	put_owner(doc, "uid", record->uid);
	put_owner(doc, "gid", record->gid);
	doc_text(doc, "mode", mode);
	doc_time(doc, "created_at", record->created_ns);
	doc_close(doc);
}

struct grant_record grant_tombstone(const struct grant *grant)
{
	struct grant_record record = grant->record;

	memset(record.secret_id, 0, sizeof record.secret_id);
	record.revoked_ns = clock_realtime_ns();
	return record;
}

void grant_revoke(struct core *core, struct grant *grant)
{
	struct grant_record record = grant_tombstone(grant);

	server_end_handles(core->server, record.id);
	model_put_grant(core->model, &record, NULL); /* it is there: nothing can fail */
}

/* The grant that is, or was, at this path of a consumer. */
static struct grant *at_path(const struct core *core, const char *consumer, const char *file)
{
	const struct node *directory = model_consumer(core->model, consumer);
	uint64_t id = directory ? node_child(core->model->node_key, directory->id, file) : 0;
	const struct node *node = id ? model_node(core->model, id) : NULL;

	return node ? node->grant : NULL;
}

static int put(struct core *core, const struct grant_record *record, struct err *err)
{
	int status = vault_begin(core->vault, err);

	if (status == 0)
		status = vault_put_grant(core->vault, record, err);
	if (status == 0)
		status = vault_commit(core->vault, err);
	if (status < 0)
		vault_rollback(core->vault);
	return status;
}

int call_grant_add(struct call *call, struct err *err)
{
	const struct frame_request *request = call->request;
	struct core *core = call->core;
	const char *file = request->file[0] ? request->file : name_default_file(request->secret);
	struct secret *secret = model_secret(core->model, request->secret);
	struct grant *grant = at_path(core, request->consumer, file);
	struct grant_record record = {
		.uid = request->uid,
		.gid = request->gid,
		.mode = (uint16_t)(request->mode ? request->mode : MODE_DEFAULT),
		.created_ns = clock_realtime_ns(),
	};
	int status;

	if (!secret)
		return err_set(err, TACIT_NOT_FOUND, "there is no such secret");
	if (request->mode & ~(uint32_t)MODE_ALLOWED)
		return err_set(
			err, TACIT_INVALID, "a mode has no bits but 0444: containers only read");
	if (grant_lives(grant))
		return err_set(err, TACIT_EXISTS,
			grant->secret == secret
				? "it is granted already"
				: "the consumer has a file of this name already: name another");
	/* A path that had a grant before has the same record again: tombstones do not pile up. */
	if (grant)
		memcpy(record.id, grant->record.id, sizeof record.id);
	else
		seal_random(record.id, sizeof record.id);
	memcpy(record.secret_id, secret->record.id, sizeof record.secret_id);
	snprintf(record.consumer, sizeof record.consumer, "%s", request->consumer);
	snprintf(record.file, sizeof record.file, "%s", file);
	status = put(core, &record, err);
	if (status < 0)
		return status;
	model_write_lock(core->model);
	status = model_put_grant(core->model, &record, err);
	model_unlock(core->model);
	if (status == 0)
		doc_put_grant(&call->reply, core, model_grant_by_id(core->model, record.id));
	return status;
}

static bool is_asked(const struct frame_request *request, const struct grant *grant)
{
	return grant_lives(grant) &&
	       (!request->secret[0] || !strcmp(request->secret, grant->secret->record.name)) &&
	       (!request->consumer[0] || !strcmp(request->consumer, grant->record.consumer)) &&
	       (!request->file[0] || !strcmp(request->file, grant->record.file));
}

int call_grant_list(struct call *call, struct err *err)
{
	struct grant *grant, *next;

	(void)err;
	doc_open(&call->reply, NULL, DOC_LIST);
	HASH_ITER (hh, call->core->model->grants, grant, next)
		if (is_asked(call->request, grant))
			doc_put_grant(&call->reply, call->core, grant);
	doc_close(&call->reply);
	return 0;
}

int call_grant_remove(struct call *call, struct err *err)
{
	struct core *core = call->core;
	struct grant *grant, *next, *found = NULL;
	struct grant_record record;
	unsigned int count = 0;
	int status;

	HASH_ITER (hh, core->model->grants, grant, next) {
		if (!is_asked(call->request, grant))
			continue;
		found = grant;
		count++;
	}
	if (!found)
		return err_set(err, TACIT_NOT_FOUND, "there is no such grant");
	if (count > 1)
		return err_set(
			err, TACIT_INVALID, "the consumer has it as %u files: say which", count);
	record = grant_tombstone(found);
	status = put(core, &record, err);
	if (status < 0)
		return status;
	doc_open(&call->reply, NULL, DOC_OBJECT);
	doc_text(&call->reply, "removed", found->record.file);
	doc_close(&call->reply);
	model_write_lock(core->model);
	grant_revoke(core, found);
	model_unlock(core->model);
	return 0;
}

static void put_consumers(
	struct pack *doc, const struct core *core, const struct node *node, const char *path)
{
	char full[PATH_FULL_MAX + TACIT_CONSUMER_NAME_MAX];
	unsigned int live = 0;

	for (size_t i = 0; i < node->child_count; i++) {
		char below[TACIT_CONSUMER_NAME_MAX + 1];

		if (node_level(node->id) == LEVEL_CONSUMER) {
			live += grant_lives(node->children[i]->grant);
			continue;
		}
		snprintf(below, sizeof below, "%s%s%s", path, path[0] ? "/" : "",
			node->children[i]->name);
		put_consumers(doc, core, node->children[i], below);
	}
	if (!live)
		return;
	path_below(core->root, TACIT_MOUNT_DIR "/", full);
	snprintf(full + strlen(full), sizeof full - strlen(full), "%s", path);
	doc_open(doc, NULL, DOC_OBJECT);
	doc_text(doc, "consumer", path);
	doc_number(doc, "grants", live);
	doc_open(doc, "files", DOC_LIST);
	for (size_t i = 0; i < node->child_count; i++)
		if (grant_lives(node->children[i]->grant))
			doc_text(doc, NULL, node->children[i]->name);
	doc_close(doc);
	doc_text(doc, "path", full);
	doc_close(doc);
}

int call_consumer_list(struct call *call, struct err *err)
{
	(void)err;
	doc_open(&call->reply, NULL, DOC_LIST);
	put_consumers(&call->reply, call->core, call->core->model->root, "");
	doc_close(&call->reply);
	return 0;
}
