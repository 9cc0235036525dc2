/* SPDX-License-Identifier: Apache-2.0 */
/* The table of connections: who gets a place, and until when.
 *
 * libmicrohttpd's own limits do not hold: its timeout starts again with every byte that drips in,
 * and one user's idle sockets can use all its places up. So every connection has a deadline that
 * nothing moves, every user a share, root a place nobody else can take, and those who are turned
 * away are told so from a few places of their own, for a short time. */
#ifndef TACIT_API_CLIENTS_H
#define TACIT_API_CLIENTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "api/exchange.h"
#include "base/err.h"

#define CLIENTS_SERVED 64     /* the memory and descriptors operators may use at once */
#define CLIENTS_ROOT_KEPT 1   /* of them, left free for root */
#define CLIENTS_PER_USER 8    /* a script's parallel calls; eight users fill the table */
#define CLIENTS_PER_ROOT 16   /* root's share */
#define CLIENTS_TURNED_AWAY 8 /* places to say 403 or 429 from */
#define CLIENTS_MAX (CLIENTS_SERVED + CLIENTS_TURNED_AWAY)

#define CLIENT_DEADLINE_NS 10000000000u   /* to send a request; again, to take the answer */
#define CLIENT_TURNED_AWAY_NS 2000000000u /* the same for who is turned away */
#define CLIENT_NO_DEADLINE UINT64_MAX     /* while core is asked: the relay has its own */

struct client {
	bool taken;
	int fd; /* libmicrohttpd's; here only to be shut down */
	uid_t uid;
	enum tacit_code refusal; /* TACIT_OK: served. Else what every request is answered with */
	uint64_t deadline;       /* by clock_monotonic_ns() */
	struct exchange exchange;
};

struct clients {
	struct client all[CLIENTS_MAX];
};

/* A place for a peer, its refusal and deadline set; NULL when there is none even to say so. */
struct client *clients_admit(
	struct clients *clients, int fd, uid_t uid, bool is_operator, uint64_t now);

/* The connection is over: wipe and free what it held. */
void clients_release(struct client *client);

/* Shut down every connection whose deadline has passed; libmicrohttpd then sees its end. */
void clients_sweep(struct clients *clients, uint64_t now);

/* The earliest deadline, or CLIENT_NO_DEADLINE. */
uint64_t clients_next_deadline(const struct clients *clients);

/* Bytes of bodies held by all of them, and of what those that grew have become. */
size_t clients_body_bytes(const struct clients *clients);

#endif
