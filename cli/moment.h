/* SPDX-License-Identifier: Apache-2.0 */
/* The API's times as people say them. */
#ifndef TACIT_CLI_MOMENT_H
#define TACIT_CLI_MOMENT_H

#include <stddef.h>
#include <time.h>

#define MOMENT_TEXT_MAX 32

/* RFC 3339 in UTC ("2026-01-31T09:30:00.125Z") as seconds since 1970; (time_t)-1 when it is not. */
time_t moment_parse(const char *text);

/* How long `then` was before `now`: "3 minutes". Less than a second, or in the future: "a moment".
 */
void moment_span(time_t then, time_t now, char text[MOMENT_TEXT_MAX]);

/* "3 minutes ago" for a time of the API; "-" for none. */
void moment_ago(const char *rfc3339, time_t now, char text[MOMENT_TEXT_MAX]);

#endif
