/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/duration.h"

#include <stdio.h>
#include <string.h>

static const struct unit {
	char letter;
	uint64_t seconds;
} units[] = { { 'w', 604800 }, { 'd', 86400 }, { 'h', 3600 }, { 'm', 60 }, { 's', 1 } };

#define UNITS (sizeof units / sizeof units[0])
#define DAY 1 /* weeks are for writing: "14d" reads better than "2w" */

/* The number at *text, which moves past it. What is beyond any duration stays at that. */
static uint64_t take_number(const char **text)
{
	uint64_t number = 0;

	for (; **text >= '0' && **text <= '9'; (*text)++)
		if (number <= DURATION_MAX_S)
			number = number * 10 + (uint64_t)(**text - '0');
	return number;
}

static size_t find_unit(char letter)
{
	size_t i = 0;

	while (i < UNITS && units[i].letter != letter)
		i++;
	return i;
}

int duration_parse(const char *text, uint64_t *seconds, struct err *err)
{
	size_t next = 0; /* the largest unit that may still come */
	uint64_t sum = 0;

	for (const char *at = text; *at || at == text;) {
		const char *start = at;
		uint64_t number = take_number(&at);
		size_t unit = find_unit(*at);

		if (at == start || unit == UNITS || unit < next)
			return err_set(err, TACIT_INVALID,
				"a duration is numbers with w, d, h, m or s, the larger units "
				"first: 90s, 2h, 1d12h");
		sum += number * units[unit].seconds;
		if (sum > DURATION_MAX_S)
			return err_set(err, TACIT_INVALID,
				"a duration is at most ten years (%d seconds)", DURATION_MAX_S);
		next = unit + 1;
		at++;
	}
	if (!sum)
		return err_set(err, TACIT_INVALID, "a duration is at least 1 second");
	*seconds = sum;
	return 0;
}

/* The unit that a text of `seconds` begins with. */
static size_t first_unit(uint64_t seconds)
{
	size_t unit = DAY;

	while (unit + 1 < UNITS && seconds < units[unit].seconds)
		unit++;
	return unit;
}

void duration_format(uint64_t seconds, unsigned int parts, char text[DURATION_TEXT_MAX])
{
	size_t first = first_unit(seconds), last = first + parts - 1, used = 0;
	uint64_t step = units[last < UNITS ? last : UNITS - 1].seconds;

	seconds = (seconds + step / 2) / step * step;
	first = first_unit(seconds);
	for (size_t unit = first; unit < UNITS && unit < first + parts; unit++) {
		uint64_t count = seconds / units[unit].seconds;

		seconds %= units[unit].seconds;
		if (count || unit == first)
			used += (size_t)snprintf(text + used, DURATION_TEXT_MAX - used, "%llu%c",
				(unsigned long long)count, units[unit].letter);
	}
}
