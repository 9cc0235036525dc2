/* SPDX-License-Identifier: Apache-2.0 */
/* After damaged rows were dropped or adopted: what spoke of them goes, too, in one commit, so that
 * the store is whole again. A secret whose current value is lost goes with its grants, of which
 * tombstones stay; another version that is lost is forgotten, and so is a member of a bundle. What
 * a template of a secret that is lost has made stays, as a secret like others. */
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/log.h"
#include "core/control/call.h"
#include "core/control/secrets/generations.h"
#include "core/control/store/store_place.h"
#include "core/store/verify.h"

struct id_list {
	const struct model *model;  /* in which to look for what a row is of */
	const struct id_list *lost; /* secrets that went, although they are there */
	uint8_t (*ids)[SEAL_ID_BYTES];
	size_t count, room;
};

static int id_list_add(struct id_list *orphans, const uint8_t *id, bool is_one, struct err *err)
{
	if (!is_one)
		return 0;
	if (orphans->count == orphans->room) {
		size_t room = orphans->room ? 2 * orphans->room : 16;
		void *grown = reallocarray(orphans->ids, room, sizeof *orphans->ids);

		if (!grown)
			return err_set(err, TACIT_LIMIT, "out of memory");
		orphans->ids = grown;
		orphans->room = room;
	}
	memcpy(orphans->ids[orphans->count++], id, SEAL_ID_BYTES);
	return 0;
}

/* Uses, hooks and schedules whose grant or secret is not there. */
static int on_use(void *arg, const struct use_record *use, struct err *err)
{
	struct id_list *orphans = arg;

	return id_list_add(
		orphans, use->id, !model_grant_by_id(orphans->model, use->grant_id), err);
}

static int on_hook(void *arg, const struct hook_record *hook, struct err *err)
{
	struct id_list *orphans = arg;

	return id_list_add(
		orphans, hook->id, !model_grant_by_id(orphans->model, hook->grant_id), err);
}

static int on_schedule(void *arg, const struct schedule_record *schedule, struct err *err)
{
	struct id_list *orphans = arg;

	return id_list_add(orphans, schedule->id,
		!model_secret_by_id(orphans->model, schedule->secret_id), err);
}

static bool is_lost(const struct id_list *lost, const uint8_t *id)
{
	for (size_t i = 0; i < lost->count; i++)
		if (!memcmp(lost->ids[i], id, SEAL_ID_BYTES))
			return true;
	return false;
}

static bool is_gone(const struct id_list *orphans, const uint8_t *id)
{
	return !model_secret_by_id(orphans->model, id) || is_lost(orphans->lost, id);
}

static int on_template(void *arg, const struct template_record *template, struct err *err)
{
	struct id_list *orphans = arg;
	bool gone = is_gone(orphans, template->secret_id);

	for (uint32_t i = 0; !gone && i < template->ref_count; i++)
		gone = is_gone(orphans, template->refs[i]);
	if (gone)
		log_error("a template of a secret that is lost was removed");
	return id_list_add(orphans, template->id, gone, err);
}

/* One kind of record is removed as another is: by its id. */
static int drop_orphans(struct core *core, const struct id_list *lost, struct err *err)
{
	struct id_list orphans = { .model = core->model, .lost = lost };
	const struct vault_visitor visitor = { .on_use = on_use,
		.on_hook = on_hook,
		.on_schedule = on_schedule,
		.on_template = on_template,
		.arg = &orphans };
	int status = vault_each(core->vault, &visitor, err);

	for (size_t i = 0; status == 0 && i < orphans.count; i++)
		status = vault_remove_use(core->vault, orphans.ids[i], err);
	free(orphans.ids);
	return status;
}

static bool has_value(struct core *core, const struct version_record *version)
{
	uint8_t *sealed = NULL;
	size_t length;
	int status = vault_load_value(core->vault, version->value_id, &sealed, &length, NULL);

	free(sealed);
	return status == 0;
}

/* What its record is without the versions that are lost; false: the current one is among them. */
static bool without_lost(struct core *core, struct secret_record *record)
{
	uint32_t kept = 0;
	bool lives = false;

	for (uint32_t i = 0; i < record->version_count; i++) {
		const struct version_record *version = &record->versions[i];

		if (has_value(core, version)) {
			lives |= version->number == record->current;
			record->versions[kept++] = *version;
			continue;
		}
		if (version->number == record->previous)
			record->previous = record->previous_until_ns = 0;
		if (version->number == record->next)
			record->next = 0;
	}
	record->version_count = kept;
	return lives;
}

static bool version_is_lost(struct core *core, const struct secret *secret, uint64_t number)
{
	const struct version_record *version = secret ? secret_version(secret, number) : NULL;

	return number && (!version || !has_value(core, version));
}

static int drop_grant(struct core *core, const struct grant *grant, struct err *err)
{
	struct grant_record record = grant_tombstone(grant);

	log_error("grant %s/%s shows what is lost, and was removed", record.consumer, record.file);
	return grant_put(core, &record, NULL, err);
}

static int drop_secret(struct core *core, const struct secret *secret, struct err *err)
{
	const struct schedule *schedule = model_schedule(core->model, secret);
	int status = vault_remove_secret(core->vault, secret->record.id, err);

	log_error("secret %s is lost, and was removed", secret->record.name);
	for (uint32_t i = 0; status == 0 && i < secret->record.version_count; i++)
		status = vault_remove_value(core->vault, secret->record.versions[i].value_id, err);
	if (status == 0 && schedule)
		status = vault_remove_schedule(core->vault, schedule->record.id, err);
	return status;
}

/* In `lost` the ids of secrets that went. */
static int settle_secrets(struct core *core, struct id_list *lost, struct err *err)
{
	_free_ struct secret_record *record = malloc(sizeof *record);
	struct secret *secret, *next;
	int status = record ? 0 : err_set(err, TACIT_LIMIT, "out of memory");

	HASH_ITER (by_name, core->model->secrets_by_name, secret, next) {
		if (status < 0)
			break;
		*record = secret->record;
		if (!without_lost(core, record)) {
			status = id_list_add(lost, record->id, true, err);
			if (status == 0)
				status = drop_secret(core, secret, err);
		} else if (record->version_count != secret->record.version_count) {
			log_error("secret %s has lost %u of its versions", record->name,
				secret->record.version_count - record->version_count);
			status = vault_put_secret(core->vault, record, err);
		}
	}
	if (record)
		seal_wipe(record, sizeof *record);
	return status;
}

static int settle_grants(struct core *core, const struct id_list *lost, struct err *err)
{
	struct grant *grant, *next;
	int status = 0;

	HASH_ITER (hh, core->model->grants, grant, next)
		if (status == 0 && grant_lives(grant) &&
			(is_lost(lost, grant->record.secret_id) ||
				version_is_lost(core, grant->secret, grant->record.version)))
			status = drop_grant(core, grant, err);
	return status;
}

/* Take what is lost out of a bundle's record. */
static void settle_bundle(struct core *core, const struct id_list *lost,
	struct bundle_record *record, uint32_t *changes, uint32_t *left)
{
	static const uint8_t none[SEAL_ID_BYTES];

	*changes = *left = 0;
	for (uint32_t i = 0; i < record->member_count; i++) {
		const struct secret *secret = model_secret_by_id(core->model, record->members[i]);

		if (is_lost(lost, record->members[i])) {
			generation_drop(record, i);
			++*changes;
		}
		for (uint32_t j = 0; j < record->generation_count; j++) {
			uint64_t *number = &record->generations[j].versions[i];

			if (version_is_lost(core, secret, *number)) {
				*number = 0;
				++*changes;
			}
		}
		*left += memcmp(record->members[i], none, sizeof none) != 0;
	}
}

static int settle_bundles(struct core *core, const struct id_list *lost, struct err *err)
{
	_free_ struct bundle_record *record = malloc(sizeof *record);
	struct bundle *bundle, *next;
	int status = record ? 0 : err_set(err, TACIT_LIMIT, "out of memory");

	HASH_ITER (hh, core->model->bundles, bundle, next) {
		uint32_t changes, left;

		if (status < 0)
			break;
		*record = bundle->record;
		settle_bundle(core, lost, record, &changes, &left);
		if (changes)
			status = left ? vault_put_bundle(core->vault, record, err)
				      : vault_remove_bundle(core->vault, record->id, err);
	}
	return status;
}

static int settle(struct core *core, struct err *err)
{
	struct id_list lost = { .model = core->model };
	int status = vault_begin(core->vault, err);

	if (status == 0)
		status = settle_secrets(core, &lost, err);
	if (status == 0)
		status = settle_grants(core, &lost, err);
	if (status == 0)
		status = settle_bundles(core, &lost, err);
	if (status == 0)
		status = drop_orphans(core, &lost, err);
	if (status == 0)
		status = vault_commit(core->vault, err);
	if (status < 0)
		vault_rollback(core->vault);
	free(lost.ids);
	return status;
}

static int on_problem(void *arg, const struct verify_problem *problem, struct err *err)
{
	return id_list_add(arg, problem->id, problem->table == STORE_VALUES, err);
}

/* Values that were a secret's whose record is lost. */
static int drop_strays(struct core *core, struct err *err)
{
	struct id_list strays = { 0 };
	struct verify_result found;
	int status = vault_verify(core->vault, on_problem, &strays, &found, err);

	if (status == 0 && strays.count) {
		status = vault_begin(core->vault, err);
		for (size_t i = 0; status == 0 && i < strays.count; i++)
			status = vault_remove_value(core->vault, strays.ids[i], err);
		if (status == 0)
			status = vault_commit(core->vault, err);
		if (status < 0)
			vault_rollback(core->vault);
	}
	free(strays.ids);
	return status;
}

int store_accept(struct core *core, enum vault_acceptance how, size_t *count, struct err *err)
{
	struct verify_result found;
	int status = vault_verify(core->vault, NULL, NULL, &found, err);

	*count = status == 0 ? found.problems : 0;
	if (status < 0 || !found.problems)
		return status;
	status = vault_accept(core->vault, how, err);
	if (status == 0)
		status = core_reload(core, err);
	if (status == 0)
		status = settle(core, err);
	if (status == 0)
		status = drop_strays(core, err);
	return status < 0 ? status : core_reload(core, err);
}
