/* SPDX-License-Identifier: Apache-2.0 */
#include "wire/audit_ring.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"

#define HEAD_BYTES offsetof(struct audit_ring, lanes)

_Static_assert((AUDIT_LANE_RECORDS & (AUDIT_LANE_RECORDS - 1)) == 0, "a power of two");
_Static_assert(offsetof(struct audit_record, unique) == 0, "it is stored by itself");
_Static_assert(AUDIT_LANE_RECORDS > HANDOVER_PARKED, "all that a takeover may do again");

int audit_ring_create(int *fd, struct err *err)
{
	struct audit_ring_head {
		uint32_t magic, layout;
		uint8_t id[AUDIT_RING_ID_BYTES];
	} head = { AUDIT_RING_MAGIC, AUDIT_RING_LAYOUT, { 0 } };
	_close_ int memory = memfd_create("tacit-audit", MFD_CLOEXEC | MFD_ALLOW_SEALING);

	_Static_assert(sizeof head <= HEAD_BYTES, "what is before the lanes");
	if (memory < 0 || ftruncate(memory, sizeof(struct audit_ring)))
		return err_errno(err, errno, TACIT_INTERNAL, "audit ring");
	if (getrandom(head.id, sizeof head.id, 0) != sizeof head.id)
		return err_errno(err, errno, TACIT_INTERNAL, "random bytes");
	if (pwrite(memory, &head, sizeof head, 0) != sizeof head)
		return err_errno(err, errno, TACIT_INTERNAL, "audit ring");
	/* Nobody can shrink it under a core that has it mapped. */
	fcntl(memory, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL);
	*fd = take_fd(&memory);
	return 0;
}

int audit_ring_map(int fd, struct audit_ring **ring, struct err *err)
{
	uint32_t head[2]; /* magic, layout */
	struct stat st;
	void *memory;

	if (pread(fd, head, sizeof head, 0) != sizeof head || head[0] != AUDIT_RING_MAGIC ||
		fstat(fd, &st))
		return err_set(err, TACIT_CORRUPT, "audit ring: not one of ours");
	if (head[1] != AUDIT_RING_LAYOUT || st.st_size != sizeof(struct audit_ring))
		return err_set(err, TACIT_NEWER, "audit ring: layout %u, this version reads %u",
			head[1], AUDIT_RING_LAYOUT);
	memory = mmap(NULL, sizeof(struct audit_ring), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (memory == MAP_FAILED)
		return err_errno(err, errno, TACIT_INTERNAL, "audit ring");
	*ring = memory;
	return 0;
}

void audit_ring_unmap(struct audit_ring *ring)
{
	if (ring)
		munmap(ring, sizeof *ring);
}

void audit_ring_lose(struct audit_ring *ring, unsigned int lane)
{
	atomic_fetch_add_explicit(&ring->lanes[lane].lost, 1, memory_order_relaxed);
}

bool audit_ring_put(struct audit_ring *ring, unsigned int lane, const struct audit_record *record)
{
	struct audit_lane *into = &ring->lanes[lane];
	uint64_t put = atomic_load_explicit(&into->put, memory_order_relaxed);
	struct audit_record *place;

	/* Acquire: whoever took the record out is done reading its place. */
	if (put - atomic_load_explicit(&into->taken, memory_order_acquire) >= AUDIT_LANE_RECORDS) {
		audit_ring_lose(ring, lane);
		return false;
	}
	place = &into->records[put % AUDIT_LANE_RECORDS];
	/* Whoever looks for a request reads this of places that are being filled, too. */
	__atomic_store_n(&place->unique, record->unique, __ATOMIC_RELAXED);
	memcpy((char *)place + sizeof place->unique, (const char *)record + sizeof record->unique,
		sizeof *record - sizeof record->unique);
	atomic_store_explicit(&into->put, put + 1, memory_order_release);
	return true;
}

uint64_t audit_ring_place(const struct audit_ring *ring, unsigned int lane, uint64_t unique)
{
	const struct audit_lane *in = &ring->lanes[lane];
	uint64_t at = atomic_load_explicit(&in->put, memory_order_acquire);
	/* Of the place that is filled next a dying core may have filled a half. */
	uint64_t first = at >= AUDIT_LANE_RECORDS ? at - AUDIT_LANE_RECORDS + 1 : 0;

	for (; unique && at > first; at--)
		if (__atomic_load_n(&in->records[(at - 1) % AUDIT_LANE_RECORDS].unique,
			    __ATOMIC_RELAXED) == unique)
			return at;
	return 0;
}

bool audit_ring_find(
	const struct audit_ring *ring, uint64_t unique, struct audit_record *record, bool *taken)
{
	for (unsigned int lane = 0; lane < AUDIT_LANES; lane++) {
		const struct audit_lane *in = &ring->lanes[lane];
		uint64_t at = audit_ring_place(ring, lane, unique);

		if (at) {
			*record = in->records[(at - 1) % AUDIT_LANE_RECORDS];
			*taken = at <= atomic_load(&in->taken);
			return true;
		}
	}
	return false;
}

uint64_t audit_ring_next(const struct audit_ring *ring, unsigned int lane)
{
	return atomic_load_explicit(&ring->lanes[lane].put, memory_order_relaxed) + 1;
}

bool audit_ring_is_taken(const struct audit_ring *ring, unsigned int lane, uint64_t place)
{
	return atomic_load_explicit(&ring->lanes[lane].taken, memory_order_acquire) >= place;
}

const struct audit_record *audit_ring_at(
	const struct audit_ring *ring, unsigned int lane, uint64_t place)
{
	const struct audit_lane *of = &ring->lanes[lane];
	uint64_t put = atomic_load_explicit(&of->put, memory_order_relaxed);

	/* Of the oldest place a dying core may have filled a half with the next record. */
	if (!place || place > put || put - place >= AUDIT_LANE_RECORDS - 1)
		return NULL;
	return &of->records[(place - 1) % AUDIT_LANE_RECORDS];
}

uint64_t audit_ring_waiting(const struct audit_ring *ring, unsigned int lane)
{
	const struct audit_lane *of = &ring->lanes[lane];
	uint64_t taken = atomic_load_explicit(&of->taken, memory_order_relaxed);

	return atomic_load_explicit(&of->put, memory_order_acquire) - taken;
}

const struct audit_record *audit_ring_peek(
	const struct audit_ring *ring, unsigned int lane, uint64_t place)
{
	const struct audit_lane *of = &ring->lanes[lane];
	uint64_t taken = atomic_load_explicit(&of->taken, memory_order_relaxed);

	return &of->records[(taken + place) % AUDIT_LANE_RECORDS];
}

void audit_ring_taken(struct audit_ring *ring, unsigned int lane, uint64_t taken)
{
	struct audit_lane *of = &ring->lanes[lane];

	if (taken > atomic_load_explicit(&of->taken, memory_order_relaxed) &&
		taken <= atomic_load_explicit(&of->put, memory_order_acquire))
		atomic_store_explicit(&of->taken, taken, memory_order_release);
}

uint64_t audit_ring_queue(const struct audit_ring *ring)
{
	uint64_t queue = 0;

	for (unsigned int lane = 0; lane < AUDIT_LANES; lane++) {
		/* Taken first: a record that comes and goes meanwhile makes it more, never less
		 * than none. */
		uint64_t taken =
			atomic_load_explicit(&ring->lanes[lane].taken, memory_order_acquire);

		queue += atomic_load_explicit(&ring->lanes[lane].put, memory_order_acquire) - taken;
	}
	return queue;
}

uint64_t audit_ring_lost(const struct audit_ring *ring)
{
	uint64_t lost = 0;

	for (unsigned int lane = 0; lane < AUDIT_LANES; lane++)
		lost += atomic_load_explicit(&ring->lanes[lane].lost, memory_order_relaxed);
	return lost;
}
