/* SPDX-License-Identifier: Apache-2.0 */
/* Versions of a secret: made, and which of them is what. All of it is in one record, so that a
 * change is there or is not: there are never two current versions. */
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "core/control/call.h"

/* A secret as it will be, and the value of the version that is new, if one is. */
struct change {
	struct call *call;
	struct secret_record record;
	uint64_t made; /* number of the new version; 0: none is */
	const uint8_t *value;
	size_t length;
};

uint64_t secret_since_ns(const struct secret *secret)
{
	const struct secret_record *record = &secret->record;

	return record->current_since_ns ? record->current_since_ns
					: secret_current(secret)->version.created_ns;
}

/* It is read, or will be: by its place, by an open file, or by a grant of just this version. */
static bool is_in_use(struct core *core, const struct secret_record *record, uint64_t number)
{
	const struct secret *secret = model_secret_by_id(core->model, record->id);
	const struct blob *blob = secret ? secret_blob(secret, number) : NULL;

	return number == record->current || number == record->previous || number == record->next ||
	       (blob && blob->pins) || server_version_is_open(core->server, record->id, number);
}

/* Leave as many versions as are to be kept, and room for one that is new: the oldest go, but those
 * in use. */
static int prune(struct change *change, struct err *err)
{
	struct core *core = change->call->core;
	struct secret_record *record = &change->record;
	uint32_t room = change->made ? 1 : 0, at = 0;

	while (record->version_count + room > core->config.keep_versions &&
		at < record->version_count) {
		const struct version_record *oldest = &record->versions[at];
		int status;

		if (is_in_use(core, record, oldest->number)) {
			at++;
			continue;
		}
		status = vault_remove_value(core->vault, oldest->value_id, err);
		if (status < 0)
			return status;
		memmove(&record->versions[at], &record->versions[at + 1],
			(--record->version_count - at) * sizeof *oldest);
	}
	return record->version_count + room <= VAULT_VERSIONS_MAX
		       ? 0
		       : err_set(err, TACIT_LIMIT,
				 "%d versions of it are held open; the oldest must be closed first",
				 VAULT_VERSIONS_MAX);
}

/* The record's new version, and its value. */
static int put_made(struct change *change, uint64_t now_ns, uint8_t **sealed, size_t *sealed_length,
	struct err *err)
{
	struct secret_record *record = &change->record;
	struct version_record *version = &record->versions[record->version_count++];

	*version = (struct version_record){ .number = change->made,
		.created_ns = now_ns,
		.size = (uint32_t)change->length,
		.made_by = change->call->request->operator_uid };
	seal_random(version->value_id, sizeof version->value_id);
	return vault_put_value(change->call->core->vault, version->value_id, change->value,
		change->length, sealed, sealed_length, err);
}

static int commit(struct change *change, uint8_t **sealed, size_t *sealed_length, struct err *err)
{
	struct core *core = change->call->core;
	int status = vault_begin(core->vault, err);

	if (status == 0)
		status = prune(change, err);
	if (status == 0 && change->made)
		status = put_made(change, clock_realtime_ns(), sealed, sealed_length, err);
	if (status == 0)
		status = vault_put_secret(core->vault, &change->record, err);
	/* What ends does so by a time that does not go back. */
	if (status == 0 && change->record.previous_until_ns)
		status = vault_put_clock(core->vault, model_now_ns(core->model), err);
	if (status == 0)
		status = vault_commit(core->vault, err);
	if (status < 0)
		vault_rollback(core->vault);
	return status;
}

/* Previous files that were open read no further once their version has ended. */
static void end_previous(struct core *core, const struct secret *secret)
{
	struct grant *grant, *next;

	HASH_ITER (hh, core->model->grants, grant, next)
		if (grant->secret == secret)
			server_end_previous(core->server, grant);
}

/* What is committed becomes what readers get. When the lock is free again, every thread has
 * answered what it decided before. */
static int publish(
	const struct change *change, uint8_t *sealed, size_t sealed_length, struct err *err)
{
	struct core *core = change->call->core;
	const struct secret *secret;
	int status;

	model_write_lock(core->model);
	secret = model_secret_by_id(core->model, change->record.id);
	if (secret && (!change->record.previous || !secret_previous(core->model, secret)))
		end_previous(core, secret);
	status = model_put_secret(
		core->model, &change->record, change->made, sealed, sealed_length, err);
	model_unlock(core->model);
	return status;
}

/* Committed, then in memory, then (by the caller's return) acknowledged. */
static int carry_out(struct change *change, struct err *err)
{
	uint8_t *sealed = NULL;
	size_t sealed_length = 0;
	int status = commit(change, &sealed, &sealed_length, err);

	if (status < 0) {
		free(sealed);
		return status;
	}
	status = publish(change, sealed, sealed_length, err);
	if (status == 0)
		doc_put_secret(&change->call->reply, change->call->core,
			model_secret_by_id(change->call->core->model, change->record.id));
	return status;
}

static void touch(const struct change *change)
{
	struct core *core = change->call->core;

	touches_add_secret(core, model_secret_by_id(core->model, change->record.id));
}

/* The version `number` becomes the current one, and what was that the previous one. */
static void make_current(struct change *change, uint64_t number)
{
	const struct core *core = change->call->core;
	uint64_t lifetime = change->call->request->lifetime_ns;
	struct secret_record *record = &change->record;

	record->previous = record->current;
	record->previous_until_ns =
		record->previous && lifetime ? model_now_ns(core->model) + lifetime : 0;
	record->current = number;
	record->current_since_ns = clock_realtime_ns();
	if (record->next == number)
		record->next = 0;
}

/* A change that makes a version of the value that came with the request: current, or next. */
static int add_version(struct change *change, const char *verb, bool stage, struct err *err)
{
	uint8_t *value;
	int status = call_open_value(change->call, verb, &value, &change->length, err);

	if (status < 0)
		return status;
	change->value = value;
	change->made = ++change->record.last_number;
	if (stage)
		change->record.next = change->made;
	else
		make_current(change, change->made);
	status = carry_out(change, err);
	seal_free(value);
	if (status == 0 && !stage)
		touch(change);
	return status;
}

int call_secret_create(struct call *call, struct err *err)
{
	struct change change = { .call = call, .record = { .created_ns = clock_realtime_ns() } };

	if (model_secret(call->core->model, call->request->secret))
		return err_set(err, TACIT_EXISTS, "there is a secret of this name");
	memcpy(change.record.name, call->request->secret, sizeof change.record.name);
	seal_random(change.record.id, sizeof change.record.id);
	return add_version(&change, "create", false, err);
}

/* Begin a change of the secret that the request names. */
static int begin(struct call *call, struct change *change, struct secret **secret, struct err *err)
{
	*secret = secret_find(call, err);
	if (!*secret)
		return -TACIT_NOT_FOUND;
	*change = (struct change){ .call = call, .record = (*secret)->record };
	return 0;
}

int call_secret_rotate(struct call *call, struct err *err)
{
	struct secret *secret;
	struct change change;
	int status = begin(call, &change, &secret, err);

	return status < 0 ? status : add_version(&change, "rotate", false, err);
}

int call_secret_stage(struct call *call, struct err *err)
{
	struct secret *secret;
	struct change change;
	int status = begin(call, &change, &secret, err);

	return status < 0 ? status : add_version(&change, "stage", true, err);
}

static int switch_to(struct change *change, uint64_t number, struct err *err)
{
	int status;

	make_current(change, number);
	status = carry_out(change, err);
	if (status == 0)
		touch(change);
	return status;
}

int call_secret_promote(struct call *call, struct err *err)
{
	struct secret *secret;
	struct change change;
	int status = begin(call, &change, &secret, err);

	if (status < 0)
		return status;
	if (!change.record.next)
		return err_set(err, TACIT_NOT_FOUND, "no version of it is staged");
	return switch_to(&change, change.record.next, err);
}

int call_secret_rollback(struct call *call, struct err *err)
{
	uint64_t number = call->request->version;
	struct secret *secret;
	struct change change;
	int status = begin(call, &change, &secret, err);

	if (status < 0)
		return status;
	if (!number)
		number = change.record.previous;
	if (!number)
		return err_set(err, TACIT_NOT_FOUND,
			"it has no previous version: say which of those that are kept");
	if (number == change.record.current)
		return err_set(err, TACIT_EXISTS, "this version is the current one");
	status = core_load_version(call->core, secret, number, err);
	return status < 0 ? status : switch_to(&change, number, err);
}

int call_secret_retire(struct call *call, struct err *err)
{
	struct secret *secret;
	struct change change;
	int status = begin(call, &change, &secret, err);

	if (status < 0)
		return status;
	if (!change.record.previous)
		return err_set(err, TACIT_NOT_FOUND, "it has no previous version");
	change.record.previous = change.record.previous_until_ns = 0;
	return carry_out(&change, err);
}
