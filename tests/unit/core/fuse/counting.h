/* SPDX-License-Identifier: Apache-2.0 */
/* The thread that owns the vault, as far as it counts reads: as core/control/keep.c does it, but it
 * can stop after any step. */
#ifndef TACIT_TEST_FUSE_COUNTING_H
#define TACIT_TEST_FUSE_COUNTING_H

#include "waiting.h"

enum step { STEP_TAKEN, STEP_NUMBERED, STEP_WRITTEN, STEP_REMEMBERED, STEP_SETTLED, STEPS };

static inline void write_use(
	struct rig *rig, struct grant *grant, const char *container, uint32_t used)
{
	struct use_record record;
	uint32_t i = 0;
	struct err err;

	grant_use_record(rig->model, grant, &record);
	while (i < record.count && strcmp(record.counts[i].container, container))
		i++;
	if (i == record.count)
		record.count++;
	snprintf(record.counts[i].container, sizeof record.counts[i].container, "%s", container);
	record.counts[i].used = used;
	must(vault_begin(rig->store.vault, &err));
	must(vault_put_use(rig->store.vault, &record, &err));
	must(vault_commit(rig->store.vault, &err));
}

/* Count the next OPEN that waits for it, up to and with step `last`. False: none does. */
static inline bool count_next(struct rig *rig, enum step last, struct server_count *count)
{
	struct grant *grant;
	struct err err;
	uint32_t used;

	if (!server_next_count(rig->server, count))
		return false;
	grant = model_grant_by_id(rig->model, count->grant_id);
	assert_non_null(grant);
	used = grant_used(grant, count->container) + 1;
	if (!grant_lives(grant) || used > grant->record.reads) {
		server_settle_count(rig->server, count, false);
		return true;
	}
	if (last >= STEP_NUMBERED)
		server_number_count(rig->server, count, used);
	if (last >= STEP_WRITTEN)
		write_use(rig, grant, count->container, used);
	if (last >= STEP_REMEMBERED) {
		model_write_lock(rig->model);
		must(grant_count(grant, count->container, used, &err));
		model_unlock(rig->model);
	}
	if (last >= STEP_SETTLED)
		server_settle_count(rig->server, count, true);
	return true;
}

/* Whether an OPEN waits to be counted within that time. */
static inline bool wants_count(const struct rig *rig, int ms)
{
	struct pollfd count = { .fd = server_count_fd(rig->server), .events = POLLIN };

	return poll(&count, 1, ms) == 1;
}

static inline void count_when_asked(struct rig *rig, enum step last)
{
	struct server_count count;

	do
		assert_true(wants_count(rig, PATIENCE_MS));
	while (!count_next(rig, last, &count));
}

/* Until so many OPENs wait to be counted, all at once. */
static inline void expect_to_be_counted(struct rig *rig, unsigned int count)
{
	struct park *park = &rig->server->park;
	unsigned int waiting = 0;

	for (int i = 0; i < PATIENCE_MS && waiting != count; i++) {
		if (i)
			usleep(1000);
		pthread_mutex_lock(&park->mutex);
		waiting = 0;
		for (unsigned int place = 0; place < HANDOVER_PARKED; place++)
			waiting += park->asked[place] && !park->taken[place] &&
				   atomic_load(&park->handover->parked[place].state) != PARKED_FREE;
		pthread_mutex_unlock(&park->mutex);
	}
	assert_int_equal(waiting, count);
}

/* Count whatever wants it until nobody waits any more. */
static inline void count_until_all_are_answered(struct rig *rig)
{
	struct server_count count;

	for (int i = 0; i < PATIENCE_MS && server_parked(rig->server); i++)
		while (wants_count(rig, 1) && count_next(rig, STEP_SETTLED, &count))
			;
	assert_int_equal(server_parked(rig->server), 0);
}

/* Nor does any begin to. */
static inline void expect_no_count(struct rig *rig)
{
	struct server_count count;

	assert_false(server_next_count(rig->server, &count));
	assert_false(wants_count(rig, SILENCE_MS));
}

/* How many reads the first container has had of the rig's grant. */
static inline uint32_t used_by(const struct rig *rig, char digit)
{
	char id[CONTAINER_ID_LENGTH + 1] = { 0 };

	memset(id, digit, CONTAINER_ID_LENGTH);
	return grant_used(model_grant_by_id(rig->model, rig->grant.id), id);
}

static inline void give_reads(struct rig *rig, uint32_t reads)
{
	rig->grant.reads = reads;
	rig_put_grant(rig, &rig->grant);
}

/* By another grant, of which nobody has read. */
static inline void give_reads_anew(struct rig *rig, uint32_t reads)
{
	struct grant_record revoked = rig_revoked(&rig->grant);

	rig_put_grant(rig, &revoked);
	rig->grant = rig_grant(rig, RIG_CONSUMER, RIG_FILE);
	give_reads(rig, reads);
}

#endif
