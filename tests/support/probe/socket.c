/* SPDX-License-Identifier: Apache-2.0 */
/* Raw bytes to a unix socket: requests that no well-behaved client makes. */
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include "probe.h"

int probe_socket(const struct options *options, char **paths)
{
	struct timeval limit = { .tv_sec = options->seconds > 0 ? (time_t)options->seconds : 10 };
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int connection = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	char data[65536];
	ssize_t length;

	if (strlen(paths[0]) >= sizeof address.sun_path)
		return PROBE_USAGE;
	snprintf(address.sun_path, sizeof address.sun_path, "%s", paths[0]);
	setsockopt(connection, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
	signal(SIGPIPE, SIG_IGN);
	if (connect(connection, (struct sockaddr *)&address, sizeof address))
		return probe_fail("connect", paths[0]);
	while ((length = read(STDIN_FILENO, data, sizeof data)) > 0)
		if (send(connection, data, (size_t)length, MSG_NOSIGNAL) != length)
			break;
	shutdown(connection, SHUT_WR);
	while ((length = recv(connection, data, sizeof data, 0)) > 0)
		fwrite(data, 1, (size_t)length, stdout);
	return length < 0 ? probe_fail("receive", paths[0]) : PROBE_OK;
}
