/* SPDX-License-Identifier: Apache-2.0 */
/* The rows of a damaged store as they are, made the next generation. */
#include <stdlib.h>
#include <string.h>

#include "core/store/integrity_state.h"

static bool is_dropped(const struct vault_damage *damage, enum vault_acceptance how)
{
	if (!damage->table || damage->fault == VAULT_MISSING)
		return false;
	return how == VAULT_DROP || damage->fault == VAULT_DAMAGED ||
	       (damage->table == STORE_RECORDS && integrity_is_list(damage->id));
}

/* Before rows are removed, which must be found for it. */
static int mend_index(struct vault *vault, const struct integrity *found, struct err *err)
{
	for (size_t i = 0; i < found->damage_count; i++)
		if (!found->damages[i].table && !strcmp(found->damages[i].meta, INTEGRITY_INDEX))
			return vault->engine->reindex(vault->store, err);
	return 0;
}

static int drop(struct vault *vault, const struct integrity *found, enum vault_acceptance how,
	struct err *err)
{
	int result = mend_index(vault, found, err);

	for (size_t i = 0; !result && i < found->damage_count; i++) {
		const struct vault_damage *damage = &found->damages[i];

		if (is_dropped(damage, how))
			result = vault->engine->remove(
				vault->store, (enum store_table)damage->table, damage->id, err);
	}
	return result;
}

/* What the tables hold now, with tags from the active data key. */
static int make_anew(struct vault *vault, struct integrity *made, struct err *err)
{
	const uint32_t active = vault->ring->active;
	int result;

	made->key = seal_alloc(SEAL_KEY_BYTES);
	if (!made->key)
		return err_set(err, TACIT_LIMIT, "no memory can be locked");
	setmac_key(keyring_key(vault->ring, active), vault->store_id, made->key);
	made->root.key_id = active;
	result = integrity_walk(vault, made->key, &made->rows, err);
	for (size_t i = 0; i < INTEGRITY_GROUPS; i++)
		made->rows.groups[i].changed = true;
	for (size_t i = 0; !result && i < INTEGRITY_METAS; i++)
		result = integrity_tag_meta(vault, made->key, i, made->root.metas[i], err);
	made->next = made->root;
	return result;
}

static uint64_t later(uint64_t one, uint64_t other)
{
	return one > other ? one : other;
}

static int accept_in_change(
	struct vault *vault, enum vault_acceptance how, struct integrity *made, struct err *err)
{
	struct integrity found = { 0 }, *before = vault->integrity;
	int result = integrity_read(vault, &found, err);

	if (!result && found.rootless && how == VAULT_DROP)
		result = err_set(err, TACIT_INVALID,
			"nothing vouches for any row of this store: put a copy back, or adopt the "
			"rows as they are");
	if (!result)
		result = drop(vault, &found, how, err);
	made->floor = later(before->floor, later(before->root.generation, found.root.generation));
	made->unanchored = before->unanchored;
	integrity_free(&found);
	if (!result)
		result = make_anew(vault, made, err);
	if (result < 0)
		return result;
	vault->integrity = made;
	result = integrity_commit(vault, err);
	if (result < 0)
		vault->integrity = before;
	return result;
}

int vault_accept(struct vault *vault, enum vault_acceptance how, struct err *err)
{
	struct integrity *made, *before = vault->integrity;
	int result;

	if (!vault->ring)
		return err_set(err, TACIT_LOCKED, "the store is locked");
	if (vault->changing)
		return err_set(err, TACIT_BUSY, "a change of the store is under way");
	made = calloc(1, sizeof *made);
	if (!made)
		return err_set(err, TACIT_LIMIT, "out of memory");
	result = vault->engine->begin(vault->store, err);
	if (!result)
		result = accept_in_change(vault, how, made, err);
	if (result < 0) {
		vault->engine->rollback(vault->store);
		before = made;
	}
	integrity_free(before);
	free(before);
	return result;
}
