/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/import/changes.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"

/* Lines that differ in one stretch; then the best way so far is taken, and the search begins anew.
 * The rows take half a megabyte, and a stretch as many comparisons. */
#define STRETCH 256
#define ROW (2 * STRETCH + 3)
#define MIDDLE (STRETCH + 1)

#define NOWHERE (PTRDIFF_MIN / 2)

/* A way through both sides, backwards: each step takes away an old line or adds a new one. */
struct step {
	size_t old, made;
	bool removes;
};

struct search {
	const struct changes_side *old, *made;
	size_t old_at, made_at; /* where the stretch begins */
	/* By the number of steps and the diagonal: how many old lines are behind the furthest way.
	 */
	ptrdiff_t (*rows)[ROW];
	struct step steps[STRETCH];
	struct change *changes;
	size_t count;
};

static bool same(const struct search *search, ptrdiff_t x, ptrdiff_t y)
{
	const struct changes_line *a, *b;
	size_t old = search->old_at + (size_t)x, made = search->made_at + (size_t)y;

	if (old >= search->old->count || made >= search->made->count)
		return false;
	a = &search->old->lines[old];
	b = &search->made->lines[made];
	return a->length == b->length && !memcmp(a->text, b->text, a->length);
}

static bool is_within(const struct search *search, ptrdiff_t x, ptrdiff_t y)
{
	return x >= 0 && y >= 0 && search->old_at + (size_t)x <= search->old->count &&
	       search->made_at + (size_t)y <= search->made->count;
}

/* How far one more step brings on a diagonal, by way of a neighbour that the row before reaches: a
 * new line added, or an old one removed. */
static ptrdiff_t reach(const struct search *search, int steps, int diagonal, bool *removes)
{
	const ptrdiff_t *before = search->rows[steps - 1] + MIDDLE + diagonal;
	ptrdiff_t adding = diagonal <= steps - 2 ? before[1] : NOWHERE;
	ptrdiff_t removing = diagonal >= 2 - steps ? before[-1] + 1 : NOWHERE;

	if (!is_within(search, adding, adding - diagonal))
		adding = NOWHERE;
	if (!is_within(search, removing, removing - diagonal))
		removing = NOWHERE;
	*removes = removing > adding;
	return *removes ? removing : adding;
}

/* One row of ways; the one with the most lines behind it. */
static int extend(const struct search *search, int steps, ptrdiff_t *best_x, ptrdiff_t *best_y)
{
	ptrdiff_t *row = search->rows[steps];
	int best = 0;
	bool removes;

	*best_x = *best_y = -1;
	for (int diagonal = -steps; diagonal <= steps; diagonal += 2) {
		ptrdiff_t x = steps ? reach(search, steps, diagonal, &removes) : 0;

		while (x >= 0 && same(search, x, x - diagonal))
			x++;
		row[MIDDLE + diagonal] = x;
		if (x < 0 || 2 * x - diagonal <= *best_x + *best_y)
			continue;
		*best_x = x;
		*best_y = x - diagonal;
		best = diagonal;
	}
	return best;
}

static void walk_back(struct search *search, int steps, int diagonal)
{
	for (; steps > 0; steps--) {
		struct step *step = &search->steps[steps - 1];
		ptrdiff_t x = reach(search, steps, diagonal, &step->removes);

		step->old = search->old_at + (size_t)(x - step->removes);
		step->made = search->made_at + (size_t)(x - diagonal - !step->removes);
		diagonal += step->removes ? -1 : 1;
	}
}

static bool add_step(struct search *search, const struct step *step)
{
	struct change *last = search->count ? &search->changes[search->count - 1] : NULL;

	if (!last || last->from + last->removed != step->old) {
		struct change *grown =
			reallocarray(search->changes, search->count + 1, sizeof *search->changes);

		if (!grown)
			return false;
		search->changes = grown;
		last = &grown[search->count++];
		*last = (struct change){ .from = step->old, .at = step->made };
	}
	last->removed += step->removes;
	last->added += !step->removes;
	return true;
}

/* On to the end of both, or to where as many lines differ as one stretch has. */
static bool take_stretch(struct search *search)
{
	const size_t old_left = search->old->count - search->old_at;
	const size_t made_left = search->made->count - search->made_at;
	ptrdiff_t x, y;
	int steps = 0, diagonal = extend(search, 0, &x, &y);

	while (steps < STRETCH && ((size_t)x < old_left || (size_t)y < made_left))
		diagonal = extend(search, ++steps, &x, &y);
	walk_back(search, steps, diagonal);
	for (int i = 0; i < steps; i++)
		if (!add_step(search, &search->steps[i]))
			return false;
	search->old_at += (size_t)x;
	search->made_at += (size_t)y;
	return true;
}

int changes_find(const struct changes_side *old, const struct changes_side *made,
	struct change **changes, size_t *count, struct err *err)
{
	_free_ ptrdiff_t(*rows)[ROW] = calloc(STRETCH + 1, sizeof *rows);
	struct search search = { .old = old, .made = made, .rows = rows };
	bool ok = rows;

	while (ok && (search.old_at < old->count || search.made_at < made->count))
		ok = take_stretch(&search);
	if (!ok) {
		free(search.changes);
		return err_set(err, TACIT_LIMIT, "no memory for what differs");
	}
	*changes = search.changes;
	*count = search.count;
	return 0;
}
