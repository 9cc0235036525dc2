/* SPDX-License-Identifier: Apache-2.0 */
#include "gate.h"

#include <fcntl.h>
#include <stddef.h>
#include <sys/mman.h>
#include <unistd.h>

struct gate *gate_map(const char *path, int writable)
{
	int descriptor = open(path, (writable ? O_RDWR : O_RDONLY) | O_CLOEXEC);
	void *gate;

	if (descriptor < 0)
		return NULL;
	gate = mmap(NULL, sizeof(struct gate), writable ? PROT_READ | PROT_WRITE : PROT_READ,
		MAP_SHARED, descriptor, 0);
	close(descriptor);
	return gate == MAP_FAILED ? NULL : gate;
}
