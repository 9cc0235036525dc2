/* SPDX-License-Identifier: Apache-2.0 */
/* The processes of an agent. A role is known by the channel a frame came through, never by what the
 * frame says. */
#ifndef TACIT_WIRE_ROLE_H
#define TACIT_WIRE_ROLE_H

enum role {
	ROLE_HOLDER,  /* tacitd: root; owns every descriptor that must outlive the others */
	ROLE_CORE,    /* keys, store, policy, FUSE */
	ROLE_TOUCHER, /* writes into the mount so that watchers wake */
	ROLE_API,     /* HTTP and JSON for operators */
	ROLE_ENGINE,  /* parses what container engines say */
	ROLE_GATE,    /* asks engines what it is allowed to ask, and reads no answer */
	ROLES
};

/* "core": in logs, and in the name of its executable, tacit-core. */
const char *role_name(enum role role);

/* In every role but holder the channel to holder is this descriptor from the first line of main. */
#define ROLE_HOLDER_FD 3

#endif
