/* SPDX-License-Identifier: Apache-2.0 */
/* Verbs about bundles: secrets that change together. */
#include <stdio.h>
#include <string.h>

#include "core/control/call.h"
#include "core/control/secrets/change.h"
#include "core/control/secrets/generations.h"
#include "seal/members.h"

/* A member that is not there: it was removed. */
static const struct secret *member_at(
	const struct core *core, const struct bundle *bundle, uint32_t member)
{
	return model_secret_by_id(core->model, bundle->record.members[member]);
}

static void put_members(struct pack *doc, const struct core *core, const struct bundle *bundle)
{
	doc_open(doc, "members", DOC_LIST);
	for (uint32_t i = 0; i < bundle->record.member_count; i++) {
		const struct secret *secret = member_at(core, bundle, i);

		if (!secret)
			continue;
		doc_open(doc, NULL, DOC_OBJECT);
		doc_text(doc, "member", name_default_file(secret->record.name));
		doc_text(doc, "secret", secret->record.name);
		doc_number(doc, "version", secret->record.current);
		doc_number(doc, "size", secret_current(secret)->version.size);
		doc_close(doc);
	}
	doc_close(doc);
}

static void put_fields(struct pack *doc, const struct core *core, const struct bundle *bundle)
{
	const struct bundle_generation *current = bundle_current(bundle);

	doc_text(doc, "name", bundle->record.name);
	doc_put_id(doc, "id", bundle->record.id);
	doc_number(doc, "generation", current->number);
	doc_number(doc, "generations", bundle->record.generation_count);
	put_members(doc, core, bundle);
	doc_time(doc, "created_at", bundle->record.created_ns);
	doc_time(doc, "rotated_at", current->created_ns);
}

static void put_bundle(struct pack *doc, const struct core *core, const struct bundle *bundle)
{
	doc_open(doc, NULL, DOC_OBJECT);
	put_fields(doc, core, bundle);
	doc_close(doc);
}

static void put_generation(struct pack *doc, const struct core *core, const struct bundle *bundle,
	const struct bundle_generation *generation)
{
	doc_open(doc, NULL, DOC_OBJECT);
	doc_number(doc, "generation", generation->number);
	doc_time(doc, "created_at", generation->created_ns);
	doc_open(doc, "versions", DOC_LIST);
	for (uint32_t i = 0; i < bundle->record.member_count; i++) {
		const struct secret *secret = member_at(core, bundle, i);

		if (!secret || !generation->versions[i])
			continue;
		doc_open(doc, NULL, DOC_OBJECT);
		doc_text(doc, "member", name_default_file(secret->record.name));
		doc_number(doc, "version", generation->versions[i]);
		doc_close(doc);
	}
	doc_close(doc);
	doc_close(doc);
}

struct bundle *bundle_find(const struct call *call, struct err *err)
{
	struct bundle *bundle = model_bundle(call->core->model, call->request->secret);

	if (!bundle)
		err_set(err, TACIT_NOT_FOUND, "there is no such bundle");
	return bundle;
}

int call_bundle_list(struct call *call, struct err *err)
{
	struct bundle *bundle, *next;

	(void)err;
	doc_open(&call->reply, NULL, DOC_LIST);
	HASH_ITER (hh, call->core->model->bundles, bundle, next)
		put_bundle(&call->reply, call->core, bundle);
	doc_close(&call->reply);
	return 0;
}

int call_bundle_inspect(struct call *call, struct err *err)
{
	const struct bundle *bundle = bundle_find(call, err);
	struct pack *doc = &call->reply;

	if (!bundle)
		return -TACIT_NOT_FOUND;
	doc_open(doc, NULL, DOC_OBJECT);
	put_fields(doc, call->core, bundle);
	doc_open(doc, "kept", DOC_LIST);
	for (uint32_t i = bundle->record.generation_count; i--;)
		put_generation(doc, call->core, bundle, &bundle->record.generations[i]);
	doc_close(doc);
	doc_close(doc);
	return 0;
}

/* A change of the members that came with the request; and what the bundle is then. */
static int carry_out(struct call *call, struct change *change, enum change_kind kind,
	const struct member *members, struct err *err)
{
	int status;

	for (size_t i = 0; i < change->count; i++)
		change->item[i] = (struct change_item){ .kind = kind,
			.name = members[i].name,
			.overlap_ns = call->request->lifetime_ns,
			.value = members[i].value,
			.length = members[i].length };
	status = change_carry_out(change, err);
	if (status == 0)
		put_bundle(&call->reply, call->core,
			model_bundle(call->core->model, call->request->secret));
	return status;
}

/* The members of the request's body, and what is to be done with them. */
static int change_members(
	struct call *call, const char *verb, enum change_kind kind, struct err *err)
{
	const char *bundle = call->request->secret;
	struct change change = { .core = call->core, .made_by = call->request->operator_uid };
	struct member members[VAULT_MEMBERS_MAX];
	uint8_t *value;
	size_t length;
	int status = call_open_value(call, verb, &value, &length, err);

	if (status < 0)
		return status;
	if (kind == CHANGE_CREATE)
		change.new_bundle = bundle;
	status = members_parse(
		bundle, value, length, members, VAULT_MEMBERS_MAX, &change.count, err);
	if (status == 0)
		status = carry_out(call, &change, kind, members, err);
	seal_free(value);
	return status;
}

int call_bundle_create(struct call *call, struct err *err)
{
	if (model_bundle(call->core->model, call->request->secret))
		return err_set(err, TACIT_EXISTS, "there is a bundle of this name");
	return change_members(call, "create", CHANGE_CREATE, err);
}

int call_bundle_rotate(struct call *call, struct err *err)
{
	return bundle_find(call, err) ? change_members(call, "rotate", CHANGE_ROTATE, err)
				      : -TACIT_NOT_FOUND;
}
