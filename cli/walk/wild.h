/* SPDX-License-Identifier: Apache-2.0 */
/* Patterns of ignore files, as git matches them. Pure. */
#ifndef TACIT_WALK_WILD_H
#define TACIT_WALK_WILD_H

#include <stdbool.h>

/* Whether all of `text`, a path, is what `pattern` says: `*` and `?` stand for anything but a '/',
 * `[a-z]`, `[!a]` and `[[:digit:]]` for one byte, `\` makes the next byte an ordinary one, and a
 * `**` between slashes, at the beginning or at the end for any number of folders. A pattern that
 * is broken matches nothing. Takes at most about length of pattern x length of text squared. */
bool wild_match(const char *pattern, const char *text);

#endif
