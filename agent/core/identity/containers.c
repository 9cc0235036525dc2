/* SPDX-License-Identifier: Apache-2.0 */
#include "core/identity/containers.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

/* Its default falls through cases, which compilers warn of where it is used; keys here are short.
 */
#define HASH_FUNCTION HASH_FNV
#include <uthash.h>

#include "base/cleanup.h"
#include "base/clock.h"

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

struct containers *containers_new(const struct config *config, uint64_t patience_ns)
{
	struct containers *containers = calloc(1, sizeof *containers);

	if (!containers)
		return NULL;
	containers->engine_count = config->engine_count;
	containers->patience_ns = patience_ns;
	pthread_mutex_init(&containers->mutex, NULL);
	containers->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	containers->keep_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	return containers;
}

static void discard(struct container *container)
{
	free(container->facts);
	free(container);
}

void containers_free(struct containers *containers)
{
	struct container *container, *next;

	if (!containers)
		return;
	HASH_ITER (hh, containers->known, container, next) {
		HASH_DEL(containers->known, container);
		discard(container);
	}
	HASH_ITER (hh, containers->removed, container, next) {
		HASH_DEL(containers->removed, container);
		discard(container);
	}
	close(containers->wake_fd);
	close(containers->keep_fd);
	pthread_mutex_destroy(&containers->mutex);
	free(containers);
}

static struct container *find(struct container *table, const char *id)
{
	struct container *container;

	HASH_FIND(hh, table, id, CONTAINER_ID_LENGTH, container);
	return container;
}

/* Take it out; what was written down of it is taken from the store, too. */
static void drop(struct containers *containers, struct container *container)
{
	HASH_DEL(containers->known, container);
	containers->count--;
	/* While nothing can be written down they are not piled up: the next listing drops them. */
	if (!container->facts || find(containers->removed, container->id) ||
		HASH_COUNT(containers->removed) >= CONTAINERS_MAX) {
		discard(container);
		return;
	}
	free(container->facts);
	container->facts = NULL;
	HASH_ADD_KEYPTR(hh, containers->removed, container->id, CONTAINER_ID_LENGTH, container);
	eventfd_write(containers->keep_fd, 1);
}

/* The table is bounded: first what nobody knows goes, then what ended longest ago. */
static bool make_room(struct containers *containers)
{
	struct container *container, *next, *oldest = NULL;

	if (containers->count < CONTAINERS_MAX)
		return true;
	HASH_ITER (hh, containers->known, container, next) {
		if (!container->facts && !container->question) {
			drop(containers, container);
			return true;
		}
		if (!oldest && container->state == CONTAINER_ENDED)
			oldest = container;
	}
	if (oldest)
		drop(containers, oldest);
	return oldest != NULL;
}

static struct container *find_or_make(struct containers *containers, const char *id)
{
	struct container *container = find(containers->known, id);

	if (container || !make_room(containers) || !(container = calloc(1, sizeof *container)))
		return container;
	memcpy(container->id, id, CONTAINER_ID_LENGTH);
	HASH_ADD_KEYPTR(hh, containers->known, container->id, CONTAINER_ID_LENGTH, container);
	containers->count++;
	return container;
}

static void ask(struct containers *containers, struct container *container, uint64_t cgroup)
{
	container->asked_ns = clock_monotonic_ns();
	container->asks++;
	container->cgroup = cgroup;
	container->refused = false;
	container->question = true;
	eventfd_write(containers->wake_fd, 1);
}

/* Whether its engine tells every change: only then is silence of it a reason to doubt. */
static bool is_told_of(const struct containers *containers, const struct container *container)
{
	return containers->engine[container->facts->engine] == CONTAINERS_SYNCED;
}

/* What is known stands: it was created and not started yet, or runs, or nobody can be asked. */
static bool stands(const struct containers *containers, const struct container *container)
{
	if (!container->facts)
		return false;
	if (!is_told_of(containers, container))
		return true;
	return container->state != CONTAINER_ENDED && !container->pin;
}

static enum standing judge_unknown(struct containers *containers, struct container *container,
	const struct reader *reader, bool opens)
{
	bool asked = container->asked_ns && container->cgroup == reader->container;
	uint64_t age = clock_monotonic_ns() - container->asked_ns;

	if (asked && !container->refused && age < containers->patience_ns)
		return STANDING_PENDING;
	if (asked && !opens)
		return STANDING_NOBODY;
	/* Not as fast as it can open: an engine is asked about a stranger once in a while. */
	if (asked && age < containers->patience_ns)
		return STANDING_NOBODY;
	ask(containers, container, reader->container);
	return STANDING_PENDING;
}

enum standing containers_standing(
	struct containers *containers, const struct reader *reader, bool opens)
{
	struct container *container;
	hold_mutex(&containers->mutex);

	if (!containers->engine_count)
		return STANDING_WEAK;
	container = find_or_make(containers, reader->id);
	if (!container)
		return STANDING_NOBODY;
	if (container->facts && container->pin == reader->container)
		return STANDING_KNOWN;
	if (!stands(containers, container))
		return judge_unknown(containers, container, reader, opens);
	container->pin = reader->container;
	return STANDING_KNOWN;
}

bool containers_visit(
	struct containers *containers, const char *id, containers_see_fn *see, void *arg)
{
	struct container *container;
	hold_mutex(&containers->mutex);

	container = find(containers->known, id);
	if (!container || !container->facts)
		return false;
	if (see)
		see(arg, container->facts, container->state);
	return true;
}

void containers_each(struct containers *containers, containers_see_fn *see, void *arg)
{
	struct container *container, *next;
	hold_mutex(&containers->mutex);

	HASH_ITER (hh, containers->known, container, next)
		if (container->facts)
			see(arg, container->facts, container->state);
}

bool containers_find(
	struct containers *containers, const char *name, char id[CONTAINER_ID_LENGTH + 1])
{
	size_t length = strlen(name), found = 0;
	struct container *container, *next;
	hold_mutex(&containers->mutex);

	HASH_ITER (hh, containers->known, container, next) {
		if (!container->facts)
			continue;
		/* An empty name is one that was left out. */
		if ((!length || strcmp(container->facts->name, name)) &&
			(length < 12 || strncmp(container->id, name, length)))
			continue;
		memcpy(id, container->id, CONTAINER_ID_LENGTH + 1);
		found++;
	}
	return found == 1;
}

/* Whether it says anything else than what is known. */
static bool set_facts(struct container *container, const struct container_facts *facts)
{
	size_t size = container_facts_size(facts);
	struct container_facts *copy;

	if (container->facts && container_facts_size(container->facts) == size &&
		!memcmp(container->facts, facts, size))
		return false;
	copy = malloc(size);
	if (!copy)
		return false;
	memcpy(copy, facts, size);
	free(container->facts);
	container->facts = copy;
	return true;
}

void containers_came(struct containers *containers, const struct container_facts *facts,
	enum container_state state)
{
	struct container *container;
	hold_mutex(&containers->mutex);

	if (facts->engine >= containers->engine_count)
		return;
	container = find_or_make(containers, facts->id);
	if (!container)
		return;
	if (set_facts(container, facts)) {
		container->changed = true;
		eventfd_write(containers->keep_fd, 1);
	}
	container->listed = true;
	container->state = state;
	if (state == CONTAINER_ENDED)
		container->pin = 0;
	/* It runs, and somebody in a cgroup of its name has been waiting for this answer. */
	if (state == CONTAINER_RUNNING && container->asked_ns)
		container->pin = container->cgroup;
	container->refused = container->asked_ns && state != CONTAINER_RUNNING;
	if (!container->refused)
		container->asked_ns = 0;
	container->question = false;
	container->asks = 0;
}

void containers_went(struct containers *containers, const char *id, bool removed)
{
	struct container *container;
	hold_mutex(&containers->mutex);

	container = find(containers->known, id);
	if (!container)
		return;
	container->state = CONTAINER_ENDED;
	container->pin = 0;
	if (removed)
		drop(containers, container);
}

static bool is_any_up(const struct containers *containers)
{
	for (size_t i = 0; i < containers->engine_count; i++)
		if (containers->engine[i] != CONTAINERS_DOWN)
			return true;
	return false;
}

void containers_unknown(struct containers *containers, const char *id)
{
	struct container *container;
	hold_mutex(&containers->mutex);

	container = find(containers->known, id);
	/* While no engine answers at all, one may still come back in time. */
	if (!container || !container->asked_ns || !is_any_up(containers))
		return;
	/* It was asked about again meanwhile: that is the answer to what was asked first, by an
	 * engine that hung, perhaps. */
	container->refused = container->asks <= 1;
	container->question = !container->refused;
	container->asks = !container->refused;
	if (container->question)
		eventfd_write(containers->wake_fd, 1);
}

/* What an engine's listing did not name was removed while nobody listened. */
static void drop_unlisted(struct containers *containers, unsigned int engine)
{
	struct container *container, *next;

	HASH_ITER (hh, containers->known, container, next)
		if (container->facts && container->facts->engine == engine && !container->listed)
			drop(containers, container);
}

void containers_engine(
	struct containers *containers, unsigned int engine, enum containers_engine state)
{
	struct container *container, *next;
	hold_mutex(&containers->mutex);

	if (engine >= containers->engine_count)
		return;
	if (state == CONTAINERS_LISTING) {
		HASH_ITER (hh, containers->known, container, next)
			if (container->facts && container->facts->engine == engine)
				container->listed = false;
	}
	if (state == CONTAINERS_SYNCED && containers->engine[engine] == CONTAINERS_LISTING)
		drop_unlisted(containers, engine);
	containers->engine[engine] = state;
}

void containers_engines_lost(struct containers *containers)
{
	hold_mutex(&containers->mutex);

	for (size_t i = 0; i < containers->engine_count; i++)
		containers->engine[i] = CONTAINERS_DOWN;
}

void containers_ask_again(struct containers *containers)
{
	struct container *container, *next;
	hold_mutex(&containers->mutex);

	HASH_ITER (hh, containers->known, container, next) {
		container->question = container->asked_ns && !container->refused;
		container->asks = container->question;
	}
	eventfd_write(containers->wake_fd, 1);
}

enum containers_engine containers_engine_state(struct containers *containers, unsigned int engine)
{
	hold_mutex(&containers->mutex);

	return engine < containers->engine_count ? containers->engine[engine] : CONTAINERS_DOWN;
}

void containers_keep(struct containers *containers, const struct container_facts *facts)
{
	struct container *container;
	hold_mutex(&containers->mutex);

	if (facts->engine >= containers->engine_count || find(containers->known, facts->id))
		return;
	container = find_or_make(containers, facts->id);
	if (container && set_facts(container, facts))
		container->state = CONTAINER_ENDED;
}

int containers_wake_fd(const struct containers *containers)
{
	return containers->wake_fd;
}

int containers_keep_fd(const struct containers *containers)
{
	return containers->keep_fd;
}

bool containers_next_question(struct containers *containers, char id[CONTAINER_ID_LENGTH + 1])
{
	struct container *container, *next;
	hold_mutex(&containers->mutex);

	HASH_ITER (hh, containers->known, container, next) {
		if (!container->question)
			continue;
		container->question = false;
		memcpy(id, container->id, CONTAINER_ID_LENGTH + 1);
		return true;
	}
	return false;
}

bool containers_next_change(struct containers *containers, char id[CONTAINER_ID_LENGTH + 1],
	struct container_facts **facts)
{
	struct container *container, *next;
	hold_mutex(&containers->mutex);

	*facts = NULL;
	HASH_ITER (hh, containers->removed, container, next) {
		memcpy(id, container->id, CONTAINER_ID_LENGTH + 1);
		HASH_DEL(containers->removed, container);
		discard(container);
		return true;
	}
	HASH_ITER (hh, containers->known, container, next) {
		if (!container->changed || !container->facts)
			continue;
		*facts = malloc(container_facts_size(container->facts));
		if (!*facts)
			return false;
		memcpy(*facts, container->facts, container_facts_size(container->facts));
		memcpy(id, container->id, CONTAINER_ID_LENGTH + 1);
		container->changed = false;
		return true;
	}
	return false;
}

void containers_all_changed(struct containers *containers)
{
	struct container *container, *next;
	hold_mutex(&containers->mutex);

	HASH_ITER (hh, containers->known, container, next)
		container->changed = container->facts != NULL;
}

size_t containers_count(struct containers *containers)
{
	struct container *container, *next;
	size_t count = 0;
	hold_mutex(&containers->mutex);

	HASH_ITER (hh, containers->known, container, next)
		count += container->facts != NULL;
	return count;
}
