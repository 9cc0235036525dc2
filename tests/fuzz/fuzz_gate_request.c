/* SPDX-License-Identifier: Apache-2.0 */
/* Any bytes as an ask or an act: what comes of it, if anything does, is one of the six requests, to
 * its last byte. */
#include <stdlib.h>
#include <string.h>

#include "gate/request.h"

#define HEX "0123456789abcdef"
#define UPPER "ABCDEFGHIJKLMNOPQRSTUVWXYZ12"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length);

/* What is between `before` and `after` in one request, and how long it may be. */
static const struct {
	bool acts;
	const char *before, *characters, *after;
	size_t least, most;
} forms[] = {
	{ false, "GET /events?filters=%7B%22type%22%3A%5B%22container%22%5D%7D", HEX, "", 0, 0 },
	{ false, "GET /containers/json?all=1", HEX, "", 0, 0 },
	{ false, "GET /containers/", HEX, "/json", 64, 64 },
	{ false, "GET /images/sha256:", HEX, "/json", 64, 64 },
	{ true, "POST /containers/", HEX, "/restart?t=10", 64, 64 },
};

static const char end[] = " HTTP/1.0\r\nHost: tacit\r\nConnection: close\r\n";

static bool is_end(const char *text, bool acts)
{
	size_t length = strlen(end);

	return !strncmp(text, end, length) &&
	       !strcmp(text + length, acts ? "Content-Length: 0\r\n\r\n" : "\r\n");
}

/* Behind the container's id. */
static bool is_signal(const char *text)
{
	static const char before[] = "/kill?signal=SIG";
	size_t name;

	if (strncmp(text, before, strlen(before)) != 0)
		return false;
	text += strlen(before);
	name = strspn(text, UPPER);
	return name >= 3 && name <= 5 && is_end(text + name, true);
}

static bool is_request(const char *text, bool acts)
{
	for (size_t i = 0; i < sizeof forms / sizeof forms[0]; i++) {
		size_t before = strlen(forms[i].before), after = strlen(forms[i].after), between;

		if (forms[i].acts != acts || strncmp(text, forms[i].before, before) != 0)
			continue;
		between = forms[i].most ? strspn(text + before, forms[i].characters) : 0;
		if (between < forms[i].least || between > forms[i].most)
			continue;
		if (acts && is_signal(text + before + between))
			return true;
		if (!strncmp(text + before + between, forms[i].after, after) &&
			is_end(text + before + between + after, acts))
			return true;
	}
	return false;
}

static void check(int status, const struct request *request, bool acts)
{
	if (status == -TACIT_INVALID)
		return;
	if (status || request->length >= REQUEST_MAX || strlen(request->text) != request->length ||
		!is_request(request->text, acts))
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length)
{
	struct frame_ask ask = { .ask = 0 };
	struct frame_act act = { .number = 0 };
	struct request request;

	memcpy(&ask, bytes, length < sizeof ask ? length : sizeof ask);
	memcpy(&act, bytes, length < sizeof act ? length : sizeof act);
	check(request_build(&ask, &request, NULL), &request, false);
	check(request_build_act(&act, &request, NULL), &request, true);
	return 0;
}
