/* SPDX-License-Identifier: Apache-2.0 */
/* Verbs about who may read what: a file of a secret, or a folder of a bundle's members. */
#include <stdio.h>
#include <string.h>

#include "core/control/call.h"
#include "core/control/secrets/generations.h"

/* What one request grants, in one commit. */
struct granting {
	struct access_statement statements[VAULT_MEMBERS_MAX];
	struct grant_record records[VAULT_MEMBERS_MAX];
	struct hook_record hooks[VAULT_MEMBERS_MAX];
	size_t count;
};

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
	memcpy(statement->consumer, request->consumer, sizeof statement->consumer);
	memcpy(statement->on_rotate, request->on_rotate, sizeof statement->on_rotate);
	return statement->expires_ns && statement->expires_ns <= now
		       ? err_set(err, TACIT_INVALID, "a grant cannot end before it begins")
		       : 0;
}

static int take_file(const struct call *call, struct granting *granting, struct err *err)
{
	const struct frame_request *request = call->request;
	struct access_statement *statement = &granting->statements[granting->count++];
	int status = take_terms(call->core, request, statement, err);

	memcpy(statement->secret, request->secret, sizeof statement->secret);
	snprintf(statement->file, sizeof statement->file, "%s",
		request->file[0] ? request->file : name_default_file(request->secret));
	return status < 0 ? status : access_check(statement, err);
}

static int take_member(const struct call *call, struct granting *granting,
	const struct secret *secret, const char *folder, struct err *err)
{
	struct access_statement *statement = &granting->statements[granting->count++];
	int status = take_terms(call->core, call->request, statement, err), length;

	memcpy(statement->secret, secret->record.name, sizeof statement->secret);
	length = snprintf(statement->file, sizeof statement->file, "%s/%s", folder,
		name_default_file(secret->record.name));
	if (status == 0 && length > TACIT_FILE_NAME_MAX)
		status = err_set(err, TACIT_INVALID,
			"a folder and a file in it have at most %d bytes together: name a shorter "
			"folder",
			TACIT_FILE_NAME_MAX);
	return status < 0 ? status : access_check(statement, err);
}

static int take_folder(
	const struct call *call, struct granting *granting, const char *name, struct err *err)
{
	const struct bundle *bundle = model_bundle(call->core->model, name);
	const char *folder = call->request->file[0] ? call->request->file : name_default_file(name);
	int status = bundle ? 0 : err_set(err, TACIT_NOT_FOUND, "there is no such bundle");

	for (uint32_t i = 0; status == 0 && i < bundle->record.member_count; i++) {
		const struct secret *secret =
			model_secret_by_id(call->core->model, bundle->record.members[i]);

		if (secret)
			status = take_member(call, granting, secret, folder, err);
	}
	return status;
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
	const struct node *file = node_granted(core->model, directory, statement->file);
	const struct node *previous = NULL;
	char name[sizeof statement->file + sizeof GRANT_PREVIOUS_SUFFIX];

	snprintf(name, sizeof name, "%s%s", statement->file, GRANT_PREVIOUS_SUFFIX);
	if (statement->flags & GRANT_WITH_PREVIOUS)
		previous = node_granted(core->model, directory, name);
	if ((file && node_is_previous(file) && counts(core, node_grant(file))) ||
		(previous && counts(core, previous->grant)))
		return err_set(err, TACIT_EXISTS,
			"the consumer has a file of the name of a previous one: name another");
	return 0;
}

/* The record of a statement, unless something else is there. */
static int fill(struct core *core, const struct access_statement *statement,
	struct grant_record *record, struct err *err)
{
	const struct grant *grant = grant_at(core, statement->consumer, statement->file);
	int status = grant_fill(core, statement, record, err);

	if (status < 0)
		return status;
	if (counts(core, grant))
		return err_set(err, TACIT_EXISTS,
			memcmp(grant->record.secret_id, record->secret_id, SEAL_ID_BYTES)
				? "the consumer has a file of this name already: name another"
				: "it is granted already: take that grant back first");
	return check_names(core, statement, err);
}

static void publish(struct core *core, const struct granting *granting, struct err *err)
{
	int status = 0;

	model_write_lock(core->model);
	for (size_t i = 0; status == 0 && i < granting->count; i++)
		status = grant_publish(core, &granting->records[i], &granting->hooks[i], err);
	core_expect_published(status, err);
	model_unlock(core->model);
}

static int grant_all(struct core *core, struct granting *granting, struct err *err)
{
	int status = 0;

	for (size_t i = 0; status == 0 && i < granting->count; i++)
		status = fill(core, &granting->statements[i], &granting->records[i], err);
	if (status == 0)
		status = grants_check(core, granting->records, granting->count, err);
	if (status == 0)
		status = grants_commit(
			core, granting->records, granting->hooks, granting->count, err);
	if (status == 0)
		publish(core, granting, err);
	return status;
}

int call_grant_add(struct call *call, struct err *err)
{
	struct granting granting = { .count = 0 };
	char bundle[TACIT_SECRET_NAME_MAX + 1];
	bool folder = call_is_of_bundle(call, bundle);
	int status = folder ? take_folder(call, &granting, bundle, err)
			    : take_file(call, &granting, err);

	if (status == 0)
		status = grant_all(call->core, &granting, err);
	if (status < 0)
		return status;
	if (folder)
		doc_open(&call->reply, NULL, DOC_LIST);
	for (size_t i = 0; i < granting.count; i++)
		doc_put_grant(&call->reply, call->core,
			model_grant_by_id(call->core->model, granting.records[i].id));
	if (folder)
		doc_close(&call->reply);
	return 0;
}

/* "tls/cert", or each member of "tls/". */
static bool is_asked_secret(const char *asked, const struct secret *secret)
{
	size_t length = strlen(asked);

	if (!length || asked[length - 1] != '/')
		return !length || !strcmp(asked, secret->record.name);
	return secret->bundle && !strncmp(asked, secret->bundle->record.name, length - 1) &&
	       !secret->bundle->record.name[length - 1];
}

/* A file, or a folder of which it is. */
static bool is_asked_file(const struct frame_request *request, const char *file)
{
	const char *end = name_folder_end(file);
	size_t secret = strlen(request->secret), length = strlen(request->file);

	if (!length || !strcmp(request->file, file))
		return true;
	return secret && request->secret[secret - 1] == '/' && end &&
	       length == (size_t)(end - file) && !memcmp(request->file, file, length);
}

static bool is_asked(const struct frame_request *request, const struct grant *grant)
{
	return grant_lives(grant) && is_asked_secret(request->secret, grant->secret) &&
	       (!request->consumer[0] || !strcmp(request->consumer, grant->record.consumer)) &&
	       is_asked_file(request, grant->record.file);
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

static unsigned int count_asked(const struct call *call, struct grant **found)
{
	struct grant *grant, *next;
	unsigned int count = 0;

	HASH_ITER (hh, call->core->model->grants, grant, next) {
		if (!is_asked(call->request, grant))
			continue;
		*found = grant;
		count++;
	}
	return count;
}

int grant_find(const struct call *call, struct grant **found, struct err *err)
{
	unsigned int count = count_asked(call, found);

	if (!count)
		return err_set(err, TACIT_NOT_FOUND, "there is no such grant");
	if (count > 1)
		return err_set(
			err, TACIT_INVALID, "the consumer has it as %u files: say which", count);
	return 0;
}

/* In one commit. */
static int put_tombstones(const struct call *call, struct err *err)
{
	struct core *core = call->core;
	struct grant *grant, *next;
	struct grant_record record;
	int status = vault_begin(core->vault, err);

	HASH_ITER (hh, core->model->grants, grant, next) {
		if (status < 0 || !is_asked(call->request, grant))
			continue;
		record = grant_tombstone(grant);
		status = grant_put(core, &record, NULL, err);
	}
	if (status == 0)
		status = vault_commit(core->vault, err);
	if (status < 0)
		vault_rollback(core->vault);
	return status;
}

static void put_removed(struct pack *doc, const struct grant *grant)
{
	doc_open(doc, NULL, DOC_OBJECT);
	doc_text(doc, "removed", grant->record.file);
	doc_close(doc);
}

int call_grant_remove(struct call *call, struct err *err)
{
	struct core *core = call->core;
	char bundle[TACIT_SECRET_NAME_MAX + 1];
	bool several = call_is_of_bundle(call, bundle);
	struct grant *grant, *next;
	int status = several && count_asked(call, &grant) ? 0 : grant_find(call, &grant, err);

	if (status == 0)
		status = put_tombstones(call, err);
	if (status < 0)
		return status;
	if (several)
		doc_open(&call->reply, NULL, DOC_LIST);
	model_write_lock(core->model);
	HASH_ITER (hh, core->model->grants, grant, next) {
		if (!is_asked(call->request, grant))
			continue;
		put_removed(&call->reply, grant);
		grant_revoke(core, grant);
	}
	model_unlock(core->model);
	if (several)
		doc_close(&call->reply);
	return 0;
}
