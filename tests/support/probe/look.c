/* SPDX-License-Identifier: Apache-2.0 */
/* Subcommands that look at one file once, or when told. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "probe.h"
#include "value.h"

#define PIECE 65536
#define ROOM (VALUE_MAX + 4096)

static char content[ROOM];

long probe_read_all(int descriptor, char *data, size_t room, size_t piece, unsigned int pause_ms)
{
	size_t length = 0, next = 1;

	for (;;) {
		size_t want = piece ? piece : next;
		ssize_t got = read(
			descriptor, data + length, want < room - length ? want : room - length);

		if (got <= 0)
			return got < 0 ? -1 : (long)length;
		length += (size_t)got;
		if (length == room) {
			errno = EFBIG;
			return -1;
		}
		next = next * 7 % 97;
		if (pause_ms)
			probe_sleep(pause_ms / 1e3);
	}
}

static int print_version(const char *word, const char *data, size_t length, const char *tag)
{
	unsigned long version = 0;
	const char *wrong = value_wrong(data, length, tag, &version);

	if (wrong) {
		printf("%s WRONG %zu bytes: %s\n", word, length, wrong);
		return PROBE_FAILED;
	}
	printf("%s version %lu, %zu bytes\n", word, version, length);
	return PROBE_OK;
}

static int read_once(const char *path, size_t piece, unsigned int pause_ms, long *length)
{
	int descriptor = open(path, O_RDONLY | O_CLOEXEC);

	if (descriptor < 0)
		return probe_fail("open", path);
	if (pause_ms)
		printf("open\n");
	*length = probe_read_all(descriptor, content, ROOM, piece, pause_ms);
	if (*length < 0) {
		int status = probe_fail("read", path);

		close(descriptor);
		return status;
	}
	close(descriptor);
	return PROBE_OK;
}

int probe_read(const struct options *options, char **paths)
{
	long length;
	int status = read_once(paths[0], options->small ? 0 : PIECE, 0, &length);

	if (status == PROBE_OK)
		fwrite(content, 1, (size_t)length, stdout);
	return status;
}

int probe_slow(const struct options *options, char **paths)
{
	long length;
	int status = read_once(paths[0], 1, options->pause_ms ? options->pause_ms : 10, &length);

	return status == PROBE_OK ? print_version("read", content, (size_t)length, options->tag)
				  : status;
}

int probe_stat(const struct options *options, char **paths)
{
	struct stat st;

	(void)options;
	if (stat(paths[0], &st))
		return probe_fail("stat", paths[0]);
	printf("%04o %u %u %lld\n", (unsigned int)st.st_mode & 07777, st.st_uid, st.st_gid,
		(long long)st.st_size);
	return PROBE_OK;
}

static void on_signal(int number)
{
	(void)number;
}

int probe_hold(const struct options *options, char **paths)
{
	struct sigaction wake = { .sa_handler = on_signal };
	int descriptor = open(paths[0], O_RDONLY | O_CLOEXEC);
	sigset_t blocked, before;

	if (descriptor < 0)
		return probe_fail("open", paths[0]);
	sigaction(SIGUSR1, &wake, NULL);
	sigemptyset(&blocked);
	sigaddset(&blocked, SIGUSR1);
	sigaddset(&blocked, SIGTERM);
	sigprocmask(SIG_BLOCK, &blocked, &before);
	printf("open\n");
	for (unsigned long i = 0; !options->count || i < options->count; i++) {
		long length;

		sigsuspend(&before);
		if (probe_stop)
			break;
		lseek(descriptor, 0, SEEK_SET);
		length = probe_read_all(descriptor, content, ROOM, PIECE, 0);
		if (length < 0)
			printf("read: %s\n", strerrorname_np(errno));
		else
			print_version("read", content, (size_t)length, options->tag);
	}
	return PROBE_OK;
}

/* The open that a crashing core of tests/support/crash.c crashes on. */
int probe_nonblock(const struct options *options, char **paths)
{
	int descriptor = open(paths[0], O_RDONLY | O_NONBLOCK | O_CLOEXEC);

	(void)options;
	if (descriptor < 0)
		return probe_fail("open", paths[0]);
	close(descriptor);
	return PROBE_OK;
}

int probe_map(const struct options *options, char **paths)
{
	struct stat st;
	void *mapping;
	int descriptor = open(paths[0], O_RDONLY | O_CLOEXEC);

	if (descriptor < 0 || fstat(descriptor, &st))
		return probe_fail("open", paths[0]);
	mapping = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE, descriptor, 0);
	if (mapping == MAP_FAILED)
		return probe_fail("map", paths[0]);
	return print_version("mapped", mapping, (size_t)st.st_size, options->tag);
}

/* One line per wake-up: what happened, and what a read finds then, judged when a tag is given. */
static int report(int notify, const char *path, const char *tag)
{
	char events[4096] __attribute__((aligned(8)));
	ssize_t length = read(notify, events, sizeof events);
	unsigned int mask = 0;
	long size;

	for (char *at = events; at < events + length;) {
		struct inotify_event *event = (void *)at;

		mask |= event->mask;
		at += sizeof *event + event->len;
	}
	printf("woke%s%s: ", mask & IN_MODIFY ? " modify" : "",
		mask & IN_CLOSE_WRITE ? " close_write" : "");
	if (read_once(path, PIECE, 0, &size) != PROBE_OK)
		return PROBE_FAILED;
	if (tag)
		return print_version("read", content, (size_t)size, tag);
	printf("%.*s\n", (int)size, content);
	return PROBE_OK;
}

int probe_watch(const struct options *options, char **paths)
{
	double end = probe_now() + (options->seconds > 0 ? options->seconds : 3600);
	struct pollfd poll_notify = { .fd = inotify_init1(IN_CLOEXEC), .events = POLLIN };
	unsigned long woke = 0, wanted = options->count ? options->count : 1;

	if (poll_notify.fd < 0 ||
		inotify_add_watch(poll_notify.fd, paths[0], IN_MODIFY | IN_CLOSE_WRITE) < 0)
		return probe_fail("watch", paths[0]);
	printf("watching\n");
	while (woke < wanted && !probe_stop) {
		double left = end - probe_now();

		if (left <= 0 || poll(&poll_notify, 1, (int)(left * 1e3) + 1) <= 0)
			break;
		if (report(poll_notify.fd, paths[0], options->tag) != PROBE_OK)
			return PROBE_FAILED;
		woke++;
	}
	if (woke < wanted)
		printf("woke %lu times of %lu\n", woke, wanted);
	return woke < wanted ? PROBE_FAILED : PROBE_OK;
}

int probe_value(const struct options *options, char **arguments)
{
	unsigned long version = strtoul(arguments[1], NULL, 10);
	size_t length =
		arguments[2] ? strtoul(arguments[2], NULL, 10) : value_default_length(version);

	(void)options;
	if (length > ROOM || value_make(content, length, arguments[0], version)) {
		fprintf(stderr, "value: no such value\n");
		return PROBE_USAGE;
	}
	fwrite(content, 1, length, stdout);
	return PROBE_OK;
}
