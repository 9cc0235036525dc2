/* SPDX-License-Identifier: Apache-2.0 */
/* What goes back to an operator, as JSON text. The text is malloc'd and the caller's; NULL when
 * memory runs out. Pure. */
#ifndef TACIT_API_ANSWER_H
#define TACIT_API_ANSWER_H

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

/* {"error":{"code":WORD,"message":TEXT}} and a newline. A text that is not UTF-8 is left out. */
char *answer_error(enum tacit_code code, const char *text);

/* A document as JSON and a newline: TIME as RFC 3339 text, NONE as null, members in the order they
 * were written. *json is NULL and TACIT_INTERNAL is returned when core's document is malformed or
 * holds what JSON cannot. */
int answer_document(const uint8_t *document, size_t length, char **json, struct err *err);

#endif
