/* SPDX-License-Identifier: Apache-2.0 */
/* A store that an older tacit made: one slot that says nothing of itself, and no generations. It is
 * brought to the present layout by the first key that opens it. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "core/control/keys/keys.h"

static int note_first(void *arg, const struct vault_slot *slot, struct err *err)
{
	static const uint8_t none[SEAL_ID_BYTES];

	(void)err;
	*(bool *)arg = !slot->status && slot->about.kind == SLOT_KEY_FILE &&
		       !memcmp(slot->about.id, none, sizeof none);
	return 1;
}

/* Slots of the first layout have no id. */
static bool has_first_layout(struct vault *vault)
{
	bool first = false;

	vault_each_slot(vault, NULL, note_first, &first, NULL);
	return first;
}

/* Whether there never was an anchor. One that is there vouches for generations, which a store that
 * lost them, or was put back from before them, has not: that is for an operator to accept. */
static bool was_never_anchored(const struct core *core)
{
	char path[PATH_FULL_MAX + CONFIG_PATH_MAX];

	snprintf(path, sizeof path, "%s%s", core->root, core->config.anchor);
	return core->config.anchor[0] != '/' || (access(path, F_OK) && errno == ENOENT);
}

static bool has_no_generations(const struct vault *vault)
{
	struct vault_standing standing;

	vault_get_standing(vault, &standing);
	return !standing.generation && standing.damages;
}

/* Or just the one that adopted its rows, behind which this was cut short: it has as little to be
 * compared with, and nothing of an older store's is in it. */
static bool has_first_generation(const struct vault *vault)
{
	struct vault_standing standing;

	vault_get_standing(vault, &standing);
	return standing.generation == 1 && !standing.damages;
}

/* The store was refused, for an anchor is missing that it never had. When it is another store than
 * that, it stays refused, and `err` what it says. */
static int open_unanchored(
	struct core *core, const uint8_t *key, uint8_t *root, const struct err *why)
{
	struct err ignored;

	if (core_set_anchor(core, VAULT_ANCHOR_REPLACE, &ignored) < 0)
		return -(int)why->code;
	if (vault_unlock(core->vault, key, root, &ignored) == 0 &&
		(has_no_generations(core->vault) || has_first_generation(core->vault)))
		return 0;
	vault_forget(core->vault);
	core_set_anchor(core, VAULT_ANCHOR_CHECK, &ignored);
	return -(int)why->code;
}

static void convert(struct vault *vault, const uint8_t *key, bool new)
{
	struct err err;
	int status = 0;

	/* Its rows vouch for each other from now on. */
	if (new &&has_no_generations(vault))
		status = vault_accept(vault, VAULT_ADOPT, &err);
	if (status == 0)
		status = vault_convert_slots(vault, key, &err);
	if (status < 0)
		log_error("the store stays in the layout of an older tacit: %s", err.text);
	else
		log_info("the store was made by an older tacit: it has this one's layout now, and "
			 "an older one does not open it any more");
}

int keys_open_by_key(struct core *core, struct vault *vault, const uint8_t key[SEAL_KEY_BYTES],
	uint8_t root[SEAL_KEY_BYTES], struct err *err)
{
	/* A copy that is only looked at stays what it is. */
	bool first = vault == core->vault && has_first_layout(vault);
	bool new = first &&was_never_anchored(core);
	int status = vault_unlock(vault, key, root, err);

	if (status == -TACIT_STALE && new)
		status = open_unanchored(core, key, root, err);
	if (status == 0 && first)
		convert(vault, key, new);
	return status;
}
