/* SPDX-License-Identifier: Apache-2.0 */
/* When a watcher woke, and what it found: a line of "TIME VERSION EVENTS" for each time that
 * inotify had something, TIME in seconds since 1970 at the moment of waking. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <sys/inotify.h>
#include <time.h>
#include <unistd.h>

#include "probe.h"
#include "value.h"

#define PIECE 65536

static double realtime(void)
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

/* How many events there are to take. */
static unsigned int take(int notify)
{
	char events[65536] __attribute__((aligned(8)));
	ssize_t length = read(notify, events, sizeof events);
	unsigned int count = 0;

	for (ssize_t at = 0; at < length; count++)
		at += (ssize_t)(sizeof(struct inotify_event) +
				((struct inotify_event *)(events + at))->len);
	return count;
}

static int read_version(const char *path, const char *tag, unsigned long *version)
{
	static char data[VALUE_MAX + 4096];
	int descriptor = open(path, O_RDONLY | O_CLOEXEC);
	long length = -1;

	if (descriptor < 0)
		return probe_fail("open", path);
	length = probe_read_all(descriptor, data, sizeof data, PIECE, 0);
	close(descriptor);
	if (length < 0)
		return probe_fail("read", path);
	return value_wrong(data, (size_t)length, tag, version) ? PROBE_FAILED : PROBE_OK;
}

int probe_events(const struct options *options, char **paths)
{
	struct pollfd notify = { .fd = inotify_init1(IN_CLOEXEC), .events = POLLIN };

	if (notify.fd < 0 || inotify_add_watch(notify.fd, paths[0], IN_MODIFY | IN_CLOSE_WRITE) < 0)
		return probe_fail("watch", paths[0]);
	printf("watching\n");
	while (!probe_stop) {
		unsigned long version;
		unsigned int count;
		double woke;

		if (poll(&notify, 1, 1000) <= 0)
			continue;
		woke = realtime();
		count = take(notify.fd);
		if (read_version(paths[0], options->tag, &version) != PROBE_OK)
			return PROBE_FAILED;
		printf("%.6f %lu %u\n", woke, version, count);
	}
	return PROBE_OK;
}
