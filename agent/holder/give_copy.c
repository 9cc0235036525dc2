/* SPDX-License-Identifier: Apache-2.0 */
/* A connection to syslog or journald for core, which has no file system to find them in. */
#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/log.h"
#include "holder/holder.h"

/* Room for a burst: a group of the audit log, which core sends at once. */
#define SEND_BUFFER (1 << 20)

static const char *const sockets[] = {
	[CONFIG_COPY_NONE] = NULL,
	[CONFIG_COPY_SYSLOG] = "/dev/log",
	[CONFIG_COPY_JOURNALD] = "/run/systemd/journal/socket",
};

static int connect_copy(const struct holder *holder, int *fd, struct err *err)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	const char *path = sockets[holder->config.audit_copy];
	char full[PATH_FULL_MAX];
	_close_ int channel = -1;
	int size = SEND_BUFFER;

	if (!path)
		return err_set(err, TACIT_NOT_FOUND, "the configuration has no audit_copy");
	path_below(holder->root, path, full);
	if (strlen(full) >= sizeof address.sun_path)
		return err_set(err, TACIT_INVALID, "audit_copy: the path below --root is too long");
	memcpy(address.sun_path, full, strlen(full) + 1);
	channel = socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (channel < 0 || connect(channel, (struct sockaddr *)&address, sizeof address))
		return err_errno(err, errno, TACIT_UNAVAILABLE, "audit_copy: %s", address.sun_path);
	if (setsockopt(channel, SOL_SOCKET, SO_SNDBUFFORCE, &size, sizeof size))
		setsockopt(channel, SOL_SOCKET, SO_SNDBUF, &size, sizeof size);
	*fd = take_fd(&channel);
	return 0;
}

void give_copy(const struct holder *holder)
{
	struct frame_give body = { .what = GIVE_COPY };
	_close_ int fd = -1;
	struct err err;

	body.status = connect_copy(holder, &fd, &err);
	/* core asks again and again, and says itself how many records it could not tell. */
	if (body.status < 0)
		log_debug("%s", err.text);
	frame_send_now(holder->child[ROLE_CORE].channel, FRAME_GIVE, &body, sizeof body, fd, NULL);
}
