/* SPDX-License-Identifier: Apache-2.0 */
#include "holder/holder.h"

#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/log.h"

#define ADOPT_WAIT_SECONDS 2

static void keep(struct table *table, const struct frame *frame)
{
	static const size_t place[GIVES] = {
		[GIVE_HANDOVER] = offsetof(struct table, handover),
		[GIVE_KEY_PAGE] = offsetof(struct table, keys),
		[GIVE_AUDIT_RING] = offsetof(struct table, audit),
		[GIVE_MOUNT] = offsetof(struct table, mount),
		[GIVE_ADOPT] = offsetof(struct table, adopt),
		[GIVE_LISTENER] = offsetof(struct table, listener),
		[GIVE_SELF] = offsetof(struct table, core),
	};
	const struct frame_give *give = &frame->body.give;

	if (give->what == GIVE_DEVICE && give->index < HANDOVER_THREADS_MAX)
		table->device[give->index] = frame->fd;
	else if (give->what < GIVES && place[give->what])
		*(int *)((char *)table + place[give->what]) = frame->fd;
	else
		close(frame->fd);
}

bool adopt_orphan(struct holder *holder)
{
	struct timeval patience = { .tv_sec = ADOPT_WAIT_SECONDS };
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	char path[PATH_FULL_MAX];
	struct frame frame;
	_close_ int channel = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);

	path_below(holder->root, HOLDER_ADOPT_SOCKET, path);
	memcpy(address.sun_path, path, strlen(path) + 1);
	setsockopt(channel, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
	if (channel < 0 || connect(channel, (struct sockaddr *)&address, sizeof address))
		return false;
	/* core ends the list with itself. */
	while (holder->table.core < 0) {
		if (frame_receive(channel, ROLE_CORE, ROLE_HOLDER, &frame, NULL) < 0 ||
			frame.fd < 0)
			return false;
		keep(&holder->table, &frame);
	}
	log_info("adopted the mount of an agent whose holder had died");
	return true;
}
