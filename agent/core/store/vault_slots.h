/* SPDX-License-Identifier: Apache-2.0 */
/* The key slots of a vault: what opens it, and what opens it next. The vault's owner calls these.
 *
 * Unlock keys reach a vault as 32 bytes, whatever they came from (seal/keyfile.h, seal/recovery.h,
 * the answer of a program to a slot's `wrapped`): vault_unlock() asks every slot. A passphrase
 * alone needs to know the slots first.
 *
 * Each change is one commit: after a crash the store has all of it or nothing. A change that makes
 * a new root key takes it from the caller, who has put it where a successor finds it *before* the
 * call: a commit may be through although nobody lived to hear of it. Whoever resumes a store asks
 * vault_resume() with the root key he has, and when that is TACIT_WRONG_KEY with the next one.
 *
 * A root key is 32 bytes of locked memory. None is kept here, and `next` is never equal to `root`.
 */
#ifndef TACIT_STORE_VAULT_SLOTS_H
#define TACIT_STORE_VAULT_SLOTS_H

#include "core/store/vault.h"
#include "seal/slot.h"

/* As vault_create(), with a first slot of any kind: `about` as in vault_add_slot(). */
int vault_create_with(const struct store_engine *engine, const char *dir, struct slot_about *about,
	const uint8_t key[SEAL_KEY_BYTES], struct err *err);

struct vault_slot {
	int status; /* 0, or why nothing can be done with it but remove it: -TACIT_CORRUPT, ... */
	struct slot_about about; /* when `status` is not 0 the number alone is filled */
};

typedef int vault_slot_fn(void *arg, const struct vault_slot *slot, struct err *err);

/* Walk the slots by ascending number. Without a `root` (NULL) nobody vouches for what they say of
 * themselves. Not 0 of `on_slot` ends the walk, which returns it. */
int vault_each_slot(struct vault *vault, const uint8_t *root, vault_slot_fn *on_slot, void *arg,
	struct err *err);

/* Whether the slots are those that the root key was last put into, each as it was then.
 * TACIT_CORRUPT with a text that names the first that is not, or says that one was deleted or put
 * back. The store is served all the same: vault_add_slot(), vault_remove_slot() and
 * vault_rotate_root() vouch anew for what is sound. A store of the first layout has nothing to
 * check. */
int vault_check_slots(struct vault *vault, const uint8_t root[SEAL_KEY_BYTES], struct err *err);

/* As vault_unlock(), with a passphrase: each slot of one is tried with its own salt, which takes
 * most of a second per slot. TACIT_WRONG_KEY when it is none's, or there is none. Counting wrong
 * ones, and making whoever gives them wait, is the caller's part. */
int vault_unlock_passphrase(struct vault *vault, const void *passphrase, size_t length,
	uint8_t root[SEAL_KEY_BYTES], struct err *err);

/* Add a slot that `key` opens. The caller fills `about`'s kind, label and what its kind has (of a
 * passphrase the salt and the cost that `key` was made with); number, id and time are filled here.
 * TACIT_LOCKED; TACIT_WRONG_KEY when `root` is not the store's root key; TACIT_INVALID;
 * TACIT_LIMIT when there are SLOT_NUMBERS already; TACIT_BUSY during a change. */
int vault_add_slot(struct vault *vault, const uint8_t root[SEAL_KEY_BYTES],
	struct slot_about *about, const uint8_t key[SEAL_KEY_BYTES], struct err *err);

/* Remove a slot, damaged or not, and make `next` the root key: the slot put back from an older copy
 * of the store opens nothing. `id` NULL: whichever has this number; else TACIT_STALE when that is
 * another slot by now. TACIT_NOT_FOUND; TACIT_INVALID when no sound slot would be left; otherwise
 * as vault_rotate_root(). */
int vault_remove_slot(struct vault *vault, const uint8_t root[SEAL_KEY_BYTES],
	const uint8_t next[SEAL_KEY_BYTES], uint8_t number, const uint8_t *id, struct err *err);

/* Make `next` the root key: the keyring and every sound slot are wrapped anew, and every unlock key
 * goes on opening its slot. A slot that is damaged, or that `root` does not vouch for, is passed
 * over and opens nothing afterwards; when none is left, or one is of a newer tacit, nothing is
 * changed. The data keys stay what they are.
 * Whoever had `root` and could write the store may have added a slot, and it is sound: look at the
 * list first. TACIT_LOCKED, TACIT_WRONG_KEY, TACIT_BUSY,
 * TACIT_CORRUPT, TACIT_NEWER, TACIT_LIMIT, TACIT_IO. */
int vault_rotate_root(struct vault *vault, const uint8_t root[SEAL_KEY_BYTES],
	const uint8_t next[SEAL_KEY_BYTES], struct err *err);

/* Bring a store whose slots have the first layout to this one; `key` opens its only slot. Until
 * then slots cannot be changed, which TACIT_INVALID says. Nothing happens to one that was brought.
 * An older tacit does not open the store any more. */
int vault_convert_slots(struct vault *vault, const uint8_t key[SEAL_KEY_BYTES], struct err *err);

#endif
