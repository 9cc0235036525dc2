/* SPDX-License-Identifier: Apache-2.0 */
/* The file system: requests of the kernel, answered from memory.
 *
 * A thread, a session of libfuse, a clone of /dev/fuse and a slot of the handover memory belong
 * together. A request is received into the slot, decided and answered under the model's read lock,
 * then cleared from the slot. A core that takes over answers what it finds in the slots first.
 *
 * No thread here waits: no disk, no network, no log that could block, no child. Notifications to
 * the kernel leave from a thread of their own. */
#ifndef TACIT_FUSE_SERVER_H
#define TACIT_FUSE_SERVER_H

#include <stdatomic.h>
#include <stdbool.h>
#include <sys/types.h>

#include "core/fuse/tally.h"
#include "core/identity/containers.h"
#include "core/identity/identity.h"
#include "core/model/model.h"
#include "core/policy/policy.h"
#include "wire/audit_ring.h"
#include "wire/handover.h"

struct server;

/* Where it is put down who was given what, and who was not. */
struct server_audit {
	struct audit_ring *ring;
	bool required; /* an OPEN is answered when the log has its record, not before */
	/* There is something in the ring; `urgent`: a lane of it fills. Never waits. */
	void (*wake)(void *with, bool urgent);
	void *with;
};

/* What the server uses; all of it outlives the server and belongs to the caller. */
struct server_parts {
	struct model *model;
	const struct vault *const *vault; /* where the vault is, or NULL, when a request needs it */
	struct identity *identity;
	struct containers *containers;
	struct handover *handover;
	const int *device;    /* handover->threads clones of /dev/fuse; the server closes them */
	gid_t operators;      /* group whose members may see names; (gid_t)-1: none */
	uint64_t patience_ns; /* how long an OPEN may wait; less than INT_MAX milliseconds */
	struct server_audit audit;
};

/* Sessions, each told the INIT that holder answered. TACIT_INTERNAL when libfuse would have
 * negotiated anything else. Ends with the process: there is no server_free. */
int server_new(const struct server_parts *parts, struct server **server, struct err *err);

/* Take up what an earlier core left: the open files (whose versions are read from the vault), then
 * the requests in the slots, then, with `resend`, what the kernel still waits for. Before
 * server_start, in the thread that owns the vault. */
void server_resume(struct server *server, struct vault *vault, bool resend);

/* Start the threads. */
int server_start(struct server *server, struct err *err);

/* Whether a container is the consumer of this directory; pure. */
bool server_is_consumer(const struct node *directory, const struct container_facts *facts);

/* Who is asked about: a process, a container by its id, or (0 and NULL) whoever the consumer is. */
struct server_suspect {
	pid_t pid;
	const char *container;
};

/* What an OPEN of a granted file would be answered, and what the reader is called ("" when it is
 * only supposed). Of a container the owner and mode are taken to fit, and that it is its main
 * process. In the thread that writes the model. */
struct policy_answer server_check(struct server *server, const struct node *file,
	const struct server_suspect *suspect, char user[VAULT_USER_MAX + 1]);

/* Look at the parked OPENs again: an engine has said something, a read has been counted, or the
 * audit log has records. From any thread. */
void server_wake_parked(struct server *server);
unsigned int server_parked(struct server *server);

/* An OPEN that is parked until one more read of a grant has been written down. */
struct server_count {
	unsigned int place;
	uint64_t unique;
	uint8_t grant_id[SEAL_ID_BYTES];
	char container[CONTAINER_ID_LENGTH + 1];
};

/* For the thread that owns the vault. A descriptor that is readable while there is one; the next of
 * them; the number it will have when it is written down, said before; and then whether it was. */
int server_count_fd(const struct server *server);
bool server_next_count(struct server *server, struct server_count *count);
void server_number_count(struct server *server, const struct server_count *count, uint64_t number);
void server_settle_count(struct server *server, const struct server_count *count, bool given);

/* Whether a process is reading this generation of a bundle, in any of its folders, or has a file of
 * it open: it must be kept. */
bool server_generation_is_read(
	struct server *server, const struct bundle *bundle, uint64_t generation);

/* How many folders more the mount can have (model_new_folders). In the thread that writes the
 * model. */
size_t server_folder_room(const struct server *server);

/* A descriptor that becomes readable when the mount is gone. */
int server_gone_fd(const struct server *server);

/* Whether every thread finishes its requests: none has been at one for `limit_ns`. */
bool server_moves(const struct server *server, uint64_t limit_ns);

/* The process that may write into the mount; 0: none. */
void server_set_toucher(struct server *server, pid_t pid);

/* End the open files of a grant, or all of them (NULL): their next READ fails. The caller holds the
 * model's write lock. */
void server_end_handles(struct server *server, const uint8_t *grant_id);

/* End the open files of what a grant shows as its previous file, likewise. */
void server_end_previous(struct server *server, const struct grant *grant);

unsigned int server_open_handles(struct server *server);

/* Put down how many denials followed those that have a record by themselves, when a second has
 * passed. From one thread at a time, any. True: there are some of which it has not. */
bool server_settle_denials(struct server *server);

/* What all threads have answered since this core began. From any thread. */
void server_sums(const struct server *server, struct tally_sums *sums);

/* Whether an open file holds this version of a secret: it must not be pruned. */
bool server_version_is_open(
	struct server *server, const uint8_t secret_id[SEAL_ID_BYTES], uint64_t number);

#endif
