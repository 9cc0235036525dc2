/* SPDX-License-Identifier: Apache-2.0 */
#include "base/files.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <unistd.h>

#include "base/cleanup.h"

int file_read_fd(int fd, void *bytes, size_t room, size_t *length, struct err *err)
{
	size_t used = 0;
	char beyond;

	for (;;) {
		void *to = used < room ? (char *)bytes + used : &beyond;
		ssize_t got = pread(fd, to, used < room ? room - used : 1, (off_t)used);

		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return err_errno(err, errno, TACIT_IO, "read");
		if (!got)
			break;
		if (used == room)
			return err_set(err, TACIT_TOO_LARGE, "more than %zu bytes", room);
		used += (size_t)got;
	}
	*length = used;
	return 0;
}

int file_read(const char *path, void *bytes, size_t room, size_t *length, struct err *err)
{
	_close_ int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NOCTTY);

	if (fd < 0)
		return err_errno(err, errno, TACIT_IO, "open %s", path);
	if (file_read_fd(fd, bytes, room, length, err) < 0)
		return err_wrap(err, "%s", path);
	return 0;
}

int file_write_fd(int fd, const void *bytes, size_t length, struct err *err)
{
	const char *at = bytes;

	while (length) {
		ssize_t put = write(fd, at, length);

		if (put < 0 && errno == EINTR)
			continue;
		if (put < 0)
			return err_errno(err, errno, TACIT_IO, "write");
		at += put;
		length -= (size_t)put;
	}
	return 0;
}
