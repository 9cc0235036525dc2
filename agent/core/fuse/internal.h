/* SPDX-License-Identifier: Apache-2.0 */
/* What the files of this room share. */
#ifndef TACIT_FUSE_INTERNAL_H
#define TACIT_FUSE_INTERNAL_H

#include <fuse_lowlevel.h>
#include <linux/fuse.h>
#include <pthread.h>

#include "core/fuse/server.h"
#include "core/fuse/tally.h"
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
	int device;     /* through which it came, and is answered */
	bool replaying; /* the request at hand may have been begun before, by an earlier core */
	struct handover_parked *parked; /* the request at hand is this one; NULL: fresh */
	bool last_call;                 /* of a parked one: its time is over */
	bool stays;                     /* of a parked one: it is not answered yet */
	bool refused;                   /* of a parked one: denied, for nobody knows who it is */
	enum policy_rule rule;          /* of an OPEN: what decided, when it is answered */
	struct tally tally;
	pthread_mutex_t record_mutex; /* of its lane of the audit ring (record.h) */
	bool init; /* the replay of INIT: the answer goes to `init_reply`, not to the kernel */
	struct fuse_init_out init_reply;
};

struct handles {
	pthread_mutex_t mutex;
	struct handover_handle *table;
	uint16_t free[HANDOVER_HANDLES];
	unsigned int free_count;
};

/* OPENs that wait (park.c). The table outlives core; what is beside it does not. */
struct park {
	pthread_mutex_t mutex;
	struct handover *handover;
	int wake, count_wake;                /* eventfds */
	uint64_t container[HANDOVER_PARKED]; /* who waits: no container takes the whole table */
	uint32_t arrivals[HANDOVER_PARKED];  /* at this place, those sent again, too */
	bool asked[HANDOVER_PARKED];         /* its read is to be counted */
	bool taken[HANDOVER_PARKED];         /* is being counted */
	bool seen[HANDOVER_PARKED];          /* by the doorman, since it has come */
	bool inheritance[HANDOVER_PARKED];   /* what an earlier core left, and waits yet */
	_Atomic unsigned int inherited;      /* how many of them there are */
	unsigned int counted;                /* the place after the one counted last */
};

#define SESSION_NS 2000000000ull /* what belongs together is opened within it */
/* No container can take the whole table of sessions, nor can a consumer that is of the host. */
#define SESSIONS_PER_READER (HANDOVER_SESSIONS / 4)

/* Processes that are reading bundles (session.c). */
struct sessions {
	pthread_mutex_t mutex;
	struct handover_session *table; /* under mutex; outlives core */
	unsigned int used;              /* under mutex: no place from here on is in use */
};

struct server {
	struct server_parts parts;
	struct worker worker[HANDOVER_THREADS_MAX + 1]; /* the last one in use is the doorman */
	struct park park;
	struct handles handles;
	struct sessions sessions;
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
	bool opens;                        /* it is an OPEN for reading */
	bool has_standing;                 /* standing has been found out */
	enum standing standing;            /* of READER_CONTAINER */
	const struct node *resolved, *own; /* a name in `self`, and what it is of the reader's */
};

void turn_begin(struct turn *turn, fuse_req_t req);
void turn_end(struct turn *turn);
/* May this reader do `act` to `node` (number `id`; NULL: not in the tree)? */
struct policy_answer turn_judge(
	struct turn *turn, enum policy_act act, uint64_t id, const struct node *node);
/* Everything that decides, as values. */
struct policy_question turn_describe(
	struct turn *turn, enum policy_act act, uint64_t id, const struct node *node);
/* Who is behind a request, once its reader is found. */
enum policy_reader turn_classify(const struct turn *turn);
/* The file or folder that a name in `self` is for this reader: its own, or NULL. Any other node is
 * itself. */
const struct node *turn_resolve(struct turn *turn, const struct node *node);
/* What the reader is called in records: "container/web 4f5e0c1d2a3b". */
void turn_user(struct turn *turn, char user[VAULT_USER_MAX + 1]);
/* As turn_judge for ACT_READ on an open file of `opened_by`. */
struct policy_answer turn_judge_open(
	struct turn *turn, uint64_t id, const struct node *node, uint64_t opened_by);
/* The attributes of a node as this reader sees them. */
void turn_attributes(struct turn *turn, uint64_t id, const struct node *node, struct stat *st);

/* match.c: whether the reader is the consumer in whose directory `place` is, or is the directory,
 * or lies above it. */
enum policy_match turn_match(struct turn *turn, const struct node *place);
enum standing turn_standing(struct turn *turn);

/* park.c, and park_count.c what is counted */
/* Number of a request. */
uint64_t park_unique(const char *request);
void park_open_table(struct park *park, struct handover *handover);
/* Let the OPEN at hand wait. False: there is no room. */
bool park_request(struct turn *turn);
/* The OPEN at hand waits already: the kernel, or the slot of an earlier core, has it again. It goes
 * on waiting, by the number and through the device that it has now. */
bool park_again(struct turn *turn);
/* Let the parked OPEN at hand wait until a read of `grant` has been counted for its container. */
void park_for_count(struct turn *turn, const struct grant *grant);
/* Whether the OPEN at hand is a parked one that was counted, and as a read of this very grant: the
 * path may have been granted anew, or `self` be another's, since. */
bool park_was_given(const struct turn *turn, const struct grant *grant);
/* What the OPEN `unique` opened is being closed: if it waits yet, an earlier core answered it. Said
 * before its handle goes. And whether that has been said of the parked OPEN at hand. */
void park_closed(struct server *server, uint64_t unique);
bool park_was_closed(const struct turn *turn);
/* The reader of `unique` was killed, or has a signal. False: it is not parked, or nobody can say yet
 * what it waits for. One that waits for the log alone is let wait: that ends in a moment, or at its
 * deadline, and a program that has many signals would see its opens fail with many EINTR. */
bool park_interrupt(struct server *server, uint64_t unique);
/* What an earlier core left: what it had in hand when it died gets a strike, what it had counted is
 * found in the model. Before the threads. */
void park_resume(struct server *server);
/* The thread of it, a struct worker. It ends when the mount is gone. */
void *park_run(void *doorman);

/* session.c. The mutex is held from the choice until the OPEN has been answered and noted, so that
 * a process is noted to have what it was given, and nothing else. Nothing waits while it is held.
 * Times are CLOCK_MONOTONIC. The caller of all but the first has the mutex. */
struct session_member {  /* one member of what a process reads */
	uint64_t folder; /* number of the consumer's folder, though it was opened through `self` */
	uint64_t process, process_start;
	uint64_t reader;          /* identity of the container; 0: of the host */
	const uint8_t *bundle_id; /* that the folder shows */
	uint32_t member;          /* less than VAULT_MEMBERS_MAX */
};
struct session_choice {
	uint64_t generation;
	uint64_t since_ns; /* when the session began, or begins, to which the OPEN belongs */
};
void sessions_open_table(struct sessions *sessions, struct handover_session *table);
/* Which generation the process is to be given; changes nothing. False: its session has no room. */
bool session_choose(struct sessions *sessions, const struct session_member *who, uint64_t newest,
	uint64_t now_ns, struct session_choice *choice);
/* It has been given it. May be said again, whatever has been noted since. */
void session_note(struct sessions *sessions, const struct session_member *who,
	const struct session_choice *choice, uint64_t now_ns);
/* What an earlier core noted was never answered. */
void session_forget(struct sessions *sessions, const struct session_member *who, uint64_t since_ns);
bool session_reads(const struct sessions *sessions, const uint8_t bundle_id[SEAL_ID_BYTES],
	uint64_t generation, uint64_t now_ns);

/* member.c: an OPEN, as it is found out what it opens. */
struct opening {
	const struct node *file;
	struct blob *blob;
	uint32_t member;     /* of a bundle, of */
	uint64_t generation; /* this one; 0: the file is in no folder */
	bool in_session;     /* of the process `who`; its mutex is held */
	struct session_member who;
	struct session_choice choice;
	struct handover_handle *handle;
	bool made; /* the handle, now */
};
/* What the OPEN at hand is to be given; with `handle`, what an earlier core gave it. 0, or an
 * errno. member_end() comes after it, in any case. */
int member_begin(struct turn *turn, struct opening *opening);
/* It was answered, and holds `handle`. */
void member_note(struct turn *turn, const struct opening *opening);
void member_end(struct turn *turn, const struct opening *opening);
/* After a takeover, before anything is answered: the OPEN was made, and perhaps not noted. */
void member_resume(struct server *server, const struct handover_handle *handle);
/* Before its handle goes: whoever closes it may be quicker than the thread that has answered it,
 * and has not noted it. */
void member_close(struct server *server, const struct handover_handle *handle);
/* The OPEN that made `handle` was never answered. */
void member_forget(struct server *server, const struct handover_handle *handle);

/* record.c: what the OPEN at hand is about to be given is put down. */
enum recorded {
	RECORDED,       /* it may be answered */
	RECORD_AWAITED, /* parked: the log does not have it yet */
	RECORD_REFUSED, /* parked: and now it is too late */
};
enum recorded record_read(struct turn *turn, const struct opening *opening);
/* Whether the log is all that a parked OPEN waits for, and it does not have its record yet. */
bool record_is_awaited(const struct server *server, const struct handover_parked *entry);

/* denial.c: the request at hand is about to be denied; whether that is worth a record is decided
 * there. */
enum denied_act { DENIED_OPEN, DENIED_READ, DENIED_STAT, DENIED_ACCESS };
struct denial {
	uint64_t id; /* of the node, which may be NULL */
	const struct node *node;
	enum policy_rule rule;
	int errnum;
	const char *word; /* in place of the rule's; NULL */
};
void record_denial(struct turn *turn, enum denied_act act, const struct denial *denial);
/* After a takeover, before anything is answered: what an earlier core was about to tell. */
void record_resume(struct server *server);

/* folders.c: whether the kernel has been told, by this core or another, that it is a folder; and
 * that it may be from now on (a model_folder_fn). */
bool folder_is_known(const struct server *server, uint64_t folder);
bool folder_add(void *server, uint64_t folder);

/* tally.c: the request in the worker's slot was answered, and its reader has the answer. */
void tally_answered(struct worker *worker, const struct fuse_out_header *answer);

/* server.c: answer the request in the worker's slot, and clear it. */
void server_process(struct worker *worker);

/* handle.c: the table of open files. A handle's number is generation << 32 | place. */
void handles_open_table(struct handles *handles, struct handover_handle *table);
/* A new handle. NULL: the table, or the consumer's share, is used up. */
struct handover_handle *handle_make(
	struct handles *handles, struct node *consumer, const struct handover_handle *contents);
struct handover_handle *handle_find(struct handles *handles, uint64_t number);
uint64_t handle_number(const struct handles *handles, const struct handover_handle *handle);
void handle_free(struct handles *handles, struct node *consumer, struct handover_handle *handle);
/* An open one reads no further; its place is kept until the kernel releases it. */
void handle_end(struct handles *handles, struct node *consumer, struct handover_handle *handle);
unsigned int handles_open_count(struct handles *handles);
/* Whether the container `reader` has a file of this grant open. */
bool handles_grant_is_open(
	struct handles *handles, const uint8_t grant_id[SEAL_ID_BYTES], uint64_t reader);
/* The handle that a request made, though it may have been ended since; or NULL. */
struct handover_handle *handle_of_request(struct handles *handles, uint64_t unique);
bool handles_version_is_open(
	struct handles *handles, const uint8_t secret_id[SEAL_ID_BYTES], uint64_t number);
/* Whether a file of this generation of a bundle is open. */
bool handles_generation_is_open(
	struct handles *handles, const struct bundle_record *bundle, uint64_t generation);

/* open.c and files.c */
#define TOUCH_HANDLE UINT64_MAX /* what toucher has open: it reads nothing, and leaves nothing */
struct node *handle_consumer(const struct model *model, const struct handover_handle *handle);
void on_open(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *file);
void on_read(
	fuse_req_t req, fuse_ino_t ino, size_t size, off_t offset, struct fuse_file_info *file);
void on_write(fuse_req_t req, fuse_ino_t ino, const char *bytes, size_t size, off_t offset,
	struct fuse_file_info *file);
/* Nobody has it any more. */
void files_let_go(const struct turn *turn, struct handover_handle *handle);
/* Let go of what a request opened that is answered with an error after all. */
void files_drop_request(struct server *server, uint64_t unique);
void on_release(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *file);

/* program.c: tacit-exec. What a directory lists of it, or NULL: in a consumer's it is there and not
 * listed, for programs take all that they find for secrets. */
#define PROGRAM_HANDLE (UINT64_MAX - 1) /* all that have it open */
const char *program_listed(uint64_t directory);
void program_attributes(struct stat *st);
void program_open(struct turn *turn, fuse_req_t req, uint64_t ino, struct fuse_file_info *file);
void program_read(fuse_req_t req, size_t size, off_t offset);

/* names.c: the table of operations, and all of them but the files'. */
extern const struct fuse_lowlevel_ops server_operations;

#endif
