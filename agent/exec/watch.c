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

int watch_open(struct watch *watch, const struct variables *variables, struct err *err)
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
	watch->variables = variables;
	watch->fd = take_fd(&made);
	return 0;
}

bool watch_take(const struct watch *watch)
{
	char events[EVENTS_BYTES] __attribute__((aligned(alignof(struct inotify_event))));
	bool rotated = false;
	ssize_t length;

	while (watch->fd >= 0 && (length = read(watch->fd, events, sizeof events)) > 0)
		for (const char *at = events; at < events + length;) {
			const struct inotify_event *event = (const void *)at;

			rotated = rotated || event->mask & (ROTATED | IN_Q_OVERFLOW);
			at += sizeof *event + event->len;
		}
	return rotated;
}

void watch_note(struct watch *watch)
{
	watch_take(watch);
	for (size_t i = 0; watch->fd >= 0 && i < watch->variables->count; i++)
		if (stat(watch->variables->list[i].path, &watch->known[i]))
			watch->known[i] = (struct stat){ .st_size = -1 };
}

static bool is_same(const struct stat *one, const struct stat *other)
{
	return one->st_mtim.tv_sec == other->st_mtim.tv_sec &&
	       one->st_mtim.tv_nsec == other->st_mtim.tv_nsec && one->st_size == other->st_size;
}

enum watch_news watch_look(const struct watch *watch)
{
	enum watch_news news = WATCH_NOTHING;

	for (size_t i = 0; i < watch->variables->count; i++) {
		const char *path = watch->variables->list[i].path;
		struct stat now;

		if (access(path, R_OK) || stat(path, &now))
			return WATCH_UNREADABLE;
		if (!is_same(&watch->known[i], &now))
			news = WATCH_ROTATED;
	}
	return news;
}
