/* SPDX-License-Identifier: Apache-2.0 */
#include "base/clock.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#define SECOND_NS 1000000000u
#define FRACTION_DIGITS 9

static uint64_t read_clock(clockid_t clock)
{
	struct timespec now;

	clock_gettime(clock, &now);
	return (uint64_t)now.tv_sec * SECOND_NS + (uint64_t)now.tv_nsec;
}

uint64_t clock_monotonic_ns(void)
{
	return read_clock(CLOCK_MONOTONIC);
}

uint64_t clock_boottime_ns(void)
{
	return read_clock(CLOCK_BOOTTIME);
}

uint64_t clock_realtime_ns(void)
{
	return read_clock(CLOCK_REALTIME);
}

/* The date and the time of day; how long the text is. */
static size_t format_seconds(uint64_t realtime_ns, char *text)
{
	time_t seconds = (time_t)(realtime_ns / SECOND_NS);
	struct tm tm;

	gmtime_r(&seconds, &tm);
	return strftime(text, CLOCK_TEXT_MAX, "%Y-%m-%dT%H:%M:%S", &tm);
}

uint64_t clock_steady_ns(const struct clock_floor *floor, uint64_t real_ns, uint64_t boot_ns)
{
	uint64_t least = floor->real_ns + (boot_ns > floor->boot_ns ? boot_ns - floor->boot_ns : 0);

	return real_ns > least ? real_ns : least;
}

void clock_format(uint64_t realtime_ns, char *text)
{
	unsigned int milliseconds = (unsigned int)(realtime_ns / 1000000u % 1000u);
	size_t length = format_seconds(realtime_ns, text);

	snprintf(text + length, CLOCK_TEXT_MAX - length, ".%03uZ", milliseconds);
}

void clock_format_exact(uint64_t realtime_ns, char *text)
{
	unsigned int nanoseconds = (unsigned int)(realtime_ns % SECOND_NS);
	size_t length = format_seconds(realtime_ns, text);

	if (nanoseconds) {
		snprintf(text + length, CLOCK_TEXT_MAX - length, ".%09u", nanoseconds);
		length += 1 + FRACTION_DIGITS;
		while (text[length - 1] == '0')
			length--;
	}
	text[length] = 'Z';
	text[length + 1] = '\0';
}

static const char date_form[] = "0000-00-00T00:00:00";

/* Whether `text` has the form of `form`, in which a '0' stands for a digit. */
static bool has_form(const char *text, const char *form)
{
	for (; *form; text++, form++)
		if (*form == '0' ? *text < '0' || *text > '9' : *text != *form)
			return false;
	return true;
}

static int number_at(const char *text, int digits)
{
	int number = 0;

	for (int i = 0; i < digits; i++)
		number = number * 10 + (text[i] - '0');
	return number;
}

/* The fraction of a second at `text`, "" or ".5": nanoseconds, and *end after it; -1 when it is
 * not one. */
static int fraction_at(const char *text, const char **end)
{
	int nanoseconds = 0, digits = 0;

	*end = text;
	if (*text != '.')
		return 0;
	for (text++; *text >= '0' && *text <= '9' && digits < FRACTION_DIGITS; text++, digits++)
		nanoseconds = nanoseconds * 10 + (*text - '0');
	*end = text;
	if (!digits)
		return -1;
	for (; digits < FRACTION_DIGITS; digits++)
		nanoseconds *= 10;
	return nanoseconds;
}

static bool parse_seconds(const char *text, uint64_t *seconds)
{
	char back[CLOCK_TEXT_MAX];
	struct tm tm;
	time_t moment;

	if (!has_form(text, date_form))
		return false;
	tm = (struct tm){ .tm_year = number_at(text, 4) - 1900,
		.tm_mon = number_at(text + 5, 2) - 1,
		.tm_mday = number_at(text + 8, 2),
		.tm_hour = number_at(text + 11, 2),
		.tm_min = number_at(text + 14, 2),
		.tm_sec = number_at(text + 17, 2) };
	moment = timegm(&tm);
	if (moment < 0 || (uint64_t)moment >= CLOCK_DATE_END_NS / SECOND_NS)
		return false;
	*seconds = (uint64_t)moment;
	/* timegm() makes the 2nd of March of the 30th of February. */
	format_seconds(*seconds * SECOND_NS, back);
	return !strncmp(back, text, strlen(back));
}

int clock_parse(const char *text, uint64_t *realtime_ns, struct err *err)
{
	const char *end = "";
	uint64_t seconds;
	int fraction = -1;

	if (parse_seconds(text, &seconds))
		fraction = fraction_at(text + strlen(date_form), &end);
	if (fraction < 0 || strcmp(end, "Z"))
		return err_set(err, TACIT_INVALID,
			"a time is RFC 3339 in UTC, 1970 to 2200: \"2026-12-31T00:00:00Z\"");
	*realtime_ns = seconds * SECOND_NS + (uint64_t)fraction;
	return 0;
}
