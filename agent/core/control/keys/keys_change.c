/* SPDX-License-Identifier: Apache-2.0 */
/* Slots that come and go, and root keys. The key page has two places: `root`, that the store is
 * opened by, and `next`, filled before a change and valid while next_present is set. Whichever of
 * the two the store has after a crash, it is one of them. */
#include <stdatomic.h>
#include <string.h>

#include "base/log.h"
#include "core/control/keys/keys.h"

/* This process may be killed between any two of its stores, and the next one reads them. */
static void in_this_order(void)
{
	atomic_signal_fence(memory_order_seq_cst);
}

static void drop_next(struct handover_keys *keys)
{
	keys->next_present = 0;
	in_this_order();
	seal_wipe(keys->next, sizeof keys->next);
}

/* The store has it. A `root` that is half of one opens nothing, and `next` is there until it is
 * whole. */
static void take_next(struct handover_keys *keys)
{
	memcpy(keys->root, keys->next, sizeof keys->root);
	in_this_order();
	drop_next(keys);
}

void keys_forget(struct core *core)
{
	core->keys->root_present = 0;
	in_this_order();
	seal_wipe(core->keys->root, sizeof core->keys->root);
	drop_next(core->keys);
	core->key_trouble = (struct err){ 0 };
}

/* How an earlier change ended a disk that failed may not have told. */
static int find_root(struct core *core, struct err *err)
{
	struct handover_keys *keys = core->keys;
	int status = vault_resume(core->vault, keys->root, err);

	if (status != -TACIT_WRONG_KEY || !keys->next_present)
		return status;
	status = vault_resume(core->vault, keys->next, err);
	if (status == 0)
		take_next(keys);
	return status;
}

int keys_resume(struct core *core, struct err *err)
{
	struct handover_keys *keys = core->keys;
	int status = find_root(core, err);

	/* Nothing of an earlier core is under way: what the store has now it goes on having. */
	if (status == 0 && keys->next_present)
		drop_next(keys);
	return status;
}

/* A key that such a change left may be the store's at its next opening after all: it is the one to
 * change to, then, and no third one. */
static int prepare_next(struct core *core, struct err *err)
{
	struct handover_keys *keys = core->keys;
	int status = find_root(core, err);

	if (status < 0 || keys->next_present)
		return status;
	seal_random(keys->next, sizeof keys->next);
	in_this_order();
	keys->next_present = 1;
	return 0;
}

/* A change to `next` has been tried. */
static int settle(struct core *core, int status)
{
	if (status == 0)
		take_next(core->keys);
	else if (status != -TACIT_IO)
		drop_next(core->keys);
	keys_check(core);
	return status;
}

int keys_add(struct core *core, struct slot_about *about, const uint8_t key[SEAL_KEY_BYTES],
	struct err *err)
{
	int status = find_root(core, err);

	if (status == 0)
		status = vault_add_slot(core->vault, core->keys->root, about, key, err);
	keys_check(core);
	return status;
}

int keys_remove(struct core *core, uint32_t number, struct err *err)
{
	int status = prepare_next(core, err);

	if (status < 0)
		return status;
	return settle(core, vault_remove_slot(core->vault, core->keys->root, core->keys->next,
				    number <= SLOT_NUMBERS ? (uint8_t)number : 0, NULL, err));
}

int keys_rotate(struct core *core, struct err *err)
{
	int status = prepare_next(core, err);

	if (status < 0)
		return status;
	return settle(
		core, vault_rotate_root(core->vault, core->keys->root, core->keys->next, err));
}

void keys_check(struct core *core)
{
	struct err trouble = { 0 };

	if (!vault_is_open(core->vault))
		return;
	vault_check_slots(core->vault, core->keys->root, &trouble);
	if (trouble.code && strcmp(trouble.text, core->key_trouble.text) != 0)
		log_error("the store's key slots: %s; see 'tacit key ls'", trouble.text);
	core->key_trouble = trouble;
}
