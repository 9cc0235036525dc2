/* SPDX-License-Identifier: Apache-2.0 */
/* What a change does to the rows' tags, and the lists and the root that its commit writes. */
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "core/store/integrity_state.h"

int integrity_begin(struct vault *vault, struct err *err)
{
	struct integrity *integrity = vault->integrity;

	if (integrity->damage_count)
		return err_set(err, TACIT_CORRUPT,
			"%zu record%s damaged, so nothing is changed: 'tacit store verify' names "
			"what is, 'tacit store accept' decides",
			integrity->damage_count, integrity->damage_count == 1 ? " is" : "s are");
	if (integrity_need_anchor(vault, err) < 0)
		return -(int)TACIT_IO;
	integrity->next = integrity->root;
	integrity->undo_count = 0;
	return 0;
}

/* Remember what the row was, so that a rollback finds it. */
static int remember(struct integrity *integrity, uint8_t table, const uint8_t id[SEAL_ID_BYTES],
	struct err *err)
{
	const struct integrity_entry *entry = integrity_rows_find(&integrity->rows, table, id);
	struct integrity_undo undo = { .entry = { .table = table }, .there = entry };

	if (integrity->undo_count == integrity->undo_room) {
		size_t room = integrity->undo_room ? 2 * integrity->undo_room : 16;
		void *grown = reallocarray(integrity->undo, room, sizeof undo);

		if (!grown)
			return err_set(err, TACIT_LIMIT, "out of memory");
		integrity->undo = grown;
		integrity->undo_room = room;
	}
	memcpy(undo.entry.id, id, SEAL_ID_BYTES);
	if (entry)
		undo.entry = *entry;
	integrity->undo[integrity->undo_count++] = undo;
	return 0;
}

int integrity_put(struct vault *vault, enum store_table table, const uint8_t id[SEAL_ID_BYTES],
	const uint8_t *bytes, size_t length, struct err *err)
{
	struct integrity *integrity = vault->integrity;
	struct integrity_entry entry = { .table = (uint8_t)table };
	int result;

	if (table == STORE_RECORDS && integrity_is_list(id))
		return err_set(err, TACIT_INVALID, "this id is kept for lists of rows");
	result = remember(integrity, entry.table, id, err);
	if (result < 0)
		return result;
	memcpy(entry.id, id, SEAL_ID_BYTES);
	setmac_tag(integrity->key, SETMAC_ROW, entry.table, id, bytes, length, entry.tag);
	result = integrity_rows_set(&integrity->rows, &entry, err);
	return result < 0 ? result
			  : vault->engine->put(vault->store, table, id, bytes, length, err);
}

int integrity_remove(struct vault *vault, enum store_table table, const uint8_t id[SEAL_ID_BYTES],
	struct err *err)
{
	int result = remember(vault->integrity, (uint8_t)table, id, err);

	if (result < 0)
		return result;
	integrity_rows_take(&vault->integrity->rows, (uint8_t)table, id);
	return vault->engine->remove(vault->store, table, id, err);
}

int integrity_put_meta(
	struct vault *vault, const char *name, const uint8_t *bytes, size_t length, struct err *err)
{
	int result = vault->engine->put_meta(vault->store, name, bytes, length, err);

	for (size_t i = 0; !result && i < INTEGRITY_METAS; i++)
		if (!strcmp(name, integrity_meta_name(i)))
			result = integrity_tag_meta(vault, vault->integrity->key, i,
				vault->integrity->next.metas[i], err);
	return result;
}

static int put_list(
	struct vault *vault, uint8_t number, const struct integrity_group *group, struct err *err)
{
	const size_t entries = group->count * sizeof *group->entries;
	const size_t length = INTEGRITY_LIST_HEAD + entries, size = record_sealed_size(length);
	uint8_t id[SEAL_ID_BYTES];
	_free_ uint8_t *plain = malloc(length);
	_free_ uint8_t *sealed = malloc(size);
	struct record_address address;
	int result;

	integrity_list_id(number, id);
	if (!group->count)
		return vault->engine->remove(vault->store, STORE_RECORDS, id, err);
	if (!plain || !sealed)
		return err_set(err, TACIT_LIMIT, "out of memory");
	memcpy(plain, (const uint8_t[]){ INTEGRITY_LIST_KIND, INTEGRITY_LIST_LAYOUT, number, 0 },
		INTEGRITY_LIST_HEAD);
	memcpy(plain + INTEGRITY_LIST_HEAD, group->entries, entries);
	address = vault_address(vault, vault->ring->active, STORE_RECORDS, id);
	result = record_seal(keyring_key(vault->ring, vault->ring->active), &address, plain, length,
		sealed, err);
	if (result < 0)
		return result;
	vault->written += size;
	return vault->engine->put(vault->store, STORE_RECORDS, id, sealed, size, err);
}

static int put_lists(struct vault *vault, struct err *err)
{
	struct integrity *integrity = vault->integrity;
	int result = 0;

	for (size_t i = 0; !result && i < INTEGRITY_GROUPS; i++) {
		const struct integrity_group *group = &integrity->rows.groups[i];

		if (!group->changed)
			continue;
		integrity_tag_list(integrity->key, (uint8_t)i, group, integrity->next.lists[i]);
		result = put_list(vault, (uint8_t)i, group, err);
	}
	return result;
}

static void clear_changed(struct integrity_rows *rows)
{
	for (size_t i = 0; i < INTEGRITY_GROUPS; i++)
		rows->groups[i].changed = false;
}

int integrity_commit(struct vault *vault, struct err *err)
{
	struct integrity *integrity = vault->integrity;
	struct integrity_root *next = &integrity->next;
	uint8_t bytes[INTEGRITY_ROOT_BYTES];
	uint64_t last = integrity->root.generation;
	int result = put_lists(vault, err);

	if (result < 0)
		return result;
	next->generation = (last > integrity->floor ? last : integrity->floor) + 1;
	integrity_pack_root(vault, integrity->key, next, bytes);
	result = vault->engine->put_meta(vault->store, INTEGRITY_ROOT, bytes, sizeof bytes, err);
	if (!result)
		result = vault->engine->commit(vault->store, err);
	if (result < 0)
		return result;
	integrity->root = *next;
	integrity->undo_count = 0;
	clear_changed(&integrity->rows);
	integrity_write_anchor(vault);
	return 0;
}

/* The room of each group stays, so that putting back cannot fail. */
void integrity_rollback(struct vault *vault)
{
	struct integrity *integrity = vault->integrity;

	while (integrity && integrity->undo_count) {
		const struct integrity_undo *undo = &integrity->undo[--integrity->undo_count];

		if (undo->there)
			integrity_rows_set(&integrity->rows, &undo->entry, NULL);
		else
			integrity_rows_take(&integrity->rows, undo->entry.table, undo->entry.id);
	}
	if (integrity)
		clear_changed(&integrity->rows);
}
