/* SPDX-License-Identifier: Apache-2.0 */
#include "api/request.h"

#include <string.h>

#include "api/grant.h"
#include "base/names.h"

static int take_force(struct frame_request *request, struct piece value, struct err *err)
{
	if (!target_is(value, "1"))
		return err_set(err, TACIT_INVALID, "force is 1 or is left out");
	request->flags |= REQUEST_FORCE;
	return 0;
}

static int take_version(struct frame_request *request, struct piece value, struct err *err)
{
	uint64_t version = 0;

	for (size_t i = 0; i < value.length; i++) {
		unsigned int digit = (unsigned char)value.at[i] - (unsigned int)'0';

		if (digit > 9 || version > ((uint64_t)INT64_MAX - digit) / 10)
			return err_set(err, TACIT_INVALID, "version is a number from 1");
		version = version * 10 + digit;
	}
	if (!version)
		return err_set(err, TACIT_INVALID, "version is a number from 1");
	request->version = version;
	return 0;
}

static int take_secret(struct frame_request *request, struct piece value, struct err *err)
{
	int status = target_decode(value, request->secret, sizeof request->secret, err);

	return status < 0 ? status : name_check_secret(request->secret, err);
}

static int take_consumer(struct frame_request *request, struct piece value, struct err *err)
{
	int status = target_decode(value, request->consumer, sizeof request->consumer, err);

	return status < 0 ? status : name_check_consumer(request->consumer, err);
}

static int take_file(struct frame_request *request, struct piece value, struct err *err)
{
	int status = target_decode(value, request->file, sizeof request->file, err);

	return status < 0 ? status : name_check_file(request->file, err);
}

static const struct word {
	const char *word;
	enum query bit;
	int (*take)(struct frame_request *request, struct piece value, struct err *err);
} words[] = {
	{ "force", QUERY_FORCE, take_force },
	{ "version", QUERY_VERSION, take_version },
	{ "secret", QUERY_SECRET, take_secret },
	{ "consumer", QUERY_CONSUMER, take_consumer },
	{ "file", QUERY_FILE, take_file },
};

#define WORDS (sizeof words / sizeof words[0])

static const struct word *find_word(const struct route *route, struct piece name)
{
	for (size_t i = 0; i < WORDS; i++)
		if ((route->query & words[i].bit) && target_is(name, words[i].word))
			return &words[i];
	return NULL;
}

static const char *missing_word(unsigned int missing)
{
	for (size_t i = 0; i < WORDS; i++)
		if (missing & words[i].bit)
			return words[i].word;
	return "nothing";
}

static int take_query(const struct route *route, struct piece query, struct frame_request *request,
	struct err *err)
{
	struct piece part, name;
	unsigned int seen = 0;

	if (!query.length) /* "/v1/status?" asks for nothing more than "/v1/status" */
		query.at = NULL;
	while (target_next(&query, '&', &part)) {
		const struct word *word;
		int status;

		target_next(&part, '=', &name);
		word = find_word(route, name);
		if (!word || !part.at)
			return err_set(err, TACIT_INVALID,
				"the query has a word this route does not know, or one without "
				"'='");
		if (seen & word->bit)
			return err_set(err, TACIT_INVALID, "the query gives %s twice", word->word);
		seen |= word->bit;
		status = word->take(request, part, err);
		if (status < 0)
			return status;
	}
	if (route->required & ~seen)
		return err_set(err, TACIT_INVALID, "the query lacks %s",
			missing_word(route->required & ~seen));
	return 0;
}

const struct route *request_start(const char *method, const char *target,
	struct frame_request *request, char *allow, struct err *err)
{
	struct piece rest = { target, strlen(target) }, path, secret;
	const struct route *route;

	memset(request, 0, sizeof *request);
	target_next(&rest, '?', &path);
	route = route_find(method, path, &secret, allow, err);
	if (!route)
		return NULL;
	request->verb = route->verb;
	request->uid = request->gid = UINT32_MAX;
	if (strstr(route->path, "{secret}") && take_secret(request, secret, err) < 0)
		return NULL;
	if (take_query(route, rest, request, err) < 0)
		return NULL;
	return route;
}

int request_body(const struct route *route, const uint8_t *bytes, size_t length,
	struct frame_request *request, struct err *err)
{
	switch (route->body) {
	case BODY_NONE:
	case BODY_SEALED_OPTIONAL:
		break;
	case BODY_GRANT:
		return grant_parse((const char *)bytes, length, request, err);
	case BODY_REPLY_KEY:
		if (length != sizeof request->reply_key)
			return err_set(err, TACIT_INVALID,
				"the body is an X25519 public key of %zu bytes",
				sizeof request->reply_key);
		memcpy(request->reply_key, bytes, length);
		return 0;
	case BODY_SEALED:
		if (!length)
			return err_set(
				err, TACIT_INVALID, "the body is empty: it is the sealed value");
		break;
	case BODIES:
		break;
	}
	request->body_length = (uint32_t)length;
	return 0;
}
