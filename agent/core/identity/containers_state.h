/* SPDX-License-Identifier: Apache-2.0 */
/* The registry of containers as its own files see it: containers.c asks it, containers_told.c fills
 * it with what engines say, containers_run.c with runs. */
#ifndef TACIT_IDENTITY_CONTAINERS_STATE_H
#define TACIT_IDENTITY_CONTAINERS_STATE_H

#include <pthread.h>

/* Its default falls through cases, which compilers warn of where it is used; keys here are short.
 */
#define HASH_FUNCTION HASH_FNV
#include <uthash.h>

#include "core/identity/containers.h"

struct container {
	UT_hash_handle hh; /* by id; in the order in which they were heard of */
	char id[CONTAINER_ID_LENGTH + 1];
	struct container_facts *facts; /* NULL: an id that somebody reads from, and nobody knows */
	enum container_state state;
	uint64_t pin;      /* inode of its cgroup; 0: not seen reading since it was started */
	uint64_t asked_ns; /* when its engine was last asked; 0: not, or it has answered */
	uint64_t cgroup;   /* inode of the cgroup that was asked for */
	unsigned int asks; /* questions that no answer has come to */
	bool refused;      /* the answer was that no engine runs it */
	bool question;     /* it is to be asked about */
	bool changed;      /* it is to be written down */
	bool listed;       /* by the listing under way */
	bool is_run;       /* no engine's: it lives as long as its runner */
	int runner;        /* of a run: a pidfd; -1: that process is gone */
};

struct containers {
	size_t engine_count;
	uint64_t patience_ns;
	pthread_mutex_t mutex;
	/* All below: under mutex. */
	struct container *known;
	size_t count;
	struct container *removed; /* by id: to be taken from the store */
	enum containers_engine engine[CONFIG_ENGINES_MAX];
	int wake_fd, keep_fd;
};

/* All of these under the mutex. The container of this id in a table, or NULL. */
struct container *containers_at(struct container *table, const char *id);
/* The same of those known, made when it is not there. NULL: no room, no memory. */
struct container *containers_make(struct containers *containers, const char *id);
/* Take it out; what was written down of it is taken from the store, too. */
void containers_drop(struct containers *containers, struct container *container);
/* Whether it says anything else than what is known: a copy is kept then. */
bool containers_set_facts(struct container *container, const struct container_facts *facts);
/* Which standing a reader in a run's cgroup has. */
enum standing containers_run_standing(
	const struct containers *containers, const struct reader *reader);
/* A run that was kept from before, if its runner is still that process. */
void containers_run_keep(struct containers *containers, const struct container_facts *facts);

#endif
