/* SPDX-License-Identifier: Apache-2.0 */
#include "api/request.h"

#include <string.h>

#include "api/fields.h"
#include "api/grant.h"
#include "api/rules.h"
#include "api/schedule.h"
#include "api/words.h"
#include "base/names.h"

static int take_flag(
	struct frame_request *request, uint32_t flag, struct piece value, struct err *err)
{
	if (!target_is(value, "1"))
		return err_set(err, TACIT_INVALID,
			"force, dry_run, prune, names and template are 1 or are left out");
	request->flags |= flag;
	return 0;
}

static int take_force(struct frame_request *request, struct piece value, struct err *err)
{
	return take_flag(request, REQUEST_FORCE, value, err);
}

static int take_dry_run(struct frame_request *request, struct piece value, struct err *err)
{
	return take_flag(request, REQUEST_DRY_RUN, value, err);
}

static int take_prune(struct frame_request *request, struct piece value, struct err *err)
{
	return take_flag(request, REQUEST_PRUNE, value, err);
}

static int take_names(struct frame_request *request, struct piece value, struct err *err)
{
	return take_flag(request, REQUEST_NAMES, value, err);
}

static int take_template(struct frame_request *request, struct piece value, struct err *err)
{
	return take_flag(request, REQUEST_TEMPLATE, value, err);
}

/* A number from 1 to `most`. */
static int take_number(
	const char *name, uint64_t most, struct piece value, uint64_t *number, struct err *err)
{
	*number = 0;
	for (size_t i = 0; i < value.length; i++) {
		unsigned int digit = (unsigned char)value.at[i] - (unsigned int)'0';

		if (digit > 9 || *number > (most - digit) / 10) {
			*number = 0;
			break;
		}
		*number = *number * 10 + digit;
	}
	return *number ? 0 : err_set(err, TACIT_INVALID, "%s is a number from 1", name);
}

static int take_version(struct frame_request *request, struct piece value, struct err *err)
{
	return take_number("version", INT64_MAX, value, &request->version, err);
}

static int take_overlap(struct frame_request *request, struct piece value, struct err *err)
{
	uint64_t seconds;

	if (take_number("overlap", GRANT_LIFETIME_MAX_S, value, &seconds, NULL) < 0)
		return err_set(err, TACIT_INVALID, "overlap is whole seconds, from 1 to %d",
			GRANT_LIFETIME_MAX_S);
	request->lifetime_ns = seconds * UINT64_C(1000000000);
	return 0;
}

static int take_pid(struct frame_request *request, struct piece value, struct err *err)
{
	uint64_t number;
	int status = take_number("pid", INT32_MAX, value, &number, err);

	request->pid = (int32_t)number;
	return status;
}

static int take_slot(struct frame_request *request, struct piece value, struct err *err)
{
	uint64_t number;
	int status = take_number("slot", UINT32_MAX, value, &number, err);

	request->slot = (uint32_t)number;
	return status;
}

static int take_offset(struct frame_request *request, struct piece value, struct err *err)
{
	if (target_is(value, "0"))
		return 0;
	return take_number("offset", INT64_MAX, value, &request->offset, NULL) < 0
		       ? err_set(err, TACIT_INVALID, "offset is a number from 0")
		       : 0;
}

static int take_container(struct frame_request *request, struct piece value, struct err *err)
{
	int status = target_decode(value, request->container, sizeof request->container, err);

	if (status < 0)
		return status;
	/* An id is of the same grammar. */
	if (!consumer_component_ok(
		    CONSUMER_CONTAINER, 0, request->container, strlen(request->container)))
		return err_set(err, TACIT_INVALID,
			"a container is the name its engine knows it by, or its id");
	return 0;
}

/* Grants of all secrets of a bundle are listed and taken back at once. */
static int take_secret(struct frame_request *request, struct piece value, struct err *err)
{
	int status = target_decode(value, request->secret, sizeof request->secret, err);

	if (status < 0)
		return status;
	return request->verb == VERB_GRANT_CHECK || request->verb == VERB_AUDIT_HASH ||
			       request->verb == VERB_SECRET_HASHES
		       ? name_check_secret(request->secret, err)
		       : fields_check_secrets(request->secret, err);
}

static int take_run(struct frame_request *request, struct piece id, struct err *err)
{
	if (target_decode(id, request->container, sizeof request->container, NULL) < 0 ||
		!container_id_ok(request->container))
		return err_set(err, TACIT_INVALID, "a run is named by %d hexadecimal digits",
			CONTAINER_ID_LENGTH);
	return 0;
}

/* The name in a path. */
static int take_name(const struct route *route, struct frame_request *request, struct piece name,
	struct err *err)
{
	int status;

	if (strstr(route->path, "{run}"))
		return take_run(request, name, err);
	status = target_decode(name, request->secret, sizeof request->secret, err);
	if (status < 0)
		return status;
	return strstr(route->path, "{bundle}") ? name_check_bundle(request->secret, err)
					       : name_check_secret(request->secret, err);
}

static int take_consumer(struct frame_request *request, struct piece value, struct err *err)
{
	int status = target_decode(value, request->consumer, sizeof request->consumer, err);

	return status < 0 ? status : name_check_consumer(request->consumer, err);
}

/* Checked when the query is whole: of a bundle it is a folder. */
static int take_file(struct frame_request *request, struct piece value, struct err *err)
{
	return target_decode(value, request->file, sizeof request->file, err);
}

static int take_from(struct frame_request *request, struct piece value, struct err *err)
{
	return take_number("from", INT64_MAX, value, &request->offset, err);
}

static int take_count(struct frame_request *request, struct piece value, struct err *err)
{
	uint64_t number;
	int status = take_number("count", UINT32_MAX, value, &number, err);

	request->count = (uint32_t)number;
	return status;
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
	{ "dry_run", QUERY_DRY_RUN, take_dry_run },
	{ "prune", QUERY_PRUNE, take_prune },
	{ "pid", QUERY_PID, take_pid },
	{ "container", QUERY_CONTAINER, take_container },
	{ "overlap", QUERY_OVERLAP, take_overlap },
	{ "names", QUERY_NAMES, take_names },
	{ "kind", QUERY_KIND, words_take_kind },
	{ "label", QUERY_LABEL, words_take_label },
	{ "program", QUERY_PROGRAM, words_take_program },
	{ "slot", QUERY_SLOT, take_slot },
	{ "how", QUERY_HOW, words_take_how },
	{ "offset", QUERY_OFFSET, take_offset },
	{ "from", QUERY_FROM, take_from },
	{ "count", QUERY_COUNT, take_count },
	{ "template", QUERY_TEMPLATE, take_template },
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
	if ((seen & QUERY_PID) && (seen & QUERY_CONTAINER))
		return err_set(err, TACIT_INVALID, "the query has a pid or a container, not both");
	if (route->required & ~seen)
		return err_set(err, TACIT_INVALID, "the query lacks %s",
			missing_word(route->required & ~seen));
	if (words_check(request, err) < 0)
		return -TACIT_INVALID;
	return seen & QUERY_FILE ? fields_check_file(request->secret, request->file, err) : 0;
}

const struct route *request_start(const char *method, const char *target,
	struct frame_request *request, char *allow, struct err *err)
{
	struct piece rest = { target, strlen(target) }, path, name;
	const struct route *route;

	memset(request, 0, sizeof *request);
	target_next(&rest, '?', &path);
	route = route_find(method, path, &name, allow, err);
	if (!route)
		return NULL;
	request->verb = route->verb;
	request->uid = request->gid = UINT32_MAX;
	if (strchr(route->path, '{') && take_name(route, request, name, err) < 0)
		return NULL;
	if (take_query(route, rest, request, err) < 0)
		return NULL;
	return route;
}

static int take_reply_key(const struct pack *body, struct frame_request *request, struct err *err)
{
	if (body->length != sizeof request->reply_key)
		return err_set(err, TACIT_INVALID, "the body is an X25519 public key of %zu bytes",
			sizeof request->reply_key);
	memcpy(request->reply_key, body->bytes, body->length);
	return 0;
}

/* The file's statements take the place of its text. */
static int take_access(struct pack *body, struct frame_request *request, struct err *err)
{
	struct access_statement *list;
	size_t count;
	const char *text = body->length ? (const char *)body->bytes : "";
	int status = access_parse(text, body->length, &list, &count, err);

	if (status < 0)
		return status;
	pack_free(body);
	*body = (struct pack){ .bytes = (uint8_t *)list,
		.length = count * sizeof *list,
		.room = count * sizeof *list };
	request->body_length = (uint32_t)body->length;
	return 0;
}

int request_body(const struct route *route, struct pack *body, struct frame_request *request,
	struct err *err)
{
	const char *text = (const char *)body->bytes;

	switch (route->body) {
	case BODY_NONE:
	case BODY_SEALED_OPTIONAL:
	case BODIES:
		break;
	case BODY_GRANT:
		return grant_parse(text, body->length, request, err);
	case BODY_SCHEDULE:
		return schedule_parse(text, body->length, request, err);
	case BODY_RULES:
		return rules_parse(text, body->length, request, err);
	case BODY_ACCESS:
		return take_access(body, request, err);
	case BODY_REPLY_KEY:
		return take_reply_key(body, request, err);
	case BODY_SEALED:
		if (!body->length)
			return err_set(
				err, TACIT_INVALID, "the body is empty: it is the sealed value");
		break;
	case BODY_OCTETS:
		if (!body->length)
			return err_set(
				err, TACIT_INVALID, "the body is empty: it is octets of a backup");
		break;
	}
	request->body_length = (uint32_t)body->length;
	return 0;
}
