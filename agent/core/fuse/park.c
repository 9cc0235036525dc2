/* SPDX-License-Identifier: Apache-2.0 */
/* OPENs that wait: for an engine to say which container asks, or for a read to be written down.
 *
 * No thread waits with them. The request stays in a table that outlives core; one thread, the
 * doorman, takes it up again when there is news, and at its deadline for the last time. The reader
 * can be killed meanwhile: INTERRUPT is answered at once. */
#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/log.h"
#include "core/fuse/internal.h"

#define PARKED_PER_CONTAINER 64 /* of HANDOVER_PARKED */

void park_open_table(struct park *park, struct handover *handover)
{
	pthread_mutex_init(&park->mutex, NULL);
	park->handover = handover;
	park->wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	park->count_wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
}

uint64_t park_unique(const char *request)
{
	return ((const struct fuse_in_header *)request)->unique & ~UNIQUE_RESENT;
}

/* The place of a request; HANDOVER_PARKED when it is not parked. Under the mutex. */
static unsigned int find(const struct park *park, uint64_t unique)
{
	unsigned int i = 0;

	while (i < HANDOVER_PARKED &&
		(atomic_load(&park->handover->parked[i].state) == PARKED_FREE ||
			park_unique(park->handover->parked[i].request) != unique))
		i++;
	return i;
}

/* A free place for one of `container`, or HANDOVER_PARKED. It never has more than what it leaves to
 * all others: a few that open without end cannot take the whole table together. Under the mutex. */
static unsigned int place_for(const struct park *park, uint64_t container)
{
	unsigned int waiting = 0, unused = 0, place = HANDOVER_PARKED;

	for (unsigned int i = HANDOVER_PARKED; i--;)
		if (atomic_load(&park->handover->parked[i].state) == PARKED_FREE) {
			place = i;
			unused++;
		} else {
			waiting += park->container[i] == container;
		}
	return waiting < PARKED_PER_CONTAINER && waiting < unused ? place : HANDOVER_PARKED;
}

/* The OPEN at hand into that place. Under the mutex. */
static void put(struct park *park, const struct turn *turn, unsigned int place)
{
	const struct fuse_in_header *request = (const void *)turn->worker->slot->request;
	struct handover_parked *entry = &park->handover->parked[place];

	entry->device = (uint32_t)(turn->worker - turn->server->worker);
	entry->length = request->len;
	memcpy(entry->request, request, request->len);
	park->container[place] = turn->reader.container;
	park->arrivals[place]++;
	park->seen[place] = false;
	atomic_store(&entry->state, PARKED_WAITING);
	eventfd_write(park->wake, 1);
}

static bool may_be_again(const struct worker *worker)
{
	const struct fuse_in_header *request = (const void *)worker->slot->request;

	return worker->replaying || request->unique & UNIQUE_RESENT;
}

bool park_request(struct turn *turn)
{
	struct park *park = &turn->server->park;
	const struct fuse_in_header *request = (const void *)turn->worker->slot->request;
	struct handover_parked *entry;
	unsigned int place;
	hold_mutex(&park->mutex);

	place = place_for(park, turn->reader.container);
	if (place == HANDOVER_PARKED || request->len > sizeof entry->request)
		return false;
	entry = &park->handover->parked[place];
	entry->since_ns = clock_monotonic_ns();
	atomic_store(&entry->count, COUNT_NONE);
	atomic_store(&entry->number, 0);
	atomic_store(&entry->strikes, 0);
	/* The doorman of an earlier core may have answered it, and the thread not let go of it. */
	atomic_store(&entry->recorded,
		may_be_again(turn->worker)
			? audit_ring_place(turn->server->parts.audit.ring, AUDIT_LANE_DOORMAN,
				  park_unique(turn->worker->slot->request))
			: 0);
	park->asked[place] = park->taken[place] = false;
	atomic_fetch_add(&park->handover->parked_count, 1);
	put(park, turn, place);
	return true;
}

bool park_again(struct turn *turn)
{
	struct park *park = &turn->server->park;
	const struct worker *worker = turn->worker;
	unsigned int place;
	hold_mutex(&park->mutex);

	if (worker->parked || !may_be_again(worker))
		return false;
	place = find(park, park_unique(worker->slot->request));
	if (place == HANDOVER_PARKED)
		return false;
	put(park, turn, place);
	return true;
}

bool park_interrupt(struct server *server, uint64_t unique)
{
	struct park *park = &server->park;
	unsigned int place;
	hold_mutex(&park->mutex);

	place = find(park, unique & ~UNIQUE_RESENT);
	if (place == HANDOVER_PARKED)
		return false;
	if (server->parts.audit.required) {
		if (!park->seen[place])
			return false;
		if (atomic_load(&park->handover->parked[place].recorded))
			return true;
	}
	atomic_store(&park->handover->parked[place].state, PARKED_INTERRUPTED);
	eventfd_write(park->wake, 1);
	return true;
}

void park_closed(struct server *server, uint64_t unique)
{
	struct park *park = &server->park;
	unsigned int place;

	if (!atomic_load(&park->inherited))
		return;
	pthread_mutex_lock(&park->mutex);
	place = find(park, unique);
	if (place < HANDOVER_PARKED)
		atomic_store(&park->handover->parked[place].state, PARKED_CLOSED);
	pthread_mutex_unlock(&park->mutex);
}

bool park_was_closed(const struct turn *turn)
{
	const struct handover_parked *parked = turn->worker->parked;

	return parked && atomic_load(&parked->state) == PARKED_CLOSED;
}

void server_wake_parked(struct server *server)
{
	eventfd_write(server->park.wake, 1);
}

unsigned int server_parked(struct server *server)
{
	unsigned int count = 0;

	for (unsigned int i = 0; i < HANDOVER_PARKED; i++)
		count += atomic_load(&server->park.handover->parked[i].state) != PARKED_FREE;
	return count;
}

/* It has been answered, unless the kernel has sent it again meanwhile: then that one waits. */
static void leave(struct park *park, unsigned int place, uint32_t arrival, bool refused)
{
	struct handover *handover = park->handover;
	struct handover_parked *entry = &handover->parked[place];
	uint64_t waited = clock_monotonic_ns() - entry->since_ns;
	hold_mutex(&park->mutex);

	if (park->arrivals[place] != arrival)
		return;
	atomic_fetch_add(&handover->parked_total_ns, waited);
	if (waited > atomic_load(&handover->parked_longest_ns))
		atomic_store(&handover->parked_longest_ns, waited);
	if (refused)
		atomic_fetch_add(&handover->parked_refused, 1);
	atomic_store(&entry->state, PARKED_FREE);
	if (park->inheritance[place])
		atomic_fetch_sub(&park->inherited, 1);
	park->inheritance[place] = false;
}

/* What it waits for is known, unless the kernel has sent it again meanwhile. */
static void note_seen(struct park *park, unsigned int place, uint32_t arrival)
{
	hold_mutex(&park->mutex);

	park->seen[place] = park->arrivals[place] == arrival;
}

/* If somebody waited for it, what the request opened before is nobody's. */
static void answer_error(struct worker *doorman, const struct handover_parked *entry, int device,
	const char *request, int errnum)
{
	struct fuse_out_header error = { sizeof error, -errnum,
		((const struct fuse_in_header *)request)->unique };

	if (write(device, &error, sizeof error) < 0) {
		log_debug("the answer to a parked request was not wanted any more");
		return;
	}
	tally_open(&doorman->tally, tally_outcome_of(RULE_CONSUMER, errnum), true,
		clock_monotonic_ns() - entry->since_ns);
	files_drop_request(doorman->server, park_unique(request));
}

/* What waits there into the doorman's hand; how many have come to this place before it. */
static uint32_t take(struct worker *doorman, const struct handover_parked *entry)
{
	struct park *park = &doorman->server->park;
	hold_mutex(&park->mutex);

	memcpy(doorman->slot->request, entry->request, entry->length);
	doorman->device = doorman->server->parts.device[entry->device];
	return park->arrivals[entry - park->handover->parked];
}

static void take_up(struct worker *doorman, unsigned int place)
{
	struct park *park = &doorman->server->park;
	struct handover_parked *entry = &park->handover->parked[place];
	uint32_t arrival = take(doorman, entry);

	doorman->stays = doorman->refused = false;
	if (atomic_load(&entry->state) == PARKED_INTERRUPTED) {
		answer_error(doorman, entry, doorman->device, doorman->slot->request, EINTR);
	} else if (atomic_load(&entry->state) != PARKED_CLOSED) {
		doorman->parked = entry;
		doorman->last_call = clock_monotonic_ns() - entry->since_ns >=
				     doorman->server->parts.patience_ns;
		server_process(doorman);
		doorman->parked = NULL;
	}
	if (doorman->stays)
		note_seen(park, place, arrival);
	else
		leave(park, place, arrival, doorman->refused);
}

/* How long until the next deadline, in ms; -1: nobody waits. */
static int patience(const struct server *server)
{
	uint64_t now = clock_monotonic_ns(), least = UINT64_MAX;

	for (unsigned int i = 0; i < HANDOVER_PARKED; i++) {
		const struct handover_parked *entry = &server->park.handover->parked[i];
		uint64_t deadline;

		if (atomic_load(&entry->state) == PARKED_FREE)
			continue;
		deadline = entry->since_ns + server->parts.patience_ns;
		if (deadline <= now)
			return 0;
		least = deadline - now < least ? deadline - now : least;
	}
	return least == UINT64_MAX ? -1 : (int)(least / 1000000) + 1;
}

void *park_run(void *arg)
{
	struct worker *doorman = arg;
	struct park *park = &doorman->server->park;

	for (;;) {
		struct pollfd news[] = { { park->wake, POLLIN, 0 },
			{ doorman->server->gone, POLLIN, 0 } };
		eventfd_t ignored;

		poll(news, 2, patience(doorman->server));
		if (news[1].revents)
			break;
		eventfd_read(park->wake, &ignored);
		for (unsigned int i = 0; i < HANDOVER_PARKED; i++)
			if (atomic_load(&park->handover->parked[i].state) != PARKED_FREE &&
				!record_is_awaited(doorman->server, &park->handover->parked[i]))
				take_up(doorman, i);
	}
	return NULL;
}

/* What was in the doorman's hand when core died: blamed as any other request, and not forgotten. */
static void strike(struct server *server, struct handover_slot *slot)
{
	struct park *park = &server->park;
	const struct fuse_in_header *request = (const void *)slot->request;
	unsigned int place =
		request->len ? find(park, park_unique(slot->request)) : HANDOVER_PARKED;
	struct handover_parked *entry;

	if (place < HANDOVER_PARKED) {
		entry = &park->handover->parked[place];
		if (atomic_fetch_add(&entry->strikes, atomic_load(&slot->strikes)) +
				atomic_load(&slot->strikes) >=
			HANDOVER_STRIKES) {
			log_error("a parked request was at hand in %u crashes: answered with an "
				  "error",
				HANDOVER_STRIKES);
			answer_error(&server->worker[server->parts.handover->threads], entry,
				server->parts.device[entry->device], entry->request, EIO);
			atomic_store(&entry->state, PARKED_FREE);
		}
	}
	atomic_store(&slot->strikes, 0);
	((struct fuse_in_header *)slot->request)->len = 0;
}

/* What was answered and closed while somebody had its OPEN in hand yet, whose word of it lasts
 * until the next one. */
static void note_closed(struct server *server, const struct handover_slot *slot)
{
	uint64_t opening = atomic_load(&slot->opening);
	unsigned int place = opening & SLOT_CLOSED_AGAIN
				     ? find(&server->park, opening & ~(uint64_t)SLOT_CLOSED_AGAIN)
				     : HANDOVER_PARKED;

	if (place < HANDOVER_PARKED)
		atomic_store(&server->park.handover->parked[place].state, PARKED_CLOSED);
}

void park_resume(struct server *server)
{
	struct handover *handover = server->parts.handover;

	for (unsigned int i = 0; i <= handover->threads; i++)
		note_closed(server, &handover->slots[i]);
	strike(server, &handover->slots[handover->threads]);
	for (unsigned int i = 0; i < HANDOVER_PARKED; i++) {
		struct handover_parked *entry = &handover->parked[i];
		uint64_t number = atomic_load(&entry->number);
		const struct grant *grant;

		if (atomic_load(&entry->state) == PARKED_FREE)
			continue;
		server->park.inheritance[i] = true;
		atomic_fetch_add(&server->park.inherited, 1);
		if (!number)
			continue;
		/* Nothing has been counted since: what the store says, it says of this one. */
		grant = model_grant_by_id(server->parts.model, entry->grant_id);
		if (grant && grant_used(grant, entry->container) >= number)
			atomic_store(&entry->count, COUNT_GIVEN);
		atomic_store(&entry->number, 0);
	}
	eventfd_write(server->park.wake, 1);
}
