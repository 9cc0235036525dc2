/* SPDX-License-Identifier: Apache-2.0 */
/* From what an operator sent to the fixed frame core is asked with. Every name is decoded once,
 * checked by the grammar of base/names.h and copied; every number is in its range. Pure functions:
 * text in, frame out. Nothing here looks at what a sealed body holds. */
#ifndef TACIT_API_REQUEST_H
#define TACIT_API_REQUEST_H

#include <stdint.h>

#include "api/routes.h"
#include "base/pack.h"

/* Everything before the body: find the route of a method and a target, fill `request` from the path
 * and the query (all else in it is zero). NULL and `err` (TACIT_INVALID, TACIT_NOT_FOUND,
 * TACIT_METHOD) when it is refused; `allow` as in route_find. */
const struct route *request_start(const char *method, const char *target,
	struct frame_request *request, char *allow, struct err *err);

/* The whole body: JSON or a reply key goes into `request`; octets for core stay in `body` and set
 * body_length, an access file becomes the statements it has (malloc'd like any pack). TACIT_INVALID
 * when it is not what the route takes, TACIT_LIMIT when it is too much. */
int request_body(const struct route *route, struct pack *body, struct frame_request *request,
	struct err *err);

#endif
