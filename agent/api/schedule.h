/* SPDX-License-Identifier: Apache-2.0 */
/* The body of POST /v1/secrets/{secret}/schedule, one of:
 *
 *   {"every_seconds": N, "generate": N, "alphabet": NAME, "rotator": NAME, "overlap_seconds": N}
 *   {"now": true}
 *   {"off": true}
 *
 * Of the first, "generate" is required. Refused, besides what api/fields.h refuses: a number out of
 * its range, an alphabet that there is not, a rotator that no program can be called, and a body
 * that says two of these at once, or nothing. Pure. */
#ifndef TACIT_API_SCHEDULE_H
#define TACIT_API_SCHEDULE_H

#include <stddef.h>

#include "wire/frame.h"

#define SCHEDULE_GENERATE_MAX 4096 /* characters: what core takes */

/* TACIT_INVALID, `request` partly filled. A request without `generate` ends the schedule, but with
 * REQUEST_NOW makes the secret due. */
int schedule_parse(const char *text, size_t length, struct frame_request *request, struct err *err);

#endif
