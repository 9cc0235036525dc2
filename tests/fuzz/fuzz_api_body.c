/* SPDX-License-Identifier: Apache-2.0 */
/* Any bytes as a request: "METHOD TARGET\nBODY", through the routes, the query, the names, the
 * bodies' JSON and the access file, into the frame core would get. What is taken keeps to the
 * grammar. */
#include <stdlib.h>
#include <string.h>

#include "api/fields.h"
#include "api/request.h"
#include "api/schedule.h"
#include "base/names.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length);

static void check_rules(const struct frame_request *request)
{
	if (request->rule_count > BINDING_RULES_MAX ||
		(request->verb == VERB_CONSUMER_BIND && !request->rule_count))
		abort();
	for (uint32_t i = 0; i < request->rule_count; i++)
		if (binding_check(request->rules[i], NULL) < 0)
			abort();
}

static void check_octets(
	const struct route *route, const struct pack *body, const struct frame_request *request)
{
	const struct access_statement *list = (const void *)body->bytes;

	if (request->body_length && request->body_length != body->length)
		abort();
	if (route->body != BODY_ACCESS)
		return;
	if (request->body_length % sizeof *list || request->body_length != body->length)
		abort();
	for (size_t i = 0; i < body->length / sizeof *list; i++)
		if (access_check(&list[i], NULL) < 0)
			abort();
}

/* A bundle is meant where only one can be, or where secrets are granted. */
static void check_names(const struct route *route, const struct frame_request *request)
{
	bool granted = request->verb == VERB_GRANT_ADD || request->verb == VERB_GRANT_LIST ||
		       request->verb == VERB_GRANT_REMOVE;

	if (strstr(route->path, "{bundle}")) {
		if (name_check_bundle(request->secret, NULL) < 0)
			abort();
	} else if (request->secret[0]) {
		if (fields_check_secrets(request->secret, NULL) < 0 ||
			(fields_is_bundle(request->secret) && !granted))
			abort();
	}
	if (request->file[0] && fields_check_file(request->secret, request->file, NULL) < 0)
		abort();
}

static void check_itself(const struct frame_request *request)
{
	struct hook hook;

	if (hook_parse(request->on_rotate, &hook, NULL) < 0)
		abort();
	if (request->rotator[0] && hook_check_program(request->rotator, NULL) < 0)
		abort();
	if (request->generate > SCHEDULE_GENERATE_MAX || request->alphabet > 3)
		abort();
	if (!request->generate && (request->every_ns || request->rotator[0]))
		abort();
	if (request->generate && (request->flags & REQUEST_NOW))
		abort();
}

static void check(const struct frame_request *request)
{
	if (request->consumer[0] && name_check_consumer(request->consumer, NULL) < 0)
		abort();
	if (request->mode > 0777 || request->body_length > REQUEST_BODY_MAX)
		abort();
	if (request->reads > GRANT_READS_MAX || request->grant_flags & ~GRANT_FLAGS ||
		request->version > INT64_MAX || request->pid < 0)
		abort();
	if (request->lifetime_ns && request->expires_ns)
		abort();
	if (request->container[0] && !consumer_component_ok(CONSUMER_CONTAINER, 0,
					     request->container, strlen(request->container)))
		abort();
	check_rules(request);
	if (request->verb == VERB_GRANT_ADD && (!request->secret[0] || !request->consumer[0]))
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length)
{
	const uint8_t *end = memchr(bytes, '\n', length);
	size_t head = end ? (size_t)(end - bytes) : length;
	char *line = strndup((const char *)bytes, head), *target = strchr(line, ' ');
	struct frame_request request;
	char allow[ROUTE_ALLOW_MAX];
	const struct route *route = NULL;
	struct pack body = { 0 };

	if (target) {
		*target++ = '\0';
		route = request_start(line, target, &request, allow, NULL);
	}
	if (end && length > head + 1)
		pack_bytes(&body, end + 1, length - head - 1);
	if (route && body.length <= route_body_limit(route->body) &&
		!request_body(route, &body, &request, NULL)) {
		check_names(route, &request);
		check_itself(&request);
		check(&request);
		check_octets(route, &body, &request);
	}
	pack_free(&body);
	free(line);
	return 0;
}
