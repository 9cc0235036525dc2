/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/moment.h"

#include <stdio.h>
#include <string.h>

time_t moment_parse(const char *text)
{
	struct tm parts = { 0 };
	const char *rest = strptime(text, "%Y-%m-%dT%H:%M:%S", &parts);

	if (rest && *rest == '.')
		rest += 1 + strspn(rest + 1, "0123456789");
	return rest && !strcmp(rest, "Z") ? timegm(&parts) : (time_t)-1;
}

void moment_span(time_t then, time_t now, char text[MOMENT_TEXT_MAX])
{
	static const struct {
		long seconds;
		const char *name;
	} units[] = { { 365 * 86400, "year" }, { 30 * 86400, "month" }, { 86400, "day" },
		{ 3600, "hour" }, { 60, "minute" }, { 1, "second" } };
	long span = (long)(now - then);

	for (size_t i = 0; i < sizeof units / sizeof units[0]; i++) {
		long count = span / units[i].seconds;

		if (count > 0) {
			snprintf(text, MOMENT_TEXT_MAX, "%ld %s%s", count, units[i].name,
				count == 1 ? "" : "s");
			return;
		}
	}
	snprintf(text, MOMENT_TEXT_MAX, "a moment");
}

void moment_ago(const char *rfc3339, time_t now, char text[MOMENT_TEXT_MAX])
{
	time_t then = moment_parse(rfc3339);

	if (then == (time_t)-1) {
		snprintf(text, MOMENT_TEXT_MAX, "-");
		return;
	}
	moment_span(then, now, text);
	strcat(text, " ago");
}
