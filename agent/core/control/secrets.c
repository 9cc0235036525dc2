/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "core/control/call.h"
#include "seal/transit.h"

static void hex_id(const uint8_t id[SEAL_ID_BYTES], char text[2 * SEAL_ID_BYTES + 1])
{
	for (size_t i = 0; i < SEAL_ID_BYTES; i++)
		snprintf(text + 2 * i, 3, "%02x", id[i]);
}

static void put_secret_fields(struct pack *doc, const struct secret *secret)
{
	const struct secret_record *record = &secret->record;
	const struct version_record *current = &secret_current(secret)->version;
	char id[2 * SEAL_ID_BYTES + 1];

	hex_id(record->id, id);
	doc_text(doc, "name", record->name);
	doc_text(doc, "id", id);
	doc_number(doc, "version", current->number);
	doc_number(doc, "versions", record->version_count);
	doc_number(doc, "size", current->size);
	doc_time(doc, "created_at", record->created_ns);
	doc_time(doc, "rotated_at", current->created_ns);
	doc_number(doc, "grants", secret->grants);
}

static void put_secret(struct pack *doc, const struct secret *secret)
{
	doc_open(doc, NULL, DOC_OBJECT);
	put_secret_fields(doc, secret);
	doc_close(doc);
}

static struct secret *find(struct call *call, struct err *err)
{
	struct secret *secret = model_secret(call->core->model, call->request->secret);

	if (!secret)
		err_set(err, TACIT_NOT_FOUND, "there is no such secret");
	return secret;
}

int call_secret_list(struct call *call, struct err *err)
{
	struct secret *secret, *next;

	(void)err;
	doc_open(&call->reply, NULL, DOC_LIST);
	HASH_ITER (by_name, call->core->model->secrets_by_name, secret, next)
		put_secret(&call->reply, secret);
	doc_close(&call->reply);
	return 0;
}

int call_secret_inspect(struct call *call, struct err *err)
{
	const struct secret *secret = find(call, err);
	struct grant *grant, *next;

	if (!secret)
		return -TACIT_NOT_FOUND;
	doc_open(&call->reply, NULL, DOC_OBJECT);
	put_secret_fields(&call->reply, secret);
	doc_open(&call->reply, "granted_to", DOC_LIST);
	HASH_ITER (hh, call->core->model->grants, grant, next)
		if (grant->secret == secret && grant_lives(grant))
			doc_put_grant(&call->reply, call->core, grant);
	doc_close(&call->reply);
	doc_close(&call->reply);
	return 0;
}

int call_secret_history(struct call *call, struct err *err)
{
	const struct secret *secret = find(call, err);

	if (!secret)
		return -TACIT_NOT_FOUND;
	doc_open(&call->reply, NULL, DOC_LIST);
	for (uint32_t i = secret->record.version_count; i--;) {
		const struct version_record *version = &secret->record.versions[i];

		doc_open(&call->reply, NULL, DOC_OBJECT);
		doc_number(&call->reply, "version", version->number);
		doc_number(&call->reply, "size", version->size);
		doc_time(&call->reply, "created_at", version->created_ns);
		doc_number(&call->reply, "made_by_uid", version->made_by);
		doc_bool(&call->reply, "current", i + 1 == secret->record.version_count);
		doc_close(&call->reply);
	}
	doc_close(&call->reply);
	return 0;
}

/* An open file, or a grant of just this version, holds it. */
static bool is_in_use(struct core *core, const struct secret_record *record, uint64_t number)
{
	const struct secret *secret = model_secret_by_id(core->model, record->id);
	const struct blob *blob = secret ? secret_blob(secret, number) : NULL;

	return (blob && blob->pins) || server_version_is_open(core->server, record->id, number);
}

/* Make room for one more version: the oldest go, but the one in use and those that files hold open.
 */
static int prune(struct call *call, struct secret_record *record, struct err *err)
{
	uint32_t keep = call->core->config.keep_versions, at = 0;

	while (record->version_count >= keep && at + 1 < record->version_count) {
		const struct version_record *oldest = &record->versions[at];
		int status;

		if (is_in_use(call->core, record, oldest->number)) {
			at++;
			continue;
		}
		status = vault_remove_value(call->core->vault, oldest->value_id, err);
		if (status < 0)
			return status;
		memmove(&record->versions[at], &record->versions[at + 1],
			(--record->version_count - at) * sizeof *oldest);
	}
	return record->version_count < VAULT_VERSIONS_MAX
		       ? 0
		       : err_set(err, TACIT_LIMIT,
				 "%d versions of it are held open; the oldest must be closed first",
				 VAULT_VERSIONS_MAX);
}

/* The committed version becomes what readers get. When the lock is free again, every thread has
 * answered what it decided before. */
static int publish(struct core *core, const struct secret_record *record, uint8_t *sealed,
	size_t sealed_length, struct err *err)
{
	int status;

	model_write_lock(core->model);
	status = model_put_secret(core->model, record, sealed, sealed_length, err);
	model_unlock(core->model);
	return status;
}

/* A new version of `record`, which may be new itself: committed, then in memory, then acknowledged.
 */
static int add_version(struct call *call, struct secret_record *record, const uint8_t *value,
	size_t length, struct err *err)
{
	struct core *core = call->core;
	struct version_record *version;
	uint8_t *sealed = NULL;
	size_t sealed_length;
	int status = vault_begin(core->vault, err);

	if (status == 0)
		status = prune(call, record, err);
	version = &record->versions[record->version_count];
	if (status == 0) {
		*version = (struct version_record){ .number = ++record->last_number,
			.created_ns = clock_realtime_ns(),
			.size = (uint32_t)length,
			.made_by = call->request->operator_uid };
		seal_random(version->value_id, sizeof version->value_id);
		record->version_count++;
		status = vault_put_value(core->vault, version->value_id, value, length, &sealed,
			&sealed_length, err);
	}
	if (status == 0)
		status = vault_put_secret(core->vault, record, err);
	if (status == 0)
		status = vault_commit(core->vault, err);
	if (status < 0) {
		vault_rollback(core->vault);
		free(sealed);
		return status;
	}
	return publish(core, record, sealed, sealed_length, err);
}

static int store_value(
	struct call *call, const char *verb, struct secret_record *record, struct err *err)
{
	struct secret *secret;
	uint8_t *value;
	size_t length;
	int status = call_open_value(call, verb, &value, &length, err);

	if (status < 0)
		return status;
	status = add_version(call, record, value, length, err);
	seal_free(value);
	if (status < 0)
		return status;
	secret = model_secret(call->core->model, record->name);
	touches_add_secret(call->core, secret);
	put_secret(&call->reply, secret);
	return 0;
}

int call_secret_create(struct call *call, struct err *err)
{
	struct secret_record record = { .created_ns = clock_realtime_ns() };

	if (model_secret(call->core->model, call->request->secret))
		return err_set(err, TACIT_EXISTS, "there is a secret of this name");
	memcpy(record.name, call->request->secret, sizeof record.name);
	seal_random(record.id, sizeof record.id);
	return store_value(call, "create", &record, err);
}

int call_secret_rotate(struct call *call, struct err *err)
{
	const struct secret *secret = find(call, err);
	struct secret_record record;

	if (!secret)
		return -TACIT_NOT_FOUND;
	record = secret->record;
	return store_value(call, "rotate", &record, err);
}

const struct version_record *secret_version(const struct secret *secret, uint64_t number)
{
	for (uint32_t i = 0; i < secret->record.version_count; i++)
		if (secret->record.versions[i].number == number)
			return &secret->record.versions[i];
	return NULL;
}

/* A value of any kept version, opened from the store. *plain is seal_alloc'd, the caller's. */
static int open_version(struct call *call, const struct version_record *version, uint8_t **plain,
	size_t *length, struct err *err)
{
	struct vault *vault = call->core->vault;
	uint8_t *sealed;
	size_t sealed_length, room;
	int status = vault_load_value(vault, version->value_id, &sealed, &sealed_length, err);

	if (status < 0)
		return status;
	room = vault_plain_room(sealed_length);
	*plain = seal_alloc(room);
	status = *plain ? vault_open_value(vault, version->value_id, sealed, sealed_length, *plain,
				  room, length, err)
			: err_set(err, TACIT_LIMIT, "no locked memory left");
	free(sealed);
	if (status < 0)
		seal_free(*plain);
	return status;
}

int call_secret_reveal(struct call *call, struct err *err)
{
	const struct secret *secret = find(call, err);
	const struct version_record *version;
	char context[TACIT_TRANSIT_CONTEXT_MAX], id[2 * SEAL_ID_BYTES + 1];
	uint8_t *plain, *sealed;
	size_t length, size;
	int status;

	if (!secret)
		return -TACIT_NOT_FOUND;
	version = call->request->version ? secret_version(secret, call->request->version)
					 : &secret_current(secret)->version;
	if (!version)
		return err_set(err, TACIT_NOT_FOUND, "this version of it is not kept");
	status = open_version(call, version, &plain, &length, err);
	if (status < 0)
		return status;
	snprintf(context, sizeof context, "reveal:%s", secret->record.name);
	size = transit_sealed_size(context, length);
	sealed = malloc(size);
	status =
		sealed ? transit_seal(call->request->reply_key, context, plain, length, sealed, err)
		       : err_set(err, TACIT_LIMIT, "out of memory");
	if (status == 0)
		pack_bytes(&call->reply, sealed, size);
	free(sealed);
	seal_free(plain);
	hex_id(secret->record.id, id);
	log_info("operator %u had version %llu of secret %s revealed", call->request->operator_uid,
		(unsigned long long)version->number, id);
	return status;
}

/* Everything of a secret goes in one commit; its grants stay as tombstones. */
static int remove_all(struct call *call, struct secret *secret, struct err *err)
{
	struct core *core = call->core;
	struct grant *grant, *next;
	struct grant_record record;
	int status = vault_begin(core->vault, err);

	HASH_ITER (hh, core->model->grants, grant, next) {
		if (status < 0 || grant->secret != secret)
			continue;
		record = grant_tombstone(grant);
		status = vault_put_grant(core->vault, &record, err);
	}
	for (uint32_t i = 0; status == 0 && i < secret->record.version_count; i++)
		status = vault_remove_value(core->vault, secret->record.versions[i].value_id, err);
	if (status == 0)
		status = vault_remove_secret(core->vault, secret->record.id, err);
	if (status == 0)
		status = vault_commit(core->vault, err);
	if (status < 0)
		vault_rollback(core->vault);
	return status;
}

int call_secret_remove(struct call *call, struct err *err)
{
	struct core *core = call->core;
	struct secret *secret = find(call, err);
	struct grant *grant, *next;
	int status;

	if (!secret)
		return -TACIT_NOT_FOUND;
	if (secret->grants && !(call->request->flags & REQUEST_FORCE))
		return err_set(err, TACIT_BUSY, "it is granted to consumers: %u", secret->grants);
	status = remove_all(call, secret, err);
	if (status < 0)
		return status;
	model_write_lock(core->model);
	HASH_ITER (hh, core->model->grants, grant, next)
		if (grant->secret == secret)
			grant_revoke(core, grant);
	model_remove_secret(core->model, secret);
	model_unlock(core->model);
	doc_open(&call->reply, NULL, DOC_OBJECT);
	doc_text(&call->reply, "removed", call->request->secret);
	doc_close(&call->reply);
	return 0;
}
