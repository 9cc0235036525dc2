/* SPDX-License-Identifier: Apache-2.0 */
/* What is written down without being asked for: containers, counted reads, last readers, the time.
 */
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/log.h"
#include "core/control/audit/auditor.h"

#define USES_EVERY_MS 5000
#define COUNTS_AT_ONCE 16                   /* commits before operators have their turn */
#define CLOCK_EVERY_NS (60 * 1000000000ull) /* how far a stop can set back the date of grants */

/* End a change by its status so far. */
static int end_change(struct vault *vault, int status, const char *what, struct err *err)
{
	if (status == 0)
		status = vault_commit(vault, err);
	if (status < 0) {
		vault_rollback(vault);
		/* What the disk refuses the vault has logged, once. */
		if (status != -TACIT_IO)
			log_warning("write down %s: %s", what, err->text);
	}
	return status;
}

void keep_containers(struct core *core)
{
	char id[CONTAINER_ID_LENGTH + 1];
	struct container_facts *next;
	eventfd_t ignored;
	struct err err;
	int status;

	eventfd_read(containers_keep_fd(core->containers), &ignored);
	if (core->model->locked || !vault_can_change(core->vault))
		return;
	status = vault_begin(core->vault, &err);
	while (status == 0 && containers_next_change(core->containers, id, &next)) {
		_free_ struct container_facts *facts = next;

		status = facts ? vault_put_container(core->vault, facts, &err)
			       : vault_remove_container(core->vault, id, &err);
	}
	if (end_change(core->vault, status, "which containers there are", &err) < 0)
		containers_all_changed(core->containers);
}

/* Containers that are no more need no counts: their ids do not come again. Without an engine nobody
 * says which they are. */
static void forget_gone(struct core *core, struct grant *grant)
{
	uint32_t kept = 0;

	if (!core->config.engine_count)
		return;
	model_write_lock(core->model);
	for (uint32_t i = 0; i < grant->count; i++)
		if (containers_visit(core->containers, grant->counts[i].container, NULL, NULL))
			grant->counts[kept++] = grant->counts[i];
	grant->count = kept;
	model_unlock(core->model);
}

/* The record with one more read in it: as memory will be when it is written down. */
static int with_count(struct core *core, struct grant *grant, const struct server_count *count,
	uint32_t used, struct use_record *record, struct err *err)
{
	uint32_t i = 0;

	if (!grant_used(grant, count->container) && grant->count == VAULT_USES_MAX)
		forget_gone(core, grant);
	grant_use_record(core->model, grant, record);
	while (i < record->count && strcmp(record->counts[i].container, count->container))
		i++;
	/* What is counted goes before what is only known. */
	if (i == VAULT_USES_MAX)
		for (i = 0; i < VAULT_USES_MAX && record->counts[i].used;)
			i++;
	else if (i == record->count)
		record->count++;
	if (i == VAULT_USES_MAX)
		return err_set(err, TACIT_LIMIT, "the reads of %d containers are counted already",
			VAULT_USES_MAX);
	if (strcmp(record->counts[i].container, count->container))
		record->counts[i].version = 0;
	memcpy(record->counts[i].container, count->container, sizeof count->container);
	record->counts[i].used = used;
	return 0;
}

/* Write one read down, in this order: its number, the store, memory. */
static int count_read(struct core *core, const struct server_count *count, struct err *err)
{
	struct grant *grant = model_grant_by_id(core->model, count->grant_id);
	struct use_record record;
	uint32_t used;
	int status;

	if (!grant_lives(grant) || !grant->record.reads)
		return err_set(err, TACIT_NOT_FOUND, "the grant was taken back");
	used = grant_used(grant, count->container) + 1;
	if (used > grant->record.reads)
		return err_set(err, TACIT_LIMIT, "no reads are left");
	status = with_count(core, grant, count, used, &record, err);
	if (status < 0)
		return status;
	server_number_count(core->server, count, used);
	status = vault_begin(core->vault, err);
	if (status == 0)
		status = vault_put_use(core->vault, &record, err);
	status = end_change(core->vault, status, "a read that is counted", err);
	if (status < 0)
		return status;
	model_write_lock(core->model);
	status = grant_count(grant, count->container, used, err);
	model_unlock(core->model);
	return status;
}

void keep_counts(struct core *core)
{
	struct server_count count;
	struct err err;

	/* What is left keeps server_count_fd() readable. */
	for (int i = 0; i < COUNTS_AT_ONCE && server_next_count(core->server, &count); i++)
		server_settle_count(core->server, &count,
			!core->model->locked && vault_can_change(core->vault) &&
				count_read(core, &count, &err) == 0);
}

static int put_uses(struct core *core, struct err *err)
{
	struct grant *grant, *next;
	struct use_record record;
	int status = 0;

	HASH_ITER (hh, core->model->grants, grant, next) {
		if (status < 0 || !grant_use_changed(core->model, grant))
			continue;
		grant_use_record(core->model, grant, &record);
		status = vault_put_use(core->vault, &record, err);
	}
	return status;
}

static bool is_due(const struct core *core, uint64_t now)
{
	bool clock = now > vault_clock(core->vault) + CLOCK_EVERY_NS, due = false;
	struct secret *secret, *next_secret;
	struct grant *grant, *next;

	due |= auditor_has_moved(core);
	HASH_ITER (by_name, core->model->secrets_by_name, secret, next_secret)
		due |= clock && secret->record.previous_until_ns;
	HASH_ITER (hh, core->model->grants, grant, next)
		due |= grant_use_changed(core->model, grant) ||
		       (clock && grant_lives(grant) && grant->record.expires_ns);
	return due;
}

/* A disk that refused is asked again now and then, and what waited for it is written down. */
static void keep_writable(struct core *core)
{
	if (!vault_refusal(core->vault)->code || vault_heal(core->vault, NULL) < 0)
		return;
	keep_containers(core);
}

void keep_uses(struct core *core, bool now_due)
{
	uint64_t now, since = clock_monotonic_ns() - core->uses_kept_ns;
	struct err err;
	int status;

	if (core->model->locked || (!now_due && since < USES_EVERY_MS * 1000000ull))
		return;
	core->uses_kept_ns = clock_monotonic_ns();
	keep_writable(core);
	now = model_now_ns(core->model);
	if (!vault_can_change(core->vault) || !is_due(core, now))
		return;
	status = vault_begin(core->vault, &err);
	if (status == 0)
		status = put_uses(core, &err);
	if (status == 0)
		status = vault_put_clock(core->vault, now, &err);
	if (status == 0)
		status = auditor_put_place(core, &err);
	end_change(core->vault, status, "who read last", &err);
}

int keep_patience(const struct core *core)
{
	return core->model->locked ? -1 : USES_EVERY_MS;
}
