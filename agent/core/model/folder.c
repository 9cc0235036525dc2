/* SPDX-License-Identifier: Apache-2.0 */
/* Folders: which bundle one shows, its nodes of generations, and what may be granted in one. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "core/model/blob.h"

struct bundle *folder_bundle(const struct node *folder)
{
	struct bundle *bundle = NULL;

	for (size_t i = 0; i < folder->child_count; i++) {
		const struct grant *grant = folder->children[i]->grant;

		if (!grant_lives(grant))
			continue;
		if (!grant->secret->bundle || (bundle && bundle != grant->secret->bundle))
			return NULL;
		bundle = grant->secret->bundle;
	}
	return bundle;
}

/* The files of FOLDER, in FOLDER@N, at the same places. */
static int mirror(
	struct model *model, const struct node *folder, struct node *generation, struct err *err)
{
	for (size_t i = 0; generation && i < folder->child_count; i++) {
		if (i == generation->child_count &&
			!tree_grow(model, generation, folder->children[i]->name))
			return err_set(err, TACIT_LIMIT, "out of memory");
		generation->children[i]->grant = folder->children[i]->grant;
	}
	return generation ? 0 : err_set(err, TACIT_LIMIT, "out of memory");
}

/* Both lists descend: what is kept stays, without a look at what is in it. */
int folder_settle(struct model *model, struct node *folder, struct err *err)
{
	const struct bundle *bundle = folder->bundle = folder_bundle(folder);
	struct node **place = &folder->generations;
	int status = 0;

	for (uint32_t i = bundle ? bundle->record.generation_count : 0; status == 0 && i--;) {
		uint64_t number = bundle->record.generations[i].number;

		while (*place && (*place)->generation > number)
			tree_drop_generation(model, place);
		if (!*place || (*place)->generation < number)
			status = mirror(model, folder,
				tree_add_generation(model, place, folder, number), err);
		if (status == 0)
			place = &(*place)->next;
	}
	while (status == 0 && *place)
		tree_drop_generation(model, place);
	return status;
}

int folder_settle_grant(struct model *model, struct node *folder, struct err *err)
{
	int status = folder_settle(model, folder, err);

	for (struct node *node = folder->generations; status == 0 && node; node = node->next)
		status = mirror(model, folder, node, err);
	return status;
}

/* A name that is new is a file or a folder for as long as the kernel may remember it. Every name of
 * every consumer is in `self`, too: that one says what it was. */
static int check_new_file(const struct model *model, const char *name, struct err *err)
{
	return node_folder_of(model, model_self(model), name)
		       ? err_set(err, TACIT_EXISTS,
				 "the file, or its previous one, has the name of a folder that a "
				 "consumer has, or had, and self/ can have one of them: name "
				 "another")
		       : 0;
}

static int check_new_folder(const struct model *model, const char *name, struct err *err)
{
	return node_file(model, model_self(model), name)
		       ? err_set(err, TACIT_EXISTS,
				 "the folder has the name of a file that a consumer has, or had, "
				 "and self/ can have one of them: name another")
		       : 0;
}

static int check_file(const struct model *model, const struct node *directory,
	const struct grant_record *record, struct err *err)
{
	char previous[sizeof record->file + sizeof GRANT_PREVIOUS_SUFFIX];
	int status = node_file(model, directory, record->file)
			     ? 0
			     : check_new_file(model, record->file, err);

	snprintf(previous, sizeof previous, "%s%s", record->file, GRANT_PREVIOUS_SUFFIX);
	return status < 0 || !(record->flags & GRANT_WITH_PREVIOUS)
		       ? status
		       : check_new_file(model, previous, err);
}

/* A folder shows one bundle: every living grant in it, but the one that is made anew. */
static bool shows_another(
	const struct node *folder, const struct grant_record *record, const struct bundle *bundle)
{
	for (size_t i = 0; folder && i < folder->child_count; i++) {
		const struct grant *grant = folder->children[i]->grant;

		if (grant_lives(grant) && grant->secret->bundle != bundle &&
			memcmp(grant->record.id, record->id, SEAL_ID_BYTES))
			return true;
	}
	return false;
}

static int check_in_folder(const struct model *model, const struct node *directory,
	const struct grant_record *record, struct err *err)
{
	const struct secret *secret = model_secret_by_id(model, record->secret_id);
	char folder[sizeof record->file];

	if (record->version || record->reads || record->flags & GRANT_WITH_PREVIOUS)
		return err_set(err, TACIT_INVALID,
			"a file in a folder is what is current, for any number of reads: grant it "
			"without a version, reads and a previous file");
	if (!secret || !secret->bundle)
		return err_set(err, TACIT_INVALID,
			"only secrets of a bundle are granted in a folder: name a file alone");
	snprintf(folder, sizeof folder, "%.*s", (int)(name_folder_end(record->file) - record->file),
		record->file);
	if (shows_another(node_folder_of(model, directory, folder), record, secret->bundle))
		return err_set(err, TACIT_EXISTS,
			"the folder shows another bundle to the consumer: name another");
	return node_folder_of(model, directory, folder) ? 0 : check_new_folder(model, folder, err);
}

int model_check_grant(const struct model *model, const struct grant_record *record, struct err *err)
{
	const struct node *directory = model_consumer(model, record->consumer);

	return name_folder_end(record->file) ? check_in_folder(model, directory, record, err)
					     : check_file(model, directory, record, err);
}

static int compare(const void *a, const void *b)
{
	uint64_t first = *(const uint64_t *)a, second = *(const uint64_t *)b;

	return first < second ? -1 : first > second;
}

size_t model_new_folders(
	const struct model *model, const struct grant_record *records, size_t count)
{
	_free_ uint64_t *ids = calloc(count ? count : 1, 2 * sizeof *ids);
	uint64_t self = tree_consumer_id(model, consumer_kind_word(CONSUMER_SELF));
	size_t found = 0, different = 0;

	if (!ids)
		return SIZE_MAX;
	for (size_t i = 0; i < count; i++) {
		const char *end = name_folder_end(records[i].file);
		uint64_t consumer = tree_consumer_id(model, records[i].consumer);
		char folder[sizeof records[i].file];

		if (!end || !consumer)
			continue;
		snprintf(folder, sizeof folder, "%.*s", (int)(end - records[i].file),
			records[i].file);
		ids[found++] = node_folder(model->node_key, consumer, folder);
		ids[found++] = node_folder(model->node_key, self, folder);
	}
	qsort(ids, found, sizeof *ids, compare);
	for (size_t i = 0; i < found; i++)
		different += ids[i] && (!i || ids[i] != ids[i - 1]) && !model_node(model, ids[i]);
	return different;
}
