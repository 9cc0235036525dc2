/* SPDX-License-Identifier: Apache-2.0 */
/* What engines say, as text: JSON with parts that strangers wrote. Pure functions. They take what
 * they know of it and pass over the rest; whatever the bytes are, they return. A NUL that a text
 * has escaped in it is replaced, in `text` itself: strangers' labels must not make unreadable what
 * is said of everybody's containers. */
#ifndef TACIT_ENGINE_PARSE_H
#define TACIT_ENGINE_PARSE_H

#include <jansson.h>
#include <stddef.h>

#include "base/container.h"
#include "base/err.h"

#define PARSE_DEPTH_MAX 32 /* of nested values: engines need 8 */

/* The value, the caller's to json_decref(), or NULL: nested deeper than PARSE_DEPTH_MAX, or not
 * JSON. Numbers are not looked at, so they are all taken as json_real, however large. */
json_t *parse_json(char *text, size_t length, struct err *err);

/* The text of member `key`, or NULL when `object` is none, has no such member, or one that is no
 * text. Lives as long as `object`. */
const char *parse_member(const json_t *object, const char *key);

enum event_kind {
	EVENT_OTHER,   /* nothing that has to be known */
	EVENT_CHANGED, /* created, started, renamed: it has to be looked at */
	EVENT_ENDED,   /* its processes are gone; it may be started again */
	EVENT_REMOVED, /* it will not be */
};

struct event {
	enum event_kind kind;
	char id[CONTAINER_ID_LENGTH + 1]; /* unless OTHER */
};

/* One line of the stream of events: docker's words and podman's. TACIT_INVALID when it is no JSON.
 */
int parse_event(char *line, size_t length, struct event *event, struct err *err);

/* Called with each id of a list. */
typedef void parse_listed(void *context, const char *id);

/* The list of all containers. Entries without an id are passed over. */
int parse_list(char *text, size_t length, parse_listed *listed, void *context, struct err *err);

#endif
