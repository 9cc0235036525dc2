/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/input.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"

int input_read(const char *what, const char *path, void *bytes, size_t room, size_t *length,
	struct err *err)
{
	bool input = !strcmp(path, "-");
	_close_ int opened = input ? -1 : open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	int fd = input ? STDIN_FILENO : opened;
	size_t used = 0;

	if (fd < 0)
		return err_errno(err, errno, TACIT_INVALID, "%s %.100s", what, path);
	for (;;) {
		char beyond;
		ssize_t got = read(fd, used < room ? (char *)bytes + used : &beyond,
			used < room ? room - used : 1);

		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return err_set(err, TACIT_INVALID, "%s: %s", what, strerror(errno));
		if (!got)
			break;
		if (used == room)
			return err_set(err, TACIT_TOO_LARGE,
				"%s: too long; it has at most %zu bytes", what, room);
		used += (size_t)got;
	}
	*length = used;
	return 0;
}
