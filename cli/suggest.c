/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/suggest.h"

#include <string.h>

static unsigned int least(unsigned int a, unsigned int b)
{
	return a < b ? a : b;
}

unsigned int suggest_distance(const char *a, const char *b)
{
	unsigned int rows[SUGGEST_WORD_MAX + 1][SUGGEST_WORD_MAX + 1];
	size_t a_length = strlen(a), b_length = strlen(b);

	if (a_length >= SUGGEST_WORD_MAX || b_length >= SUGGEST_WORD_MAX)
		return SUGGEST_WORD_MAX;
	for (unsigned int i = 0; i <= a_length; i++)
		rows[i][0] = i;
	for (unsigned int j = 0; j <= b_length; j++)
		rows[0][j] = j;
	for (size_t i = 1; i <= a_length; i++)
		for (size_t j = 1; j <= b_length; j++) {
			unsigned int cost = rows[i - 1][j - 1] + (a[i - 1] != b[j - 1]);

			cost = least(cost, least(rows[i - 1][j], rows[i][j - 1]) + 1);
			if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
				cost = least(cost, rows[i - 2][j - 2] + 1);
			rows[i][j] = cost;
		}
	return rows[a_length][b_length];
}

void suggest_try(struct suggest *suggest, const char *candidate)
{
	unsigned int distance = suggest_distance(suggest->word, candidate);
	size_t allowed = strlen(suggest->word) / 3;

	if (distance > (allowed ? allowed : 1) ||
		(suggest->nearest && distance >= suggest->distance))
		return;
	suggest->nearest = candidate;
	suggest->distance = distance;
}
