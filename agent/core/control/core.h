/* SPDX-License-Identifier: Apache-2.0 */
/* core: the process that holds the keys and answers the kernel.
 *
 * Threads:
 *   main     (loop.c)    channels to holder, toucher, engine and gate; answers pings; never
 *                        touches a disk
 *   worker   (worker.c)  owns the vault and the channel to api; the only writer of the model
 *   FUSE x N (fuse/)     read the model; one more takes up what was parked
 * It never forks, opens no socket but what holder gave it, and enters its own mount in no thread.
 */
#ifndef TACIT_CONTROL_CORE_H
#define TACIT_CONTROL_CORE_H

#include <pthread.h>
#include <stdbool.h>

#include "base/config.h"
#include "base/paths.h"
#include "core/fuse/server.h"
#include "core/store/integrity.h"
#include "wire/frame.h"

/* Paths that toucher shall write to, each once; filled by the worker, drained by main. */
struct touches {
	pthread_mutex_t mutex;
	struct touch *waiting;     /* in the order they came */
	uint64_t overlaps_end_ns;  /* the worker's: when the next overlap ends, or earlier; 0: to be
				      found out */
	uint64_t overlaps_seen_ns; /* the worker's: those that ended until then have been touched */
};

struct core {
	struct config config;
	char root[PATH_ROOT_MAX + 1];
	bool swaps;      /* memory cannot be locked, and the configuration allows that */
	gid_t operators; /* group that may see names; (gid_t)-1: none */

	/* Given by holder before anything runs; constant afterwards. */
	int device[HANDOVER_THREADS_MAX];
	int handover_fd, keys_fd, audit_fd, mount_fd, adopt_fd, listener_fd;
	struct handover *handover;
	struct handover_keys *keys; /* changed by the worker alone */

	struct model *model;
	struct vault *vault; /* the worker's; NULL until the store is attached. FUSE threads use it
				under the model's read lock, while the model is not locked. */
	uint64_t uses_kept_ns; /* CLOCK_MONOTONIC; the worker's */
	struct err failure;    /* why it does not serve; code 0: it does. The worker's */
	struct identity *identity;
	struct containers *containers;
	struct server *server;

	/* Between main and worker. */
	int api_wake;            /* eventfd: api_channel, or stop_asked, has been set */
	_Atomic bool stop_asked; /* holder waits for FRAME_STOP_ANSWER, which says to go ahead */
	_Atomic int api_channel; /* given by main, taken (-1) by the worker */
	int touch_wake;          /* eventfd: there are touches */
	struct touches touches;
	pthread_mutex_t key_mutex;
	pthread_cond_t key_given;
	int key_status;         /* 1: not asked; 0 or -code: given; under key_mutex */
	uint32_t key_source;    /* that was asked; under key_mutex */
	int key_fd;             /* under key_mutex */
	struct err key_trouble; /* of the key slots, as they were last looked at; code 0: none, or
				   locked. The worker's */

	struct starting *starting; /* starting.c */

	struct auditor *auditor; /* auditor.h */
	struct errands *errands; /* errands.h */
	struct hooks *hooks;     /* hooks.h; the worker's */
	struct rotator *rotator; /* rotator.h; the worker's */

	/* Since this core began; the worker's. */
	struct core_rotations {
		uint64_t by_operators, by_agent; /* new current versions of secrets */
		uint64_t failures;               /* attempts of the agent's that failed */
	} rotations;

	/* audit_call.h; the worker's. NULL: nobody reads the log. */
	struct audit_desk *audit_desk;

	struct backup *backup;    /* core/store/backup.h; the worker's; NULL: none is made */
	uint64_t backup_asked_ns; /* CLOCK_MONOTONIC, the last time that it was */
	struct restore *restore;  /* restore.c; the worker's; NULL: none is begun */

	/* main's own. */
	int holder, toucher, engine, gate;
	pid_t toucher_pid;
	bool touching;
};

/* loop.c: until the mount is gone, or holder is gone and there is nothing to serve. */
int core_run(struct core *core, struct err *err);
/* Receive everything holder gives, up to FRAME_GO. */
int core_receive_gifts(struct core *core, struct err *err);
void core_take_gift(struct core *core, const struct frame *frame);

/* starting.c: tell holder that this process runs, from here to there: reading a large store takes
 * longer than holder waits. starting_end() does nothing when nothing is begun. TACIT_LIMIT. */
int starting_begin(struct core *core, struct err *err);
void starting_end(struct core *core);

/* boot.c, in main before the threads: models and sessions; what an earlier core left. */
int core_boot(struct core *core, struct err *err);
/* unlock.c. Attach the store, if it is not yet. TACIT_NOT_FOUND: there is none. */
int core_attach(struct core *core, struct err *err);
/* In main before the threads: go on with the root key that an earlier core was given. */
int core_resume(struct core *core, struct err *err);
/* In the worker: unlock by what is there at the start of an agent, or make the first store. */
void core_first_unlock(struct core *core);
/* Attach the store if it is not yet, open it by what an operator gave (NULL, or nothing: by what is
 * there; and when there is no store, make it if that is configured), load. keys.h */
struct keys_given;
int core_unlock(struct core *core, const struct keys_given *given, struct err *err);
/* Make a store that `key` opens, a slot as `about` has it, and serve it. TACIT_EXISTS. */
struct slot_about;
int core_create(struct core *core, struct slot_about *about, const uint8_t key[SEAL_KEY_BYTES],
	struct err *err);
/* Forget keys and values, end open files; with `write_down` it stays so after a restart. */
int core_lock(struct core *core, bool write_down, struct err *err);

/* store_place.c: tell the vault, which has no key yet, of the configured anchor; should that fail,
 * the vault is closed. */
int core_set_anchor(struct core *core, enum vault_anchoring how, struct err *err);
/* A backup or a restore that is under way, or what another core left of one: its files go. */
void core_end_transfers(struct core *core);

/* engines.c, in main: what the role engine says; and what it is to be asked. Negative: the channel
 * is over. */
int core_hear_engine(struct core *core, struct err *err);
/* How an act ended, by engine or gate. TACIT_INVALID when the frame says anything else. */
int core_hear_acted(struct core *core, const struct frame *frame, struct err *err);
void core_ask_engine(struct core *core);

/* keep.c, in the worker: what is written down without an operator's asking. All of them do nothing
 * while the agent is locked. */
void keep_containers(struct core *core);     /* what engines have told */
void keep_counts(struct core *core);         /* reads that are counted, for the OPENs that wait */
void keep_uses(struct core *core, bool now); /* who read what last; and the time; `now`: although it
					      is not due */
/* How long the worker may sleep before keep_uses() is due, in ms; -1: for ever. */
int keep_patience(const struct core *core);

/* hooks.c and schedule.c, in the worker: begin what is due, note what has ended; and how long until
 * something is due, in ms; -1: nothing will be by itself. Nothing while the agent is locked. */
struct errand_end;
struct hooks *hooks_new(void);         /* NULL: no memory */
void hooks_changed(struct core *core); /* secrets, grants or consumers have, perhaps */
void hooks_forget(struct core *core);  /* what is under way: not that it is due */
void hooks_work(struct core *core);
int hooks_patience(const struct core *core);
bool hooks_errand_ended(struct core *core, const struct errand_end *end); /* false: not of theirs */
void schedules_work(struct core *core);
int schedules_patience(const struct core *core);
bool schedules_errand_ended(struct core *core, const struct errand_end *end);
/* Where a rotator's `make` writes the new value, or -1; and read what there is of it when it is
 * readable or hung up. Never waits. */
int schedules_stream_fd(const struct core *core);
void schedules_stream_ready(struct core *core);

/* load.c, in the worker: fill the model from an open vault. On failure the vault is forgotten and
 * the model empty. */
int core_load(struct core *core, struct err *err);
/* load.c, in the worker: have the blob of a kept version in memory; reads the store first, then
 * takes the write lock for a moment. TACIT_NOT_FOUND when it is not kept. */
int core_load_version(struct core *core, struct secret *secret, uint64_t number, struct err *err);

/* versions.c: since when its current version has been that. */
uint64_t secret_since_ns(const struct secret *secret);

/* load.c, in the worker, under the write lock: what is committed has been put into memory, if
 * `status` is 0. If it is not, this core ends: the next one reads what the store says. */
void core_expect_published(int status, const struct err *err);

/* adopt.c: a new holder asks for everything that must outlive us. */
void core_answer_adoption(struct core *core);

/* worker.c. Within a request: wait until `fd` is readable, hung up, or it is `deadline_ns`
 * (CLOCK_MONOTONIC; UINT64_MAX: there is none). Reads that are counted do not wait meanwhile: the
 * caller is in no change. It may come back early. */
void core_wait(struct core *core, int fd, uint64_t deadline_ns);
int worker_start(struct core *core, struct err *err);

/* touch.c */
void touches_add_secret(struct core *core, const struct secret *secret); /* all of its files */
/* What became current since then: after a crash, what the last core committed and may not have
 * told. */
void touches_add_since(struct core *core, uint64_t since_ns);
/* The files of the secrets of one commit, each path once; of `retired` only what was shown of their
 * previous versions. */
void touches_add(struct core *core, const struct secret *const *changed, size_t changed_count,
	const struct secret *const *retired, size_t retired_count);
/* In the worker: touch what was shown of previous versions whose time is over; and how long until
 * the next one's is, in ms, or -1. Nothing while the agent is locked. */
void touches_overlaps_ended(struct core *core);
int touches_patience(const struct core *core);
void touches_next(struct core *core); /* main: send the next one, if none is under way */

/* holders.c: containers that have the mount. */
struct mount_user {
	char container[CONTAINER_ID_LENGTH + 1];
	char below[TACIT_CONSUMER_NAME_MAX + 1]; /* what of the mount: "compose/shop/web" */
	bool stale;                              /* of an agent that is gone */
};
/* Up to `room` users; how many there are is returned. Reads /proc: not for FUSE threads. */
size_t mount_users(struct core *core, struct mount_user *users, size_t room);

#endif
