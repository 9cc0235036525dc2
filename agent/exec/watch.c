/* SPDX-License-Identifier: Apache-2.0 */
#include "exec/watch.h"

#include <errno.h>
#include <stdalign.h>
#include <sys/inotify.h>
#include <unistd.h>

#include "base/cleanup.h"

/* Closed after writing, and not written: then the whole of it is there. */
#define ROTATED IN_CLOSE_WRITE
#define EVENTS_BYTES 4096

int watch_open(const struct variables *variables, int *watch, struct err *err)
{
	_close_ int made = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);

	if (!variables->count)
		return err_set(err, TACIT_INVALID,
			"--on-rotate: no variable is read from a file; name one by NAME_FILE, or "
			"by --env");
	if (made < 0)
		return err_errno(err, errno, TACIT_LIMIT, "watch files");
	for (size_t i = 0; i < variables->count; i++)
		if (inotify_add_watch(made, variables->list[i].path, ROTATED) < 0)
			return err_errno(err, errno, TACIT_IO, "watch %s", variables->list[i].path);
	*watch = take_fd(&made);
	return 0;
}

bool watch_take(int watch)
{
	char events[EVENTS_BYTES] __attribute__((aligned(alignof(struct inotify_event))));
	bool rotated = false;
	ssize_t length;

	while ((length = read(watch, events, sizeof events)) > 0)
		for (const char *at = events; at < events + length;) {
			const struct inotify_event *event = (const void *)at;

			rotated = rotated || event->mask & (ROTATED | IN_Q_OVERFLOW);
			at += sizeof *event + event->len;
		}
	return rotated;
}

bool watch_is_readable(const struct variables *variables)
{
	for (size_t i = 0; i < variables->count; i++)
		if (access(variables->list[i].path, R_OK))
			return false;
	return true;
}
