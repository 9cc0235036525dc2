/* SPDX-License-Identifier: Apache-2.0 */
/* Any bytes as a request: "METHOD TARGET\nBODY", through the routes, the query, the names, the
 * bodies' JSON and the access file, into the frame core would get. What is taken keeps to the
 * grammar. */
#include <stdlib.h>
#include <string.h>

#include "api/request.h"
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

static void check(const struct frame_request *request)
{
	if (request->secret[0] && name_check_secret(request->secret, NULL) < 0)
		abort();
	if (request->consumer[0] && name_check_consumer(request->consumer, NULL) < 0)
		abort();
	if (request->file[0] && name_check_file(request->file, NULL) < 0)
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
		check(&request);
		check_octets(route, &body, &request);
	}
	pack_free(&body);
	free(line);
	return 0;
}
