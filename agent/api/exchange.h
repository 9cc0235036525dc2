/* SPDX-License-Identifier: Apache-2.0 */
/* One request and its answer, apart from the HTTP library: what is refused, when, with what. A
 * connection has one exchange. Functions that decide return true when the answer is known. */
#ifndef TACIT_API_EXCHANGE_H
#define TACIT_API_EXCHANGE_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "api/relay.h"
#include "api/routes.h"

struct MHD_Connection;

struct exchange {
	struct MHD_Connection *connection;
	char *target; /* as it came; NULL when it was longer than TARGET_MAX */
	bool begun;
	bool over_limit; /* the body is; the rest of it is counted by nobody and kept nowhere */
	bool no_room;    /* all bodies together are too many */
	const struct route *route;
	struct frame_request request;
	struct pack body;
	size_t grown; /* bytes core is asked with, when the body became more than it was */
	/* The answer. */
	int status; /* HTTP; 0 while not known */
	const char *type;
	void *bytes; /* malloc'd */
	size_t length;
	char allow[ROUTE_ALLOW_MAX]; /* of 405 */
};

/* The request's head is there. `content_length` is that header's text or NULL. */
bool exchange_begin(struct exchange *exchange, enum tacit_code refusal, const char *method,
	const char *content_length);

/* A part of the body. `room` is how much more all exchanges together may hold. */
void exchange_take(struct exchange *exchange, const void *bytes, size_t length, size_t room);

/* The request is whole. The question for core, with `owner` in it; NULL when the answer is known.
 * `room` as in exchange_take. */
struct question *exchange_finish(struct exchange *exchange, uid_t uid, size_t room, void *owner);

/* What core said. */
void exchange_answer(struct exchange *exchange, enum tacit_code code, const char *text,
	const uint8_t *bytes, size_t length);

/* Wipe and free what is left. */
void exchange_end(struct exchange *exchange);

#endif
