/* SPDX-License-Identifier: Apache-2.0 */
#include "gate/request.h"

#include <stdio.h>
#include <string.h>

#include "base/config.h"
#include "base/hook.h"

#define IMAGE_PREFIX "sha256:"
#define SIGNAL_HOOK "signal:" /* what is in front of a signal's name in a hook */

static const char head_end[] = " HTTP/1.0\r\nHost: tacit\r\nConnection: close\r\n";

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
	length = snprintf(request->text, sizeof request->text, "GET %s%s%s%s\r\n",
		requests[ask->what].before, ask->id, requests[ask->what].after, head_end);
	request->length = (size_t)length;
	return 0;
}

static bool is_signal(const char *name)
{
	char text[sizeof SIGNAL_HOOK + sizeof((struct frame_act *)0)->signal];
	struct hook hook;

	snprintf(text, sizeof text, SIGNAL_HOOK "%s", name);
	return !hook_parse(text, &hook, NULL) && hook.kind == HOOK_SIGNAL;
}

/* An engine waits as long for the main process to end before it kills it: its own default. */
static const struct {
	const char *after, *signal_before; /* the id; the signal */
	bool (*signal_ok)(const char *name);
} acts[ACTS_ON_CONTAINERS] = {
	[ACT_SIGNAL] = { "/kill", "?signal=SIG", is_signal },
	[ACT_RESTART] = { "/restart", "?t=10", is_empty },
};

int request_build_act(const struct frame_act *act, struct request *request, struct err *err)
{
	int length;

	if (act->what >= ACTS_ON_CONTAINERS || !acts[act->what].after)
		return err_set(err, TACIT_INVALID, "an act is of no kind there is");
	if (act->engine >= CONFIG_ENGINES_MAX)
		return err_set(err, TACIT_INVALID, "an act is for no engine there can be");
	if (!memchr(act->id, '\0', sizeof act->id) || !container_id_ok(act->id))
		return err_set(err, TACIT_INVALID, "an act is on no container");
	if (!memchr(act->signal, '\0', sizeof act->signal) ||
		!acts[act->what].signal_ok(act->signal))
		return err_set(err, TACIT_INVALID, "an act has a signal its kind does not have");
	length = snprintf(request->text, sizeof request->text,
		"POST /containers/%s%s%s%s%sContent-Length: 0\r\n\r\n", act->id,
		acts[act->what].after, acts[act->what].signal_before, act->signal, head_end);
	request->length = (size_t)length;
	return 0;
}
