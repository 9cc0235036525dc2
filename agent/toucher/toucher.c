/* SPDX-License-Identifier: Apache-2.0 */
#include "toucher/toucher.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/log.h"
#include "wire/frame.h"

struct toucher {
	int holder, core, mount;
};

/* Open for writing, write, close: watchers get IN_MODIFY and IN_CLOSE_WRITE. A path that is gone
 * again, or a core that died meanwhile, is not our business: the next core asks again. */
static void touch(int mount, const char *path)
{
	_close_ int fd = openat(mount, path, O_WRONLY | O_NOFOLLOW | O_NOCTTY | O_CLOEXEC);

	if (fd < 0 || write(fd, "", 1) < 0)
		log_debug("touch: no watcher was woken");
}

static void keep(int *place, int fd)
{
	if (*place >= 0)
		close(*place);
	*place = fd;
}

static int on_holder(struct toucher *toucher, struct err *err)
{
	struct frame frame;

	if (frame_receive(toucher->holder, ROLE_HOLDER, ROLE_TOUCHER, &frame, err) < 0)
		return -1;
	switch (frame.type) {
	case FRAME_GIVE:
		if (frame.body.give.what == GIVE_PEER)
			keep(&toucher->core, frame.fd);
		else if (frame.body.give.what == GIVE_MOUNT)
			keep(&toucher->mount, frame.fd);
		return 0;
	case FRAME_GO:
		return frame_send(toucher->holder, FRAME_READY, NULL, 0, -1, err);
	case FRAME_PING:
		return frame_send(toucher->holder, FRAME_PONG, NULL, 0, -1, err);
	default:
		return 0;
	}
}

static int on_core(struct toucher *toucher, struct err *err)
{
	struct frame frame;

	if (frame_receive(toucher->core, ROLE_CORE, ROLE_TOUCHER, &frame, err) < 0)
		return -1;
	frame.body.touch.path[sizeof frame.body.touch.path - 1] = '\0';
	touch(toucher->mount, frame.body.touch.path);
	return frame_send(toucher->core, FRAME_TOUCHED, NULL, 0, -1, err);
}

int toucher_run(int holder, struct err *err)
{
	struct toucher toucher = { .holder = holder, .core = -1, .mount = -1 };

	while (toucher.holder >= 0 || toucher.core >= 0) {
		struct pollfd channels[2] = {
			{ toucher.holder, POLLIN, 0 },
			{ toucher.core, POLLIN, 0 },
		};

		if (poll(channels, 2, -1) < 0 && errno != EINTR)
			return err_errno(err, errno, TACIT_INTERNAL, "poll");
		if (channels[0].revents && on_holder(&toucher, err) < 0)
			keep(&toucher.holder, -1);
		if (channels[1].revents && toucher.core == channels[1].fd &&
			on_core(&toucher, err) < 0)
			keep(&toucher.core, -1);
	}
	return 0;
}
