/* SPDX-License-Identifier: Apache-2.0 */
/* Private to core/store/: what a vault knows of its rows. integrity_root.c has the
 * root, integrity_read.c compares the store with it, integrity_change.c keeps it up with a change,
 * integrity.c answers from it, integrity_accept.c makes it anew.
 *
 * Whoever writes a row or one of the meta rows below goes through integrity_put(),
 * integrity_remove() and integrity_put_meta(), between integrity_begin() and integrity_commit():
 * what is written past them is tampering.
 *
 * Invariants
 *   1. `rows` and `root` are what the last commit wrote, or, during a change, `rows` is that with
 *      the change in it, and `undo` leads back.
 *   2. A list that lies in the store under its id and has the tag that `root` says is the list of
 *      its group in `rows`. */
#ifndef TACIT_STORE_INTEGRITY_STATE_H
#define TACIT_STORE_INTEGRITY_STATE_H

#include "core/store/anchor.h"
#include "core/store/integrity.h"
#include "core/store/integrity_rows.h"
#include "core/store/vault_state.h"

#define INTEGRITY_ROOT "root" /* the meta row */
#define INTEGRITY_INDEX                                                                            \
	"index" /* no meta row: what a damage of the engine's own pages is told as */
#define INTEGRITY_ROOT_MAGIC "tacg"
#define INTEGRITY_ROOT_VERSION 1

/* Meta rows that are the generation's too. Of the slots there is no need: whoever removes one wraps
 * the keyring anew, and the old one is not this generation's. */
enum { INTEGRITY_HEADER, INTEGRITY_KEYRING, INTEGRITY_CLOCK, INTEGRITY_AUDIT, INTEGRITY_METAS };

#define INTEGRITY_ROOT_HEAD 24 /* magic, version, generation, number of the key, 0 */
#define INTEGRITY_ROOT_BODY                                                                        \
	(INTEGRITY_ROOT_HEAD + (INTEGRITY_METAS + INTEGRITY_GROUPS) * SETMAC_TAG_BYTES)
#define INTEGRITY_ROOT_BYTES (INTEGRITY_ROOT_BODY + SETMAC_BYTES)
_Static_assert(INTEGRITY_ROOT_BYTES <= STORE_META_MAX, "the root fits a meta row");

/* A list is a sealed row of STORE_RECORDS under an id of its own, which ends with the group. Its
 * plaintext: kind, layout, group, 0, then the entries. */
#define INTEGRITY_LIST_KIND 127 /* of records.h, far above what it has */
#define INTEGRITY_LIST_LAYOUT 1
#define INTEGRITY_LIST_HEAD 4

struct integrity_root {
	uint64_t generation; /* 0: nothing was committed yet */
	uint32_t key_id;     /* data key that the tags are made with */
	uint8_t metas[INTEGRITY_METAS][SETMAC_TAG_BYTES];
	uint8_t lists[INTEGRITY_GROUPS][SETMAC_TAG_BYTES];
	uint8_t mac[SETMAC_BYTES];
};

struct integrity {
	uint8_t *key; /* seal_alloc() memory */
	struct integrity_root root, next;
	struct integrity_rows rows;
	uint64_t floor; /* the next generation is above this one: an anchor was there */
	bool rootless;  /* the store's root is gone or damaged */
	bool anchor_behind;
	bool unanchored; /* no anchor vouches for this store yet: nothing is changed before one */
	struct vault_damage *damages;
	size_t damage_count, damage_room;
	struct integrity_rows told; /* the rows among them; the tags are nothing */
	/* During a change: what was there before, the newest last. */
	struct integrity_undo {
		struct integrity_entry entry;
		bool there;
	} * undo;
	size_t undo_count, undo_room;
};

/* Read everything and compare; damage is noted, and no failure. The vault has its ring.
 * TACIT_NEWER, TACIT_STALE, TACIT_LIMIT, TACIT_IO, TACIT_CORRUPT when SQLite says so. */
int integrity_open(struct vault *vault, struct err *err);
void integrity_close(struct vault *vault);

/* The same without the anchor, into an `made` that is {0}; integrity_free() it either way. */
int integrity_read(struct vault *vault, struct integrity *made, struct err *err);
void integrity_free(struct integrity *integrity);

/* Walk both tables as they are, into `rows`; lists are passed over. */
int integrity_walk(struct vault *vault, const uint8_t key[SEAL_KEY_BYTES],
	struct integrity_rows *rows, struct err *err);

/* The tag of meta row number `meta` as the store has it; one of no bytes is none. */
int integrity_tag_meta(struct vault *vault, const uint8_t key[SEAL_KEY_BYTES], size_t meta,
	uint8_t tag[SETMAC_TAG_BYTES], struct err *err);
const char *integrity_meta_name(size_t meta);

void integrity_tag_list(const uint8_t key[SEAL_KEY_BYTES], uint8_t number,
	const struct integrity_group *group, uint8_t tag[SETMAC_TAG_BYTES]);
void integrity_list_id(uint8_t group, uint8_t id[SEAL_ID_BYTES]);
bool integrity_is_list(const uint8_t id[SEAL_ID_BYTES]);

/* The bytes of a root, and its MAC, which goes into `root` too. */
void integrity_pack_root(const struct vault *vault, const uint8_t key[SEAL_KEY_BYTES],
	struct integrity_root *root, uint8_t bytes[INTEGRITY_ROOT_BYTES]);

/* Read the root into `made`, whose key becomes the root's. When there is no valid one `made` is
 * rootless and starts as a store that nothing was committed to; *there: there is one, of any kind.
 * TACIT_NEWER, TACIT_IO. */
int integrity_read_root(struct vault *vault, struct integrity *made, bool *there, struct err *err);

/* Compare the store with its anchor, if it has one: TACIT_STALE. And write it. */
int integrity_check_anchor(struct vault *vault, struct err *err);
void integrity_write_anchor(struct vault *vault);
/* A store that was changed beside no anchor, or another store's, would be refused at its next
 * opening: the first one is written now if it could not be before. TACIT_IO. */
int integrity_need_anchor(struct vault *vault, struct err *err);

/* Remember a damage that is not remembered yet. TACIT_LIMIT. */
int integrity_note(struct integrity *integrity, const struct vault_damage *damage, struct err *err);

/* Whether a row is the one of this generation. */
bool integrity_row_ok(const struct vault *vault, enum store_table table,
	const uint8_t id[SEAL_ID_BYTES], const uint8_t *bytes, size_t length);
/* What is wrong with one that is not: tries to open it. */
enum vault_fault integrity_judge(const struct vault *vault, const struct integrity *integrity,
	enum store_table table, const uint8_t id[SEAL_ID_BYTES], const uint8_t *bytes,
	size_t length);

/* A change; struct store_engine's rules. Nothing else writes rows. */
int integrity_begin(struct vault *vault, struct err *err); /* TACIT_CORRUPT, TACIT_IO */
int integrity_put(struct vault *vault, enum store_table table, const uint8_t id[SEAL_ID_BYTES],
	const uint8_t *bytes, size_t length, struct err *err);
int integrity_remove(struct vault *vault, enum store_table table, const uint8_t id[SEAL_ID_BYTES],
	struct err *err);
int integrity_put_meta(struct vault *vault, const char *name, const uint8_t *bytes, size_t length,
	struct err *err);
/* Write what changed of the lists, and the root, and commit. On failure the caller rolls back. */
int integrity_commit(struct vault *vault, struct err *err);
void integrity_rollback(struct vault *vault);

#endif
