/* SPDX-License-Identifier: Apache-2.0 */
/* What engines say of containers, and what was written down of it. */
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "core/identity/containers_state.h"

bool containers_set_facts(struct container *container, const struct container_facts *facts)
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
	container = containers_make(containers, facts->id);
	/* Nobody's word makes a container of a run. */
	if (!container || container->is_run)
		return;
	if (containers_set_facts(container, facts)) {
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

	container = containers_at(containers->known, id);
	if (!container || container->is_run)
		return;
	container->state = CONTAINER_ENDED;
	container->pin = 0;
	if (removed)
		containers_drop(containers, container);
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

	container = containers_at(containers->known, id);
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
			containers_drop(containers, container);
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

	if (containers_at(containers->known, facts->id))
		return;
	if (facts->engine == CONTAINER_OF_RUN)
		containers_run_keep(containers, facts);
	if (facts->engine >= containers->engine_count)
		return;
	container = containers_make(containers, facts->id);
	if (container && containers_set_facts(container, facts))
		container->state = CONTAINER_ENDED;
}
