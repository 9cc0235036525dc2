/* SPDX-License-Identifier: Apache-2.0 */
/* What the API offers: one table of method, path, verb, body, success. Everything else about a
 * route is derived from its row: 404, 405 and its Allow header, 413, which query words it knows. */
#ifndef TACIT_API_ROUTES_H
#define TACIT_API_ROUTES_H

#include <stdbool.h>
#include <stddef.h>

#include "api/target.h"
#include "wire/frame.h"

/* What a request carries. */
enum body {
	BODY_NONE,
	BODY_GRANT,           /* JSON: a grant */
	BODY_SCHEDULE,        /* JSON: what the agent does to a secret by itself */
	BODY_RULES,           /* JSON: a consumer and rules */
	BODY_ACCESS,          /* text: an access file; core gets its statements */
	BODY_SEALED,          /* octets: a sealed value, at least one */
	BODY_SEALED_OPTIONAL, /* the same, or nothing */
	BODY_OCTETS,          /* octets of a backup, at least one */
	BODY_REPLY_KEY,       /* octets: the X25519 public key the answer is sealed to */
	BODIES
};

/* The words a query may have: bits of route.query. */
enum query {
	QUERY_FORCE = 1,
	QUERY_VERSION = 2,
	QUERY_SECRET = 4,
	QUERY_CONSUMER = 8,
	QUERY_FILE = 16,
	QUERY_DRY_RUN = 32,
	QUERY_PRUNE = 64,
	QUERY_PID = 128,
	QUERY_CONTAINER = 256,
	QUERY_OVERLAP = 512,
	QUERY_NAMES = 1024,
	QUERY_KIND = 2048,
	QUERY_LABEL = 4096,
	QUERY_PROGRAM = 8192,
	QUERY_SLOT = 16384,
	QUERY_HOW = 32768,
	QUERY_OFFSET = 65536,
	QUERY_FROM = 131072,
	QUERY_COUNT = 262144,
	QUERY_TEMPLATE = 524288,
};

struct route {
	const char *method;
	const char *path; /* "{secret}", "{bundle}" and "{run}" stand for one segment: its name,
			     percent-encoded */
	enum verb verb;
	enum body body;
	int status;            /* of success */
	bool changes;          /* never asked twice: the first time may have been done */
	const char *type;      /* of the answer that is core's octets; NULL: it is a document */
	unsigned int query;    /* words it knows */
	unsigned int required; /* words it cannot do without */
};

#define ROUTE_ALLOW_MAX 32

/* The most bytes a body of this kind may have. */
size_t route_body_limit(enum body body);

/* The row for a method and the path of a target; *name is its {secret}, {bundle} or {run},
 * undecoded, or empty. NULL and `err` when there is none: TACIT_NOT_FOUND, or TACIT_METHOD with the methods the
 * path does have
 * ("GET, POST") in `allow`, which holds ROUTE_ALLOW_MAX. */
const struct route *route_find(
	const char *method, struct piece path, struct piece *name, char *allow, struct err *err);

/* The rows, for tests and documentation to walk: NULL after the last. */
const struct route *route_at(size_t index);

#endif
