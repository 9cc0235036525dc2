/* SPDX-License-Identifier: Apache-2.0 */
/* A grant: as a document; made of a statement, written down, in memory, taken back. */
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "core/control/call.h"

static void put_owner(struct pack *doc, const char *name, uint32_t id)
{
	if (id == GRANT_READER)
		doc_none(doc, name);
	else
		doc_number(doc, name, id);
}

static void put_or_none(struct pack *doc, const char *name, uint64_t number)
{
	if (number)
		doc_number(doc, name, number);
	else
		doc_none(doc, name);
}

static void put_limits(struct pack *doc, const struct grant_record *record)
{
	put_or_none(doc, "version", record->version);
	put_or_none(doc, "reads", record->reads);
	doc_time(doc, "expires_at", record->expires_ns);
	doc_bool(doc, "newline", record->flags & GRANT_NEWLINE);
	doc_bool(doc, "main_process", record->flags & GRANT_MAIN_PROCESS);
	doc_bool(doc, "with_previous", record->flags & GRANT_WITH_PREVIOUS);
}

static const char *state_word(const struct core *core, const struct grant *grant)
{
	const struct consumer *consumer = node_consumer(grant->node)->consumer;

	if (grant_expired(grant, model_now_ns(core->model)))
		return "expired";
	return consumer && consumer->record.frozen_ns ? "frozen" : "live";
}

static void put_name(void *arg, const struct container_facts *facts, enum container_state state)
{
	(void)state;
	snprintf(arg, CONTAINER_NAME_MAX + 1, "%s", facts->name);
}

/* Who read last, and what each container has had of the reads it is given. */
static void put_reads(struct pack *doc, const struct core *core, const struct grant *grant)
{
	char user[VAULT_USER_MAX + 1];
	uint64_t when_ns, version;

	grant_last_read(core->model, grant, &when_ns, &version, user);
	doc_time(doc, "last_read_at", when_ns);
	if (when_ns)
		doc_text(doc, "last_reader", user);
	else
		doc_none(doc, "last_reader");
	put_or_none(doc, "last_version", version);
	doc_open(doc, "counted", DOC_LIST);
	for (uint32_t i = 0; i < grant->count; i++) {
		const struct vault_count *count = &grant->counts[i];
		char name[CONTAINER_NAME_MAX + 1] = "";

		containers_visit(core->containers, count->container, put_name, name);
		doc_open(doc, NULL, DOC_OBJECT);
		doc_text(doc, "container", count->container);
		doc_text(doc, "name", name);
		doc_number(doc, "used", count->used);
		doc_number(doc, "left",
			grant->record.reads > count->used ? grant->record.reads - count->used : 0);
		doc_close(doc);
	}
	doc_close(doc);
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
	put_limits(doc, record);
	doc_text(doc, "state", state_word(core, grant));
	put_reads(doc, core, grant);
	doc_put_hook(doc, core, grant);
	doc_close(doc);
}

struct grant_record grant_tombstone(const struct grant *grant)
{
	struct grant_record record = grant->record;

	memset(record.secret_id, 0, sizeof record.secret_id);
	record.flags &= VAULT_PREVIOUS_NAMED;
	record.reads = 0;
	record.version = record.expires_ns = 0;
	record.revoked_ns = clock_realtime_ns();
	memset(record.on_rotate, 0, sizeof record.on_rotate);
	return record;
}

void grant_revoke(struct core *core, struct grant *grant)
{
	struct grant_record record = grant_tombstone(grant);

	grant_publish(core, &record, NULL, NULL); /* it is there: nothing can fail */
}

struct grant *grant_at(const struct core *core, const char *consumer, const char *file)
{
	const struct node *node =
		node_granted(core->model, model_consumer(core->model, consumer), file);

	return node ? node->grant : NULL;
}

/* A hook begins as one that has run for what is current. */
static struct hook_record new_hook(
	const struct core *core, const struct grant *before, const struct grant_record *record)
{
	const struct secret *secret = model_secret_by_id(core->model, record->secret_id);
	struct hook_record hook = { .done_ns = secret_since_ns(secret) };

	hook.tried_ns = hook.done_ns;
	memcpy(hook.grant_id, record->id, sizeof hook.grant_id);
	if (before && before->hook_kept)
		memcpy(hook.id, before->hook.id, sizeof hook.id);
	else
		seal_random(hook.id, sizeof hook.id);
	return hook;
}

/* The same hook of the same grant goes on from where it is. */
static int put_hook(struct core *core, const struct grant *before,
	const struct grant_record *record, struct hook_record *hook, struct err *err)
{
	bool kept = before && before->hook_kept;

	if (!record->on_rotate[0])
		return kept ? vault_remove_hook(core->vault, before->hook.id, err) : 0;
	if (kept && before->record.created_ns == record->created_ns &&
		!strcmp(before->record.on_rotate, record->on_rotate)) {
		*hook = before->hook;
		return 0;
	}
	*hook = new_hook(core, before, record);
	return vault_put_hook(core->vault, hook, err);
}

int grant_put(struct core *core, const struct grant_record *record, struct hook_record *hook,
	struct err *err)
{
	const struct grant *before = model_grant_by_id(core->model, record->id);
	int status = vault_put_grant(core->vault, record, err);

	/* A path that is granted anew begins to count anew. */
	if (status == 0 && before && before->use_kept &&
		before->record.created_ns != record->created_ns)
		status = vault_remove_use(core->vault, before->use_id, err);
	return status < 0 ? status : put_hook(core, before, record, hook, err);
}

int grant_fill(struct core *core, const struct access_statement *statement,
	struct grant_record *record, struct err *err)
{
	struct secret *secret = model_secret(core->model, statement->secret);
	const struct grant *grant = grant_at(core, statement->consumer, statement->file);
	int status = 0;

	if (!secret)
		return err_set(err, TACIT_NOT_FOUND, "there is no such secret");
	if (statement->version)
		status = core_load_version(core, secret, statement->version, err);
	if (status < 0)
		return status;
	*record = (struct grant_record){
		.uid = statement->uid,
		.gid = statement->gid,
		.mode = (uint16_t)statement->mode,
		.flags = (uint16_t)statement->flags,
		.reads = statement->reads,
		.version = statement->version,
		.expires_ns = statement->expires_ns,
		.created_ns = clock_realtime_ns(),
	};
	/* A name that was there once stays, whether it is used or not. */
	if (statement->flags & GRANT_WITH_PREVIOUS ||
		(grant && grant->record.flags & VAULT_PREVIOUS_NAMED))
		record->flags |= VAULT_PREVIOUS_NAMED;
	/* A path that had a grant before has the same record again: tombstones do not pile up. */
	if (grant)
		memcpy(record->id, grant->record.id, sizeof record->id);
	else
		seal_random(record->id, sizeof record->id);
	memcpy(record->secret_id, secret->record.id, sizeof record->secret_id);
	snprintf(record->consumer, sizeof record->consumer, "%s", statement->consumer);
	snprintf(record->file, sizeof record->file, "%s", statement->file);
	snprintf(record->on_rotate, sizeof record->on_rotate, "%s", statement->on_rotate);
	return 0;
}

int grant_publish(struct core *core, const struct grant_record *record,
	const struct hook_record *hook, struct err *err)
{
	struct grant *grant = model_grant_by_id(core->model, record->id);
	int status;

	/* Another secret, or the same one granted anew: what is open was opened by another grant.
	 */
	if (grant && (grant->record.created_ns != record->created_ns || record->revoked_ns))
		server_end_handles(core->server, record->id);
	else if (grant && !(record->flags & GRANT_WITH_PREVIOUS))
		server_end_previous(core->server, grant);
	status = model_put_grant(core->model, record, err);
	if (status < 0)
		return status;
	grant = model_grant_by_id(core->model, record->id);
	if (!model_pin(grant))
		return err_set(err, TACIT_INTERNAL, "a version that was loaded is not there");
	if (record->on_rotate[0])
		return model_put_hook(core->model, hook, err);
	grant->hook = (struct hook_record){ 0 };
	grant->hook_kept = false;
	return 0;
}

int grants_check(
	struct core *core, const struct grant_record *records, size_t count, struct err *err)
{
	int status = 0;

	for (size_t i = 0; status == 0 && i < count; i++)
		if (!records[i].revoked_ns)
			status = model_check_grant(core->model, &records[i], err);
	if (status == 0 &&
		model_new_folders(core->model, records, count) > server_folder_room(core->server))
		status = err_set(err, TACIT_LIMIT, "the mount has %d folders of bundles: no more",
			HANDOVER_FOLDERS);
	return status;
}

int grants_commit(struct core *core, const struct grant_record *records, struct hook_record *hooks,
	size_t count, struct err *err)
{
	int status = vault_begin(core->vault, err);
	bool ends = false;

	for (size_t i = 0; status == 0 && i < count; i++) {
		status = grant_put(core, &records[i], &hooks[i], err);
		ends |= records[i].expires_ns != 0;
	}
	if (status == 0 && ends)
		status = vault_put_clock(core->vault, model_now_ns(core->model), err);
	if (status == 0)
		status = vault_commit(core->vault, err);
	if (status < 0)
		vault_rollback(core->vault);
	return status;
}
