/* SPDX-License-Identifier: Apache-2.0 */
/* The one list of ways in which tacit can fail.
 *
 * Every function that can fail returns 0 or the negative of one of these. The edges translate by
 * the table in agent/base/err.c: an errno for FUSE, a status for HTTP, an exit code for the shell,
 * a word for JSON. The numbers are internal to one build; the words are part of the API. */
#ifndef TACIT_CODE_H
#define TACIT_CODE_H

enum tacit_code {
	TACIT_OK = 0,
	TACIT_INTERNAL,    /* a defect or an unexpected answer of the system */
	TACIT_INVALID,     /* the request's own words are off */
	TACIT_DENIED,      /* the caller may not */
	TACIT_NOT_FOUND,   /* no such secret, grant, consumer, version or route */
	TACIT_EXISTS,      /* already there; nothing was changed */
	TACIT_LOCKED,      /* no key: nothing can be read or changed */
	TACIT_UNAVAILABLE, /* the agent, or the part of it that is needed, does not answer */
	TACIT_TOO_LARGE,   /* a value or a body over its limit */
	TACIT_METHOD,      /* the route exists, this method does not */
	TACIT_IO,          /* the disk refused: nothing was changed */
	TACIT_CORRUPT,     /* bytes that do not authenticate, or are not of this format */
	TACIT_WRONG_KEY,   /* the key opens no slot of this store */
	TACIT_NEWER,       /* made by a newer version of tacit */
	TACIT_BUSY,        /* in use: by another agent, or by containers */
	TACIT_LIMIT,       /* a bound on handles, memory, clients or versions is reached */
	TACIT_STALE,       /* made under a state that is gone: ask again */
	TACIT_CODES        /* how many there are */
};

#endif
