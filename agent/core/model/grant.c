/* SPDX-License-Identifier: Apache-2.0 */
/* Grants, the files they show, and what else is said of consumers. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

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
	if (file->parent->generation)
		return node_blob_of(model, file, file->parent->generation);
	if (node_is_previous(file))
		return shows_previous(grant) ? secret_previous(model, grant->secret) : NULL;
	return grant_blob(grant);
}

struct blob *node_blob_of(const struct model *model, const struct node *file, uint64_t number)
{
	const struct grant *grant = node_grant(file);
	const struct secret *secret = grant_lives(grant) ? grant->secret : NULL;
	const struct bundle_generation *generation =
		secret && secret->bundle ? bundle_generation(secret->bundle, number) : NULL;

	(void)model;
	/* There is no version 0: it was not of that generation. */
	return generation ? secret_blob(secret, generation->versions[secret->member]) : NULL;
}

uint32_t grant_size(const struct grant *grant, const struct blob *blob)
{
	return blob->version.size + (grant->record.flags & GRANT_NEWLINE ? 1 : 0);
}

/* A version that was staged, or is current again, is newer to its readers than it is old. */
uint64_t node_changed_ns(const struct node *file, const struct blob *blob)
{
	const struct grant *grant = node_grant(file);

	if (!node_is_previous(file) && !grant->record.version && !file->parent->generation &&
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

	if (!grant || !directory || !tree_granted(model, model_self(model), record->file)) {
		free(grant);
		return NULL;
	}
	memcpy(grant->record.id, record->id, SEAL_ID_BYTES);
	grant->node = tree_granted(model, directory, record->file);
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
	grant->self_previous = tree_granted(model, model_self(model), name);
	grant->previous = tree_granted(model, node_consumer(grant->node), name);
	return grant->previous && grant->self_previous;
}

/* A path that is granted anew begins to count anew, and has no hook that has run. */
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
	grant->hook = (struct hook_record){ 0 };
	grant->hook_kept = false;
}

/* Its previous file, if it has or has had one, and the folder that it may be in. */
static int put_around(struct model *model, struct grant *grant, struct err *err)
{
	if (node_level(grant->node->parent->id) == LEVEL_FOLDER) {
		int status = folder_settle_grant(model, grant->node->parent, err);

		if (status < 0)
			return status;
	}
	if (!(grant->record.flags & VAULT_PREVIOUS_NAMED))
		return 0;
	if (!grant->previous && !name_previous(model, grant))
		return err_set(err, TACIT_LIMIT, "out of memory");
	if (!grant->previous->previous_of || grant_lives(grant))
		grant->previous->previous_of = grant;
	return 0;
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
	return put_around(model, grant, err);
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
