/* SPDX-License-Identifier: Apache-2.0 */
/* Secrets and grants as sealed records: the store below, the keys of seal/ around every row.
 *
 * States: attached (a store, no key) -> open (data key in locked memory) -> attached again by
 * vault_forget(). One thread owns the vault; vault_open_value() alone may be called by any thread
 * while the vault is open, and the owner forgets the key only when no such call is under way. */
#ifndef TACIT_STORE_VAULT_H
#define TACIT_STORE_VAULT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <tacit/api.h>

#include "base/access.h"
#include "base/container.h"
#include "base/err.h"
#include "base/hook.h"
#include "base/template.h"
#include "core/store/store.h"
#include "seal/seal.h"

#define VAULT_VERSIONS_MAX 64    /* versions of one secret kept at once */
#define VAULT_USES_MAX 64        /* containers of one grant whose reads are known at once */
#define VAULT_MEMBERS_MAX 16     /* secrets of one bundle */
#define VAULT_GENERATIONS_MAX 64 /* generations of one bundle kept at once */
#define VAULT_REASON_MAX 127     /* bytes of why something failed; never what it worked with */
#define VAULT_USER_MAX 191       /* bytes of what a reader is called: "container/web 4f5e..." */

struct version_record {
	uint64_t number; /* 1, 2, 3...: never used again within a secret */
	uint64_t created_ns;
	uint32_t size;    /* bytes of the value */
	uint32_t made_by; /* uid of the operator, as the kernel told */
	uint8_t value_id[SEAL_ID_BYTES];
};

struct secret_record {
	uint8_t id[SEAL_ID_BYTES];
	char name[TACIT_SECRET_NAME_MAX + 1];
	uint64_t created_ns;
	uint64_t last_number; /* of the versions ever made */
	/* Numbers of kept versions, no two of them the same. */
	uint64_t current;           /* what readers get */
	uint64_t previous;          /* what they got before; 0: nothing */
	uint64_t next;              /* what they will get; 0: nothing is staged */
	uint64_t previous_until_ns; /* realtime; 0: until it is retired, or there is no previous */
	uint64_t current_since_ns;  /* realtime; 0: since the version was made */
	uint32_t version_count;     /* at least 1; ascending by number */
	struct version_record versions[VAULT_VERSIONS_MAX];
};

/* Secrets that change together: those whose names are the bundle's, a '/' and one segment more.
 * Each commit that changes what any of them is makes a generation. */
struct bundle_record {
	uint8_t id[SEAL_ID_BYTES];
	char name[TACIT_SECRET_NAME_MAX + 1]; /* "tls", of at most 3 segments */
	uint64_t created_ns;
	uint32_t member_count; /* at least 1 that is not removed */
	uint8_t members[VAULT_MEMBERS_MAX]
		       [SEAL_ID_BYTES]; /* ids of secrets; a removed one's is zero */
	uint32_t generation_count; /* at least 1; ascending by number, the last one is current */
	struct bundle_generation {
		uint64_t number; /* 1, 2, 3...: never used again within a bundle */
		uint64_t created_ns;
		/* Of each member; 0: it was none yet, or is none any more. In the current one 0 of
		 * removed members and of no other. */
		uint64_t versions[VAULT_MEMBERS_MAX];
	} generations[VAULT_GENERATIONS_MAX];
};

/* What a rotator is at. Each step is written down before it begins. */
enum rotation_step {
	ROTATION_IDLE,   /* nothing is under way */
	ROTATION_RUN,    /* `version` is staged, and the world is being made to agree */
	ROTATION_VERIFY, /* it should agree */
	ROTATION_UNDO,   /* it could not be made to: being put back */
	ROTATION_STEPS
};

/* What the agent does to a secret by itself. */
struct schedule_record {
	uint8_t id[SEAL_ID_BYTES];
	uint8_t secret_id[SEAL_ID_BYTES];
	uint64_t every_ns;   /* 0: only when it is asked to */
	uint64_t overlap_ns; /* how long the previous version lives; 0: until the next rotation */
	uint32_t generate_length; /* characters of a new value, 1 to SCHEDULE_LENGTH_MAX */
	uint32_t alphabet;        /* enum seal_alphabet */
	char rotator[HOOK_PROGRAM_MAX + 1]; /* a program of rotators.d; empty: none */
	uint64_t next_ns;                   /* realtime at which it is due; 0: never by itself */
	uint32_t step;                      /* enum rotation_step */
	uint32_t attempts;      /* failures in a row: of this step, or of whole rotations */
	uint64_t version;       /* the staged one, while a step is under way; else 0 */
	uint64_t not_before_ns; /* realtime of the next attempt; 0: at once */
	uint64_t last_ns;       /* realtime of the last attempt's end; 0: none */
	char reason[VAULT_REASON_MAX + 1]; /* why that failed; empty: it did not */
};

#define SCHEDULE_LENGTH_MAX 4096u

/* What the versions of a secret are made by: its value is no operator's, but the text with the
 * current values of other secrets in it. */
struct template_record {
	uint8_t id[SEAL_ID_BYTES];
	uint8_t secret_id[SEAL_ID_BYTES]; /* whose versions it makes */
	char text[TEMPLATE_TEXT_MAX + 1]; /* template_read() takes it */
	uint32_t ref_count;               /* as many as that finds names, in their order: */
	uint8_t refs[TEMPLATE_NAMES_MAX]
		    [SEAL_ID_BYTES]; /* ids of secrets, no two of them the same */
};

/* How far the hook of a grant is. Kept apart from the grant: nobody else writes it. */
struct hook_record {
	uint8_t id[SEAL_ID_BYTES];
	uint8_t grant_id[SEAL_ID_BYTES];
	uint64_t done_ns;  /* the change it was last run for, with success: secret_since_ns() */
	uint64_t tried_ns; /* the change it was last run for at all */
	uint64_t last_ns;  /* realtime of the end of the last run; 0: none */
	uint64_t not_before_ns;            /* realtime of the next attempt; 0: at once */
	uint32_t attempts;                 /* failures in a row for `tried_ns` */
	char reason[VAULT_REASON_MAX + 1]; /* why the last one failed; empty: it did not */
};

/* In a grant's flags: it has had GRANT_WITH_PREVIOUS, now or before. The name stays. */
#define VAULT_PREVIOUS_NAMED 8u

/* A grant that was revoked stays as a tombstone: its path goes on existing for the kernel. */
struct grant_record {
	uint8_t id[SEAL_ID_BYTES];
	uint8_t secret_id[SEAL_ID_BYTES]; /* zero in a tombstone */
	char consumer[TACIT_CONSUMER_NAME_MAX + 1];
	char file[TACIT_FILE_NAME_MAX + 1]; /* FILE, or FOLDER/FILE */
	uint32_t uid, gid;                  /* as the container counts, or GRANT_READER */
	uint16_t mode;                      /* permission bits, 0400 */
	uint16_t flags;                     /* of GRANT_FLAGS, and the one below */
	uint32_t reads;                     /* OPENs each container gets; 0: any number */
	uint64_t version;                   /* of the secret; 0: the current one */
	uint64_t expires_ns;                /* realtime; 0: never */
	uint64_t created_ns;
	uint64_t revoked_ns;               /* 0 while it lives */
	char on_rotate[HOOK_TEXT_MAX + 1]; /* as base/hook.h says; empty: nothing */
};

/* What is said of a consumer besides its grants. */
struct consumer_record {
	uint8_t id[SEAL_ID_BYTES];
	char consumer[TACIT_CONSUMER_NAME_MAX + 1];
	uint64_t frozen_ns;  /* 0: it is not frozen */
	uint32_t rule_count; /* all of them must hold */
	char rules[BINDING_RULES_MAX][BINDING_TEXT_MAX + 1];
};

/* What has been read through a grant. */
struct use_record {
	uint8_t id[SEAL_ID_BYTES];
	uint8_t grant_id[SEAL_ID_BYTES];
	uint64_t last_ns; /* realtime of the last OPEN; 0: none */
	uint64_t last_version;
	char last_user[VAULT_USER_MAX + 1];
	uint32_t count; /* of containers below */
	struct vault_count {
		char container[CONTAINER_ID_LENGTH + 1];
		uint32_t used;    /* OPENs answered, of a grant with `reads`; else 0 */
		uint64_t version; /* of its last OPEN; 0: not known */
	} counts[VAULT_USES_MAX];
};

struct vault;

/* Make a store in `dir` that `key` unlocks. The store's directory must exist. */
int vault_create(const struct store_engine *engine, const char *dir,
	const uint8_t key[SEAL_KEY_BYTES], struct err *err);

/* Attach to the store in `dir`. TACIT_NOT_FOUND when there is none, TACIT_NEWER when a newer tacit
 * made it (nothing is touched). */
int vault_attach(
	const struct store_engine *engine, const char *dir, struct vault **vault, struct err *err);
/* Attach to a copy of a store (backup.h), a file that anybody may have written, for reading: all of
 * it is checked that can be without its key. No change of it can begin. */
int vault_attach_copy(
	const struct store_engine *engine, const char *path, struct vault **vault, struct err *err);
void vault_close(struct vault *vault); /* forgets, frees; NULL does nothing */

/* Unlock by a key: its slot gives the root key, which is written to `root` (locked memory of the
 * caller, to be kept for vault_resume). TACIT_WRONG_KEY when no slot opens. */
int vault_unlock(struct vault *vault, const uint8_t key[SEAL_KEY_BYTES],
	uint8_t root[SEAL_KEY_BYTES], struct err *err);
/* Unlock by the root key that an earlier process was given. */
int vault_resume(struct vault *vault, const uint8_t root[SEAL_KEY_BYTES], struct err *err);
void vault_forget(struct vault *vault);
bool vault_is_open(const struct vault *vault);

/* What tells this store, and all that is sealed for it, from others; set when it was made. */
void vault_store_id(const struct vault *vault, uint8_t id[SEAL_ID_BYTES]);
/* Where the audit log was: its last file and record, and what they are chained by. */
#define VAULT_LINK_BYTES 32
struct vault_log_place {
	uint64_t file, number; /* 0: it was never written down */
	uint8_t link[VAULT_LINK_BYTES];
};
/* The key of the audit log (vault_audit.c) into locked memory of the caller; made, and committed,
 * when there is none; and where the log was when that was last put. TACIT_LOCKED; as vault_begin()
 * and vault_commit() when it is made. */
int vault_audit_key(struct vault *vault, uint8_t key[SEAL_KEY_BYTES], struct vault_log_place *place,
	struct err *err);
/* Within a change, of a log that has a key. */
int vault_put_log_place(struct vault *vault, const struct vault_log_place *place, struct err *err);

/* "Locked" as written down: survives every restart. Works without a key. */
int vault_write_locked(struct vault *vault, bool locked, struct err *err);
bool vault_is_written_locked(const struct vault *vault);

/* What is wrong with a row, or, where `table` is 0, with the meta row `meta`. */
enum vault_fault {
	VAULT_DAMAGED, /* it does not open, or is not what it was: changed, moved, cut short */
	VAULT_OLDER,   /* it opens, and is not the one of this generation: put back */
	VAULT_ADDED,   /* it opens, and this generation has no such row: removed, and put back */
	VAULT_MISSING, /* this generation has it, and it is gone */
	VAULT_UNKNOWN, /* the list that would tell is damaged, and so is at least one row of it */
	VAULT_FAULTS
};

struct vault_damage {
	enum vault_fault fault;
	uint8_t table; /* enum store_table, or 0 */
	uint8_t id[SEAL_ID_BYTES];
	const char *meta; /* a name that lives for ever; NULL where `table` is not 0 */
};

#define VAULT_DAMAGE_TEXT_MAX 192

/* "record 00a1... is older than generation 12"; nothing of what is in the row. */
void vault_damage_text(
	const struct vault_damage *damage, uint64_t generation, char text[VAULT_DAMAGE_TEXT_MAX]);

typedef int vault_damage_fn(void *arg, const struct vault_damage *damage, struct err *err);

/* Walk everything; the record lives until the function returns. With `on_damaged` each row of
 * either table that is not as the store's generation has it is told, in no particular order and
 * once, and not handed on; the rest is. Without it the first of them in the table of records is
 * TACIT_CORRUPT, named by its id in hexadecimal. */
typedef int vault_secret_fn(void *arg, const struct secret_record *secret, struct err *err);
typedef int vault_grant_fn(void *arg, const struct grant_record *grant, struct err *err);
typedef int vault_consumer_fn(void *arg, const struct consumer_record *consumer, struct err *err);
typedef int vault_use_fn(void *arg, const struct use_record *use, struct err *err);
typedef int vault_bundle_fn(void *arg, const struct bundle_record *bundle, struct err *err);
typedef int vault_schedule_fn(void *arg, const struct schedule_record *schedule, struct err *err);
typedef int vault_hook_fn(void *arg, const struct hook_record *hook, struct err *err);
typedef int vault_template_fn(void *arg, const struct template_record *template, struct err *err);
typedef int vault_container_fn(void *arg, const struct container_facts *container, struct err *err);
struct vault_visitor {
	vault_secret_fn *on_secret;
	vault_grant_fn *on_grant;
	vault_consumer_fn *on_consumer;
	vault_use_fn *on_use;
	vault_container_fn *on_container;
	vault_bundle_fn *on_bundle;
	vault_schedule_fn *on_schedule;
	vault_hook_fn *on_hook;
	vault_template_fn *on_template;
	vault_damage_fn *on_damaged;
	void *arg;
};
int vault_each(struct vault *vault, const struct vault_visitor *visitor, struct err *err);

/* The latest time that was ever written down, realtime; 0: none. Works without a key. */
uint64_t vault_clock(const struct vault *vault);

/* The sealed bytes of a value, for keeping in memory: *sealed is malloc'd, the caller frees it. An
 * older value that was put back is TACIT_CORRUPT here; a damaged one when it is opened. */
int vault_load_value(struct vault *vault, const uint8_t value_id[SEAL_ID_BYTES], uint8_t **sealed,
	size_t *sealed_length, struct err *err);
/* Open sealed bytes into `plain` (locked memory) of vault_plain_room(sealed_length) bytes. No I/O,
 * any thread. */
size_t vault_plain_room(size_t sealed_length);
int vault_open_value(const struct vault *vault, const uint8_t value_id[SEAL_ID_BYTES],
	const uint8_t *sealed, size_t sealed_length, uint8_t *plain, size_t room, size_t *length,
	struct err *err);

/* Why the disk refused the last change; its code is 0 when it did not. The vault is then read-only,
 * which is logged, until a change has gone through: each one that is begun opens the store anew.
 * Who makes changes by himself asks vault_can_change() first, and vault_heal() now and then: it
 * commits what is written down already. Works without a key. */
const struct err *vault_refusal(const struct vault *vault);
int vault_heal(struct vault *vault, struct err *err);
/* Whether a change that nobody waits for is worth the attempt: it has its key, no row is damaged,
 * and the disk did not refuse. */
bool vault_can_change(const struct vault *vault);

/* Changes: begin, any number of puts and removes, then commit; all or nothing. After a failure of
 * any of them call vault_rollback. Each commit raises the store's generation (integrity.h); while
 * rows are damaged vault_begin() is TACIT_CORRUPT. vault_put_value hands back the sealed bytes
 * (malloc'd, the caller's) so that nobody need read them again. */
int vault_begin(struct vault *vault, struct err *err);
int vault_put_secret(struct vault *vault, const struct secret_record *secret, struct err *err);
int vault_remove_secret(struct vault *vault, const uint8_t id[SEAL_ID_BYTES], struct err *err);
int vault_put_grant(struct vault *vault, const struct grant_record *grant, struct err *err);
int vault_put_consumer(
	struct vault *vault, const struct consumer_record *consumer, struct err *err);
int vault_remove_consumer(struct vault *vault, const uint8_t id[SEAL_ID_BYTES], struct err *err);
int vault_put_use(struct vault *vault, const struct use_record *use, struct err *err);
int vault_remove_use(struct vault *vault, const uint8_t id[SEAL_ID_BYTES], struct err *err);
int vault_put_bundle(struct vault *vault, const struct bundle_record *bundle, struct err *err);
int vault_remove_bundle(struct vault *vault, const uint8_t id[SEAL_ID_BYTES], struct err *err);
int vault_put_schedule(
	struct vault *vault, const struct schedule_record *schedule, struct err *err);
int vault_remove_schedule(struct vault *vault, const uint8_t id[SEAL_ID_BYTES], struct err *err);
int vault_put_hook(struct vault *vault, const struct hook_record *hook, struct err *err);
int vault_remove_hook(struct vault *vault, const uint8_t id[SEAL_ID_BYTES], struct err *err);
int vault_put_template(
	struct vault *vault, const struct template_record *template, struct err *err);
int vault_remove_template(struct vault *vault, const uint8_t id[SEAL_ID_BYTES], struct err *err);
/* The record of a container has its own id's first 16 bytes as its id. */
int vault_put_container(
	struct vault *vault, const struct container_facts *container, struct err *err);
int vault_remove_container(struct vault *vault, const char *container_id, struct err *err);
/* Write down a time, never an earlier one than before. */
int vault_put_clock(struct vault *vault, uint64_t realtime_ns, struct err *err);
int vault_put_value(struct vault *vault, const uint8_t value_id[SEAL_ID_BYTES], const void *plain,
	size_t length, uint8_t **sealed, size_t *sealed_length, struct err *err);
int vault_remove_value(struct vault *vault, const uint8_t value_id[SEAL_ID_BYTES], struct err *err);
int vault_commit(struct vault *vault, struct err *err);
void vault_rollback(struct vault *vault);

#endif
