/* SPDX-License-Identifier: Apache-2.0 */
/* Secrets that change together, and which versions of them do. */
#include <stdlib.h>
#include <string.h>

#include "core/model/blob.h"

struct bundle *model_bundle(const struct model *model, const char *name)
{
	struct bundle *bundle;

	HASH_FIND(hh, model->bundles, name, strlen(name), bundle);
	return bundle;
}

const struct bundle_generation *bundle_current(const struct bundle *bundle)
{
	return &bundle->record.generations[bundle->record.generation_count - 1];
}

const struct bundle_generation *bundle_generation(const struct bundle *bundle, uint64_t number)
{
	for (uint32_t i = bundle->record.generation_count; i--;)
		if (bundle->record.generations[i].number == number)
			return &bundle->record.generations[i];
	return NULL;
}

bool bundle_keeps(const struct secret *secret, uint64_t number)
{
	const struct bundle *bundle = secret->bundle;

	for (uint32_t i = 0; bundle && i < bundle->record.generation_count; i++)
		if (bundle->record.generations[i].versions[secret->member] == number)
			return true;
	return false;
}

static bool is_member(const struct bundle_record *record, const uint8_t id[SEAL_ID_BYTES])
{
	for (uint32_t i = 0; record && i < record->member_count; i++)
		if (!memcmp(record->members[i], id, SEAL_ID_BYTES))
			return true;
	return false;
}

/* Those that `record`, what is to be, does not speak of; NULL: all. */
static void let_members_go(
	struct model *model, struct bundle *bundle, const struct bundle_record *record)
{
	for (uint32_t i = 0; i < bundle->record.member_count; i++) {
		const uint8_t *id = bundle->record.members[i];
		struct secret *secret = model_secret_by_id(model, id);

		if (!secret || secret->bundle != bundle || is_member(record, id))
			continue;
		secret->bundle = NULL;
		secret->member = 0;
		blob_settle(model, secret);
	}
}

static void take_members(struct model *model, struct bundle *bundle)
{
	for (uint32_t i = 0; i < bundle->record.member_count; i++) {
		struct secret *secret = model_secret_by_id(model, bundle->record.members[i]);

		if (!secret)
			continue;
		secret->bundle = bundle;
		secret->member = i;
		blob_settle(model, secret);
	}
}

/* The folders that show it, have shown it, or do from now on. */
static int settle_folders(struct model *model, const struct bundle *bundle, struct err *err)
{
	int status = 0;

	for (struct node *folder = model->folders; folder; folder = folder->next)
		if (folder->bundle == bundle || folder_bundle(folder) == bundle) {
			int settled = folder_settle(model, folder, err);

			status = status < 0 ? status : settled;
		}
	return status;
}

int model_put_bundle(struct model *model, const struct bundle_record *record, struct err *err)
{
	struct bundle *bundle = model_bundle(model, record->name);

	if (bundle) {
		let_members_go(model, bundle, record);
		bundle->record = *record;
	} else {
		bundle = calloc(1, sizeof *bundle);
		if (!bundle)
			return err_set(err, TACIT_LIMIT, "out of memory");
		bundle->record = *record;
		HASH_ADD_KEYPTR(hh, model->bundles, bundle->record.name,
			strlen(bundle->record.name), bundle);
	}
	take_members(model, bundle);
	return settle_folders(model, bundle, err);
}

void model_remove_bundle(struct model *model, struct bundle *bundle)
{
	let_members_go(model, bundle, NULL);
	settle_folders(model, bundle, NULL); /* makes nothing: nothing can fail */
	HASH_DELETE(hh, model->bundles, bundle);
	seal_wipe(bundle, sizeof *bundle);
	free(bundle);
}
