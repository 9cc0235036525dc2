/* SPDX-License-Identifier: Apache-2.0 */
/* Readers whose id is not the process's: other threads, and what io_uring reads with. */
#include <errno.h>
#include <fcntl.h>
#include <linux/io_uring.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "probe.h"

#define ROOM (1u << 21)

static char content[ROOM];

static void *read_in_thread(void *path)
{
	struct options options = { 0 };
	int status = probe_read(&options, (char *[]){ path, NULL });

	fflush(stdout);
	/* The whole process: the leader may be gone. */
	_exit(status);
}

int probe_thread(const struct options *options, char **paths)
{
	pthread_t thread;

	(void)options;
	if (pthread_create(&thread, NULL, read_in_thread, paths[0]))
		return PROBE_FAILED;
	pthread_join(thread, NULL);
	return PROBE_FAILED;
}

static void *read_later(void *path)
{
	probe_sleep(0.2);
	return read_in_thread(path);
}

/* The leader ends first: a zombie as long as the other thread lives. */
int probe_orphan(const struct options *options, char **paths)
{
	pthread_t thread;

	(void)options;
	if (pthread_create(&thread, NULL, read_later, paths[0]))
		return PROBE_FAILED;
	pthread_exit(NULL);
}

struct ring {
	int fd;
	unsigned int *sq_tail, *sq_mask, *sq_array, *cq_head, *cq_tail, *cq_mask;
	struct io_uring_sqe *sqes;
	struct io_uring_cqe *cqes;
};

static void *map_ring(int fd, size_t size, off_t offset)
{
	return mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_POPULATE, fd, offset);
}

static int ring_new(struct ring *ring, unsigned int flags)
{
	struct io_uring_params parameters = { .flags = flags, .sq_thread_idle = 100 };
	char *sq, *cq;

	ring->fd = (int)syscall(SYS_io_uring_setup, 4, &parameters);
	if (ring->fd < 0)
		return -1;
	sq = map_ring(ring->fd,
		parameters.sq_off.array + parameters.sq_entries * sizeof(unsigned int),
		IORING_OFF_SQ_RING);
	cq = map_ring(ring->fd, parameters.cq_off.cqes + parameters.cq_entries * sizeof *ring->cqes,
		IORING_OFF_CQ_RING);
	ring->sqes =
		map_ring(ring->fd, parameters.sq_entries * sizeof *ring->sqes, IORING_OFF_SQES);
	if (sq == MAP_FAILED || cq == MAP_FAILED || ring->sqes == MAP_FAILED)
		return -1;
	ring->sq_tail = (void *)(sq + parameters.sq_off.tail);
	ring->sq_mask = (void *)(sq + parameters.sq_off.ring_mask);
	ring->sq_array = (void *)(sq + parameters.sq_off.array);
	ring->cq_head = (void *)(cq + parameters.cq_off.head);
	ring->cq_tail = (void *)(cq + parameters.cq_off.tail);
	ring->cq_mask = (void *)(cq + parameters.cq_off.ring_mask);
	ring->cqes = (void *)(cq + parameters.cq_off.cqes);
	return 0;
}

/* Submit one request and wait for it: what the system call would have returned, or -1 with errno.
 */
static int ring_do(struct ring *ring, const struct io_uring_sqe *request)
{
	unsigned int tail = *ring->sq_tail, index = tail & *ring->sq_mask, head = *ring->cq_head;
	int result;

	ring->sqes[index] = *request;
	ring->sq_array[index] = index;
	__atomic_store_n(ring->sq_tail, tail + 1, __ATOMIC_RELEASE);
	while (__atomic_load_n(ring->cq_tail, __ATOMIC_ACQUIRE) == head)
		if (syscall(SYS_io_uring_enter, ring->fd, 1, 1,
			    IORING_ENTER_GETEVENTS | IORING_ENTER_SQ_WAKEUP, NULL, 0) < 0 &&
			errno != EINTR)
			return -1;
	result = ring->cqes[head & *ring->cq_mask].res;
	__atomic_store_n(ring->cq_head, head + 1, __ATOMIC_RELEASE);
	errno = result < 0 ? -result : 0;
	return result < 0 ? -1 : result;
}

static int ring_read(unsigned int setup, unsigned char flags, const char *path)
{
	struct ring ring;
	struct io_uring_sqe open_it = { .opcode = IORING_OP_OPENAT,
		.flags = flags,
		.fd = AT_FDCWD,
		.addr = (unsigned long)path,
		.open_flags = O_RDONLY };
	struct io_uring_sqe read_it = { .opcode = IORING_OP_READ,
		.flags = flags,
		.addr = (unsigned long)content,
		.len = ROOM };
	int length;

	if (ring_new(&ring, setup))
		return errno == ENOSYS || errno == EPERM ? -2 : -1;
	read_it.fd = ring_do(&ring, &open_it);
	if (read_it.fd < 0)
		return -1;
	length = ring_do(&ring, &read_it);
	close(read_it.fd);
	close(ring.fd);
	return length;
}

int probe_uring(const struct options *options, char **paths)
{
	static const struct way {
		const char *name;
		unsigned int setup;
		unsigned char flags;
	} ways[] = {
		{ "inline", 0, 0 },
		{ "worker", 0, IOSQE_ASYNC },
		{ "poller", IORING_SETUP_SQPOLL, 0 },
	};

	(void)options;
	for (size_t i = 0; i < sizeof ways / sizeof ways[0]; i++) {
		int length = ring_read(ways[i].setup, ways[i].flags, paths[0]);

		if (length == -2)
			return PROBE_FORBIDDEN;
		if (length < 0)
			return probe_fail(ways[i].name, paths[0]);
		printf("%s %.*s\n", ways[i].name, length, content);
	}
	return PROBE_OK;
}
