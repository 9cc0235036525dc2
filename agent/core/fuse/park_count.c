/* SPDX-License-Identifier: Apache-2.0 */
/* Parked OPENs that wait until a read has been written down: between the doorman and the thread
 * that owns the vault. */
#include <string.h>
#include <sys/eventfd.h>

#include "base/cleanup.h"
#include "core/fuse/internal.h"

void park_for_count(struct turn *turn, const struct grant *grant)
{
	struct park *park = &turn->server->park;
	struct handover_parked *entry = turn->worker->parked;
	size_t place = (size_t)(entry - park->handover->parked);
	hold_mutex(&park->mutex);

	turn->worker->stays = true;
	if (park->asked[place])
		return;
	memcpy(entry->grant_id, grant->record.id, sizeof entry->grant_id);
	memcpy(entry->container, turn->reader.id, sizeof turn->reader.id);
	entry->granted = (uint32_t)grant->record.created_ns;
	park->asked[place] = true;
	eventfd_write(park->count_wake, 1);
}

bool park_was_given(const struct turn *turn, const struct grant *grant)
{
	const struct handover_parked *entry = turn->worker->parked;

	return entry && atomic_load(&entry->count) == COUNT_GIVEN &&
	       !memcmp(entry->grant_id, grant->record.id, sizeof entry->grant_id) &&
	       entry->granted == (uint32_t)grant->record.created_ns;
}

int server_count_fd(const struct server *server)
{
	return server->park.count_wake;
}

bool server_next_count(struct server *server, struct server_count *count)
{
	struct park *park = &server->park;
	eventfd_t ignored;
	hold_mutex(&park->mutex);

	/* Each in its turn: who opens without end is again at a low place, and would always be
	 * next. */
	for (unsigned int n = 0; n < HANDOVER_PARKED; n++) {
		unsigned int place = (park->counted + n) % HANDOVER_PARKED;
		const struct handover_parked *entry = &park->handover->parked[place];

		if (!park->asked[place] || park->taken[place] ||
			atomic_load(&entry->state) != PARKED_WAITING)
			continue;
		park->taken[place] = true;
		park->counted = place + 1;
		*count = (struct server_count){ .place = place,
			.unique = park_unique(entry->request) };
		memcpy(count->grant_id, entry->grant_id, sizeof count->grant_id);
		memcpy(count->container, entry->container, sizeof count->container);
		return true;
	}
	eventfd_read(park->count_wake, &ignored);
	return false;
}

/* The place is still that request's. Under the mutex. */
static struct handover_parked *counted(struct park *park, const struct server_count *count)
{
	struct handover_parked *entry = &park->handover->parked[count->place];

	return atomic_load(&entry->state) != PARKED_FREE &&
			       park_unique(entry->request) == count->unique
		       ? entry
		       : NULL;
}

void server_number_count(struct server *server, const struct server_count *count, uint64_t number)
{
	struct handover_parked *entry;
	hold_mutex(&server->park.mutex);

	entry = counted(&server->park, count);
	if (entry)
		atomic_store(&entry->number, number);
}

void server_settle_count(struct server *server, const struct server_count *count, bool given)
{
	struct handover_parked *entry;
	hold_mutex(&server->park.mutex);

	entry = counted(&server->park, count);
	if (!entry)
		return;
	atomic_store(&entry->count, given ? COUNT_GIVEN : COUNT_REFUSED);
	atomic_store(&entry->number, 0);
	eventfd_write(server->park.wake, 1);
}
