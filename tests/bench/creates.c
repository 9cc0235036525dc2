/* SPDX-License-Identifier: Apache-2.0 */
/* How many secrets a second the agent stores, each acknowledged before the next: one client, a
 * connection each, values sealed as the command line seals them.
 *
 *   creates SOCKET PUBLIC-KEY-FILE PREFIX COUNT     prints creations per second */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include <sodium.h>
#include <tacit/api.h>

#include "seal/transit.h"

#define VALUE_BYTES 32
#define REQUEST_MAX 4096

static double now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

static int read_key(const char *path, uint8_t key[TRANSIT_PUBLIC_BYTES])
{
	char text[2 * TRANSIT_PUBLIC_BYTES + 2] = "";
	FILE *file = fopen(path, "re");
	size_t length = 0;

	if (!file)
		return -1;
	if (!fgets(text, sizeof text, file) ||
		sodium_hex2bin(key, TRANSIT_PUBLIC_BYTES, text, 2 * TRANSIT_PUBLIC_BYTES, NULL,
			&length, NULL))
		length = 0;
	fclose(file);
	return length == TRANSIT_PUBLIC_BYTES ? 0 : -1;
}

static int connect_to(const char *path)
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

/* The whole answer of a small request: its header, and as much as Content-Length says. */
static int take_answer(int connection)
{
	char answer[8192];
	size_t length = 0;

	while (length < sizeof answer - 1) {
		ssize_t got = read(connection, answer + length, sizeof answer - 1 - length);
		const char *end, *size;

		if (got <= 0)
			return -1;
		length += (size_t)got;
		answer[length] = '\0';
		end = strstr(answer, "\r\n\r\n");
		size = strcasestr(answer, "content-length:");
		if (end && size &&
			length >= (size_t)(end + 4 - answer) + strtoul(size + 15, NULL, 10))
			return strncmp(answer, "HTTP/1.1 201", 12) ? -1 : 0;
	}
	return -1;
}

static int create(const char *socket_path, const uint8_t *key, const char *prefix, int number)
{
	char context[128], request[REQUEST_MAX];
	uint8_t value[VALUE_BYTES];
	size_t size, head;
	int connection, status;

	snprintf(context, sizeof context, "create:%.64s%d", prefix, number);
	size = transit_sealed_size(context, sizeof value);
	head = (size_t)snprintf(request, sizeof request,
		"POST /v1/secrets/%.64s%d HTTP/1.1\r\nHost: tacit\r\nContent-Type: %s\r\n"
		"Content-Length: %zu\r\n\r\n",
		prefix, number, TACIT_VALUE_TYPE, size);
	randombytes_buf(value, sizeof value);
	if (head + size > sizeof request ||
		transit_seal(key, context, value, sizeof value, (uint8_t *)request + head, NULL))
		return -1;
	connection = connect_to(socket_path);
	if (connection < 0)
		return -1;
	status = send(connection, request, head + size, MSG_NOSIGNAL) == (ssize_t)(head + size)
			 ? take_answer(connection)
			 : -1;
	close(connection);
	return status;
}

int main(int argc, char **argv)
{
	uint8_t key[TRANSIT_PUBLIC_BYTES];
	int count = argc == 5 ? atoi(argv[4]) : 0;
	double start;

	if (count < 1 || sodium_init() < 0) {
		fprintf(stderr, "usage: creates SOCKET PUBLIC-KEY-FILE PREFIX COUNT\n");
		return 2;
	}
	if (read_key(argv[2], key)) {
		fprintf(stderr, "creates: no key in %s\n", argv[2]);
		return 1;
	}
	start = now();
	for (int i = 0; i < count; i++)
		if (create(argv[1], key, argv[3], i)) {
			fprintf(stderr, "creates: creation %d failed\n", i);
			return 1;
		}
	printf("%.1f\n", count / (now() - start));
	return 0;
}
