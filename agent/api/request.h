/* SPDX-License-Identifier: Apache-2.0 */
/* From what an operator sent to the fixed frame core is asked with. Every name is decoded once,
 * checked by the grammar of base/names.h and copied; every number is in its range. Pure functions:
 * text in, frame out. Nothing here looks at what a sealed body holds. */
#ifndef TACIT_API_REQUEST_H
#define TACIT_API_REQUEST_H

#include <stdint.h>

#include "api/routes.h"

/* Everything before the body: find the route of a method and a target, fill `request` from the path
 * and the query (all else in it is zero). NULL and `err` (TACIT_INVALID, TACIT_NOT_FOUND,
 * TACIT_METHOD) when it is refused; `allow` as in route_find. */
const struct route *request_start(const char *method, const char *target,
	struct frame_request *request, char *allow, struct err *err);

/* The whole body: a grant or a reply key goes into `request`, octets for core set its body_length.
 * TACIT_INVALID when it is not what the route takes. */
int request_body(const struct route *route, const uint8_t *bytes, size_t length,
	struct frame_request *request, struct err *err);

#endif
