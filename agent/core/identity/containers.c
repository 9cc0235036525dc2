/* SPDX-License-Identifier: Apache-2.0 */
#include "core/identity/containers_state.h"

#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"

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
	if (container->is_run && container->runner >= 0)
		close(container->runner);
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

struct container *containers_at(struct container *table, const char *id)
{
	struct container *container;

	HASH_FIND(hh, table, id, CONTAINER_ID_LENGTH, container);
	return container;
}

void containers_drop(struct containers *containers, struct container *container)
{
	HASH_DEL(containers->known, container);
	containers->count--;
	/* While nothing can be written down they are not piled up: the next listing drops them. */
	if (!container->facts || containers_at(containers->removed, container->id) ||
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
			containers_drop(containers, container);
			return true;
		}
		if (!oldest && container->state == CONTAINER_ENDED)
			oldest = container;
	}
	if (oldest)
		containers_drop(containers, oldest);
	return oldest != NULL;
}

struct container *containers_make(struct containers *containers, const char *id)
{
	struct container *container = containers_at(containers->known, id);

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

	if (reader->run)
		return containers_run_standing(containers, reader);
	if (!containers->engine_count)
		return STANDING_WEAK;
	container = containers_make(containers, reader->id);
	if (!container || container->is_run)
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

	container = containers_at(containers->known, id);
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
