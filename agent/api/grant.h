/* SPDX-License-Identifier: Apache-2.0 */
/* The body of POST /v1/grants:
 *
 *   {"secret": NAME, "consumer": NAME, "file": NAME, "uid": N, "gid": N, "mode": "0440",
 *    "expires_in": SECONDS or "expires_at": "2026-12-31T00:00:00Z", "reads": N, "version": N,
 *    "newline": true, "main_process": true, "with_previous": true, "on_rotate": HOOK}
 *
 * secret and consumer are required; of a secret "tls/" the file is a folder. Refused, besides what
 * api/fields.h refuses: a name off the grammar, an id over 4294967294, a mode that is not 3 or 4
 * octal digits from 001 to 777, a number out of its range, both ways to say when it ends. Pure. */
#ifndef TACIT_API_GRANT_H
#define TACIT_API_GRANT_H

#include <stddef.h>

#include "wire/frame.h"

/* Ten years: what is meant to live longer is not meant to end. */
#define GRANT_LIFETIME_MAX_S 315360000

/* TACIT_INVALID, `request` partly filled. */
int grant_parse(const char *text, size_t length, struct frame_request *request, struct err *err);

#endif
