/* SPDX-License-Identifier: Apache-2.0 */
/* Which lines of a text became which lines of another: the fewest that can be said (E. Myers, "An
 * O(ND) Difference Algorithm"), as long as a stretch of the texts differs little. Where it differs
 * much, what is said is true, but perhaps not the least. Pure. */
#ifndef TACIT_IMPORT_CHANGES_H
#define TACIT_IMPORT_CHANGES_H

#include <stddef.h>

#include "base/err.h"

struct changes_line {
	const char *text;
	size_t length;
};

struct changes_side {
	const struct changes_line *lines;
	size_t count;
};

/* The old lines [from, from + removed) became the new ones [at, at + added). */
struct change {
	size_t from, removed, at, added;
};

/* *changes is malloc'd: `count` of them in their order, with at least one equal line between two.
 */
int changes_find(const struct changes_side *old, const struct changes_side *made,
	struct change **changes, size_t *count, struct err *err);

#endif
