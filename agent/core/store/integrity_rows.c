/* SPDX-License-Identifier: Apache-2.0 */
#include "core/store/integrity_rows.h"

#include <stdlib.h>
#include <string.h>

#define FIRST_ROOM 4

int integrity_entry_compare(const struct integrity_entry *one, const struct integrity_entry *other)
{
	if (one->table != other->table)
		return one->table < other->table ? -1 : 1;
	return memcmp(one->id, other->id, STORE_ID_BYTES);
}

/* Where the row is, or belongs. */
static uint32_t place(
	const struct integrity_group *group, const struct integrity_entry *entry, bool *there)
{
	uint32_t low = 0, high = group->count;

	*there = false;
	while (low < high && !*there) {
		uint32_t middle = low + (high - low) / 2;
		int order = integrity_entry_compare(entry, &group->entries[middle]);

		*there = !order;
		if (order > 0)
			low = middle + 1;
		else
			high = middle;
	}
	return high;
}

const struct integrity_entry *integrity_rows_find(
	const struct integrity_rows *rows, uint8_t table, const uint8_t id[STORE_ID_BYTES])
{
	const struct integrity_group *group = &rows->groups[integrity_group_of(id)];
	struct integrity_entry wanted = { .table = table };
	uint32_t at;
	bool there;

	memcpy(wanted.id, id, STORE_ID_BYTES);
	at = place(group, &wanted, &there);
	return there ? &group->entries[at] : NULL;
}

static int make_room(struct integrity_group *group, uint32_t count, struct err *err)
{
	uint32_t room = group->room ? group->room : FIRST_ROOM;
	struct integrity_entry *grown;

	if (count > INTEGRITY_LIST_MAX)
		return err_set(err, TACIT_LIMIT, "the store has too many rows");
	if (count <= group->room)
		return 0;
	while (room < count)
		room *= 2;
	grown = reallocarray(group->entries, room, sizeof *grown);
	if (!grown)
		return err_set(err, TACIT_LIMIT, "out of memory");
	group->entries = grown;
	group->room = room;
	return 0;
}

int integrity_rows_set(
	struct integrity_rows *rows, const struct integrity_entry *entry, struct err *err)
{
	struct integrity_group *group = &rows->groups[integrity_group_of(entry->id)];
	bool there;
	uint32_t at = place(group, entry, &there);
	int result = there ? 0 : make_room(group, group->count + 1, err);

	if (result < 0)
		return result;
	if (!there)
		memmove(group->entries + at + 1, group->entries + at,
			(group->count++ - at) * sizeof *entry);
	group->entries[at] = *entry;
	group->changed = true;
	return 0;
}

void integrity_rows_take(
	struct integrity_rows *rows, uint8_t table, const uint8_t id[STORE_ID_BYTES])
{
	struct integrity_group *group = &rows->groups[integrity_group_of(id)];
	const struct integrity_entry *entry = integrity_rows_find(rows, table, id);
	size_t at;

	if (!entry)
		return;
	at = (size_t)(entry - group->entries);
	memmove(group->entries + at, group->entries + at + 1,
		(--group->count - at) * sizeof *entry);
	group->changed = true;
}

int integrity_rows_read(struct integrity_rows *rows, uint8_t number, const uint8_t *bytes,
	size_t length, struct err *err)
{
	struct integrity_group *group = &rows->groups[number];
	uint32_t count = (uint32_t)(length / sizeof *group->entries);
	int result;

	if (length % sizeof *group->entries || count > INTEGRITY_LIST_MAX)
		return err_set(err, TACIT_CORRUPT, "not a list of rows");
	result = make_room(group, count, err);
	if (result < 0)
		return result;
	group->count = 0;
	for (uint32_t i = 0; i < count; i++) {
		struct integrity_entry *entry = &group->entries[i];

		memcpy(entry, bytes + i * sizeof *entry, sizeof *entry);
		if (integrity_group_of(entry->id) != number ||
			(i && integrity_entry_compare(entry - 1, entry) >= 0))
			return err_set(err, TACIT_CORRUPT, "not a list of rows");
	}
	group->count = count;
	return 0;
}

size_t integrity_rows_count(const struct integrity_rows *rows)
{
	size_t count = 0;

	for (size_t i = 0; i < INTEGRITY_GROUPS; i++)
		count += rows->groups[i].count;
	return count;
}

void integrity_rows_free(struct integrity_rows *rows)
{
	for (size_t i = 0; i < INTEGRITY_GROUPS; i++)
		free(rows->groups[i].entries);
	memset(rows, 0, sizeof *rows);
}
