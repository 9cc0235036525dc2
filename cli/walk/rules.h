/* SPDX-License-Identifier: Apache-2.0 */
/* What git ignores, while a walk goes down and up a work tree: the .gitignore of every folder from
 * the work tree's root on, and .git/info/exclude. A repository within a repository ends what the
 * outer one's files say. One thread. */
#ifndef TACIT_WALK_RULES_H
#define TACIT_WALK_RULES_H

#include <stdbool.h>

struct rules;

/* For a walk that begins in the folder `path`, which need not be there: all folders above it have
 * been entered, it has not. NULL: no memory. */
struct rules *rules_begin(const char *path);
void rules_end(struct rules *rules); /* NULL does nothing */

/* To a name in the folder, and back. False, and nothing to leave: no memory, or too long. */
bool rules_enter(struct rules *rules, const char *name);
void rules_leave(struct rules *rules);
/* Into the folder entered last, which is open as `fd`, and out of it. False, and nothing to pop: no
 * memory. */
bool rules_push(struct rules *rules, int fd);
void rules_pop(struct rules *rules);

/* Whether the name entered last, or a folder above it, is ignored. */
bool rules_ignore(const struct rules *rules, bool is_folder);
/* Its path from the root of the work tree; NULL: it is in none. Until the next enter or leave. */
const char *rules_path(const struct rules *rules);

#endif
