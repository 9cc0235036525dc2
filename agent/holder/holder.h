/* SPDX-License-Identifier: Apache-2.0 */
/* tacitd, the holder: the one process that is root, and the one that must not fail.
 *
 * It opens /dev/fuse and mounts, keeps every descriptor that must outlive the others, starts them,
 * and starts them again. It is fed by nobody but its own children, in fixed frames; it parses
 * nothing but its configuration; it never waits for a child, alive or dead; it connects to engines,
 * whose sockets are root's, and reads nothing that they say; it runs programs that only root can
 * have put in their place, never as root, and reads nothing of theirs either; it holds no key and
 * never enters the mount. One thread. Keep it small. */
#ifndef TACIT_HOLDER_HOLDER_H
#define TACIT_HOLDER_HOLDER_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include <tacit/api.h>

#include "base/config.h"
#include "base/paths.h"
#include "wire/frame.h"
#include "wire/handover.h"

#define HOLDER_ADOPT_SOCKET TACIT_RUN_DIR "/adopt.sock"
#define HOLDER_PID_FILE TACIT_RUN_DIR "/holder.pid" /* locked while a holder lives */

/* The descriptors that outlive the other processes, and holder itself when it re-executes. Their
 * names are those of systemd's descriptor store: an upgrade, a restart by systemd and an adoption
 * from a core that lives on all end in this table. */
struct table {
	int device[HANDOVER_THREADS_MAX]; /* "device-N" */
	int handover, keys, audit;        /* "handover", "keys", "audit" */
	int mount;                        /* "mount": O_PATH of the mount's root */
	int adopt, listener;              /* "adopt", "listener": listening sockets */
	int core;                         /* "core": pidfd of a core that another holder started */
};

void table_empty(struct table *table);
void table_close(struct table *table); /* and empties it */
/* What the environment passed (LISTEN_FDS, LISTEN_FDNAMES, for this process). False: nothing. */
bool table_receive(struct table *table);
/* Put the table into the environment and execute `argv`; returns only when that fails. */
int table_execute(const struct table *table, char *const *argv, struct err *err);
/* Hand every descriptor to systemd's store, when it runs us and keeps one; READY=1 either way. */
void table_notify_ready(const struct table *table);
/* Take every descriptor back from the store: the mount has ended, and "systemctl restart" would
 * give its remains to the next holder. */
void table_notify_stopping(void);

struct child {
	enum role role;
	pid_t pid;   /* 0: none */
	int channel; /* -1: none */
	bool ready;
	uint64_t started_ns;
	uint64_t pinged_ns; /* the last ping */
	uint64_t heard_ns;  /* its start, or the last answer */
	unsigned int
		failures; /* deaths in a row before it was ready, or (engine) in its first second */
	uint64_t not_before_ns; /* of the next start */
};

/* As whom a role runs. */
struct user {
	uid_t uid;
	gid_t gid;
};

/* Where programs run, one at a time: FREE, then RUNS until the program has ended or is to end, then
 * ENDS until a sweeper, a child that becomes the lane's user, has killed whatever that user still
 * runs. */
enum lane_state { LANE_FREE, LANE_RUNS, LANE_ENDS };

struct lane {
	struct user user; /* nobody else's; root: there is no such user, and nothing runs */
	enum lane_state state;
	pid_t program;        /* 0: none, or it has been seen to end */
	pid_t sweeper;        /* of ENDS; 0: to be started */
	int report;           /* of the program: why the program could not be executed, if so */
	uint64_t deadline_ns; /* of RUNS: the program's; of ENDS: the sweeper's */
	struct frame_ran ran; /* what core will be told; number 0: nobody wants to know */
};

/* Descriptors of a program: RUN_OLD_FD and RUN_NEW_FD are those of a value, standard input is a
 * key's alone. */
enum { STREAM_INPUT, STREAM_OUTPUT, STREAM_OLD, STREAM_NEW, STREAMS };

struct holder {
	struct config config;
	char root[PATH_ROOT_MAX + 1];
	char libexec[PATH_FULL_MAX];
	char **argv;
	const char *credentials; /* systemd's directory of them, as the environment said at the
				    start; NULL: there is none */
	struct user user[ROLES]; /* [ROLE_HOLDER] is root */
	gid_t operators;         /* (gid_t)-1: no such group */
	int lock;
	struct table table;
	struct handover *handover;
	struct child child[ROLES]; /* [ROLE_HOLDER] is not used */
	struct lane lane[RUN_LANES];
	int stream[STREAMS]; /* of the program that core asks for next; -1: none */
	int corpse;          /* pidfd of a core that was killed and is not dead yet; -1: none */
	bool announced;      /* systemd has been told that we serve */
	bool stopping;
};

/* setup.c: users (of the roles that are configured), directories, the lock, listening sockets.
 * TACIT_BUSY when another agent has `root`. */
int setup_users(struct holder *holder, struct err *err);
int setup_places(struct holder *holder, struct err *err);
int setup_sockets(struct holder *holder, struct err *err);

/* mount.c: open, mount, answer INIT; or find the descriptors of a mount that lives in the table. */
int mount_make(struct holder *holder, struct err *err);
/* Whether the mount of `holder->handover` is where it belongs. */
bool mount_lives(const struct holder *holder);
void mount_end(struct holder *holder);

/* adopt.c: ask a core whose holder died for its descriptors. False: there is none. */
bool adopt_orphan(struct holder *holder);

/* child.c */
/* Whether there is such a process at all: engine and gate are for engines that can be asked. */
bool child_is_configured(const struct holder *holder, enum role role);
void child_start(struct holder *holder, enum role role);
/* Kill (when `kill_it`) and forget it; when `to_blame`, count a strike against what core had in
 * hand. */
void child_drop(struct holder *holder, enum role role, bool kill_it, bool to_blame);
/* Kill the core that `pidfd` is of, and take the pidfd. A core that is killed is not yet dead:
 * until it is, it may still take a request, which its successor would not find. So wait for that,
 * some milliseconds as a rule; one that cannot die, because a thread of it waits in the kernel, is
 * left as holder->corpse after CORPSE_WAIT_MS, and whoever took over looks again when it is dead.
 */
void child_kill_core(struct holder *holder, int pidfd);
/* The descriptor of a role's executable; -1 and TACIT_NOT_FOUND when it is not there. */
int child_program(const struct holder *holder, enum role role, struct err *err);

/* give.c: descriptors for children. Nothing here waits for one: what it does not read is lost. */
/* What a role that has just started needs: its gifts, its peers, "go". */
void give_start(struct holder *holder, enum role role);
/* The key file or the credential to core; or why not. False: there is no such source. */
bool give_key(const struct holder *holder, const struct frame_need_key *need);
/* give_copy.c: a connection to where records of the audit are told, too, to core; or why not. */
void give_copy(const struct holder *holder);
/* A connection to an engine to gate, whose user may not open the engine's socket; or why not. */
void give_engine(const struct holder *holder, const struct frame_need_engine *need);

/* run.c: programs of hooks.d, rotators.d and keys.d. No process of a lane's user outlives a run: it
 * is killed when the program ends, when it takes too long, when core ends (the next one asks
 * again), and when holder does; what a holder that was killed has left is ended by the next one. */
void run_open(struct holder *holder);
/* Core gives a stream, or asks for a run: answered by FRAME_RAN. False: it may not. The descriptor
 * is taken when it may. */
bool run_take_stream(
	struct holder *holder, enum role from, const struct frame_give *give, int *stream);
bool run_program(struct holder *holder, const struct frame_run *run);
/* A child has ended. */
void run_reaped(struct holder *holder, pid_t pid, int status);
/* End what is overdue. How long nothing is due, in ms, at most `wait`. */
int run_look_after(struct holder *holder, uint64_t now, int wait);
/* End all runs; nobody will be told. */
void run_forget(struct holder *holder);
/* As run_forget(), for a holder that will not be there to see them end. */
void run_stop(struct holder *holder);

/* program.c: of a lane's programs, what is root's and what is the new process's part. */
#define PROGRAM_PATH_MAX (PATH_FULL_MAX + HOOK_PROGRAM_MAX + 1)

/* The path of a program, when only root can have put it there and nobody else can replace it: a
 * regular file, executable, root's, not writable by others, no symbolic link, in directories of
 * which the same is true. TACIT_INVALID: it is no program's name; TACIT_NOT_FOUND, TACIT_DENIED. */
int program_find(const char *root, enum run_lane lane, const char *name,
	char path[PROGRAM_PATH_MAX], struct err *err);

struct program {
	const char *path;
	const struct frame_run *run;
	struct user user;
	int stream[STREAMS];
	int report; /* an errno goes there when it is not executed; EBUSY: its user runs something
		       already, which is not a program of ours */
	pid_t holder;
};

/* In a new process: become the user, and execute. */
_Noreturn void program_execute(const struct program *program);

/* In a new process: kill all other processes of the user, and end when they are gone: with status
 * SWEPT, SWEEP_LEFT_SOME or SWEEP_FAILED. By a signal: one of them was faster; try again. */
enum { SWEPT, SWEEP_LEFT_SOME, SWEEP_FAILED };
_Noreturn void program_sweep(const struct user *user);

#endif
