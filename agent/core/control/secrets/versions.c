/* SPDX-License-Identifier: Apache-2.0 */
/* Verbs about versions of a secret: made, and which of them is what. */
#include <string.h>

#include "core/control/call.h"
#include "core/control/secrets/change.h"
#include "core/control/secrets/templates.h"

uint64_t secret_since_ns(const struct secret *secret)
{
	const struct secret_record *record = &secret->record;

	return record->current_since_ns ? record->current_since_ns
					: secret_current(secret)->version.created_ns;
}

/* Change one secret as the request says, and answer with what it is now. */
static int change_one(struct call *call, struct change_item item, struct err *err)
{
	struct change change = { .core = call->core,
		.made_by = call->request->operator_uid,
		.item = { item },
		.count = 1 };
	int status;

	change.item[0].name = call->request->secret;
	change.item[0].overlap_ns = call->request->lifetime_ns;
	status = change_carry_out(&change, err);
	if (status == 0)
		doc_put_secret(&call->reply, call->core,
			model_secret(call->core->model, call->request->secret));
	return status;
}

/* A change that makes a version of the value that came with the request. */
static int add_version(struct call *call, const char *verb, enum change_kind kind, struct err *err)
{
	struct change_item item = { .kind = kind };
	uint8_t *value;
	int status;

	if (kind == CHANGE_CREATE && model_secret(call->core->model, call->request->secret))
		return err_set(err, TACIT_EXISTS, "there is a secret of this name");
	if (kind != CHANGE_CREATE && !secret_find(call, err))
		return -TACIT_NOT_FOUND;
	status = call_open_value(call, verb, &value, &item.length, err);
	if (status < 0)
		return status;
	item.value = value;
	status = change_one(call, item, err);
	seal_free(value);
	return status;
}

int call_secret_create(struct call *call, struct err *err)
{
	return call->request->flags & REQUEST_TEMPLATE
		       ? templates_create(call, err)
		       : add_version(call, "create", CHANGE_CREATE, err);
}

int call_secret_rotate(struct call *call, struct err *err)
{
	return call->request->flags & REQUEST_TEMPLATE
		       ? templates_rotate(call, err)
		       : add_version(call, "rotate", CHANGE_ROTATE, err);
}

int call_secret_stage(struct call *call, struct err *err)
{
	return add_version(call, "stage", CHANGE_STAGE, err);
}

/* A kept version becomes the current one. */
static int switch_to(struct call *call, struct secret *secret, uint64_t number, struct err *err)
{
	int status = core_load_version(call->core, secret, number, err);

	return status < 0 ? status
			  : change_one(call,
				    (struct change_item){ .kind = CHANGE_SWITCH, .number = number },
				    err);
}

int call_secret_promote(struct call *call, struct err *err)
{
	struct secret *secret = secret_find(call, err);

	if (!secret)
		return -TACIT_NOT_FOUND;
	if (!secret->record.next)
		return err_set(err, TACIT_NOT_FOUND, "no version of it is staged");
	return switch_to(call, secret, secret->record.next, err);
}

int call_secret_rollback(struct call *call, struct err *err)
{
	struct secret *secret = secret_find(call, err);
	uint64_t number = call->request->version;

	if (!secret)
		return -TACIT_NOT_FOUND;
	if (!number)
		number = secret->record.previous;
	if (!number)
		return err_set(err, TACIT_NOT_FOUND,
			"it has no previous version: say which of those that are kept");
	return switch_to(call, secret, number, err);
}

int call_secret_retire(struct call *call, struct err *err)
{
	const struct secret *secret = secret_find(call, err);

	if (!secret)
		return -TACIT_NOT_FOUND;
	if (!secret->record.previous)
		return err_set(err, TACIT_NOT_FOUND, "it has no previous version");
	return change_one(call, (struct change_item){ .kind = CHANGE_RETIRE }, err);
}
