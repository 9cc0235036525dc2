/* SPDX-License-Identifier: Apache-2.0 */
/* Grants, what has been read through them, and what else is said of consumers. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "core/model/blob.h"

bool grant_lives(const struct grant *grant)
{
	return grant && grant->secret && !grant->record.revoked_ns;
}

bool grant_expired(const struct grant *grant, uint64_t now_ns)
{
	return grant->record.expires_ns && now_ns >= grant->record.expires_ns;
}

struct blob *grant_blob(const struct grant *grant)
{
	return grant->record.version ? grant->pinned : secret_current(grant->secret);
}

static bool shows_previous(const struct grant *grant)
{
	return grant_lives(grant) && grant->record.flags & GRANT_WITH_PREVIOUS;
}

bool node_is_previous(const struct node *file)
{
	return !grant_lives(file->grant) && (shows_previous(file->previous_of) || !file->grant);
}

struct grant *node_grant(const struct node *file)
{
	return node_is_previous(file) ? file->previous_of : file->grant;
}

struct blob *node_blob(const struct model *model, const struct node *file)
{
	const struct grant *grant = node_grant(file);

	if (!grant_lives(grant))
		return NULL;
	if (node_is_previous(file))
		return shows_previous(grant) ? secret_previous(model, grant->secret) : NULL;
	return grant_blob(grant);
}

uint32_t grant_size(const struct grant *grant, const struct blob *blob)
{
	return blob->version.size + (grant->record.flags & GRANT_NEWLINE ? 1 : 0);
}

/* A version that was staged, or is current again, is newer to its readers than it is old. */
uint64_t node_changed_ns(const struct node *file, const struct blob *blob)
{
	const struct grant *grant = node_grant(file);

	if (!node_is_previous(file) && !grant->record.version &&
		grant->secret->record.current_since_ns)
		return grant->secret->record.current_since_ns;
	return blob->version.created_ns;
}

uint64_t model_now_ns(const struct model *model)
{
	return clock_steady_ns(&model->floor, clock_realtime_ns(), clock_boottime_ns());
}

static void unpin(struct grant *grant)
{
	if (grant->pinned)
		grant->pinned->pins--;
	grant->pinned = NULL;
}

bool model_pin(struct grant *grant)
{
	unpin(grant);
	if (!grant_lives(grant) || !grant->record.version)
		return true;
	grant->pinned = secret_blob(grant->secret, grant->record.version);
	if (grant->pinned)
		grant->pinned->pins++;
	return grant->pinned != NULL;
}

/* A path of its own for the grant, and the name in the directory that all share. */
static struct grant *make_grant(struct model *model, const struct grant_record *record)
{
	struct node *directory = tree_consumer(model, record->consumer);
	struct grant *grant = calloc(1, sizeof *grant);

	if (!grant || !directory || !tree_grow(model, model_self(model), record->file)) {
		free(grant);
		return NULL;
	}
	memcpy(grant->record.id, record->id, SEAL_ID_BYTES);
	grant->node = tree_grow(model, directory, record->file);
	if (!grant->node) {
		free(grant);
		return NULL;
	}
	HASH_ADD(hh, model->grants, record.id, SEAL_ID_BYTES, grant);
	return grant;
}

/* The names of its previous file, which never stop existing, either. */
static bool name_previous(struct model *model, struct grant *grant)
{
	char name[TACIT_FILE_NAME_MAX + sizeof GRANT_PREVIOUS_SUFFIX];

	snprintf(name, sizeof name, "%s%s", grant->record.file, GRANT_PREVIOUS_SUFFIX);
	grant->self_previous = tree_grow(model, model_self(model), name);
	grant->previous = tree_grow(model, grant->node->parent, name);
	return grant->previous && grant->self_previous;
}

/* A path that is granted anew begins to count anew. */
static void forget_use(struct grant *grant)
{
	free(grant->counts);
	grant->counts = NULL;
	grant->count = 0;
	free(grant->readers);
	grant->readers = NULL;
	grant->reader_count = 0;
	grant->use_kept = grant->use_changed = false;
	grant->last_ns = grant->last_version = 0;
	grant->last_user[0] = '\0';
}

int model_put_grant(struct model *model, const struct grant_record *record, struct err *err)
{
	struct grant *grant = model_grant_by_id(model, record->id);

	if (!grant && !(grant = make_grant(model, record)))
		return err_set(err, TACIT_LIMIT, "out of memory");
	if (grant_lives(grant))
		grant->secret->grants--;
	if (record->created_ns != grant->record.created_ns)
		forget_use(grant);
	unpin(grant);
	grant->record = *record;
	grant->secret = record->revoked_ns ? NULL : model_secret_by_id(model, record->secret_id);
	if (grant->secret)
		grant->secret->grants++;
	/* Of several grants that a path has had, at most one lives: it is the node's. */
	if (!grant->node->grant || grant_lives(grant))
		grant->node->grant = grant;
	if (!(record->flags & VAULT_PREVIOUS_NAMED))
		return 0;
	if (!grant->previous && !name_previous(model, grant))
		return err_set(err, TACIT_LIMIT, "out of memory");
	if (!grant->previous->previous_of || grant_lives(grant))
		grant->previous->previous_of = grant;
	return 0;
}

int model_put_consumer(struct model *model, const struct consumer_record *record, struct err *err)
{
	struct node *node = tree_consumer(model, record->consumer);
	struct consumer *consumer;

	if (!node)
		return err_set(err, TACIT_LIMIT, "out of memory");
	consumer = node->consumer;
	if (!consumer) {
		consumer = calloc(1, sizeof *consumer);
		if (!consumer)
			return err_set(err, TACIT_LIMIT, "out of memory");
		memcpy(consumer->record.id, record->id, SEAL_ID_BYTES);
		consumer->node = node;
		node->consumer = consumer;
		HASH_ADD(hh, model->consumers, record.id, SEAL_ID_BYTES, consumer);
	}
	consumer->record = *record;
	return 0;
}

void model_remove_consumer(struct model *model, struct consumer *consumer)
{
	HASH_DELETE(hh, model->consumers, consumer);
	consumer->node->consumer = NULL;
	free(consumer);
}

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
