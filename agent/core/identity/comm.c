/* SPDX-License-Identifier: Apache-2.0 */
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "core/identity/identity.h"

void identity_comm(pid_t tid, char comm[IDENTITY_COMM_MAX + 1])
{
	char path[64];
	_close_ int fd = -1;
	ssize_t length;

	snprintf(path, sizeof path, "/proc/%d/comm", tid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	length = fd < 0 ? 0 : read(fd, comm, IDENTITY_COMM_MAX + 1);
	/* The last byte is the kernel's newline. */
	comm[length > 0 ? length - 1 : 0] = '\0';
}
