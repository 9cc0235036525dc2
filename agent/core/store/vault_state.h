/* SPDX-License-Identifier: Apache-2.0 */
/* Private to core/store/: what a vault is. vault_create.c makes one, vault.c holds its keys,
 * vault_slots.c asks its key slots, vault_slots_change.c changes them, vault_read.c opens its rows,
 * vault_each.c walks them, vault_change.c writes them. */
#ifndef TACIT_STORE_VAULT_STATE_H
#define TACIT_STORE_VAULT_STATE_H

#include "core/store/vault.h"
#include "core/store/vault_slots.h"
#include "seal/record.h"
#include "seal/slot.h"

/* The log is moved into the database after this much, a few of the largest values, and at the first
 * commit of a process: nobody knows how much the one before it left. */
#define VAULT_CHECKPOINT_BYTES (4u << 20)

/* Written at vault_attach() and by its owner. vault_open_value() reads `store_id` and `ring` alone,
 * from any thread: neither changes while the vault is open. */
struct vault {
	const struct store_engine *engine;
	struct store *store;
	uint8_t store_id[SEAL_ID_BYTES];
	struct keyring *ring; /* seal_alloc() memory; NULL while there is no key */
	bool written_locked;
	bool changing;               /* between begin and commit or rollback */
	size_t written;              /* bytes put since the last checkpoint */
	struct integrity *integrity; /* of integrity_state.h; there as long as `ring` is */
	char *anchor_path;           /* malloc'd; NULL: no anchor */
	bool anchor_replaced;        /* whatever the anchor says, the store is right */
	struct err refusal;          /* of the last change, by the disk; code 0: none */
	uint64_t clock_ns;           /* as the store has it */
	uint64_t change_ns; /* and as it will have it after the change; not below clock_ns */
};

/* The meta rows. The header is VAULT_MAGIC | u32 version | store id | u64 created: version 2 since
 * slots have rows of their own, for those who know the first layout alone. */
#define VAULT_HEADER "header"
#define VAULT_SLOTS "slots"
#define VAULT_KEYRING "keyring"
#define VAULT_LOCKED "locked"
#define VAULT_CLOCK "clock"
#define VAULT_AUDIT "audit"
#define VAULT_MAGIC "tacm"
#define VAULT_HEADER_VERSION 2

/* The key slots as they are stored. Nothing secret; calloc()ed, for its size. */
struct vault_slots {
	bool first_layout;
	struct slot_row rows[SLOT_NUMBERS]; /* by number; of length 0 in the first layout */
	size_t list_length;                 /* the row VAULT_SLOTS: slots of the first layout, */
	uint8_t list[SLOT_NUMBERS * SLOT_FIRST_BYTES]; /* or the list */
};

/* Read them; *slots is the caller's to free. A damaged slot is read as it is. */
int vault_read_slots(struct vault *vault, struct vault_slots **slots, struct err *err);

/* Between begin and commit: the rows of `before` and `slots` that differ, without the list.
 * `before` NULL: there were none. */
int vault_write_slots(const struct store_engine *engine, struct store *store,
	const struct vault_slots *before, const struct vault_slots *slots, struct err *err);

/* Where a row belongs: what its seal is bound to. */
struct record_address vault_address(const struct vault *vault, uint32_t key_id,
	enum store_table table, const uint8_t id[SEAL_ID_BYTES]);

/* Open a row of `table`, as vault_open_value() does. No I/O; reads what never changes in an open
 * vault. */
int vault_open_row(const struct vault *vault, enum store_table table,
	const uint8_t id[SEAL_ID_BYTES], const uint8_t *sealed, size_t sealed_length,
	uint8_t *plain, size_t room, size_t *length, struct err *err);

/* A change has ended, or could not begin: note whether the disk refused it. Returns `result`; `err`
 * may be NULL. */
int vault_note_change(struct vault *vault, int result, const struct err *err);

/* Put "WHAT ID: " before the text of `err`, the id in hexadecimal. */
void vault_wrap_id(struct err *err, const char *what, const uint8_t id[SEAL_ID_BYTES]);

#endif
