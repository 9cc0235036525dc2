/* SPDX-License-Identifier: Apache-2.0 */
#include "api/peer.h"

#include <errno.h>
#include <grp.h>
#include <stdlib.h>
#include <sys/socket.h>

#include "base/cleanup.h"

/* A group's entry lists its members: grown to this and no further. */
#define GROUP_ENTRY_MAX (1u << 20)

gid_t peer_group(const char *name)
{
	for (size_t room = 1024; room <= GROUP_ENTRY_MAX; room *= 4) {
		_free_ char *text = malloc(room);
		struct group entry, *found = NULL;
		int status = text ? getgrnam_r(name, &entry, text, room, &found) : ENOMEM;

		if (!status)
			return found ? found->gr_gid : PEER_NO_GROUP;
		if (status != ERANGE)
			break;
	}
	return PEER_NO_GROUP;
}

bool peer_is_operator(
	uid_t uid, gid_t gid, const gid_t *groups, size_t group_count, gid_t operators)
{
	if (uid == 0)
		return true;
	if (operators == PEER_NO_GROUP)
		return false;
	if (gid == operators)
		return true;
	for (size_t i = 0; i < group_count; i++)
		if (groups[i] == operators)
			return true;
	return false;
}

int peer_read(int socket, gid_t operators, struct peer *peer, struct err *err)
{
	struct ucred who;
	socklen_t length = sizeof who;
	_free_ gid_t *groups = NULL;

	if (getsockopt(socket, SOL_SOCKET, SO_PEERCRED, &who, &length))
		return err_errno(err, errno, TACIT_INTERNAL, "peer");
	length = 0;
	if (getsockopt(socket, SOL_SOCKET, SO_PEERGROUPS, NULL, &length) && errno == ERANGE) {
		groups = malloc(length);
		if (!groups)
			return err_set(err, TACIT_LIMIT, "peer: out of memory");
		if (getsockopt(socket, SOL_SOCKET, SO_PEERGROUPS, groups, &length))
			return err_errno(err, errno, TACIT_INTERNAL, "peer");
	}
	peer->uid = who.uid;
	peer->is_operator = peer_is_operator(
		who.uid, who.gid, groups, groups ? length / sizeof *groups : 0, operators);
	return 0;
}
