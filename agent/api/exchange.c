/* SPDX-License-Identifier: Apache-2.0 */
#include "api/exchange.h"

#include <stdlib.h>
#include <string.h>

#include "api/answer.h"
#include "api/request.h"
#include "base/log.h"

static void refuse(struct exchange *exchange, enum tacit_code code, const char *text)
{
	exchange->status = code_http_status(code);
	exchange->type = TACIT_JSON_TYPE;
	exchange->bytes = answer_error(code, text);
	exchange->length = exchange->bytes ? strlen(exchange->bytes) : 0;
}

static const char *refusal_text(enum tacit_code refusal)
{
	return refusal == TACIT_DENIED
		       ? "only root and members of the operators' group may use this socket"
		       : "too many connections at once; close some and try again";
}

static void refuse_size(struct exchange *exchange)
{
	struct err err;
	size_t limit = route_body_limit(exchange->route->body);

	if (limit)
		err_set(&err, TACIT_TOO_LARGE, "the body is larger than %zu bytes", limit);
	else
		err_set(&err, TACIT_TOO_LARGE, "this route takes no body");
	refuse(exchange, err.code, err.text);
}

/* libmicrohttpd refuses a Content-Length that is not a number. */
static bool announced_too_large(const struct exchange *exchange, const char *content_length)
{
	return content_length &&
	       strtoull(content_length, NULL, 10) > route_body_limit(exchange->route->body);
}

bool exchange_begin(struct exchange *exchange, enum tacit_code refusal, const char *method,
	const char *content_length)
{
	struct err err;

	exchange->begun = true;
	if (refusal != TACIT_OK) {
		refuse(exchange, refusal, refusal_text(refusal));
		return true;
	}
	if (!exchange->target) {
		refuse(exchange, TACIT_INVALID, "the target is longer than any route");
		return true;
	}
	exchange->route =
		request_start(method, exchange->target, &exchange->request, exchange->allow, &err);
	if (!exchange->route) {
		refuse(exchange, err.code, err.text);
		return true;
	}
	exchange->body.limit = route_body_limit(exchange->route->body);
	if (!announced_too_large(exchange, content_length))
		return false;
	refuse_size(exchange);
	return true;
}

void exchange_take(struct exchange *exchange, const void *bytes, size_t length, size_t room)
{
	size_t limit = exchange->body.limit;

	if (exchange->over_limit || exchange->no_room)
		return;
	if (length > limit - exchange->body.length) {
		exchange->over_limit = true;
		pack_free(&exchange->body);
		return;
	}
	if (length > room)
		exchange->body.failed = true;
	pack_bytes(&exchange->body, bytes, length);
	if (exchange->body.failed) {
		exchange->no_room = true;
		pack_free(&exchange->body);
	}
}

/* The question, with the body moved into it; NULL when there is no memory for it. */
static struct question *make_question(
	struct exchange *exchange, uid_t uid, size_t room, void *owner)
{
	bool grew = exchange->route->body == BODY_ACCESS;
	struct question *question;

	if (exchange->no_room || (grew && exchange->body.room > room))
		return NULL;
	question = calloc(1, sizeof *question);
	if (!question)
		return NULL;
	question->request = exchange->request;
	question->request.operator_uid = uid;
	question->changes = exchange->route->changes;
	question->owner = owner;
	if (question->request.body_length) {
		exchange->grown = grew ? exchange->body.room : 0;
		question->body = exchange->body;
		exchange->body = (struct pack){ 0 };
	}
	return question;
}

struct question *exchange_finish(struct exchange *exchange, uid_t uid, size_t room, void *owner)
{
	struct question *question;
	struct err err;

	if (exchange->over_limit) {
		refuse_size(exchange);
		return NULL;
	}
	if (!exchange->no_room &&
		request_body(exchange->route, &exchange->body, &exchange->request, &err) < 0) {
		refuse(exchange, err.code, err.text);
		return NULL;
	}
	question = make_question(exchange, uid, room, owner);
	if (!question)
		refuse(exchange, TACIT_LIMIT, "too much is being sent at once; try again");
	return question;
}

static void show_document(struct exchange *exchange, const uint8_t *bytes, size_t length)
{
	struct err err;
	char *json;

	if (answer_document(bytes, length, &json, &err) < 0) {
		log_error("%s", err.text);
		refuse(exchange, err.code, err.text);
		return;
	}
	exchange->type = TACIT_JSON_TYPE;
	exchange->bytes = json;
	exchange->length = strlen(json);
}

static void show_octets(struct exchange *exchange, const uint8_t *bytes, size_t length)
{
	exchange->type = exchange->route->type;
	exchange->bytes = malloc(length + 1); /* there may be none */
	if (!exchange->bytes) {
		refuse(exchange, TACIT_LIMIT, "out of memory");
		return;
	}
	if (length)
		memcpy(exchange->bytes, bytes, length);
	exchange->length = length;
}

void exchange_answer(struct exchange *exchange, enum tacit_code code, const char *text,
	const uint8_t *bytes, size_t length)
{
	exchange->grown = 0;
	if (code != TACIT_OK) {
		refuse(exchange, code, text);
		return;
	}
	exchange->status = exchange->route->status;
	if (exchange->route->type)
		show_octets(exchange, bytes, length);
	else
		show_document(exchange, bytes, length);
}

void exchange_end(struct exchange *exchange)
{
	free(exchange->target);
	pack_free(&exchange->body);
	free(exchange->bytes);
	*exchange = (struct exchange){ 0 };
}
