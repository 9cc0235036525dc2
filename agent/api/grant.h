/* SPDX-License-Identifier: Apache-2.0 */
/* The one JSON body there is, that of POST /v1/grants:
 *
 *   {"secret": NAME, "consumer": NAME, "file": NAME, "uid": N, "gid": N, "mode": "0440"}
 *
 * secret and consumer are required. Refused: any other key, a key given twice, another type, a name
 * off the grammar, an id over 4294967294, a mode that is not 3 or 4 octal digits from 001 to 777,
 * NUL, text that is not UTF-8, nesting deeper than JSON_DEPTH_MAX (looked at before parsing, for
 * jansson recurses). Pure. */
#ifndef TACIT_API_GRANT_H
#define TACIT_API_GRANT_H

#include <stdbool.h>
#include <stddef.h>

#include "wire/frame.h"

#define JSON_DEPTH_MAX 8

/* TACIT_INVALID, `request` partly filled. */
int grant_parse(const char *text, size_t length, struct frame_request *request, struct err *err);

/* Whether no array or object of the text lies deeper than JSON_DEPTH_MAX. */
bool grant_depth_ok(const char *text, size_t length);

#endif
