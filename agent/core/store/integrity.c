/* SPDX-License-Identifier: Apache-2.0 */
#include "core/store/integrity.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "core/store/integrity_state.h"
#include "core/store/records_parts.h"

static const char *const faults[VAULT_FAULTS] = {
	[VAULT_DAMAGED] = "is damaged",
	[VAULT_OLDER] = "is older than",
	[VAULT_ADDED] = "does not belong to",
	[VAULT_MISSING] = "is missing from",
	[VAULT_UNKNOWN] = "cannot be told from an older one: the list of its group is damaged in",
};

void vault_damage_text(
	const struct vault_damage *damage, uint64_t generation, char text[VAULT_DAMAGE_TEXT_MAX])
{
	char hex[2 * SEAL_ID_BYTES + 1];
	const char *what = damage->table == STORE_VALUES ? "value" : "record";

	records_to_hex(damage->id, SEAL_ID_BYTES, hex);
	if (!damage->table)
		snprintf(text, VAULT_DAMAGE_TEXT_MAX,
			"the store's %s is damaged, or is not that of generation %llu",
			damage->meta, (unsigned long long)generation);
	else if (damage->fault == VAULT_DAMAGED)
		snprintf(text, VAULT_DAMAGE_TEXT_MAX, "%s %s is damaged", what, hex);
	else
		snprintf(text, VAULT_DAMAGE_TEXT_MAX, "%s %s %s generation %llu", what, hex,
			faults[damage->fault], (unsigned long long)generation);
}

int integrity_note(struct integrity *integrity, const struct vault_damage *damage, struct err *err)
{
	struct integrity_entry entry = { .table = damage->table };

	if (integrity->damage_count == integrity->damage_room) {
		size_t room = integrity->damage_room ? 2 * integrity->damage_room : 16;
		void *grown = reallocarray(integrity->damages, room, sizeof *damage);

		if (!grown)
			return err_set(err, TACIT_LIMIT, "out of memory");
		integrity->damages = grown;
		integrity->damage_room = room;
	}
	memcpy(entry.id, damage->id, SEAL_ID_BYTES);
	if (entry.table && integrity_rows_set(&integrity->told, &entry, err) < 0)
		return -TACIT_LIMIT;
	integrity->damages[integrity->damage_count++] = *damage;
	return 0;
}

bool integrity_row_ok(const struct vault *vault, enum store_table table,
	const uint8_t id[SEAL_ID_BYTES], const uint8_t *bytes, size_t length)
{
	const struct integrity *integrity = vault->integrity;
	const struct integrity_entry *entry =
		integrity_rows_find(&integrity->rows, (uint8_t)table, id);
	uint8_t tag[SETMAC_TAG_BYTES];

	if (!entry)
		return false;
	setmac_tag(integrity->key, SETMAC_ROW, (uint8_t)table, id, bytes, length, tag);
	return !memcmp(tag, entry->tag, sizeof tag);
}

enum vault_fault integrity_judge(const struct vault *vault, const struct integrity *integrity,
	enum store_table table, const uint8_t id[SEAL_ID_BYTES], const uint8_t *bytes,
	size_t length)
{
	size_t room = record_padded_size(length), used;
	uint8_t *plain = seal_alloc(room);
	int result = -TACIT_LIMIT;

	if (plain)
		result = vault_open_row(vault, table, id, bytes, length, plain, room, &used, NULL);
	seal_free(plain);
	if (result < 0)
		return VAULT_DAMAGED;
	if (integrity->rows.groups[integrity_group_of(id)].lost)
		return VAULT_UNKNOWN;
	return integrity_rows_find(&integrity->rows, (uint8_t)table, id) ? VAULT_OLDER
									 : VAULT_ADDED;
}

void integrity_free(struct integrity *integrity)
{
	seal_free(integrity->key);
	integrity_rows_free(&integrity->rows);
	integrity_rows_free(&integrity->told);
	free(integrity->damages);
	free(integrity->undo);
	memset(integrity, 0, sizeof *integrity);
}

void integrity_close(struct vault *vault)
{
	if (!vault->integrity)
		return;
	integrity_free(vault->integrity);
	free(vault->integrity);
	vault->integrity = NULL;
}

int integrity_open(struct vault *vault, struct err *err)
{
	int result;

	if (vault->changing)
		return err_set(err, TACIT_BUSY, "a change of the store is under way");
	vault->integrity = calloc(1, sizeof *vault->integrity);
	if (!vault->integrity)
		return err_set(err, TACIT_LIMIT, "out of memory");
	result = integrity_read(vault, vault->integrity, err);
	if (!result)
		result = integrity_check_anchor(vault, err);
	if (result < 0)
		integrity_close(vault);
	return result;
}

void vault_get_standing(const struct vault *vault, struct vault_standing *standing)
{
	const struct integrity *integrity = vault->integrity;

	memset(standing, 0, sizeof *standing);
	if (!integrity)
		return;
	*standing = (struct vault_standing){ .generation = integrity->root.generation,
		.damages = integrity->damage_count,
		.anchored = vault->anchor_path,
		.anchor_behind = integrity->anchor_behind };
}

int vault_each_damage(
	const struct vault *vault, vault_damage_fn *on_damage, void *arg, struct err *err)
{
	const struct integrity *integrity = vault->integrity;
	int result = 0;

	if (!integrity)
		return err_set(err, TACIT_LOCKED, "the store is locked");
	for (size_t i = 0; !result && i < integrity->damage_count; i++)
		result = on_damage(arg, &integrity->damages[i], err);
	return result;
}
