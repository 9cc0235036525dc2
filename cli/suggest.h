/* SPDX-License-Identifier: Apache-2.0 */
/* The nearest right word to a wrong one. */
#ifndef TACIT_CLI_SUGGEST_H
#define TACIT_CLI_SUGGEST_H

#include <stddef.h>

/* Longest word compared; a longer one has no neighbour. */
#define SUGGEST_WORD_MAX 32

/* Insertions, deletions, substitutions and swaps of neighbours that turn `a` into `b`.
 * SUGGEST_WORD_MAX when either is too long. */
unsigned int suggest_distance(const char *a, const char *b);

/* Keeps the nearest of the candidates it is shown. Start with .word set and the rest zero. */
struct suggest {
	const char *word;
	const char *nearest; /* NULL while none is near: one change in three letters, at least 1 */
	unsigned int distance;
};

void suggest_try(struct suggest *suggest, const char *candidate);

#endif
