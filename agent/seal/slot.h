/* SPDX-License-Identifier: Apache-2.0 */
/* The keys of a store, each under the one above it:
 *
 *   unlock key -> slot -> root key -> keyring (data keys by number) -> record
 *
 * Several slots lead to one root key, so unlock keys come and go without touching a record. A slot
 * has an X25519 key pair and a share: its secret half and the share lie under the unlock key, the
 * root key is sealed to the public half and the share, and the share lies once more under the root
 * key in a voucher over the whole slot. So
 *
 *   - who has the root key can put a new one into every slot, and needs no passphrase for it;
 *   - who had the root key once, but no unlock key, does not get the next one out of a slot;
 *   - who can write the store but has no key cannot add a slot of his own or change one: the root
 * key is put into no slot that it does not vouch for;
 *   - breaking X25519 alone opens nothing: the share is symmetric.
 *
 * A wrong key is told from damage: a slot ends with a sum over its bytes, and each wrap in it
 * commits to its key. The sum finds accidents; forgery is found by the wraps and the voucher.
 *
 * Pure functions over bytes; thread-safe. agent/FORMAT.md, "Key slots", has the bytes. */
#ifndef TACIT_SEAL_SLOT_H
#define TACIT_SEAL_SLOT_H

#include "seal/passphrase.h"
#include "seal/seal.h"

#define SLOT_NUMBERS 16       /* slots of one store: 1 to 16 */
#define SLOT_LABEL_MAX 63     /* bytes, printable ASCII: it is shown on terminals */
#define SLOT_PROGRAM_MAX 63   /* bytes of the name of a program */
#define SLOT_WRAPPED_MAX 2048 /* a TPM's or KMS's answer: RSA-4096 is 512, ML-KEM-1024 1,568 */
#define SLOT_ROW_MAX 2708     /* the longest slot there is */

/* What the unlock key of a slot comes from. To the slot it is 32 bytes in any case. */
enum slot_kind {
	SLOT_KEY_FILE = 1, /* seal/keyfile.h */
	SLOT_PASSPHRASE,   /* passphrase_key() with the slot's salt and cost */
	SLOT_CREDENTIAL,   /* given by systemd: keyfile_parse_credential() */
	SLOT_COMMAND,      /* a program unwraps the slot's `wrapped`: keyfile_parse_credential() */
	SLOT_RECOVERY,     /* recovery_parse(), recovery_key() */
	SLOT_KINDS         /* one more than the last */
};

/* What can be said of a slot without a key. Nobody vouches for it before slot_check(). */
struct slot_about {
	uint8_t number; /* 1 to SLOT_NUMBERS; given anew when it was free */
	enum slot_kind kind;
	uint8_t id[SEAL_ID_BYTES]; /* random: never given again */
	uint64_t created_ns;       /* realtime; 0: not known */
	char label[SLOT_LABEL_MAX + 1];
	/* Of a passphrase alone. */
	struct passphrase_cost cost;
	uint8_t salt[PASSPHRASE_SALT_BYTES];
	/* Of a command alone: which program, and what it is given. */
	char program[SLOT_PROGRAM_MAX + 1];
	uint16_t wrapped_length; /* 1 to SLOT_WRAPPED_MAX */
	uint8_t wrapped[SLOT_WRAPPED_MAX];
};

/* A slot as it is stored. `length` 0: there is none of this number. */
struct slot_row {
	uint8_t number;
	size_t length;
	uint8_t bytes[SLOT_ROW_MAX];
};

/* "key_file", "passphrase", "credential", "command", "recovery"; NULL for no kind. */
const char *slot_kind_word(enum slot_kind kind);

/* TACIT_INVALID unless a slot can be of this number, kind, label and parameters. */
int slot_check_about(const struct slot_about *about, struct err *err);

/* A new slot, as `about` has it, that leads from `unlock` to `root`. TACIT_INVALID, TACIT_LIMIT. */
int slot_make(const uint8_t store_id[SEAL_ID_BYTES], const struct slot_about *about,
	const uint8_t unlock[SEAL_KEY_BYTES], const uint8_t root[SEAL_KEY_BYTES],
	struct slot_row *row, struct err *err);

/* What a slot says of itself. TACIT_CORRUPT when it was damaged, is of another number or store, or
 * has a cost out of bounds; TACIT_NEWER. */
int slot_read(const uint8_t store_id[SEAL_ID_BYTES], const struct slot_row *row,
	struct slot_about *about, struct err *err);

/* The root key that the slot leads to. TACIT_WRONG_KEY when `unlock` is not this slot's,
 * TACIT_CORRUPT, TACIT_NEWER, TACIT_LIMIT. `root` is zero on failure. */
int slot_unlock(const uint8_t store_id[SEAL_ID_BYTES], const struct slot_row *row,
	const uint8_t unlock[SEAL_KEY_BYTES], uint8_t root[SEAL_KEY_BYTES], struct err *err);

/* Whether whoever had the root key `root` made this slot, as it is. TACIT_CORRUPT when not, or when
 * it was made under another root key; TACIT_NEWER, TACIT_LIMIT. */
int slot_check(const uint8_t store_id[SEAL_ID_BYTES], const struct slot_row *row,
	const uint8_t root[SEAL_KEY_BYTES], struct err *err);

/* Put `next` in the place of `root`; the unlock key stays. As slot_check(), and then the slot is
 * what it was. */
int slot_rewrap(const uint8_t store_id[SEAL_ID_BYTES], struct slot_row *row,
	const uint8_t root[SEAL_KEY_BYTES], const uint8_t next[SEAL_KEY_BYTES], struct err *err);

/* A tag of the root key over all slots: it tells when one was taken away or put back. Rows are in
 * the order of their numbers, from 1. */
#define SLOT_LIST_BYTES 40
void slot_list_make(const uint8_t store_id[SEAL_ID_BYTES], const struct slot_row rows[SLOT_NUMBERS],
	const uint8_t root[SEAL_KEY_BYTES], uint8_t list[SLOT_LIST_BYTES]);

/* TACIT_CORRUPT when the slots are not those that were there when the list was made; TACIT_NEWER.
 */
int slot_list_check(const uint8_t store_id[SEAL_ID_BYTES], const struct slot_row rows[SLOT_NUMBERS],
	const uint8_t root[SEAL_KEY_BYTES], const uint8_t *list, size_t length, struct err *err);

/* Slots of the first layout: the root key under the unlock key of a key file, and no more. None is
 * made any more. */
#define SLOT_FIRST_BYTES 112

/* As slot_unlock(). */
int slot_open_first(const uint8_t unlock[SEAL_KEY_BYTES], const uint8_t store_id[SEAL_ID_BYTES],
	const uint8_t *slot, size_t length, uint8_t root[SEAL_KEY_BYTES], struct err *err);

#define KEYRING_KEYS_MAX                                                                           \
	16 /* data keys at once: a rotation needs two, the rest is room to be slow */
#define KEYRING_SEALED_BYTES 664

/* The data keys. Belongs in seal_alloc() memory. `keys` is ascending by id, ids begin at 1. */
struct keyring {
	uint32_t active; /* the id of the key that new records are sealed with */
	uint32_t count;  /* 1 to KEYRING_KEYS_MAX */
	struct {
		uint32_t id;
		uint8_t key[SEAL_KEY_BYTES];
	} keys[KEYRING_KEYS_MAX];
};

/* A keyring of one new, random data key. */
void keyring_start(struct keyring *ring);

/* The key numbered `id`, a part of `ring`; NULL when it is not there. */
const uint8_t *keyring_key(const struct keyring *ring, uint32_t id);

/* TACIT_LIMIT when no memory can be locked for the plaintext. */
int keyring_seal(const uint8_t root[SEAL_KEY_BYTES], const uint8_t store_id[SEAL_ID_BYTES],
	const struct keyring *ring, uint8_t sealed[KEYRING_SEALED_BYTES], struct err *err);

/* TACIT_WRONG_KEY when `root` is another store's, TACIT_CORRUPT, TACIT_NEWER, TACIT_LIMIT. `ring`
 * is zero on failure. */
int keyring_open(const uint8_t root[SEAL_KEY_BYTES], const uint8_t store_id[SEAL_ID_BYTES],
	const uint8_t *sealed, size_t length, struct keyring *ring, struct err *err);

#endif
