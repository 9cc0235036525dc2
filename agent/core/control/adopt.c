/* SPDX-License-Identifier: Apache-2.0 */
#include <sys/pidfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/log.h"
#include "core/control/core.h"

static int give(int channel, enum give what, uint32_t index, int fd)
{
	struct frame_give body = { .what = what, .index = index };

	return frame_send(channel, FRAME_GIVE, &body, sizeof body, fd, NULL);
}

void core_answer_adoption(struct core *core)
{
	_close_ int channel = accept4(core->adopt_fd, NULL, NULL, SOCK_CLOEXEC);
	_close_ int self = pidfd_open(getpid(), 0);
	struct ucred peer;
	socklen_t length = sizeof peer;
	int status = 0;

	if (channel < 0 || self < 0 ||
		getsockopt(channel, SOL_SOCKET, SO_PEERCRED, &peer, &length) || peer.uid)
		return;
	for (uint32_t i = 0; i < core->handover->threads; i++)
		status |= give(channel, GIVE_DEVICE, i, core->device[i]);
	status |= give(channel, GIVE_HANDOVER, 0, core->handover_fd);
	status |= give(channel, GIVE_KEY_PAGE, 0, core->keys_fd);
	status |= give(channel, GIVE_AUDIT_RING, 0, core->audit_fd);
	status |= give(channel, GIVE_MOUNT, 0, core->mount_fd);
	status |= give(channel, GIVE_LISTENER, 0, core->listener_fd);
	status |= give(channel, GIVE_ADOPT, 0, core->adopt_fd);
	/* Last: with it the new holder ends us, and its own core goes on. */
	if (status < 0 || give(channel, GIVE_SELF, 0, self) < 0)
		log_warning("a new holder went away while it adopted the mount");
}
