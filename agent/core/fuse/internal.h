/* SPDX-License-Identifier: Apache-2.0 */
/* What the files of this room share. */
#ifndef TACIT_FUSE_INTERNAL_H
#define TACIT_FUSE_INTERNAL_H

#include <fuse_lowlevel.h>
#include <linux/fuse.h>
#include <pthread.h>

#include "core/fuse/server.h"
#include "core/policy/policy.h"

#define HANDLES_PER_CONSUMER (HANDOVER_HANDLES / 4) /* no consumer can take the whole table */
/* From linux/fuse.h of 6.9: absent from the oldest headers we build with. */
#define NOTIFY_RESEND 7            /* to the kernel: queue again what was taken and not answered */
#define UNIQUE_RESENT (1ull << 63) /* in a request's number: it was queued again */

struct worker {
	struct server *server;
	struct fuse_session *session;
	struct handover_slot *slot;
	pthread_t thread;
	int device;
	bool replaying; /* the request at hand was taken by an earlier core */
	bool init;      /* the replay of INIT: the answer goes to `init_reply`, not to the kernel */
	struct fuse_init_out init_reply;
};

struct handles {
	pthread_mutex_t mutex;
	struct handover_handle *table;
	uint16_t free[HANDOVER_HANDLES];
	unsigned int free_count;
};

struct server {
	struct server_parts parts;
	struct worker worker[HANDOVER_THREADS_MAX];
	struct handles handles;
	_Atomic pid_t toucher;
	/* Counts answers. What one thread did before its answer, another sees that receives a
	 * request made because of it: the kernel orders it so, and with this the language too. */
	_Atomic uint64_t answered;
	int gone;
};

/* turn.c: a request under the read lock. turn_begin takes it, turn_end lets go. */
struct turn {
	struct server *server;
	struct worker *worker;
	struct model *model;
	const struct fuse_ctx *who;
	struct reader reader;
	enum policy_reader kind;
};

void turn_begin(struct turn *turn, fuse_req_t req);
void turn_end(struct turn *turn);
/* May this reader do `act` to `node` (number `id`; NULL: not in the tree)? */
struct policy_answer turn_judge(
	const struct turn *turn, enum policy_act act, uint64_t id, const struct node *node);
/* As turn_judge for ACT_READ on an open file of `opened_by`. */
struct policy_answer turn_judge_open(
	const struct turn *turn, uint64_t id, const struct node *node, uint64_t opened_by);
/* The attributes of a node as this reader sees them. */
void turn_attributes(
	const struct turn *turn, uint64_t id, const struct node *node, struct stat *st);

/* handle.c: the table of open files. A handle's number is generation << 32 | place. */
void handles_open_table(struct handles *handles, struct handover_handle *table);
/* The handle of an OPEN: a new one, or with `again` the one that an earlier core made for the same
 * request (*made is then false). NULL: the table, or the consumer's share, is used up. */
struct handover_handle *handle_make(struct handles *handles, struct node *consumer,
	const struct handover_handle *contents, bool again, bool *made);
struct handover_handle *handle_find(struct handles *handles, uint64_t number);
uint64_t handle_number(const struct handles *handles, const struct handover_handle *handle);
void handle_free(struct handles *handles, struct node *consumer, struct handover_handle *handle);
/* An open one reads no further; its place is kept until the kernel releases it. */
void handle_end(struct handles *handles, struct node *consumer, struct handover_handle *handle);
unsigned int handles_open_count(struct handles *handles);
bool handles_version_is_open(
	struct handles *handles, const uint8_t secret_id[SEAL_ID_BYTES], uint64_t number);

/* files.c */
void on_open(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *file);
void on_read(
	fuse_req_t req, fuse_ino_t ino, size_t size, off_t offset, struct fuse_file_info *file);
void on_write(fuse_req_t req, fuse_ino_t ino, const char *bytes, size_t size, off_t offset,
	struct fuse_file_info *file);
void on_release(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *file);

/* names.c: the table of operations, and all of them but the files'. */
extern const struct fuse_lowlevel_ops server_operations;

#endif
