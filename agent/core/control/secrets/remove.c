/* SPDX-License-Identifier: Apache-2.0 */
/* Verbs that remove secrets: one, or a bundle with all of its own. Everything of them goes in one
 * commit; their grants stay as tombstones. */
#include <string.h>

#include "core/control/call.h"
#include "core/control/secrets/change.h"
#include "core/control/secrets/generations.h"
#include "core/control/secrets/templates.h"

/* What goes. */
struct removal {
	struct core *core;
	struct secret *secrets[VAULT_MEMBERS_MAX];
	size_t count;
	struct bundle *bundle;        /* of which they are members, or NULL */
	struct bundle_record remains; /* of it, when that does not go, too */
	bool whole;                   /* it goes, too */
};

static bool goes(const struct removal *removal, const struct grant *grant)
{
	for (size_t i = 0; i < removal->count; i++)
		if (grant->secret == removal->secrets[i])
			return true;
	return false;
}

static int add(struct removal *removal, struct secret *secret, bool force, struct err *err)
{
	int status = change_check_rotator(removal->core, secret, err);

	if (status == 0)
		status = templates_check_removal(removal->core, secret, err);
	if (status < 0)
		return status;
	if (secret->grants && !force)
		return err_set(err, TACIT_BUSY, "it is granted to consumers: %u", secret->grants);
	removal->secrets[removal->count++] = secret;
	return 0;
}

static int put_grants(const struct removal *removal, struct err *err)
{
	struct grant *grant, *next;
	struct grant_record record;
	int status = 0;

	HASH_ITER (hh, removal->core->model->grants, grant, next) {
		if (status < 0 || !goes(removal, grant))
			continue;
		record = grant_tombstone(grant);
		status = grant_put(removal->core, &record, NULL, err);
	}
	return status;
}

static int put_secret(struct core *core, const struct secret *secret, struct err *err)
{
	const struct schedule *schedule = model_schedule(core->model, secret);
	const struct secret_template *template = model_template(core->model, secret);
	int status = 0;

	for (uint32_t i = 0; status == 0 && i < secret->record.version_count; i++)
		status = vault_remove_value(core->vault, secret->record.versions[i].value_id, err);
	if (status == 0 && schedule)
		status = vault_remove_schedule(core->vault, schedule->record.id, err);
	if (status == 0 && template)
		status = vault_remove_template(core->vault, template->record.id, err);
	if (status == 0)
		status = vault_remove_secret(core->vault, secret->record.id, err);
	return status;
}

static int commit(const struct removal *removal, struct err *err)
{
	struct vault *vault = removal->core->vault;
	int status = vault_begin(vault, err);

	if (status == 0)
		status = put_grants(removal, err);
	for (size_t i = 0; status == 0 && i < removal->count; i++)
		status = put_secret(removal->core, removal->secrets[i], err);
	if (status == 0 && removal->bundle)
		status = removal->whole
				 ? vault_remove_bundle(vault, removal->bundle->record.id, err)
				 : vault_put_bundle(vault, &removal->remains, err);
	if (status == 0)
		status = vault_commit(vault, err);
	if (status < 0)
		vault_rollback(vault);
	return status;
}

static void publish(struct removal *removal, struct err *err)
{
	struct model *model = removal->core->model;
	struct grant *grant, *next;
	int status = 0;

	model_write_lock(model);
	HASH_ITER (hh, model->grants, grant, next)
		if (goes(removal, grant))
			grant_revoke(removal->core, grant);
	if (removal->bundle && removal->whole)
		model_remove_bundle(model, removal->bundle);
	else if (removal->bundle)
		status = model_put_bundle(model, &removal->remains, err);
	for (size_t i = 0; i < removal->count; i++)
		model_remove_secret(model, removal->secrets[i]);
	core_expect_published(status, err);
	model_unlock(model);
}

static int carry_out(struct call *call, struct removal *removal, struct err *err)
{
	int status = commit(removal, err);

	if (status == 0)
		publish(removal, err);
	doc_open(&call->reply, NULL, DOC_OBJECT);
	doc_text(&call->reply, "removed", call->request->secret);
	doc_close(&call->reply);
	return status;
}

/* Of a member: the bundle goes on without it. */
static int leave_bundle(struct removal *removal, struct secret *secret, struct err *err)
{
	uint32_t others = 0;
	int status;

	if (!secret->bundle)
		return 0;
	for (uint32_t i = 0; i < secret->bundle->record.member_count; i++)
		others += i != secret->member && model_secret_by_id(removal->core->model,
							 secret->bundle->record.members[i]) != NULL;
	if (!others)
		return err_set(
			err, TACIT_BUSY, "it is the last one of its bundle: remove the bundle");
	removal->bundle = secret->bundle;
	status = generation_next(removal->core, secret->bundle, &removal->remains, err);
	if (status == 0)
		generation_drop(&removal->remains, secret->member);
	return status;
}

int call_secret_remove(struct call *call, struct err *err)
{
	struct removal removal = { .core = call->core };
	struct secret *secret = secret_find(call, err);
	int status = secret ? add(&removal, secret, call->request->flags & REQUEST_FORCE, err)
			    : -TACIT_NOT_FOUND;

	if (status == 0)
		status = leave_bundle(&removal, secret, err);
	return status < 0 ? status : carry_out(call, &removal, err);
}

int call_bundle_remove(struct call *call, struct err *err)
{
	struct removal removal = {
		.core = call->core, .bundle = bundle_find(call, err), .whole = true
	};
	int status = removal.bundle ? 0 : -TACIT_NOT_FOUND;

	for (uint32_t i = 0; status == 0 && i < removal.bundle->record.member_count; i++) {
		struct secret *secret =
			model_secret_by_id(call->core->model, removal.bundle->record.members[i]);

		if (secret)
			status = add(&removal, secret, call->request->flags & REQUEST_FORCE, err);
	}
	return status < 0 ? status : carry_out(call, &removal, err);
}
