/* SPDX-License-Identifier: Apache-2.0 */
/* Private to core/store/: which rows there are and the tag of each, in groups by id. An entry is
 * laid out as it lies in the store (FORMAT.md, "Integrity"), so a group is its list. Ids and tags
 * are no secrets: plain memory. Not thread-safe. */
#ifndef TACIT_STORE_INTEGRITY_ROWS_H
#define TACIT_STORE_INTEGRITY_ROWS_H

#include <stdbool.h>

#include "base/err.h"
#include "core/store/store.h"
#include "seal/setmac.h"

/* So many that the list of a group of a thousand rows is a few hundred bytes, and so few that the
 * root, which has a tag of each, is half of a meta row. */
#define INTEGRITY_GROUPS 128

/* Entries of a list: what fits the longest row that the engine takes. About four million rows. */
#define INTEGRITY_LIST_MAX 31000

struct integrity_entry {
	uint8_t table; /* enum store_table */
	uint8_t id[STORE_ID_BYTES];
	uint8_t tag[SETMAC_TAG_BYTES];
};
_Static_assert(sizeof(struct integrity_entry) == 33, "an entry has no holes");

struct integrity_group {
	struct integrity_entry *entries; /* ascending by table and id; a free()-able array */
	uint32_t count, room;
	bool changed; /* its list is not yet written */
	bool lost;    /* its list is not known, and neither is what belongs into it */
};

/* Starts as {0}. */
struct integrity_rows {
	struct integrity_group groups[INTEGRITY_GROUPS];
};

static inline uint8_t integrity_group_of(const uint8_t id[STORE_ID_BYTES])
{
	return id[0] % INTEGRITY_GROUPS;
}

/* Below 0, 0 or above, as the table and id of `one` stand to those of `other`. */
int integrity_entry_compare(const struct integrity_entry *one, const struct integrity_entry *other);

/* The entry of a row, which lives until the next change; NULL when there is none. */
const struct integrity_entry *integrity_rows_find(
	const struct integrity_rows *rows, uint8_t table, const uint8_t id[STORE_ID_BYTES]);

/* Put `entry` in, in place of the row's earlier one. TACIT_LIMIT. */
int integrity_rows_set(
	struct integrity_rows *rows, const struct integrity_entry *entry, struct err *err);

/* Take the row's entry out; nothing happens when there is none. The room stays: to put it back
 * cannot fail. */
void integrity_rows_take(
	struct integrity_rows *rows, uint8_t table, const uint8_t id[STORE_ID_BYTES]);

/* Make a group what a list says. TACIT_LIMIT; TACIT_CORRUPT when the entries are not of this group,
 * or not in order. */
int integrity_rows_read(struct integrity_rows *rows, uint8_t group, const uint8_t *bytes,
	size_t length, struct err *err);

size_t integrity_rows_count(const struct integrity_rows *rows);
void integrity_rows_free(struct integrity_rows *rows); /* leaves {0} */

#endif
