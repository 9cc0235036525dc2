/* SPDX-License-Identifier: Apache-2.0 */
/* An open file handed to another process over a unix socket. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "probe.h"

#define ROOM (1u << 21)

union control {
	struct cmsghdr align;
	char bytes[CMSG_SPACE(sizeof(int))];
};

static int socket_at(const char *path, struct sockaddr_un *address)
{
	*address = (struct sockaddr_un){ .sun_family = AF_UNIX };
	snprintf(address->sun_path, sizeof address->sun_path, "%s", path);
	return socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
}

static int send_descriptor(int connection, int descriptor)
{
	union control control = { 0 };
	char byte = 'f';
	struct iovec piece = { .iov_base = &byte, .iov_len = 1 };
	struct msghdr message = { .msg_iov = &piece,
		.msg_iovlen = 1,
		.msg_control = control.bytes,
		.msg_controllen = sizeof control.bytes };
	struct cmsghdr *header = CMSG_FIRSTHDR(&message);

	header->cmsg_level = SOL_SOCKET;
	header->cmsg_type = SCM_RIGHTS;
	header->cmsg_len = CMSG_LEN(sizeof descriptor);
	memcpy(CMSG_DATA(header), &descriptor, sizeof descriptor);
	return sendmsg(connection, &message, MSG_NOSIGNAL) == 1 ? 0 : -1;
}

int probe_send_fd(const struct options *options, char **paths)
{
	struct sockaddr_un address;
	int listener = socket_at(paths[0], &address);
	int descriptor = open(paths[1], O_RDONLY | O_CLOEXEC);

	if (descriptor < 0)
		return probe_fail("open", paths[1]);
	unlink(paths[0]);
	if (bind(listener, (struct sockaddr *)&address, sizeof address) || listen(listener, 8))
		return probe_fail("listen", paths[0]);
	printf("open\n");
	for (unsigned long i = 0; !options->count || i < options->count; i++) {
		int connection = accept4(listener, NULL, NULL, SOCK_CLOEXEC);

		if (connection < 0)
			return probe_stop ? PROBE_OK : probe_fail("accept", paths[0]);
		if (send_descriptor(connection, descriptor))
			return probe_fail("send", paths[0]);
		close(connection);
	}
	return PROBE_OK;
}

int probe_recv_fd(const struct options *options, char **paths)
{
	static char content[ROOM];
	struct sockaddr_un address;
	int descriptor, connection = socket_at(paths[0], &address);
	union control control;
	char byte;
	struct iovec piece = { .iov_base = &byte, .iov_len = 1 };
	struct msghdr message = { .msg_iov = &piece,
		.msg_iovlen = 1,
		.msg_control = control.bytes,
		.msg_controllen = sizeof control.bytes };
	struct cmsghdr *header;
	long length;

	(void)options;
	if (connect(connection, (struct sockaddr *)&address, sizeof address))
		return probe_fail("connect", paths[0]);
	if (recvmsg(connection, &message, MSG_CMSG_CLOEXEC) != 1)
		return probe_fail("receive", paths[0]);
	header = CMSG_FIRSTHDR(&message);
	if (!header || header->cmsg_type != SCM_RIGHTS) {
		fprintf(stderr, "receive %s: no descriptor came\n", paths[0]);
		return PROBE_USAGE;
	}
	memcpy(&descriptor, CMSG_DATA(header), sizeof descriptor);
	lseek(descriptor, 0, SEEK_SET);
	length = probe_read_all(descriptor, content, ROOM, 65536, 0);
	if (length < 0)
		return probe_fail("read", "the descriptor received");
	fwrite(content, 1, (size_t)length, stdout);
	return PROBE_OK;
}
