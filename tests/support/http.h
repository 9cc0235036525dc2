/* SPDX-License-Identifier: Apache-2.0 */
/* One request to an agent's API, for programs that make thousands: a connection, a request, the
 * whole answer. */
#ifndef TEST_HTTP_H
#define TEST_HTTP_H

#include <stddef.h>

#define HTTP_ANSWER_MAX 65536

/* The answer as it came, headers and all; its length, or -1 with errno. `body` may be NULL. */
long http_ask(const char *socket_path, const char *method, const char *target, const char *body,
	char answer[HTTP_ANSWER_MAX]);

/* "204" of an answer, or 0. */
int http_status(const char *answer, long length);

/* Blank out what may differ between two answers that say the same: the Date header. */
void http_drop_date(char *answer, long length);

#endif
