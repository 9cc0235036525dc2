/* SPDX-License-Identifier: Apache-2.0 */
/* The requests that may be made of a container engine: four, and nothing else. Pure functions.
 *
 * Whoever can send an engine any bytes is root on the host. So the bytes are made here, from an
 * ask in which one field alone is text, and that field has to be an id of hexadecimal digits. */
#ifndef TACIT_GATE_REQUEST_H
#define TACIT_GATE_REQUEST_H

#include "base/err.h"
#include "wire/frame.h"

#define REQUEST_MAX 256 /* bytes of a request, and a NUL: the longest takes 149 */

struct request {
	char text[REQUEST_MAX];
	size_t length;
};

/* The request for `ask`. TACIT_INVALID when it is none of the four, when its id is not exactly what
 * its kind has (64 lowercase hexadecimal digits; "sha256:" and 64 of them; none), or when no engine
 * can have its index. */
int request_build(const struct frame_ask *ask, struct request *request, struct err *err);

#endif
