/* SPDX-License-Identifier: Apache-2.0 */
/* libmicrohttpd, driven from our loop: the only file that calls it. It gets connections that were
 * already accepted and looked at, serves one request on each, and never waits: a request that is
 * with core is suspended until the relay answers.
 *
 * Its post processor is never used, it never decodes a target, and its timeout is not relied on. */
#ifndef TACIT_API_HTTP_H
#define TACIT_API_HTTP_H

#include "api/clients.h"
#include "api/relay.h"

struct MHD_Daemon;

struct http {
	struct MHD_Daemon *daemon;
	struct clients clients;
	struct client *admitting; /* while a connection is handed to libmicrohttpd */
	struct relay *relay;
};

int http_start(struct http *http, struct relay *relay, struct err *err);

/* Take an accepted connection over: it is closed sooner or later, at once when there is no place.
 */
void http_admit(struct http *http, int fd, uid_t uid, bool is_operator);

/* The descriptor to poll for input, and how long at most until http_run() must be called (ms; -1:
 * until that descriptor is ready). */
int http_descriptor(const struct http *http);
int http_timeout(const struct http *http);
void http_run(struct http *http);

/* What the relay calls: `context` is the struct http, `owner` the client. */
relay_answered http_answered;

/* Everybody who waits must have been answered (relay_close). */
void http_stop(struct http *http);

#endif
