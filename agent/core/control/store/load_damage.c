/* SPDX-License-Identifier: Apache-2.0 */
/* What is served of a store that is damaged: all but what is. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/log.h"
#include "core/control/call.h"
#include "core/control/store/load.h"
#include "seal/record.h"

/* One bad row is no reason to keep the rest: it is logged and passed over. */
int load_pass_over(void *arg, const struct vault_damage *damage, struct err *err)
{
	const struct load *load = arg;
	struct vault_standing standing;
	char text[VAULT_DAMAGE_TEXT_MAX];

	(void)err;
	vault_get_standing(load->core->vault, &standing);
	vault_damage_text(damage, standing.generation, text);
	log_error("the store: %s", text);
	return 0;
}

/* A version whose value is not to be had stands in the model as bytes that do not open: whoever
 * opens a file of it gets EIO, and its name, size and grants stay what they are. */
static int stand_in(struct load *load, const char *name, uint64_t number, const struct err *why,
	uint8_t **sealed, size_t *length, struct err *err)
{
	log_error("secret %s: version %llu cannot be read: %s", name, (unsigned long long)number,
		why->text);
	load->unread++;
	*length = record_sealed_size(1);
	*sealed = calloc(1, *length);
	return *sealed ? 0 : err_set(err, TACIT_LIMIT, "out of memory");
}

static int is_of_value(void *arg, const struct vault_damage *damage, struct err *err)
{
	(void)err;
	return damage->table == STORE_VALUES && !memcmp(damage->id, arg, SEAL_ID_BYTES);
}

/* The sealed bytes of a kept version, or what stands for them. */
int load_value(struct load *load, const char *name, const struct version_record *version,
	uint8_t **sealed, size_t *length, struct err *err)
{
	struct err why;
	int status = vault_load_value(load->core->vault, version->value_id, sealed, length, &why);

	if (status == 0 && vault_each_damage(load->core->vault, is_of_value,
				   (void *)version->value_id, NULL)) {
		free(*sealed);
		err_set(&why, TACIT_CORRUPT, "its value is damaged");
		status = -TACIT_CORRUPT;
	}
	if (status == -TACIT_CORRUPT || status == -TACIT_NOT_FOUND)
		return stand_in(load, name, version->number, &why, sealed, length, err);
	return status < 0 ? err_set(err, why.code, "%s", why.text) : 0;
}

/* A kept version, beside the current one. One that its secret does not know of is a damage, too. */
int load_have_version(struct load *load, struct secret *secret, uint64_t number, struct err *err)
{
	const struct version_record unknown = { .number = number },
				    *version = secret_version(secret, number);
	const struct err why = { TACIT_NOT_FOUND, "its secret does not have it" };
	uint8_t *sealed;
	size_t length;
	int status;

	if (!number || secret_blob(secret, number))
		return 0;
	if (version)
		status = load_value(load, secret->record.name, version, &sealed, &length, err);
	else
		status = stand_in(load, secret->record.name, number, &why, &sealed, &length, err);
	if (status == 0 && !secret_add_blob(secret, version ? version : &unknown, sealed, length))
		status = err_set(err, TACIT_LIMIT, "out of memory");
	return status;
}

/* A secret that is spoken of and not there, for its record is damaged: it has a name that no secret
 * can have, and nobody reads it. So its files stay, and say EIO. */
static int stand_in_secret(
	struct load *load, const uint8_t id[SEAL_ID_BYTES], const char *whose, struct err *err)
{
	static const uint8_t none[SEAL_ID_BYTES];
	const struct err why = { TACIT_NOT_FOUND, "its secret's record is damaged" };
	_free_ struct secret_record *record = calloc(1, sizeof *record);
	uint8_t *sealed;
	size_t length;
	int status;

	if (!record)
		return err_set(err, TACIT_LIMIT, "out of memory");
	if (!memcmp(id, none, sizeof none) || model_secret_by_id(load->model, id))
		return 0;
	memcpy(record->id, id, SEAL_ID_BYTES);
	snprintf(record->name, sizeof record->name, "(damaged %02x%02x%02x%02x%02x%02x)", id[0],
		id[1], id[2], id[3], id[4], id[5]);
	log_error("%s is of a secret that is not there", whose);
	record->last_number = record->current = record->versions[0].number = 1;
	record->version_count = 1;
	status = stand_in(load, record->name, 1, &why, &sealed, &length, err);
	return status < 0 ? status : model_put_secret(load->model, record, 1, sealed, length, err);
}

int load_lost_secrets(struct load *load, struct err *err)
{
	char whose[sizeof((struct grant_record *)0)->consumer + TACIT_FILE_NAME_MAX + 16];
	int status = 0;

	for (size_t i = 0; status == 0 && i < load->grants.count; i++) {
		const struct grant_record *grant = load_list_at(&load->grants, i);

		snprintf(whose, sizeof whose, "grant %s/%s", grant->consumer, grant->file);
		if (!grant->revoked_ns)
			status = stand_in_secret(load, grant->secret_id, whose, err);
	}
	for (size_t i = 0; status == 0 && i < load->bundles.count; i++) {
		const struct bundle_record *bundle = load_list_at(&load->bundles, i);

		snprintf(whose, sizeof whose, "bundle %s", bundle->name);
		for (uint32_t j = 0; status == 0 && j < bundle->member_count; j++)
			status = stand_in_secret(load, bundle->members[j], whose, err);
	}
	return status;
}
