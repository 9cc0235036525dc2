/* SPDX-License-Identifier: Apache-2.0 */
/* The target of a request as it came over the socket, "/v1/secrets/tls%2Fcert?force=1": cut at its
 * '/', '?' and '&' first, decoded piece by piece after, so a name may hold a '/' and nothing that
 * was decoded is ever cut again. Pure functions over text. */
#ifndef TACIT_API_TARGET_H
#define TACIT_API_TARGET_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"

/* Bytes of a target: three names of 255 bytes, all of them escaped, and the words around them. */
#define TARGET_MAX 2560

/* A piece of a target, not decoded; points into it. */
struct piece {
	const char *at;
	size_t length;
};

/* Cut the next piece, which ends at `divider` or at the end of `rest`, off `rest`. False when
 * `rest` is used up (rest->at is NULL); an empty piece is a piece. */
bool target_next(struct piece *rest, char divider, struct piece *piece);

/* Whether the piece is these bytes, undecoded. */
bool target_is(struct piece piece, const char *text);

/* Decode %XX into `text` of `room` bytes, NUL added. TACIT_INVALID for a bad escape, a NUL, a
 * control byte, a byte over 0x7e (no name has one), or more than room - 1 bytes. '+' is a '+'. */
int target_decode(struct piece piece, char *text, size_t room, struct err *err);

#endif
