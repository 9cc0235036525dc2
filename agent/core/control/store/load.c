/* SPDX-License-Identifier: Apache-2.0 */
/* The records of an open vault, into the model. */
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "core/control/store/load.h"
#include "core/control/store/store_place.h"

static int list_add(struct load_list *list, const void *record, struct err *err)
{
	if (list->count == list->room) {
		size_t room = list->room ? list->room * 2 : 64;
		uint8_t *bytes = reallocarray(list->bytes, room, list->size);

		if (!bytes)
			return err_set(err, TACIT_LIMIT, "out of memory");
		list->bytes = bytes;
		list->room = room;
	}
	memcpy(list->bytes + list->count++ * list->size, record, list->size);
	return 0;
}

static void list_free(struct load_list *list)
{
	if (list->bytes)
		seal_wipe(list->bytes, list->count * list->size);
	free(list->bytes);
}

static int load_secret(void *arg, const struct secret_record *record, struct err *err)
{
	struct load *load = arg;
	uint8_t *sealed;
	size_t length;
	int status;

	for (uint32_t i = 0; i < record->version_count; i++) {
		const struct version_record *version = &record->versions[i];

		if (version->number != record->current)
			continue;
		status = load_value(load, record->name, version, &sealed, &length, err);
		return status < 0 ? status
				  : model_put_secret(load->model, record, version->number, sealed,
					    length, err);
	}
	return err_set(err, TACIT_CORRUPT, "a secret without a current version");
}

static int load_grant(void *arg, const struct grant_record *record, struct err *err)
{
	return list_add(&((struct load *)arg)->grants, record, err);
}

static int load_use(void *arg, const struct use_record *record, struct err *err)
{
	return list_add(&((struct load *)arg)->uses, record, err);
}

static int load_bundle(void *arg, const struct bundle_record *record, struct err *err)
{
	return list_add(&((struct load *)arg)->bundles, record, err);
}

static int load_schedule(void *arg, const struct schedule_record *record, struct err *err)
{
	return list_add(&((struct load *)arg)->schedules, record, err);
}

static int load_template(void *arg, const struct template_record *record, struct err *err)
{
	return list_add(&((struct load *)arg)->templates, record, err);
}

static int load_hook(void *arg, const struct hook_record *record, struct err *err)
{
	return list_add(&((struct load *)arg)->hooks, record, err);
}

static int load_consumer(void *arg, const struct consumer_record *record, struct err *err)
{
	return model_put_consumer(((struct load *)arg)->model, record, err);
}

static int load_container(void *arg, const struct container_facts *facts, struct err *err)
{
	(void)err;
	containers_keep(((struct load *)arg)->core->containers, facts);
	return 0;
}

/* A kept version that is not in memory, from the store. *sealed is the caller's. */
static int read_version(struct vault *vault, const struct version_record *version, uint8_t **sealed,
	size_t *length, struct err *err)
{
	if (!version)
		return err_set(err, TACIT_NOT_FOUND, "this version of it is not kept");
	return vault_load_value(vault, version->value_id, sealed, length, err);
}

int core_load_version(struct core *core, struct secret *secret, uint64_t number, struct err *err)
{
	const struct version_record *version = secret_version(secret, number);
	struct blob *added;
	uint8_t *sealed;
	size_t length;
	int status;

	if (secret_blob(secret, number))
		return 0;
	status = read_version(core->vault, version, &sealed, &length, err);
	if (status < 0)
		return status;
	model_write_lock(core->model);
	added = secret_add_blob(secret, version, sealed, length);
	model_unlock(core->model);
	return added ? 0 : err_set(err, TACIT_LIMIT, "out of memory");
}

/* Time goes on from when the mount was made, or, when that is later, from the latest time in the
 * store: grants end by it, however the clock is set. */
static struct clock_floor find_floor(const struct core *core)
{
	struct clock_floor mounted = { core->handover->mounted_ns,
		core->handover->mounted_boot_ns };
	struct clock_floor written = { vault_clock(core->vault), clock_boottime_ns() };

	return written.real_ns > clock_steady_ns(&mounted, 0, written.boot_ns) ? written : mounted;
}

/* The versions that are read, or about to be, beside the current ones. */
static int load_others(struct load *load, struct err *err)
{
	struct secret *secret, *next;
	int status = 0;

	HASH_ITER (by_name, load->model->secrets_by_name, secret, next) {
		if (status == 0)
			status = load_have_version(load, secret, secret->record.previous, err);
		if (status == 0)
			status = load_have_version(load, secret, secret->record.next, err);
	}
	return status;
}

/* The members as they were in the generations that are kept. */
static int load_generations(struct load *load, const struct bundle_record *bundle, struct err *err)
{
	int status = 0;

	for (uint32_t i = 0; i < bundle->member_count; i++) {
		struct secret *secret = model_secret_by_id(load->model, bundle->members[i]);

		for (uint32_t j = 0; status == 0 && secret && j < bundle->generation_count; j++)
			status = load_have_version(
				load, secret, bundle->generations[j].versions[i], err);
	}
	return status;
}

static int load_bundles(struct load *load, struct err *err)
{
	int status = 0;

	for (size_t i = 0; status == 0 && i < load->bundles.count; i++) {
		const struct bundle_record *bundle = load_list_at(&load->bundles, i);

		status = load_generations(load, bundle, err);
		if (status == 0)
			status = model_put_bundle(load->model, bundle, err);
	}
	return status;
}

/* A schedule of a secret that is not there waits for nothing, and its template makes nothing; nor
 * does a use, or a hook, of such a grant: those the model passes over. */
static bool has_secret(const struct load *load, const uint8_t secret_id[SEAL_ID_BYTES])
{
	return model_secret_by_id(load->model, secret_id);
}

static int load_schedules(struct load *load, struct err *err)
{
	int status = 0;

	for (size_t i = 0; status == 0 && i < load->schedules.count; i++) {
		const struct schedule_record *schedule = load_list_at(&load->schedules, i);

		if (has_secret(load, schedule->secret_id))
			status = model_put_schedule(load->model, schedule, err);
	}
	return status;
}

static int load_templates(struct load *load, struct err *err)
{
	int status = 0;

	for (size_t i = 0; status == 0 && i < load->templates.count; i++) {
		const struct template_record *template = load_list_at(&load->templates, i);

		if (has_secret(load, template->secret_id))
			status = model_put_template(load->model, template, err);
	}
	return status;
}

static int load_grants(struct load *load, struct err *err)
{
	int status = 0;

	for (size_t i = 0; status == 0 && i < load->grants.count; i++)
		status = model_put_grant(load->model, load_list_at(&load->grants, i), err);
	for (size_t i = 0; status == 0 && i < load->uses.count; i++)
		status = model_put_use(load->model, load_list_at(&load->uses, i), err);
	for (size_t i = 0; status == 0 && i < load->hooks.count; i++)
		status = model_put_hook(load->model, load_list_at(&load->hooks, i), err);
	return status;
}

static int load_rows(struct load *load, struct err *err)
{
	const struct vault_visitor visitor = { .on_secret = load_secret,
		.on_grant = load_grant,
		.on_consumer = load_consumer,
		.on_use = load_use,
		.on_container = load_container,
		.on_bundle = load_bundle,
		.on_schedule = load_schedule,
		.on_hook = load_hook,
		.on_template = load_template,
		.on_damaged = load_pass_over,
		.arg = load };
	int status = model_open(load->model, err);

	return status < 0 ? status : vault_each(load->core->vault, &visitor, err);
}

/* Grants of one version, which may be an old one. */
static int pin_versions(struct load *load, struct err *err)
{
	struct grant *grant, *next;
	int status = 0;

	HASH_ITER (hh, load->model->grants, grant, next) {
		if (status < 0 || !grant_lives(grant) || !grant->record.version)
			continue;
		status = load_have_version(load, grant->secret, grant->record.version, err);
		if (status == 0 && !model_pin(grant))
			status = err_set(err, TACIT_INTERNAL, "a loaded version is not there");
	}
	return status;
}

static int load_model(struct load *load, struct err *err)
{
	static int (*const steps[])(struct load * load, struct err * err) = { load_rows,
		load_lost_secrets, load_others, load_bundles, load_schedules, load_templates,
		load_grants, pin_versions };
	int status = 0;

	for (size_t i = 0; status == 0 && i < sizeof steps / sizeof steps[0]; i++)
		status = steps[i](load, err);
	load->model->floor = find_floor(load->core);
	list_free(&load->bundles);
	list_free(&load->schedules);
	list_free(&load->templates);
	list_free(&load->grants);
	list_free(&load->uses);
	list_free(&load->hooks);
	return status;
}

/* Under the write lock: nobody reads any more what is in memory. */
static void empty_model(struct core *core)
{
	if (core->model->locked)
		return;
	server_end_handles(core->server, NULL);
	model_clear(core->model);
}

static int load_into(struct load *load, struct err *err)
{
	struct core *core = load->core;
	int status =
		load->model ? load_model(load, err) : err_set(err, TACIT_LIMIT, "out of memory");

	model_write_lock(core->model);
	empty_model(core);
	if (status == 0) {
		model_adopt(core->model, load->model);
	} else {
		model_free(load->model);
		vault_forget(core->vault);
	}
	model_unlock(core->model);
	if (status == 0 && load->unread)
		log_error("%zu versions cannot be read: 'tacit store verify' names what is damaged",
			load->unread);
	return status;
}

/* It is read from the disk into a model that nobody sees, for as long as that takes. Until all of
 * it is there the agent says what it said before: that it is locked, whoever asks. */
int core_load(struct core *core, struct err *err)
{
	struct load load = { .core = core,
		.model = model_new(core->handover->node_key),
		.bundles = { .size = sizeof(struct bundle_record) },
		.schedules = { .size = sizeof(struct schedule_record) },
		.templates = { .size = sizeof(struct template_record) },
		.grants = { .size = sizeof(struct grant_record) },
		.uses = { .size = sizeof(struct use_record) },
		.hooks = { .size = sizeof(struct hook_record) } };

	return load_into(&load, err);
}

int core_reload(struct core *core, struct err *err)
{
	int status = core_load(core, err);

	hooks_forget(core);
	if (status < 0) {
		core->failure = *err;
		return status;
	}
	touches_add_since(core, 0);
	/* What was told while nothing could be written down. */
	containers_all_changed(core->containers);
	keep_containers(core);
	return 0;
}

void core_expect_published(int status, const struct err *err)
{
	if (status == 0)
		return;
	log_error("what was written down is not in memory: %s; beginning anew", err->text);
	/* No request is to blame. */
	kill(getpid(), SIGKILL);
}
