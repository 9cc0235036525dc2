/* SPDX-License-Identifier: Apache-2.0 */
/* What the parsers of the access file's lines share; nobody else includes this. Pure functions. */
#ifndef TACIT_BASE_ACCESS_LINE_H
#define TACIT_BASE_ACCESS_LINE_H

#include "base/access.h"

/* Cut the next word off `rest`, or NULL at the line's end or where a comment begins. */
char *access_word(char **rest);

/* Copy a word into a field of `room` bytes. TACIT_INVALID when it is too long. */
int access_copy(char *field, size_t room, const char *word, struct err *err);

/* Take all words that are left as options of a grant whose fields have their defaults. */
int access_options(struct access_statement *grant, char **rest, struct err *err);

#endif
