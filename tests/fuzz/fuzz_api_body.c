/* SPDX-License-Identifier: Apache-2.0 */
/* Any bytes as a request: "METHOD TARGET\nBODY", through the routes, the query, the names, the body
 * and the grant's JSON, into the frame core would get. What is taken keeps to the grammar. */
#include <stdlib.h>
#include <string.h>

#include "api/request.h"
#include "base/names.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length);

static void check(const struct frame_request *request)
{
	if (request->secret[0] && name_check_secret(request->secret, NULL) < 0)
		abort();
	if (request->consumer[0] && name_check_consumer(request->consumer, NULL) < 0)
		abort();
	if (request->file[0] && name_check_file(request->file, NULL) < 0)
		abort();
	if (request->mode > 0777 || request->body_length > TACIT_TRANSIT_MAX)
		abort();
	if (request->verb == VERB_GRANT_ADD && (!request->secret[0] || !request->consumer[0]))
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length)
{
	const uint8_t *end = memchr(bytes, '\n', length);
	size_t head = end ? (size_t)(end - bytes) : length;
	size_t body = end ? length - head - 1 : 0;
	char *line = strndup((const char *)bytes, head), *target = strchr(line, ' ');
	struct frame_request request;
	char allow[ROUTE_ALLOW_MAX];
	const struct route *route = NULL;

	if (target) {
		*target++ = '\0';
		route = request_start(line, target, &request, allow, NULL);
	}
	if (route && body <= route_body_limit(route->body) &&
		!request_body(route, bytes + length - body, body, &request, NULL))
		check(&request);
	free(line);
	return 0;
}
