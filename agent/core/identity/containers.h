/* SPDX-License-Identifier: Apache-2.0 */
/* The containers that engines have told of, and the one place that says which of them a reader is.
 *
 * A container is known from its creation, before it can read. At its first request its cgroup is
 * pinned: the id in another cgroup is another container until its engine says otherwise. What ended
 * is known on, for it may be started again; but then its engine is asked first. While an engine's
 * API is down nothing new can be learned of its containers: what is known of them stands, because
 * their cgroups are in places that only root can make.
 *
 * A run (CONTAINER_OF_RUN) is begun and ended by operators. No engine is asked for it, and none is
 * believed.
 *
 * Thread-safe. No function waits: a question for an engine is left for the main thread, which is
 * woken (containers_wake_fd). */
#ifndef TACIT_IDENTITY_CONTAINERS_H
#define TACIT_IDENTITY_CONTAINERS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/config.h"
#include "base/container.h"
#include "base/names.h"
#include "core/identity/identity.h"

#define CONTAINERS_MAX 8192 /* known at once; of those that ended, the oldest make room */
/* How long an OPEN of an agent waits for an engine's word: with what comes after, less than a
 * second. */
#define CONTAINERS_PATIENCE_NS 900000000ull

struct containers;

/* What is known of a container's life; the numbers are those of wire's enum container_life. */
enum container_state { CONTAINER_CREATED, CONTAINER_RUNNING, CONTAINER_ENDED };

enum standing {
	STANDING_KNOWN,   /* containers_visit() shows what its engine says of it */
	STANDING_WEAK,    /* there is no engine to ask: its id and its place are all there is */
	STANDING_PENDING, /* its engine is being asked */
	STANDING_NOBODY,  /* no engine knows it, or none has answered in time */
};

/* An engine's answer is awaited for `patience_ns`, and who was refused is not asked for again
 * before that is over. Without engines (`engine_count` 0) every container is STANDING_WEAK. NULL:
 * no memory. */
struct containers *containers_new(const struct config *config, uint64_t patience_ns);
void containers_free(struct containers *containers);

/* Which standing the container `reader` (READER_CONTAINER) has. Pins it at first sight, and begins
 * to ask when that is needed. `opens`: an OPEN, which asks again although it was asked in vain. */
enum standing containers_standing(
	struct containers *containers, const struct reader *reader, bool opens);

/* Call `see` (when not NULL) with what is known of container `id`, under the lock: it must not
 * wait. False when nothing is known. */
typedef void containers_see_fn(
	void *arg, const struct container_facts *facts, enum container_state state);
bool containers_visit(
	struct containers *containers, const char *id, containers_see_fn *see, void *arg);
void containers_each(struct containers *containers, containers_see_fn *see, void *arg);
/* The id of the container named `name`, or whose id begins with it (12 digits at least). False:
 * none, or more than one. */
bool containers_find(
	struct containers *containers, const char *name, char id[CONTAINER_ID_LENGTH + 1]);

/* What engines say; the caller has checked it. */
void containers_came(struct containers *containers, const struct container_facts *facts,
	enum container_state state);
void containers_went(struct containers *containers, const char *id, bool removed);
void containers_unknown(struct containers *containers, const char *id);

enum containers_engine { CONTAINERS_DOWN, CONTAINERS_LISTING, CONTAINERS_SYNCED };
void containers_engine(
	struct containers *containers, unsigned int engine, enum containers_engine state);
enum containers_engine containers_engine_state(struct containers *containers, unsigned int engine);

/* Nobody speaks for the engines any more: all of them are down. And somebody else does: who waits
 * is asked for again. */
void containers_engines_lost(struct containers *containers);
void containers_ask_again(struct containers *containers);

/* What was kept from before: known, and nothing more, until its engine says something. */
void containers_keep(struct containers *containers, const struct container_facts *facts);

/* Begin a run: from now on who is in the cgroup CGROUP_RUN_ROOT of this id is that consumer, while
 * the process `runner` of the host lives. TACIT_NOT_FOUND: there is no such process; TACIT_EXISTS;
 * TACIT_LIMIT. Its texts have been checked. */
struct containers_run {
	char id[CONTAINER_ID_LENGTH + 1];
	char consumer[TACIT_CONSUMER_NAME_MAX + 1];
	pid_t runner;
};
int containers_run_begin(
	struct containers *containers, const struct containers_run *run, struct err *err);
/* False: there is no such run. */
bool containers_run_end(struct containers *containers, const char *id);
/* Forget the runs whose runner is gone: they are nobody since then. */
void containers_runs_look(struct containers *containers);

/* Readable when there is somebody to ask about, or something to keep. */
int containers_wake_fd(const struct containers *containers);
int containers_keep_fd(const struct containers *containers);
/* The next id to ask engines about. False: none. */
bool containers_next_question(struct containers *containers, char id[CONTAINER_ID_LENGTH + 1]);
/* The next container to write down: a copy of its facts (malloc'd, the caller's; as long as
 * container_facts_size() says), or NULL facts when it was removed. False: none. */
bool containers_next_change(struct containers *containers, char id[CONTAINER_ID_LENGTH + 1],
	struct container_facts **facts);
/* It could not be written down, or nothing is yet: at the next change, or when the caller asks, all
 * of them are to be written. */
void containers_all_changed(struct containers *containers);

size_t containers_count(struct containers *containers);

#endif
