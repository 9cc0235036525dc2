/* SPDX-License-Identifier: Apache-2.0 */
#include "exec/image.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/auxv.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/cleanup.h"

#define COPY_MARK "TACIT_EXEC_COPY" /* set in the copy alone, which takes it out again */
#define COPY_BYTES 65536
/* From linux/memfd.h of 6.3; kernels before it do not know it, and need it not. */
#ifndef MFD_EXEC
#define MFD_EXEC 0x10u
#endif

extern char **environ;

static int open_self(void)
{
	const char *path = (const char *)getauxval(AT_EXECFN);
	int self = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);

	/* A container may have no /proc. */
	return self >= 0 || !path ? self : open(path, O_RDONLY | O_CLOEXEC);
}

static int make_memory(void)
{
	int memory = memfd_create("tacit-exec", MFD_CLOEXEC | MFD_EXEC);

	return memory < 0 && errno == EINVAL ? memfd_create("tacit-exec", MFD_CLOEXEC) : memory;
}

static bool copy(int from, int to)
{
	char bytes[COPY_BYTES];
	ssize_t length;

	while ((length = read(from, bytes, sizeof bytes)) > 0)
		if (write(to, bytes, (size_t)length) != length)
			return false;
	return length == 0;
}

void image_detach(char **argv)
{
	_close_ int self = -1, memory = -1;

	if (getenv(COPY_MARK)) {
		unsetenv(COPY_MARK);
		return;
	}
	self = open_self();
	memory = make_memory();
	if (self < 0 || memory < 0 || !copy(self, memory) || setenv(COPY_MARK, "1", 1))
		return;
	syscall(SYS_execveat, memory, "", argv, environ, AT_EMPTY_PATH);
	unsetenv(COPY_MARK);
}
