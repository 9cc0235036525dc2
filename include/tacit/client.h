/* SPDX-License-Identifier: Apache-2.0 */
/* A client of the agent's HTTP API on its unix socket. The routes are in agent/PROTOCOL.md.
 *
 * A client is used by one thread at a time. Functions return 0 or the negative of an enum
 * tacit_code and fill `err` (base/err.h); an error of the agent keeps its code and its text. No
 * value in clear goes through here: what travels is sealed before and opened after. */
#ifndef TACIT_CLIENT_H
#define TACIT_CLIENT_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <tacit/api.h>
#include <tacit/code.h>

struct err;
struct client;

/* Longest path with its query: a secret, a consumer and a file, each byte as %XX, with room. */
#define CLIENT_PATH_MAX 4096
/* Longest answer taken: a list of every secret of a large host as JSON. */
#define CLIENT_ANSWER_MAX (64u << 20)
#define CLIENT_CONNECT_MS 2000 /* the agent listens on this machine, or does not */
#define CLIENT_WHOLE_MS 60000  /* a request with its answer, unless client_set_timeout() */

struct client_request {
	const char *method; /* "GET", "POST" or "DELETE" */
	const char *path;   /* from client_path(), client_query() */
	const char *type;   /* media type of the body; NULL when there is none */
	const void *body;   /* borrowed */
	size_t length;
};

struct client_answer {
	uint8_t *bytes; /* client_answer_free() */
	size_t length;
};

/* A client of the instance at `root` ("" for the system's). Connects when first asked. */
int client_open(const char *root, struct client **client, struct err *err);
void client_close(struct client *client);

/* Milliseconds a request may take, at least 1. */
void client_set_timeout(struct client *client, long milliseconds);
/* Call `wait(with)` now and then, at least once a second, while a request is under way. When it
 * says false the request is given up, TACIT_UNAVAILABLE: it may have been done. */
void client_on_wait(struct client *client, bool (*wait)(void *with), void *with);

/* "/v1" and every segment up to NULL, percent-encoded, into `path`. TACIT_INVALID when too long. */
__attribute__((sentinel)) int client_path(
	char path[CLIENT_PATH_MAX], struct err *err, const char *segment, ...);
/* Add "name=value" to the query of `path`, the value percent-encoded. */
int client_query(char path[CLIENT_PATH_MAX], const char *name, const char *value, struct err *err);

/* Ask, and take the octets of a 2xx answer. No socket or nobody listening is TACIT_UNAVAILABLE; no
 * right to the socket TACIT_DENIED. When the connection breaks after the request was sent, the text
 * says that it may have been done. `answer` is left alone on failure. */
int client_ask(struct client *client, const struct client_request *request,
	struct client_answer *answer, struct err *err);
void client_answer_free(struct client_answer *answer);

/* As client_ask() for an answer in JSON; the caller owns the reference in *json. */
int client_ask_json(struct client *client, const struct client_request *request, json_t **json,
	struct err *err);

/* The error of an answer: {"error":{"code":WORD,"message":TEXT}}. Always fails; octets that are no
 * such object, or that claim success, are TACIT_INTERNAL. Pure. */
int client_error(long status, const void *bytes, size_t length, struct err *err);

#endif
