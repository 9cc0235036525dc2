/* SPDX-License-Identifier: Apache-2.0 */
/* Whether a value looks drawn by lot. Three things that words, names and versions do not have
 * together: many different bytes, letters with digits or both cases, and many changes from the one
 * to the other. */
#include <string.h>

#include "internal.h"

#define RANDOM_MIN 20   /* bytes of a value: a shorter one is told by its name or not at all */
#define HEX_MIN 32      /* digits: 128 bits */
#define HEX_DISTINCT 10 /* of 32 drawn by lot 14 are */
/* Different bytes: of 20 drawn from letters and digits 15 to 17 are, of 20 letters of words 12. */
#define DISTINCT_PERCENT 65
#define DISTINCT_ENOUGH 17
#define DIGITS_ENOUGH 3 /* fewer may be the number of a name */

enum byte_class { LOWER, UPPER, DIGIT, OTHER, BYTE_CLASSES };

static enum byte_class byte_class(char byte)
{
	if (byte >= 'a' && byte <= 'z')
		return LOWER;
	if (byte >= 'A' && byte <= 'Z')
		return UPPER;
	return byte >= '0' && byte <= '9' ? DIGIT : OTHER;
}

/* The longest part that is letters and digits alone. */
static struct span longest_run(struct span value)
{
	struct span longest = { value.at, 0 };
	size_t from = 0;

	for (size_t i = 0; i <= value.length; i++) {
		if (i < value.length && byte_class(value.at[i]) != OTHER)
			continue;
		if (i - from > longest.length)
			longest = span_part(value, from, i);
		from = i + 1;
	}
	return longest;
}

static unsigned int distinct(struct span value)
{
	bool seen[256] = { false };
	unsigned int count = 0;

	for (size_t i = 0; i < value.length; i++) {
		count += !seen[(unsigned char)value.at[i]];
		seen[(unsigned char)value.at[i]] = true;
	}
	return count;
}

static bool is_hex(struct span value)
{
	for (size_t i = 0; i < value.length; i++)
		if (byte_class(value.at[i]) != DIGIT &&
			((value.at[i] | 32) < 'a' || (value.at[i] | 32) > 'f'))
			return false;
	return true;
}

/* TheWordsOfAName2: each capital begins a word. Drawn by lot, two of them meet. */
static bool is_camel(struct span run, unsigned int digits)
{
	for (size_t i = 1; i < run.length; i++)
		if (byte_class(run.at[i]) == UPPER && byte_class(run.at[i - 1]) == UPPER)
			return false;
	return digits < DIGITS_ENOUGH;
}

bool value_is_random(struct span value, size_t least)
{
	unsigned int counts[BYTE_CLASSES] = { 0 }, changes = 0;
	struct span run = longest_run(value);

	if (value.length < RANDOM_MIN || run.length < least || memchr(value.at, ' ', value.length))
		return false;
	for (size_t i = 0; i < run.length; i++) {
		counts[byte_class(run.at[i])]++;
		if (i && byte_class(run.at[i]) != byte_class(run.at[i - 1]))
			changes++;
	}
	if (is_hex(run))
		return run.length >= HEX_MIN && counts[DIGIT] >= 6 &&
		       counts[LOWER] + counts[UPPER] >= 6 && distinct(run) >= HEX_DISTINCT;
	if (is_camel(run, counts[DIGIT]))
		return false;
	/* Of one case and digits 0.4 of the places change, of both 0.6; of words one in six. */
	return (distinct(run) >= DISTINCT_ENOUGH ||
		       distinct(run) * 100 >= run.length * DISTINCT_PERCENT) &&
	       ((counts[LOWER] && counts[UPPER]) || counts[DIGIT] >= DIGITS_ENOUGH) &&
	       changes * 100 >= run.length * (counts[LOWER] && counts[UPPER] ? 34 : 22);
}
