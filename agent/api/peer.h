/* SPDX-License-Identifier: Apache-2.0 */
/* Who is at the other end of a unix socket, by the kernel's word at connect(): the uid, and all
 * groups, for SO_PEERCRED alone hides the supplementary ones. A pid is never looked at. */
#ifndef TACIT_API_PEER_H
#define TACIT_API_PEER_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "base/err.h"

#define PEER_NO_GROUP ((gid_t)-1)

struct peer {
	uid_t uid;
	bool is_operator; /* root, or a member of the operators' group */
};

/* The gid of the group, or PEER_NO_GROUP when the system does not know it. */
gid_t peer_group(const char *name);

/* Ask the kernel. `operators` may be PEER_NO_GROUP: root alone is an operator then. */
int peer_read(int socket, gid_t operators, struct peer *peer, struct err *err);

/* The decision itself. Pure. */
bool peer_is_operator(
	uid_t uid, gid_t gid, const gid_t *groups, size_t group_count, gid_t operators);

#endif
