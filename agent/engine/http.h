/* SPDX-License-Identifier: Apache-2.0 */
/* The head of an answer, of the HTTP/1.0 kind that gate asks for. A pure function. */
#ifndef TACIT_ENGINE_HTTP_H
#define TACIT_ENGINE_HTTP_H

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

#define HTTP_HEAD_MAX 16384 /* bytes; engines send some 200 */
#define HTTP_OK 200
#define HTTP_NOT_FOUND 404

struct http_head {
	int status;     /* 100 to 599 */
	size_t size;    /* bytes of the head, with the empty line that ends it */
	int64_t length; /* of the body, or -1: up to the end of the connection */
};

/* Look for a head at the start of `text`. 1: it is there; 0: it goes on after `length`.
 * TACIT_INVALID when it is no head, is longer than HTTP_HEAD_MAX, or announces a body in chunks
 * (which an answer of HTTP/1.0 never is). */
int http_head_read(const char *text, size_t length, struct http_head *head, struct err *err);

#endif
