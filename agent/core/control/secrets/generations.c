/* SPDX-License-Identifier: Apache-2.0 */
#include "core/control/secrets/generations.h"

#include <stdio.h>
#include <string.h>

#include "base/clock.h"

static const uint8_t no_id[SEAL_ID_BYTES];

struct bundle *bundle_above(const struct model *model, const char *secret)
{
	const char *slash = strrchr(secret, '/');
	char name[TACIT_SECRET_NAME_MAX + 1];

	if (!slash)
		return NULL;
	snprintf(name, sizeof name, "%.*s", (int)(slash - secret), secret);
	return model_bundle(model, name);
}

static struct bundle_generation *last(struct bundle_record *record)
{
	return &record->generations[record->generation_count - 1];
}

int generation_first(
	const struct core *core, const char *name, struct bundle_record *record, struct err *err)
{
	uint64_t now = clock_realtime_ns();
	struct secret *secret, *next;
	size_t length = strlen(name);
	int status = 0;

	if (model_bundle(core->model, name))
		return err_set(err, TACIT_EXISTS, "there is a bundle of this name");
	*record = (struct bundle_record){
		.created_ns = now, .generation_count = 1, .generations = { { 1, now, { 0 } } }
	};
	seal_random(record->id, sizeof record->id);
	snprintf(record->name, sizeof record->name, "%s", name);
	HASH_ITER (by_name, core->model->secrets_by_name, secret, next) {
		const char *word = name_default_file(secret->record.name);

		if (status < 0 || word != secret->record.name + length + 1 ||
			memcmp(secret->record.name, name, length))
			continue;
		if (model_template(core->model, secret))
			status = err_set(err, TACIT_INVALID,
				"a template is below its name, and is no member of a bundle");
		else
			status = generation_set(
				record, secret->record.id, secret->record.current, err);
	}
	return status;
}

int generation_next(const struct core *core, const struct bundle *bundle,
	struct bundle_record *record, struct err *err)
{
	const struct bundle_record *now = &bundle->record;
	struct bundle_generation *made;

	*record = *now;
	record->generation_count = 0;
	for (uint32_t i = 0; i < now->generation_count; i++)
		if (i + BUNDLE_KEEP > now->generation_count ||
			server_generation_is_read(core->server, bundle, now->generations[i].number))
			record->generations[record->generation_count++] = now->generations[i];
	if (record->generation_count == VAULT_GENERATIONS_MAX)
		return err_set(err, TACIT_LIMIT,
			"%d generations of the bundle are being read: try again in two seconds",
			VAULT_GENERATIONS_MAX);
	made = &record->generations[record->generation_count++];
	*made = now->generations[now->generation_count - 1];
	made->number++;
	made->created_ns = clock_realtime_ns();
	return 0;
}

/* A place that no kept generation knows of. */
static bool is_free(const struct bundle_record *record, uint32_t place)
{
	bool used = memcmp(record->members[place], no_id, sizeof no_id);

	for (uint32_t i = 0; i < record->generation_count; i++)
		used |= record->generations[i].versions[place] != 0;
	return !used;
}

int generation_set(struct bundle_record *record, const uint8_t secret_id[SEAL_ID_BYTES],
	uint64_t number, struct err *err)
{
	uint32_t place = 0;

	while (place < record->member_count &&
		memcmp(record->members[place], secret_id, SEAL_ID_BYTES))
		place++;
	/* While there are others, none that was another's: who has read that one has not read this
	 * one. */
	if (place == VAULT_MEMBERS_MAX)
		for (place = 0; place < VAULT_MEMBERS_MAX && !is_free(record, place);)
			place++;
	if (place == VAULT_MEMBERS_MAX)
		return err_set(
			err, TACIT_LIMIT, "a bundle has at most %d members", VAULT_MEMBERS_MAX);
	if (place == record->member_count)
		record->member_count++;
	memcpy(record->members[place], secret_id, SEAL_ID_BYTES);
	last(record)->versions[place] = number;
	return 0;
}

void generation_drop(struct bundle_record *record, uint32_t member)
{
	memset(record->members[member], 0, SEAL_ID_BYTES);
	for (uint32_t i = 0; i < record->generation_count; i++)
		record->generations[i].versions[member] = 0;
}
