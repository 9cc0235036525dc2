/* SPDX-License-Identifier: Apache-2.0 */
/* What core knows while it is unlocked: secrets, grants, and the tree of nodes the kernel sees.
 *
 * Readers (FUSE threads) hold the read lock for a whole request, its reply included; the one writer
 * commits to the vault first, without the lock, and takes it only to change memory. So when the
 * writer has let go of the lock, every thread that decided by the old state has answered: that is
 * when a change is acknowledged. No lock is ever held across I/O.
 *
 * Invariants:
 *  1. A node, once made, stays until model_clear(): a name the kernel has seen never stops
 * existing. Only a generation's nodes (FOLDER@N and the files in it) go with it; they are in no
 * other directory's `children`, so that an offset into one stays valid.
 *  2. A file's node has a grant, whose file it is or whose previous file; a grant that was revoked
 * stays as the node's tombstone. Of those that a node has had, at most one lives. In FOLDER@N it is
 * the grant of the same file in FOLDER. In `self` nodes have none.
 *  3. A blob is in its secret's list while it is current, previous or next, in a kept generation of
 * its bundle, or a handle or a grant holds it.
 *  4. A blob's plaintext is there while a handle holds the blob, in locked memory, once.
 *  5. A name is a file or a folder in every directory where it is, and stays that: the kernel may
 * remember it. model_check_grant() sees to it before a commit. So it is in `self`, too, where the
 * names of all consumers meet; should both be there all the same, they are two nodes.
 *  6. The folder of a consumer has a node FOLDER@N for each generation that its bundle keeps, and
 * no others. */
#ifndef TACIT_MODEL_MODEL_H
#define TACIT_MODEL_MODEL_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

/* Its default falls through cases, which compilers warn of where it is used; keys here are short.
 */
#define HASH_FUNCTION HASH_FNV
#include <uthash.h>

#include "base/clock.h"
#include "core/model/nodeid.h"
#include "core/store/vault.h"
#include "seal/pool.h"

#define MODEL_PLAIN_MAX (64u << 20) /* bytes of plaintext at once, over all open files */

/* One version of a value, sealed, in memory. */
struct blob {
	struct blob *next; /* of the same secret */
	struct version_record version;
	uint8_t *sealed; /* malloc'd */
	size_t sealed_length;
	unsigned int pins;    /* grants of just this version; under the write lock */
	unsigned int holders; /* open handles; under model.plain_mutex */
	uint8_t *plain;       /* of model.pool, or NULL; under model.plain_mutex */
};

/* Secrets that change together. While a bundle keeps a generation, the versions in it are in memory
 * (blobs of their secrets), and each folder of it has a node FOLDER@N. */
struct bundle {
	UT_hash_handle hh; /* by name */
	struct bundle_record record;
};

/* Called when the model has the node of a folder (FOLDER, in a consumer's directory or in `self`;
 * not FOLDER@N): when a grant made it, and for each folder of what is adopted. The writer holds the
 * write lock, so nobody has been answered by it yet. A number may be told again. False: it cannot
 * be made known; then a grant that needs it is refused with TACIT_LIMIT (what is adopted, not). */
typedef bool model_folder_fn(void *arg, uint64_t folder);

struct secret {
	UT_hash_handle by_name;
	UT_hash_handle by_id;
	struct secret_record record;
	struct bundle *bundle; /* whose member it is, or NULL */
	uint32_t member;       /* its place in bundle->record.members */
	struct blob *blobs;
	unsigned int grants; /* that live */
};

struct node {
	UT_hash_handle hh; /* by id */
	uint64_t id;
	struct node *parent;
	char name[NAME_SEGMENT_MAX + 1];
	struct node **children; /* in the order made: a directory offset stays valid */
	size_t child_count, child_room;
	struct grant *grant;       /* of a file */
	struct grant *previous_of; /* of a file: it shows the version before that of this grant */
	struct consumer *consumer; /* of a consumer, when more is said of it than its grants */
	struct bundle *bundle;    /* of a folder: of which every living grant below is; else NULL */
	uint64_t generation;      /* of a folder FOLDER@N: N; else 0 */
	struct node *folder;      /* of a folder FOLDER@N: FOLDER; else NULL */
	struct node *generations; /* of a folder: its nodes FOLDER@N, the newest first, by `next` */
	struct node *next;        /* of a folder: in model.folders; of FOLDER@N: in the above */
	unsigned int open_handles; /* of a consumer: under the mutex of core/fuse/handle.c */
};

struct consumer {
	UT_hash_handle hh; /* by id */
	struct consumer_record record;
	struct node *node;
};

struct grant {
	UT_hash_handle hh; /* by id */
	struct grant_record record;
	struct secret *secret; /* NULL in a tombstone */
	struct node *node;
	struct node *previous, *self_previous; /* of VAULT_PREVIOUS_NAMED: its previous file, in its
						  consumer's directory and in `self`; else NULL */
	struct blob *pinned;                   /* of a grant of one version; otherwise NULL */
	/* What has been read through it. */
	uint8_t use_id[SEAL_ID_BYTES];
	bool use_kept;    /* there is a record use_id */
	bool use_changed; /* the last read below is not in it; this and they: under use_mutex */
	uint64_t last_ns, last_version;
	char last_user[VAULT_USER_MAX + 1];
	struct grant_reader {
		char container[CONTAINER_ID_LENGTH + 1];
		uint64_t version, when; /* of its last OPEN, and the how-many-th that was */
	} * readers; /* VAULT_USES_MAX of them, or NULL; they, too: under use_mutex */
	uint32_t reader_count;
	uint64_t opens;
	struct vault_count *counts; /* VAULT_USES_MAX of them, or NULL; under the write lock */
	uint32_t count;
	struct hook_record hook; /* how far it is; the worker's */
	bool hook_kept;          /* there is a record of it */
	uint64_t hook_wanted_ns; /* since when it is to be run; 0: it is not, or it is begun */
};

/* What the agent does to a secret by itself; the worker's alone. */
struct schedule {
	UT_hash_handle hh; /* by the secret's id */
	struct schedule_record record;
};

/* What makes the versions of a secret; the worker's alone. */
struct secret_template {
	UT_hash_handle hh; /* by the secret's id */
	struct template_record record;
};

struct model {
	pthread_rwlock_t lock;
	bool locked; /* no key: the maps below are empty */
	uint8_t node_key[16];
	struct secret *secrets_by_name, *secrets_by_id;
	struct node *nodes;
	struct node *root;
	struct grant *grants;
	struct consumer *consumers;
	struct bundle *bundles;
	struct schedule *schedules;
	struct secret_template *templates;
	struct node *folders;       /* of consumers and of `self`, by `next` */
	model_folder_fn *on_folder; /* NULL: nobody. The server sets it, before its threads */
	void *on_folder_arg;
	struct clock_floor floor;  /* grants end by this; set when it is unlocked */
	pthread_mutex_t use_mutex; /* taken inside the read lock or by the writer; never across I/O
				    */
	pthread_mutex_t
		plain_mutex;    /* taken inside the read lock or by the writer; never across I/O */
	size_t plain_bytes;     /* under plain_mutex */
	struct seal_pool *pool; /* under plain_mutex: where plaintext is */
};

/* An empty, locked model. NULL: no memory. */
struct model *model_new(const uint8_t node_key[16]);
void model_free(struct model *model);

void model_read_lock(struct model *model);
void model_write_lock(struct model *model);
void model_unlock(struct model *model);

/* Everything below: the caller holds the write lock (for the functions that change) or either lock.
 */

/* Forget everything and wipe it: what `lock` does. Blobs that handles hold go too. */
void model_clear(struct model *model);

/* Unlock an empty model: its root and the kinds of consumers are there. */
int model_open(struct model *model, struct err *err);

/* Tell on_folder, which is new, of every folder there is. */
void model_tell_folders(struct model *model);

/* Have everything of `fresh`, of the same node key, which was filled where nobody else reads, and
 * is freed. `model` is empty. */
void model_adopt(struct model *model, struct model *fresh);

/* Put records in; `sealed`, of the kept version `number`, becomes the model's (0 and NULL: none is
 * new). A secret that is there is replaced; of its blobs those stay that the record speaks of, that
 * grants pin, and that handles hold. TACIT_LIMIT when memory runs out. */
int model_put_secret(struct model *model, const struct secret_record *record, uint64_t number,
	uint8_t *sealed, size_t sealed_length, struct err *err);
/* A grant of one version needs that version's blob: model_pin() after it. */
int model_put_grant(struct model *model, const struct grant_record *record, struct err *err);
/* Whether a grant may be put in as far as names and bundles go; for the writer, before a commit.
 * TACIT_EXISTS: its name (or that of its previous file) is, or was, a file where it wants a folder,
 * or the other way round, in the consumer's directory or in `self`; or its folder shows another
 * bundle. TACIT_INVALID: it has a folder and is of no bundle's member, or has a version, a number
 * of reads or a previous file. Of several in one commit each is judged by what is there now. */
int model_check_grant(
	const struct model *model, const struct grant_record *record, struct err *err);
/* How many folders the grants of one commit would make that are not there, in consumers and in
 * `self`: so many places must be free where on_folder puts them. SIZE_MAX: no memory to count. */
size_t model_new_folders(
	const struct model *model, const struct grant_record *records, size_t count);
int model_put_consumer(struct model *model, const struct consumer_record *record, struct err *err);
void model_remove_consumer(struct model *model, struct consumer *consumer);
int model_put_use(struct model *model, const struct use_record *record, struct err *err);
/* Let a grant of one version hold that version. False: its blob is not in memory. */
bool model_pin(struct grant *grant);
/* A bundle is put in after its members, and before the grants of its members. What is no longer
 * kept of it goes, nodes of generations included; the blobs of generations that are kept are there
 * (secret_add_blob). The nodes of every kept generation are made. A member that is not there is
 * passed over. When a bundle ends, its secrets stay. */
int model_put_bundle(struct model *model, const struct bundle_record *record, struct err *err);
void model_remove_bundle(struct model *model, struct bundle *bundle);
struct bundle *model_bundle(const struct model *model, const char *name);
/* The newest generation; the one of this number, or NULL when it is not kept. */
const struct bundle_generation *bundle_current(const struct bundle *bundle);
const struct bundle_generation *bundle_generation(const struct bundle *bundle, uint64_t number);
/* Whether a kept generation of its bundle has this version of a secret. */
bool bundle_keeps(const struct secret *secret, uint64_t number);
/* A schedule (every record has a generate_length), and the end of one. It ends with its secret. */
int model_put_schedule(struct model *model, const struct schedule_record *record, struct err *err);
void model_remove_schedule(struct model *model, struct schedule *schedule);
struct schedule *model_schedule(const struct model *model, const struct secret *secret);
/* A template, and the end of one; it ends with its secret. */
int model_put_template(struct model *model, const struct template_record *record, struct err *err);
void model_remove_template(struct model *model, struct secret_template *template);
/* The one that makes a secret's versions; NULL: they are operators' values. */
struct secret_template *model_template(const struct model *model, const struct secret *secret);
/* Whether a secret is one of those that it is made of. And how many templates are made of it. */
bool template_needs(const struct secret_template *template, const uint8_t secret_id[SEAL_ID_BYTES]);
size_t model_templates_of(const struct model *model, const uint8_t secret_id[SEAL_ID_BYTES]);
/* How far a hook is; of a grant that is not there it is passed over. A path that is granted anew
 * begins without. */
int model_put_hook(struct model *model, const struct hook_record *record, struct err *err);
/* Its grants are tombstones already. */
void model_remove_secret(struct model *model, struct secret *secret);

struct secret *model_secret(const struct model *model, const char *name);
struct secret *model_secret_by_id(const struct model *model, const uint8_t id[SEAL_ID_BYTES]);
struct node *model_node(const struct model *model, uint64_t id);
/* The directory of a consumer, or NULL. */
struct node *model_consumer(const struct model *model, const char *consumer);
/* The directory in which every reader finds its own files. */
struct node *model_self(const struct model *model);
struct node *node_file(const struct model *model, const struct node *directory, const char *file);
/* Likewise the folder of this name in a consumer's directory, or FOLDER@N. */
struct node *node_folder_of(
	const struct model *model, const struct node *directory, const char *folder);
/* The living grants of a consumer, those in folders, too: the next one after *place, which begins
 * as {0}; NULL: there is no other. */
struct grant_place {
	size_t child, below;
};
struct grant *node_next_grant(const struct node *directory, struct grant_place *place);
struct grant *model_grant_by_id(const struct model *model, const uint8_t id[SEAL_ID_BYTES]);
bool grant_lives(const struct grant *grant);
bool grant_expired(const struct grant *grant, uint64_t now_ns);
/* The directory of the consumer in which a node is: its own parent, or above the folder it is in.
 */
struct node *node_consumer(const struct node *node);
/* The file of a consumer that a grant shows: "FILE", or "FOLDER/FILE". NULL: it was never there. */
struct node *node_granted(
	const struct model *model, const struct node *directory, const char *file);
/* The grant whose file, or whose previous file, a file's node is: the one that lives, or a
 * tombstone. NULL: nothing was ever granted there. */
struct grant *node_grant(const struct node *file);
/* Whether it is the previous one. */
bool node_is_previous(const struct node *file);
/* What an OPEN of the grant's own file reads now, of one that lives. */
struct blob *grant_blob(const struct grant *grant);
/* What an OPEN of a file reads now; NULL: nothing. And how long a version is with what its grant
 * adds. */
struct blob *node_blob(const struct model *model, const struct node *file);
/* Likewise of a file in a folder, when it is `number` of its bundle's generations that is read;
 * NULL: that is not kept, or did not have it. */
struct blob *node_blob_of(const struct model *model, const struct node *file, uint64_t number);
uint32_t grant_size(const struct grant *grant, const struct blob *blob);
/* When what a file shows became what it shows. */
uint64_t node_changed_ns(const struct node *file, const struct blob *blob);
/* How many reads `container` has had through it. */
uint32_t grant_used(const struct grant *grant, const char *container);
/* Count one more; TACIT_LIMIT when no more containers can be counted. */
int grant_count(struct grant *grant, const char *container, uint32_t used, struct err *err);
/* Note who read what. Any thread, under either lock. */
void grant_note_read(struct model *model, struct grant *grant, const char *user, uint64_t version);
/* Note which version a container's OPEN got. Of more than VAULT_USES_MAX containers those are known
 * that opened last. And what was noted; 0: nothing. Any thread, under either lock. */
void grant_note_version(
	struct model *model, struct grant *grant, const char *container, uint64_t version);
uint64_t grant_version_of(struct model *model, const struct grant *grant, const char *container);
/* Whether a read has been noted that is in no record; and the last one, if `user` (of
 * VAULT_USER_MAX and a NUL) is not empty afterwards. */
bool grant_use_changed(struct model *model, const struct grant *grant);
void grant_last_read(struct model *model, const struct grant *grant, uint64_t *when_ns,
	uint64_t *version, char *user);
/* The record of what has been read, for the store; makes the id it is kept under. */
void grant_use_record(struct model *model, struct grant *grant, struct use_record *record);
/* The date by which grants end. */
uint64_t model_now_ns(const struct model *model);

/* The version a secret has now; the one it had before, while that lives; or a kept one. NULL when
 * it is not in memory. */
struct blob *secret_current(const struct secret *secret);
struct blob *secret_previous(const struct model *model, const struct secret *secret);
struct blob *secret_blob(const struct secret *secret, uint64_t number);

/* A handle takes hold of a version and lets go of it. Under the read lock, from any thread. */
void blob_hold(struct model *model, struct blob *blob);
void blob_release(struct model *model, struct blob *blob);
/* The plaintext of a held blob, unsealed if it is not yet. Lives while the hold lasts and the lock
 * is held. TACIT_LIMIT over MODEL_PLAIN_MAX, TACIT_CORRUPT when it does not authenticate. */
int blob_plain(struct model *model, const struct vault *vault, struct blob *blob,
	const uint8_t **plain, struct err *err);
/* A kept version that is not in memory (the handle of an earlier core pins it). `sealed` becomes
 * the model's. */
struct blob *secret_add_blob(struct secret *secret, const struct version_record *version,
	uint8_t *sealed, size_t sealed_length);

#endif
