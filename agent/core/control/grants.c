/* SPDX-License-Identifier: Apache-2.0 */
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
	const struct consumer *consumer = grant->node->parent->consumer;

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
	return record;
}

void grant_revoke(struct core *core, struct grant *grant)
{
	struct grant_record record = grant_tombstone(grant);

	server_end_handles(core->server, record.id);
	model_put_grant(core->model, &record, NULL); /* it is there: nothing can fail */
}

struct grant *grant_at(const struct core *core, const char *consumer, const char *file)
{
	const struct node *node =
		node_file(core->model, model_consumer(core->model, consumer), file);

	return node ? node->grant : NULL;
}

int grant_put(struct core *core, const struct grant_record *record, struct err *err)
{
	const struct grant *grant = model_grant_by_id(core->model, record->id);
	int status = vault_put_grant(core->vault, record, err);

	/* A path that is granted anew begins to count anew. */
	if (status == 0 && grant && grant->use_kept &&
		grant->record.created_ns != record->created_ns)
		status = vault_remove_use(core->vault, grant->use_id, err);
	return status;
}

static int put(struct core *core, const struct grant_record *record, struct err *err)
{
	int status = vault_begin(core->vault, err);

	if (status == 0)
		status = grant_put(core, record, err);
	if (status == 0 && record->expires_ns)
		status = vault_put_clock(core->vault, model_now_ns(core->model), err);
	if (status == 0)
		status = vault_commit(core->vault, err);
	if (status < 0)
		vault_rollback(core->vault);
	return status;
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
	return 0;
}

int grant_publish(struct core *core, const struct grant_record *record, struct err *err)
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
	grant = model_grant_by_id(core->model, record->id);
	if (status == 0 && !model_pin(grant))
		status = err_set(err, TACIT_INTERNAL, "a version that was loaded is not there");
	return status;
}

/* What a request asks for, as a statement; and, if it says how long, until when. */
static int take_terms(const struct core *core, const struct frame_request *request,
	struct access_statement *statement, struct err *err)
{
	uint64_t now = model_now_ns(core->model);

	*statement = (struct access_statement){ .kind = ACCESS_GRANT,
		.flags = request->grant_flags,
		.uid = request->uid,
		.gid = request->gid,
		.mode = request->mode ? request->mode : GRANT_MODE_DEFAULT,
		.reads = request->reads,
		.version = request->version,
		.expires_ns =
			request->lifetime_ns ? now + request->lifetime_ns : request->expires_ns };
	snprintf(statement->secret, sizeof statement->secret, "%s", request->secret);
	snprintf(statement->consumer, sizeof statement->consumer, "%s", request->consumer);
	snprintf(statement->file, sizeof statement->file, "%s",
		request->file[0] ? request->file : name_default_file(request->secret));
	if (statement->expires_ns && statement->expires_ns <= now)
		return err_set(err, TACIT_INVALID, "a grant cannot end before it begins");
	return access_check(statement, err);
}

static bool counts(const struct core *core, const struct grant *grant)
{
	return grant_lives(grant) && !grant_expired(grant, model_now_ns(core->model));
}

/* A name of a consumer's is one file: of a grant, or what another one shows as previous. */
static int check_names(
	const struct core *core, const struct access_statement *statement, struct err *err)
{
	const struct node *directory = model_consumer(core->model, statement->consumer);
	const struct node *file = node_file(core->model, directory, statement->file);
	const struct node *previous = NULL;
	char name[sizeof statement->file + sizeof GRANT_PREVIOUS_SUFFIX];

	snprintf(name, sizeof name, "%s%s", statement->file, GRANT_PREVIOUS_SUFFIX);
	if (statement->flags & GRANT_WITH_PREVIOUS)
		previous = node_file(core->model, directory, name);
	if ((file && node_is_previous(file) && counts(core, node_grant(file))) ||
		(previous && counts(core, previous->grant)))
		return err_set(err, TACIT_EXISTS,
			"the consumer has a file of the name of a previous one: name another");
	return 0;
}

int call_grant_add(struct call *call, struct err *err)
{
	struct core *core = call->core;
	struct access_statement statement;
	struct grant_record record;
	const struct grant *grant;
	int status = take_terms(core, call->request, &statement, err);

	if (status == 0)
		status = grant_fill(core, &statement, &record, err);
	if (status < 0)
		return status;
	grant = grant_at(core, statement.consumer, statement.file);
	if (counts(core, grant))
		return err_set(err, TACIT_EXISTS,
			memcmp(grant->record.secret_id, record.secret_id, SEAL_ID_BYTES)
				? "the consumer has a file of this name already: name another"
				: "it is granted already: take that grant back first");
	status = check_names(core, &statement, err);
	if (status == 0)
		status = put(core, &record, err);
	if (status < 0)
		return status;
	model_write_lock(core->model);
	status = grant_publish(core, &record, err);
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

int grant_find(const struct call *call, struct grant **found, struct err *err)
{
	struct grant *grant, *next;
	unsigned int count = 0;

	HASH_ITER (hh, call->core->model->grants, grant, next) {
		if (!is_asked(call->request, grant))
			continue;
		*found = grant;
		count++;
	}
	if (!count)
		return err_set(err, TACIT_NOT_FOUND, "there is no such grant");
	if (count > 1)
		return err_set(
			err, TACIT_INVALID, "the consumer has it as %u files: say which", count);
	return 0;
}

int call_grant_remove(struct call *call, struct err *err)
{
	struct core *core = call->core;
	struct grant_record record;
	struct grant *grant;
	int status = grant_find(call, &grant, err);

	if (status < 0)
		return status;
	record = grant_tombstone(grant);
	status = put(core, &record, err);
	if (status < 0)
		return status;
	doc_open(&call->reply, NULL, DOC_OBJECT);
	doc_text(&call->reply, "removed", grant->record.file);
	doc_close(&call->reply);
	model_write_lock(core->model);
	grant_revoke(core, grant);
	model_unlock(core->model);
	return 0;
}
