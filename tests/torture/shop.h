/* SPDX-License-Identifier: Apache-2.0 */
/* A small store, what is done to it, and what it must hold after each step: every value, record,
 * slot and key follows from the model, so a store is right or wrong as a whole. */
#ifndef TACIT_TORTURE_SHOP_H
#define TACIT_TORTURE_SHOP_H

#include "core/store/integrity.h"
#include "core/store/vault.h"
#include "core/store/vault_slots.h"
#include "scene.h"

#define SHOP_ITEMS 6 /* secrets: of a few bytes, and of several pages */
#define SHOP_KEYS 4  /* unlock keys, of key files */
#define SHOP_ROOTS 8 /* root keys that there are in one run */
#define SHOP_STEPS 16

enum shop_verb {
	SHOP_END,
	SHOP_MAKE,        /* a store, with key 0 in slot 1 */
	SHOP_OPEN,        /* attach, anchor, unlock with the key of the lowest slot */
	SHOP_CLOSE,       /* with a checkpoint */
	SHOP_ROTATE,      /* secret `which`: a new version; it is made when there is none */
	SHOP_PAIR,        /* secrets `which` and the next one, in one commit */
	SHOP_DROP,        /* secret `which` is removed, its grant revoked */
	SHOP_ADD_SLOT,    /* with key `which` */
	SHOP_REMOVE_SLOT, /* number `which` */
	SHOP_ROTATE_ROOT,
	SHOP_LOCK, /* write down that it is locked, 1, or not, 0 */
	SHOP_CHECKPOINT,
	SHOP_ACCEPT,  /* damage: `which` is an enum vault_acceptance */
	SHOP_DAMAGE,  /* a row is added past the store; the vault is closed then */
	SHOP_BACKUP,  /* made, compared, and removed; 1: it is also kept for what follows */
	SHOP_RESTORE, /* the one that was kept becomes the store; the vault is closed then */
	SHOP_VERBS
};

struct shop_step {
	enum shop_verb verb;
	int which;
};

struct shop_model {
	bool made, locked, damaged;
	uint64_t clock;
	uint32_t versions[SHOP_ITEMS]; /* the current one; 0: there is none */
	bool dropped[SHOP_ITEMS];
	uint8_t slots[SLOT_NUMBERS];   /* 1 + the key in slot 1 + i; 0: none */
	uint8_t root;                  /* which root key, from 0 */
	const struct shop_model *kept; /* what was backed up; NULL: nothing was */
};

/* Not freed: one for a process. */
struct shop {
	const struct scene *scene;
	struct vault *vault;
	struct shop_model model; /* what was acknowledged */
	uint8_t *root;           /* locked; what the last unlocking gave */
	uint8_t keys[SHOP_KEYS][SEAL_KEY_BYTES];
	uint8_t roots[SHOP_ROOTS][SEAL_KEY_BYTES];
	bool first_root_known;
	struct shop_model kept; /* as it was when it was backed up, */
	uint8_t *backup;        /* and the bytes of that */
	size_t backup_length;
};

void shop_start(struct shop *shop, const struct scene *scene);

/* The next state of the model. */
void shop_apply(struct shop_model *model, const struct shop_step *step);

/* Do it; the model stays. */
int shop_do(struct shop *shop, const struct shop_step *step, struct err *err);

/* Do it and take it over, or end the process. */
void shop_must_do(struct shop *shop, const struct shop_step *step);

/* Attach, with the anchor looked at, and give the key: the root key where it is known, as a core
 * does that is started anew, else an unlock key. On failure there is no vault. */
int shop_resume(struct shop *shop, const struct shop_model *model, struct err *err);
void shop_close(struct shop *shop);

/* shop_backup.c: steps like any other. */
int shop_do_backup(struct shop *shop, bool keep, struct err *err);
int shop_do_restore(struct shop *shop, struct err *err);
int shop_do_damage(struct shop *shop, struct err *err);

/* What is in the open vault. Everything in it is looked at; TACIT_CORRUPT, with a text, when that
 * is no state of the model at all. */
int shop_see(struct shop *shop, struct shop_model *seen, struct err *err);
/* Every slot opens with its key, and with no other; nobody was at them. */
int shop_check_slots(struct shop *shop, const struct shop_model *model, struct err *err);
/* vault_verify() finds nothing, and nothing is damaged. */
int shop_verify(struct shop *shop, struct err *err);
/* Value of a version of an item, `size` bytes of it. */
uint32_t shop_value_size(int item, uint32_t version);
void shop_value(int item, uint32_t version, uint8_t *bytes);
void shop_value_id(int item, uint32_t version, uint8_t id[SEAL_ID_BYTES]);
void shop_secret(int item, uint32_t version, struct secret_record *secret);
/* The item of a name that begins with `prefix`; -1: none. */
int shop_item_of(const char *name, const char *prefix);
void shop_grant(int item, bool revoked, struct grant_record *grant);

/* "version 3 of secret 0, ...", for a person. */
#define SHOP_TEXT_MAX 200
void shop_text(const struct shop_model *model, char text[SHOP_TEXT_MAX]);

#endif
