/* SPDX-License-Identifier: Apache-2.0 */
#include "core/model/model.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/model/blob.h"

struct model *model_new(const uint8_t node_key[16])
{
	struct model *model = calloc(1, sizeof *model);
	pthread_rwlockattr_t attributes;

	if (!model)
		return NULL;
	model->pool = seal_pool_new();
	if (!model->pool) {
		free(model);
		return NULL;
	}
	/* A stream of readers must not keep the writer out. */
	pthread_rwlockattr_init(&attributes);
	pthread_rwlockattr_setkind_np(&attributes, PTHREAD_RWLOCK_PREFER_WRITER_NONRECURSIVE_NP);
	pthread_rwlock_init(&model->lock, &attributes);
	pthread_rwlockattr_destroy(&attributes);
	pthread_mutex_init(&model->plain_mutex, NULL);
	pthread_mutex_init(&model->use_mutex, NULL);
	memcpy(model->node_key, node_key, sizeof model->node_key);
	model->locked = true;
	return model;
}

void model_free(struct model *model)
{
	if (!model)
		return;
	model_clear(model);
	pthread_rwlock_destroy(&model->lock);
	pthread_mutex_destroy(&model->plain_mutex);
	pthread_mutex_destroy(&model->use_mutex);
	seal_pool_free(model->pool);
	free(model);
}

void model_read_lock(struct model *model)
{
	pthread_rwlock_rdlock(&model->lock);
}

void model_write_lock(struct model *model)
{
	pthread_rwlock_wrlock(&model->lock);
}

void model_unlock(struct model *model)
{
	pthread_rwlock_unlock(&model->lock);
}

static void wipe(void *memory, size_t length)
{
	if (memory)
		seal_wipe(memory, length);
	free(memory);
}

void model_clear(struct model *model)
{
	struct secret *secret, *next_secret;
	struct grant *grant, *next_grant;
	struct consumer *consumer, *next_consumer;
	struct node *node, *next_node;
	struct bundle *bundle, *next_bundle;
	struct schedule *schedule, *next_schedule;
	struct secret_template *template, *next_template;

	HASH_CLEAR(by_id, model->secrets_by_id);
	HASH_ITER (by_name, model->secrets_by_name, secret, next_secret) {
		HASH_DELETE(by_name, model->secrets_by_name, secret);
		while (secret->blobs)
			blob_discard(model, &secret->blobs);
		wipe(secret, sizeof *secret);
	}
	HASH_ITER (hh, model->grants, grant, next_grant) {
		HASH_DELETE(hh, model->grants, grant);
		free(grant->counts);
		free(grant->readers);
		wipe(grant, sizeof *grant);
	}
	HASH_ITER (hh, model->consumers, consumer, next_consumer) {
		HASH_DELETE(hh, model->consumers, consumer);
		wipe(consumer, sizeof *consumer);
	}
	HASH_ITER (hh, model->nodes, node, next_node) {
		HASH_DELETE(hh, model->nodes, node);
		free(node->children);
		wipe(node, sizeof *node);
	}
	HASH_ITER (hh, model->bundles, bundle, next_bundle) {
		HASH_DELETE(hh, model->bundles, bundle);
		wipe(bundle, sizeof *bundle);
	}
	HASH_ITER (hh, model->schedules, schedule, next_schedule) {
		HASH_DELETE(hh, model->schedules, schedule);
		wipe(schedule, sizeof *schedule);
	}
	HASH_ITER (hh, model->templates, template, next_template) {
		HASH_DELETE(hh, model->templates, template);
		wipe(template, sizeof *template);
	}
	model->root = model->folders = NULL;
	model->locked = true;
}

void model_adopt(struct model *model, struct model *fresh)
{
	model->secrets_by_name = fresh->secrets_by_name;
	model->secrets_by_id = fresh->secrets_by_id;
	model->nodes = fresh->nodes;
	model->root = fresh->root;
	model->grants = fresh->grants;
	model->consumers = fresh->consumers;
	model->bundles = fresh->bundles;
	model->schedules = fresh->schedules;
	model->templates = fresh->templates;
	model->folders = fresh->folders;
	model->floor = fresh->floor;
	model->locked = fresh->locked;
	fresh->secrets_by_name = fresh->secrets_by_id = NULL;
	fresh->nodes = fresh->root = fresh->folders = NULL;
	fresh->grants = NULL;
	fresh->consumers = NULL;
	fresh->bundles = NULL;
	fresh->schedules = NULL;
	fresh->templates = NULL;
	model_free(fresh);
	model_tell_folders(model);
}

int model_open(struct model *model, struct err *err)
{
	model->root = tree_grow(model, NULL, "");
	for (int kind = 0; model->root && kind < CONSUMER_KINDS; kind++)
		if (!tree_grow(model, model->root, consumer_kind_word((enum consumer_kind)kind)))
			return err_set(err, TACIT_LIMIT, "out of memory");
	model->locked = !model->root;
	return model->locked ? err_set(err, TACIT_LIMIT, "out of memory") : 0;
}

struct secret *model_secret(const struct model *model, const char *name)
{
	struct secret *secret;

	HASH_FIND(by_name, model->secrets_by_name, name, strlen(name), secret);
	return secret;
}

struct secret *model_secret_by_id(const struct model *model, const uint8_t id[SEAL_ID_BYTES])
{
	struct secret *secret;

	HASH_FIND(by_id, model->secrets_by_id, id, SEAL_ID_BYTES, secret);
	return secret;
}

struct grant *model_grant_by_id(const struct model *model, const uint8_t id[SEAL_ID_BYTES])
{
	struct grant *grant;

	HASH_FIND(hh, model->grants, id, SEAL_ID_BYTES, grant);
	return grant;
}

static const struct version_record *version_of(const struct secret_record *record, uint64_t number)
{
	for (uint32_t i = 0; i < record->version_count; i++)
		if (record->versions[i].number == number)
			return &record->versions[i];
	return NULL;
}

static struct secret *make_secret(struct model *model, const struct secret_record *record)
{
	struct secret *secret = calloc(1, sizeof *secret);

	if (!secret)
		return NULL;
	secret->record = *record;
	HASH_ADD_KEYPTR(by_name, model->secrets_by_name, secret->record.name,
		strlen(secret->record.name), secret);
	HASH_ADD(by_id, model->secrets_by_id, record.id, SEAL_ID_BYTES, secret);
	return secret;
}

int model_put_secret(struct model *model, const struct secret_record *record, uint64_t number,
	uint8_t *sealed, size_t sealed_length, struct err *err)
{
	struct secret *secret = model_secret_by_id(model, record->id);
	const struct version_record *version = number ? version_of(record, number) : NULL;
	struct blob *blob = version ? blob_new(version, sealed, sealed_length) : NULL;

	if (!blob)
		free(sealed);
	if (number && !blob)
		return err_set(err, TACIT_LIMIT, "out of memory");
	if (!secret && !(secret = make_secret(model, record))) {
		if (blob)
			blob_discard(model, &blob);
		return err_set(err, TACIT_LIMIT, "out of memory");
	}
	/* In its place: its name is a key of the maps. */
	secret->record = *record;
	if (blob) {
		blob->next = secret->blobs;
		secret->blobs = blob;
	}
	blob_settle(model, secret);
	return 0;
}

void model_remove_secret(struct model *model, struct secret *secret)
{
	struct schedule *schedule = model_schedule(model, secret);
	struct secret_template *template = model_template(model, secret);

	if (schedule)
		model_remove_schedule(model, schedule);
	if (template)
		model_remove_template(model, template);
	HASH_DELETE(by_name, model->secrets_by_name, secret);
	HASH_DELETE(by_id, model->secrets_by_id, secret);
	while (secret->blobs)
		blob_discard(model, &secret->blobs);
	wipe(secret, sizeof *secret);
}
