/* SPDX-License-Identifier: Apache-2.0 */
#include "gate/request.h"

#include <stdio.h>
#include <string.h>

#include "base/config.h"

#define IMAGE_PREFIX "sha256:"

static bool is_empty(const char *id)
{
	return !*id;
}

static bool is_image(const char *id)
{
	size_t prefix = strlen(IMAGE_PREFIX);

	return !strncmp(id, IMAGE_PREFIX, prefix) && container_id_ok(id + prefix);
}

/* Without a version: engines that are too old for a new one, and too new for an old one, answer.
 * HTTP/1.0, for its answers have no chunks. The filter is {"type":["container"]}. */
static const struct {
	const char *before, *after; /* of the id */
	bool (*id_ok)(const char *id);
} requests[ASKS] = {
	[ASK_EVENTS] = { "/events?filters=%7B%22type%22%3A%5B%22container%22%5D%7D", "", is_empty },
	[ASK_LIST] = { "/containers/json?all=1", "", is_empty },
	[ASK_CONTAINER] = { "/containers/", "/json", container_id_ok },
	[ASK_IMAGE] = { "/images/", "/json", is_image },
};

int request_build(const struct frame_ask *ask, struct request *request, struct err *err)
{
	int length;

	if (ask->what >= ASKS || !requests[ask->what].before)
		return err_set(err, TACIT_INVALID, "an ask is of no kind there is");
	if (ask->engine >= CONFIG_ENGINES_MAX)
		return err_set(err, TACIT_INVALID, "an ask is for no engine there can be");
	if (!memchr(ask->id, '\0', sizeof ask->id) || !requests[ask->what].id_ok(ask->id))
		return err_set(err, TACIT_INVALID, "an ask has an id its kind does not have");
	length = snprintf(request->text, sizeof request->text,
		"GET %s%s%s HTTP/1.0\r\nHost: tacit\r\nConnection: close\r\n\r\n",
		requests[ask->what].before, ask->id, requests[ask->what].after);
	request->length = (size_t)length;
	return 0;
}
