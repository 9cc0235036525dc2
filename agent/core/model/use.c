/* SPDX-License-Identifier: Apache-2.0 */
/* What has been read through a grant: how often, by whom, which version. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "core/model/blob.h"

uint32_t grant_used(const struct grant *grant, const char *container)
{
	for (uint32_t i = 0; i < grant->count; i++)
		if (!strcmp(grant->counts[i].container, container))
			return grant->counts[i].used;
	return 0;
}

int grant_count(struct grant *grant, const char *container, uint32_t used, struct err *err)
{
	struct vault_count *count;

	if (!grant->counts)
		grant->counts = calloc(VAULT_USES_MAX, sizeof *grant->counts);
	if (!grant->counts)
		return err_set(err, TACIT_LIMIT, "out of memory");
	for (uint32_t i = 0; i < grant->count; i++)
		if (!strcmp(grant->counts[i].container, container)) {
			grant->counts[i].used = used;
			return 0;
		}
	if (grant->count == VAULT_USES_MAX)
		return err_set(err, TACIT_LIMIT, "the reads of %d containers are counted already",
			VAULT_USES_MAX);
	count = &grant->counts[grant->count++];
	snprintf(count->container, sizeof count->container, "%s", container);
	count->used = used;
	return 0;
}

void grant_note_read(struct model *model, struct grant *grant, const char *user, uint64_t version)
{
	hold_mutex(&model->use_mutex);

	grant->last_ns = clock_realtime_ns();
	grant->last_version = version;
	snprintf(grant->last_user, sizeof grant->last_user, "%s", user);
	grant->use_changed = true;
}

static struct grant_reader *find_reader(const struct grant *grant, const char *container)
{
	for (uint32_t i = 0; i < grant->reader_count; i++)
		if (!strcmp(grant->readers[i].container, container))
			return &grant->readers[i];
	return NULL;
}

/* A place for one more: an empty one, or that of who opened longest ago. */
static struct grant_reader *reader_place(struct grant *grant)
{
	struct grant_reader *place;

	if (!grant->readers)
		grant->readers = calloc(VAULT_USES_MAX, sizeof *grant->readers);
	if (!grant->readers)
		return NULL;
	if (grant->reader_count < VAULT_USES_MAX)
		return &grant->readers[grant->reader_count++];
	place = &grant->readers[0];
	for (uint32_t i = 1; i < VAULT_USES_MAX; i++)
		if (grant->readers[i].when < place->when)
			place = &grant->readers[i];
	return place;
}

void grant_note_version(
	struct model *model, struct grant *grant, const char *container, uint64_t version)
{
	struct grant_reader *reader;
	hold_mutex(&model->use_mutex);

	reader = find_reader(grant, container);
	if (!reader)
		reader = reader_place(grant);
	if (!reader)
		return;
	snprintf(reader->container, sizeof reader->container, "%s", container);
	reader->version = version;
	reader->when = ++grant->opens;
	grant->use_changed = true;
}

uint64_t grant_version_of(struct model *model, const struct grant *grant, const char *container)
{
	const struct grant_reader *reader;
	hold_mutex(&model->use_mutex);

	reader = find_reader(grant, container);
	return reader ? reader->version : 0;
}

bool grant_use_changed(struct model *model, const struct grant *grant)
{
	hold_mutex(&model->use_mutex);

	return grant->use_changed;
}

void grant_last_read(struct model *model, const struct grant *grant, uint64_t *when_ns,
	uint64_t *version, char *user)
{
	hold_mutex(&model->use_mutex);

	*when_ns = grant->last_ns;
	*version = grant->last_version;
	memcpy(user, grant->last_user, sizeof grant->last_user);
}

/* What each container has read, into a record that has the counts. These go before it. */
static void add_versions(const struct grant *grant, struct use_record *record)
{
	for (uint32_t i = 0; i < grant->reader_count; i++) {
		const struct grant_reader *reader = &grant->readers[i];
		uint32_t at = 0;

		while (at < record->count &&
			strcmp(record->counts[at].container, reader->container))
			at++;
		if (at == VAULT_USES_MAX)
			continue;
		if (at == record->count)
			record->count++;
		memcpy(record->counts[at].container, reader->container, sizeof reader->container);
		record->counts[at].version = reader->version;
	}
}

void grant_use_record(struct model *model, struct grant *grant, struct use_record *record)
{
	hold_mutex(&model->use_mutex);

	if (!grant->use_kept)
		seal_random(grant->use_id, sizeof grant->use_id);
	*record = (struct use_record){
		.last_ns = grant->last_ns,
		.last_version = grant->last_version,
		.count = grant->count,
	};
	memcpy(record->id, grant->use_id, SEAL_ID_BYTES);
	memcpy(record->grant_id, grant->record.id, SEAL_ID_BYTES);
	memcpy(record->last_user, grant->last_user, sizeof record->last_user);
	if (grant->count)
		memcpy(record->counts, grant->counts, grant->count * sizeof *record->counts);
	add_versions(grant, record);
	grant->use_kept = true;
	grant->use_changed = false;
}

int model_put_use(struct model *model, const struct use_record *record, struct err *err)
{
	struct grant *grant = model_grant_by_id(model, record->grant_id);
	int status = 0;

	if (!grant)
		return 0;
	memcpy(grant->use_id, record->id, SEAL_ID_BYTES);
	grant->use_kept = true;
	grant->last_ns = record->last_ns;
	grant->last_version = record->last_version;
	memcpy(grant->last_user, record->last_user, sizeof grant->last_user);
	for (uint32_t i = 0; status == 0 && i < record->count; i++) {
		const struct vault_count *count = &record->counts[i];

		if (count->used)
			status = grant_count(grant, count->container, count->used, err);
		if (status == 0 && count->version)
			grant_note_version(model, grant, count->container, count->version);
	}
	grant->use_changed = false;
	return status;
}
