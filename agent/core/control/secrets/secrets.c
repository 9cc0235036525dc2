/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "core/control/call.h"
#include "core/control/metrics/counts.h"
#include "core/control/secrets/change.h"
#include "core/control/secrets/templates.h"

static void hex_id(const uint8_t id[SEAL_ID_BYTES], char text[2 * SEAL_ID_BYTES + 1])
{
	for (size_t i = 0; i < SEAL_ID_BYTES; i++)
		snprintf(text + 2 * i, 3, "%02x", id[i]);
}

void doc_put_id(struct pack *doc, const char *name, const uint8_t id[SEAL_ID_BYTES])
{
	char text[2 * SEAL_ID_BYTES + 1];

	hex_id(id, text);
	doc_text(doc, name, text);
}

static void put_or_none(struct pack *doc, const char *name, uint64_t number)
{
	if (number)
		doc_number(doc, name, number);
	else
		doc_none(doc, name);
}

/* Of all of its living grants. */
static void put_last_reader(
	struct pack *doc, const struct core *core, const struct counts_reader *reader)
{
	char user[VAULT_USER_MAX + 1];
	uint64_t when_ns, version;

	if (!reader) {
		doc_none(doc, "last_read_at");
		doc_none(doc, "last_reader");
		return;
	}
	grant_last_read(core->model, reader->grant, &when_ns, &version, user);
	doc_time(doc, "last_read_at", when_ns);
	doc_text(doc, "last_reader", user);
}

static void put_secret_fields(struct pack *doc, const struct core *core,
	const struct secret *secret, const struct counts_readers *readers)
{
	const struct secret_record *record = &secret->record;
	const struct version_record *current = &secret_current(secret)->version;

	doc_text(doc, "name", record->name);
	doc_put_id(doc, "id", record->id);
	doc_number(doc, "version", current->number);
	put_or_none(doc, "previous", secret_previous(core->model, secret) ? record->previous : 0);
	doc_time(doc, "previous_until", record->previous_until_ns);
	put_or_none(doc, "next", record->next);
	doc_number(doc, "versions", record->version_count);
	doc_number(doc, "size", current->size);
	doc_time(doc, "created_at", record->created_ns);
	doc_time(doc, "rotated_at", secret_since_ns(secret));
	doc_number(doc, "grants", secret->grants);
	put_last_reader(doc, core, counts_last_reader(readers, secret));
	doc_put_schedule(doc, core, secret);
	doc_put_template(doc, core, secret);
}

void doc_put_secret(struct pack *doc, const struct core *core, const struct secret *secret)
{
	struct counts_readers readers = { 0 };

	doc->failed |= counts_take_readers(core, secret, &readers, NULL) < 0;
	doc_open(doc, NULL, DOC_OBJECT);
	put_secret_fields(doc, core, secret, &readers);
	doc_close(doc);
	counts_free_readers(&readers);
}

struct secret *secret_find(const struct call *call, struct err *err)
{
	struct secret *secret = model_secret(call->core->model, call->request->secret);

	if (!secret)
		err_set(err, TACIT_NOT_FOUND, "there is no such secret");
	return secret;
}

int call_secret_list(struct call *call, struct err *err)
{
	struct counts_readers readers = { 0 };
	struct secret *secret, *next;

	if (counts_take_readers(call->core, NULL, &readers, err) < 0)
		return -TACIT_LIMIT;
	doc_open(&call->reply, NULL, DOC_LIST);
	HASH_ITER (by_name, call->core->model->secrets_by_name, secret, next) {
		doc_open(&call->reply, NULL, DOC_OBJECT);
		put_secret_fields(&call->reply, call->core, secret, &readers);
		doc_close(&call->reply);
	}
	doc_close(&call->reply);
	counts_free_readers(&readers);
	return 0;
}

int call_secret_inspect(struct call *call, struct err *err)
{
	const struct secret *secret = secret_find(call, err);
	struct counts_readers readers = { 0 };
	struct grant *grant, *next;

	if (!secret)
		return -TACIT_NOT_FOUND;
	if (counts_take_readers(call->core, secret, &readers, err) < 0)
		return -TACIT_LIMIT;
	doc_open(&call->reply, NULL, DOC_OBJECT);
	put_secret_fields(&call->reply, call->core, secret, &readers);
	counts_free_readers(&readers);
	doc_put_templates_of(&call->reply, call->core, secret);
	doc_open(&call->reply, "granted_to", DOC_LIST);
	HASH_ITER (hh, call->core->model->grants, grant, next)
		if (grant->secret == secret && grant_lives(grant))
			doc_put_grant(&call->reply, call->core, grant);
	doc_close(&call->reply);
	doc_close(&call->reply);
	return 0;
}

static const char *state_word(const struct core *core, const struct secret *secret, uint64_t number)
{
	const struct secret_record *record = &secret->record;

	if (number == record->current)
		return "current";
	if (number == record->next)
		return "next";
	return number == record->previous && secret_previous(core->model, secret) ? "previous"
										  : "kept";
}

/* Of which consumers it was this version that they read last. */
static void put_readers(
	struct pack *doc, const struct core *core, const struct secret *secret, uint64_t number)
{
	struct grant *grant, *next;
	char user[VAULT_USER_MAX + 1];
	uint64_t when_ns, version;

	doc_open(doc, "last_read_by", DOC_LIST);
	HASH_ITER (hh, core->model->grants, grant, next) {
		if (grant->secret != secret || !grant_lives(grant))
			continue;
		grant_last_read(core->model, grant, &when_ns, &version, user);
		if (!when_ns || version != number)
			continue;
		doc_open(doc, NULL, DOC_OBJECT);
		doc_text(doc, "consumer", grant->record.consumer);
		doc_text(doc, "file", grant->record.file);
		doc_text(doc, "reader", user);
		doc_time(doc, "at", when_ns);
		doc_close(doc);
	}
	doc_close(doc);
}

/* An operator, or none: the agent by itself. */
static void put_maker(struct pack *doc, uint32_t made_by)
{
	if (made_by == MADE_BY_AGENT)
		doc_none(doc, "made_by_uid");
	else
		doc_number(doc, "made_by_uid", made_by);
}

int call_secret_history(struct call *call, struct err *err)
{
	const struct secret *secret = secret_find(call, err);
	struct pack *doc = &call->reply;

	if (!secret)
		return -TACIT_NOT_FOUND;
	doc_open(doc, NULL, DOC_LIST);
	for (uint32_t i = secret->record.version_count; i--;) {
		const struct version_record *version = &secret->record.versions[i];

		doc_open(doc, NULL, DOC_OBJECT);
		doc_number(doc, "version", version->number);
		doc_number(doc, "size", version->size);
		doc_time(doc, "created_at", version->created_ns);
		put_maker(doc, version->made_by);
		doc_bool(doc, "current", version->number == secret->record.current);
		doc_text(doc, "state", state_word(call->core, secret, version->number));
		put_readers(doc, call->core, secret, version->number);
		doc_close(doc);
	}
	doc_close(doc);
	return 0;
}

const struct version_record *secret_version(const struct secret *secret, uint64_t number)
{
	for (uint32_t i = 0; i < secret->record.version_count; i++)
		if (secret->record.versions[i].number == number)
			return &secret->record.versions[i];
	return NULL;
}
