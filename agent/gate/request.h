/* SPDX-License-Identifier: Apache-2.0 */
/* The requests that may be made of a container engine: four that ask, two that act, and nothing
 * else. Pure functions.
 *
 * Whoever can send an engine any bytes is root on the host. So the bytes are made here, from an
 * ask or an act in which hardly anything is text: an id, which has to be of hexadecimal digits, and
 * a signal, which has to be one of base/hook.h's. */
#ifndef TACIT_GATE_REQUEST_H
#define TACIT_GATE_REQUEST_H

#include "base/err.h"
#include "wire/frame.h"

#define REQUEST_MAX 256 /* bytes of a request, and a NUL: the longest takes 161 */

struct request {
	char text[REQUEST_MAX];
	size_t length;
};

/* The request for `ask`. TACIT_INVALID when it is none of the four, when its id is not exactly what
 * its kind has (64 lowercase hexadecimal digits; "sha256:" and 64 of them; none), or when no engine
 * can have its index. */
int request_build(const struct frame_ask *ask, struct request *request, struct err *err);

/* The request for `act`. TACIT_INVALID when it is neither of the two, when its id is not one of a
 * container, when its signal is not exactly what its kind has (a name of base/hook.h; none), or
 * when no engine can have its index. */
int request_build_act(const struct frame_act *act, struct request *request, struct err *err);

#endif
