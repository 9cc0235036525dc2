/* SPDX-License-Identifier: Apache-2.0 */
#include "http.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

static int dial(const char *path)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int connection = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	snprintf(address.sun_path, sizeof address.sun_path, "%s", path);
	if (connection >= 0 && connect(connection, (struct sockaddr *)&address, sizeof address)) {
		close(connection);
		return -1;
	}
	return connection;
}

long http_ask(const char *socket_path, const char *method, const char *target, const char *body,
	char answer[HTTP_ANSWER_MAX])
{
	char request[4096];
	int connection = dial(socket_path);
	int size = snprintf(request, sizeof request,
		"%s %s HTTP/1.1\r\nHost: tacit\r\nContent-Length: %zu\r\n%s\r\n%s", method, target,
		body ? strlen(body) : 0, body ? "Content-Type: application/json\r\n" : "",
		body ? body : "");
	long length = 0;
	ssize_t got;

	if (connection < 0)
		return -1;
	if (size >= (int)sizeof request ||
		send(connection, request, (size_t)size, MSG_NOSIGNAL) != size) {
		close(connection);
		return -1;
	}
	while ((got = recv(connection, answer + length, HTTP_ANSWER_MAX - (size_t)length, 0)) > 0)
		length += got;
	close(connection);
	/* Who is turned away may be cut off with what it sent unread. */
	return got < 0 && !(errno == ECONNRESET && length) ? -1 : length;
}

int http_status(const char *answer, long length)
{
	return length > 12 && !memcmp(answer, "HTTP/1.1 ", 9) ? atoi(answer + 9) : 0;
}

void http_drop_date(char *answer, long length)
{
	char *at = memmem(answer, (size_t)length, "\r\nDate: ", 8);

	for (at = at ? at + 8 : NULL; at && at < answer + length && *at != '\r'; at++)
		*at = '-';
}
