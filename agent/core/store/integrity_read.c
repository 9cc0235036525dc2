/* SPDX-License-Identifier: Apache-2.0 */
/* What a store has, beside what its root says that it has. */
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "core/store/integrity_state.h"

/* While both tables are walked. */
struct survey {
	struct vault *vault;
	const uint8_t *key;
	enum store_table table;
	struct integrity_rows found;
	struct integrity *into;       /* takes lists that check out; NULL: lists are passed over */
	bool known[INTEGRITY_GROUPS]; /* its list is in `into` */
	bool stray[INTEGRITY_GROUPS]; /* there is one that does not check out */
};

/* Open a list that was found, and keep it if it is the one of the root. */
static int read_list(struct survey *survey, const uint8_t id[STORE_ID_BYTES], const uint8_t *bytes,
	size_t length, struct err *err)
{
	uint8_t number = id[STORE_ID_BYTES - 1], tag[SETMAC_TAG_BYTES];
	struct integrity_rows *rows = &survey->into->rows;
	size_t room = record_padded_size(length), used;
	_free_ uint8_t *plain = malloc(room ? room : 1);
	int result;

	if (!plain)
		return err_set(err, TACIT_LIMIT, "out of memory");
	survey->stray[number] = true;
	if (vault_open_row(survey->vault, STORE_RECORDS, id, bytes, length, plain, room, &used,
		    NULL) < 0 ||
		used < INTEGRITY_LIST_HEAD || plain[0] != INTEGRITY_LIST_KIND)
		return 0;
	if (plain[1] > INTEGRITY_LIST_LAYOUT)
		return err_set(err, TACIT_NEWER, "list of layout %u; this tacit knows up to %u",
			plain[1], INTEGRITY_LIST_LAYOUT);
	result = integrity_rows_read(
		rows, number, plain + INTEGRITY_LIST_HEAD, used - INTEGRITY_LIST_HEAD, err);
	if (result < 0)
		return result == -TACIT_CORRUPT ? 0 : result;
	integrity_tag_list(survey->key, number, &rows->groups[number], tag);
	if (memcmp(tag, survey->into->root.lists[number], sizeof tag)) {
		rows->groups[number].count = 0;
		return 0;
	}
	survey->known[number] = true;
	survey->stray[number] = false;
	return 0;
}

static int survey_row(void *arg, const uint8_t id[STORE_ID_BYTES], const uint8_t *bytes,
	size_t length, struct err *err)
{
	struct survey *survey = arg;
	struct integrity_entry entry = { .table = (uint8_t)survey->table };

	if (survey->table == STORE_RECORDS && integrity_is_list(id))
		return survey->into && !survey->known[id[STORE_ID_BYTES - 1]]
			       ? read_list(survey, id, bytes, length, err)
			       : 0;
	memcpy(entry.id, id, STORE_ID_BYTES);
	/* A file that lost its primary keys may give an id twice: such a row is no row's. */
	if (!integrity_rows_find(&survey->found, entry.table, id))
		setmac_tag(survey->key, SETMAC_ROW, entry.table, id, bytes, length, entry.tag);
	return integrity_rows_set(&survey->found, &entry, err);
}

static int survey_walk(struct survey *survey, struct err *err)
{
	const struct vault *vault = survey->vault;
	int result = 0;

	for (int table = STORE_RECORDS; !result && table <= STORE_VALUES; table++) {
		survey->table = (enum store_table)table;
		result = vault->engine->each(vault->store, survey->table, survey_row, survey, err);
	}
	return result;
}

int integrity_walk(struct vault *vault, const uint8_t key[SEAL_KEY_BYTES],
	struct integrity_rows *rows, struct err *err)
{
	struct survey survey = { .vault = vault, .key = key };
	int result = survey_walk(&survey, err);

	*rows = survey.found;
	return result;
}

/* A row that is there and should not be, or differs: which it is, its bytes tell. */
struct judged {
	const struct vault *vault;
	const struct integrity *integrity;
	struct vault_damage *damage;
};

static int judge_row(void *arg, const uint8_t id[STORE_ID_BYTES], const uint8_t *bytes,
	size_t length, struct err *err)
{
	const struct judged *judged = arg;

	(void)err;
	judged->damage->fault = integrity_judge(judged->vault, judged->integrity,
		(enum store_table)judged->damage->table, id, bytes, length);
	return 0;
}

static int note_row(
	struct survey *survey, const struct integrity_entry *entry, bool missing, struct err *err)
{
	const struct vault *vault = survey->vault;
	struct vault_damage damage = { .fault = VAULT_MISSING, .table = entry->table };
	struct judged judged = { vault, survey->into, &damage };
	int result = 0;

	memcpy(damage.id, entry->id, SEAL_ID_BYTES);
	if (!missing)
		result = vault->engine->get(vault->store, (enum store_table)damage.table, damage.id,
			judge_row, &judged, err);
	return result < 0 ? result : integrity_note(survey->into, &damage, err);
}

/* Both groups are in order: go through them side by side. */
static int compare_group(struct survey *survey, const struct integrity_group *expected,
	const struct integrity_group *found, struct err *err)
{
	uint32_t i = 0, k = 0;
	int result = 0;

	while (!result && (i < expected->count || k < found->count)) {
		const struct integrity_entry *one =
			i < expected->count ? &expected->entries[i] : NULL;
		const struct integrity_entry *other = k < found->count ? &found->entries[k] : NULL;
		int order = !one ? 1 : !other ? -1 : integrity_entry_compare(one, other);

		if (order < 0)
			result = note_row(survey, one, true, err);
		else if (order > 0 || memcmp(one->tag, other->tag, SETMAC_TAG_BYTES))
			result = note_row(survey, other, false, err);
		i += order <= 0;
		k += order >= 0;
	}
	return result;
}

/* The list of a group did not turn up as the root has it: the rows themselves may make it up. */
static int replace_list(struct survey *survey, uint8_t number, struct err *err)
{
	struct integrity *into = survey->into;
	struct integrity_group *expected = &into->rows.groups[number];
	const struct integrity_group *found = &survey->found.groups[number];
	struct vault_damage damage = { .fault = VAULT_DAMAGED, .table = STORE_RECORDS };
	uint8_t tag[SETMAC_TAG_BYTES];

	integrity_tag_list(survey->key, number, expected, tag);
	survey->known[number] = !memcmp(tag, into->root.lists[number], sizeof tag);
	if (survey->known[number] && !survey->stray[number])
		return 0;
	integrity_list_id(number, damage.id);
	if (!survey->stray[number])
		damage.fault = VAULT_MISSING;
	if (survey->known[number])
		damage.fault = VAULT_ADDED;
	integrity_tag_list(survey->key, number, found, tag);
	if (!survey->known[number] && !memcmp(tag, into->root.lists[number], sizeof tag)) {
		survey->known[number] = true;
		if (integrity_rows_read(&into->rows, number, (const uint8_t *)found->entries,
			    found->count * sizeof *found->entries, err) < 0)
			return err_set(err, TACIT_LIMIT, "out of memory");
	}
	expected->lost = !survey->known[number];
	return integrity_note(into, &damage, err);
}

static int compare(struct survey *survey, struct err *err)
{
	struct integrity *into = survey->into;
	int result = 0;

	for (size_t i = 0; !result && i < INTEGRITY_GROUPS; i++) {
		if (into->rootless)
			into->rows.groups[i].lost = true;
		else if (!survey->known[i])
			result = replace_list(survey, (uint8_t)i, err);
		if (!result)
			result = compare_group(
				survey, &into->rows.groups[i], &survey->found.groups[i], err);
	}
	return result;
}

static int compare_metas(struct vault *vault, struct integrity *into, struct err *err)
{
	int result = 0;

	for (size_t i = 0; !result && i < INTEGRITY_METAS; i++) {
		struct vault_damage damage = { .fault = VAULT_DAMAGED,
			.meta = integrity_meta_name(i) };
		uint8_t tag[SETMAC_TAG_BYTES];

		result = integrity_tag_meta(vault, into->key, i, tag, err);
		if (!result && memcmp(tag, into->root.metas[i], sizeof tag))
			result = integrity_note(into, &damage, err);
	}
	return result;
}

/* What rows are found by is sealed by nobody. A row that is there and is not found would be written
 * beside itself. */
static int check_index(struct vault *vault, struct integrity *into, struct err *err)
{
	static const struct vault_damage damage = { .fault = VAULT_DAMAGED,
		.meta = INTEGRITY_INDEX };
	struct err why;
	int result = vault->engine->check(vault->store, &why);

	if (result == -TACIT_CORRUPT)
		return integrity_note(into, &damage, err);
	return result < 0 ? err_set(err, why.code, "%s", why.text) : 0;
}

static bool nothing_found(const struct survey *survey)
{
	for (size_t i = 0; i < INTEGRITY_GROUPS; i++)
		if (survey->found.groups[i].count || survey->stray[i] || survey->known[i])
			return false;
	return true;
}

static int compare_all(struct survey *survey, bool root_there, struct err *err)
{
	static const struct vault_damage rootless = { .fault = VAULT_DAMAGED,
		.meta = INTEGRITY_ROOT };
	struct integrity *made = survey->into;
	int result = survey_walk(survey, err);

	if (result < 0)
		return result;
	if (made->rootless && !root_there && nothing_found(survey))
		made->rootless = false;
	if (made->rootless)
		result = integrity_note(made, &rootless, err);
	if (!result)
		result = compare(survey, err);
	return result < 0 ? result : compare_metas(survey->vault, made, err);
}

int integrity_read(struct vault *vault, struct integrity *made, struct err *err)
{
	struct survey survey = { .vault = vault, .into = made };
	bool there;
	int result;

	made->key = seal_alloc(SEAL_KEY_BYTES);
	if (!made->key)
		return err_set(err, TACIT_LIMIT, "no memory can be locked");
	survey.key = made->key;
	result = integrity_read_root(vault, made, &there, err);
	if (!result)
		result = compare_all(&survey, there, err);
	if (!result)
		result = check_index(vault, made, err);
	integrity_rows_free(&survey.found);
	for (size_t i = 0; i < INTEGRITY_GROUPS; i++)
		made->rows.groups[i].changed = false;
	return result;
}
