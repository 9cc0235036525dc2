/* SPDX-License-Identifier: Apache-2.0 */
#include "wire/handover.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"

/* What is not nothing in new memory is before the first thing that is counted. */
#define HEAD_BYTES offsetof(struct handover, core_starts)

size_t handover_size(unsigned int threads)
{
	return sizeof(struct handover) + (threads + 1) * sizeof(struct handover_slot);
}

int handover_create(unsigned int threads, int *fd, struct err *err)
{
	struct handover head = {
		.magic = HANDOVER_MAGIC,
		.layout = HANDOVER_LAYOUT,
		.threads = threads,
		.mounted_ns = clock_realtime_ns(),
		.mounted_boot_ns = clock_boottime_ns(),
	};
	_close_ int memory = memfd_create("tacit-handover", MFD_CLOEXEC | MFD_ALLOW_SEALING);

	if (memory < 0 || ftruncate(memory, (off_t)handover_size(threads)))
		return err_errno(err, errno, TACIT_INTERNAL, "handover memory");
	if (getrandom(head.node_key, sizeof head.node_key, 0) != sizeof head.node_key)
		return err_errno(err, errno, TACIT_INTERNAL, "random bytes");
	if (pwrite(memory, &head, HEAD_BYTES, 0) < 0)
		return err_errno(err, errno, TACIT_INTERNAL, "handover memory");
	/* Nobody can shrink it under a core that has it mapped. */
	fcntl(memory, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL);
	*fd = take_fd(&memory);
	return 0;
}

int handover_map(int fd, struct handover **handover, struct err *err)
{
	struct handover head;
	struct stat st;
	void *memory;

	if (pread(fd, &head, HEAD_BYTES, 0) != (ssize_t)HEAD_BYTES ||
		head.magic != HANDOVER_MAGIC || fstat(fd, &st))
		return err_set(err, TACIT_CORRUPT, "handover memory: not one of ours");
	if (head.layout != HANDOVER_LAYOUT || head.threads > HANDOVER_THREADS_MAX ||
		(size_t)st.st_size != handover_size(head.threads))
		return err_set(err, TACIT_NEWER,
			"handover memory: layout %u, this version reads %u", head.layout,
			HANDOVER_LAYOUT);
	memory = mmap(NULL, handover_size(head.threads), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (memory == MAP_FAILED)
		return err_errno(err, errno, TACIT_INTERNAL, "handover memory");
	*handover = memory;
	return 0;
}

void handover_unmap(struct handover *handover)
{
	if (handover)
		munmap(handover, handover_size(handover->threads));
}

int handover_create_keys(int *fd, struct err *err)
{
	_close_ int memory = (int)syscall(SYS_memfd_secret, (unsigned int)O_CLOEXEC);

	/* Kernels before 5.14, or with secretmem.enable=0: ordinary memory, locked where mapped. */
	if (memory < 0)
		memory = memfd_create("tacit-keys", MFD_CLOEXEC);
	if (memory < 0 || ftruncate(memory, sizeof(struct handover_keys)))
		return err_errno(err, errno, TACIT_INTERNAL, "key page");
	*fd = take_fd(&memory);
	return 0;
}

bool handover_keys_are_secret(int fd)
{
	struct statfs fs;

	return !fstatfs(fd, &fs) && fs.f_type == SECRETMEM_MAGIC;
}

int handover_map_keys(int fd, struct handover_keys **keys, struct err *err)
{
	void *memory = mmap(NULL, sizeof **keys, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);

	/* Secret memory is locked by nature, and says so by refusing to be locked again. */
	if (memory == MAP_FAILED || (!handover_keys_are_secret(fd) && mlock(memory, sizeof **keys)))
		return err_errno(err, errno, TACIT_LIMIT, "lock the key page in memory");
	*keys = memory;
	return 0;
}
