/* SPDX-License-Identifier: Apache-2.0 */
/* Whether the rows of a vault are all there, and all of one time.
 *
 * Each row is sealed by itself: nobody can change one or move it to another place. This is about
 * what sealing does not see: a row that was deleted, an older version of it put back, a removed one
 * put back, the key slots of yesterday. With each commit the store's *generation* goes up by one,
 * and the same transaction writes what rows that generation has: a list for each of 128 groups of
 * rows (the table, id and tag of each), and the root: the generation, the tag of each list and of
 * each meta row that matters, and a MAC. seal/setmac.h says why that is enough.
 *
 * When the vault gets its key everything is read and compared. A row that differs is told and never
 * handed out, the rest is served, and nothing can be changed before an operator has accepted that
 * (vault_accept). Should a list be gone too, the rows of its group are served if they are,
 * together, what the root says, and else none of them is. Without a root no row can be vouched for.
 * The engine's own pages are nobody's rows: that rows are found by them is looked at too, and told
 * as damage to the store's "index".
 *
 * An older copy of the whole store agrees with itself. What tells it is an *anchor*: a small file
 * elsewhere (another disk, where whoever writes the store does not write) with the generation and
 * the root's MAC. It is written after the commit: whenever the machine stops, the store is at the
 * anchor's generation or ahead of it, and never behind unless somebody put it there.
 *
 * What `locked` says and the fence are not covered: both are written without a key.
 *
 * All of it on the thread that owns the vault. */
#ifndef TACIT_STORE_INTEGRITY_H
#define TACIT_STORE_INTEGRITY_H

#include "core/store/vault.h"

struct vault_standing {
	uint64_t generation; /* 0: nothing was ever committed */
	size_t damages;      /* rows that are not as they should be; above 0 nothing is changed */
	bool anchored;       /* there is a path */
	bool anchor_behind;  /* the anchor could not be written after the last commit */
};

/* How the vault stands; all zeros while it has no key. */
void vault_get_standing(const struct vault *vault, struct vault_standing *standing);

/* Each row that was found wrong when the key was given, or since. Not 0 from `on_damage` ends the
 * walk, which returns it. */
int vault_each_damage(
	const struct vault *vault, vault_damage_fn *on_damage, void *arg, struct err *err);

/* What to do with the rows that are not as they should be. */
enum vault_acceptance {
	/* Remove them, and forget the missing ones: what is left is what this store held, for
	 * certain. (A meta row is taken as it is: there is no other.) TACIT_INVALID when the root
	 * is gone, for then nothing is certain. */
	VAULT_DROP,
	/* Take what opens for the truth, older or added as it may be, and remove what does not.
	 * Also how a store of a tacit that had no generations goes on. */
	VAULT_ADOPT
};

/* Let an operator end the state of being read-only: in one commit, which writes every list anew
 * with tags from the active data key. Call it too before a data key is taken out of the ring.
 * Whatever was loaded from the vault is to be loaded again. TACIT_LOCKED; TACIT_BUSY during a
 * change. */
int vault_accept(struct vault *vault, enum vault_acceptance how, struct err *err);

/* What an anchor that disagrees means. */
enum vault_anchoring {
	VAULT_ANCHOR_CHECK,  /* the store is refused: TACIT_STALE, and the text says what to do */
	VAULT_ANCHOR_REPLACE /* an operator said that this copy of the store is the one to go on
				with */
};

/* Where the anchor is, an absolute path; before the vault gets its key, or NULL for none. It is
 * compared in vault_unlock() and vault_resume(), and written after each commit. A store that was
 * never committed to gets its anchor when it is opened; a missing one is otherwise TACIT_STALE too,
 * for to remove it is easier than to forge it,
 * and so is another store's and a damaged one. A failure to write it after a commit leaves the
 * commit made, is logged, and is tried again with the next one. TACIT_LIMIT, TACIT_INVALID. */
int vault_set_anchor(
	struct vault *vault, const char *path, enum vault_anchoring how, struct err *err);

/* Before `copy`, an open copy of a store, is put in the place of the store whose anchor is `path`:
 * let it be taken there as it is now. Said in a file beside the anchor, which whoever can write the
 * store alone cannot make; a store that agrees with its anchor takes it back. TACIT_LOCKED;
 * otherwise as anchor_write(). */
int vault_announce(const struct vault *copy, const char *path, struct err *err);

#endif
