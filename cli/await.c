/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/await.h"

#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "cli/duration.h"

#define NS_PER_S UINT64_C(1000000000)
#define POLL_NS 100000000u
#define TIMEOUT_S 60 /* an application that looks once a minute has looked */

int await_seconds(const struct session *session, uint64_t *seconds, struct err *err)
{
	const char *text = session->invocation->values[OPTION_TIMEOUT];
	struct err inner;

	*seconds = TIMEOUT_S;
	if (text && duration_parse(text, seconds, &inner) < 0)
		return err_set(err, TACIT_INVALID, "option '--timeout': %s", inner.text);
	return 0;
}

int await_check(const struct session *session, enum option wait, struct err *err)
{
	uint64_t seconds;

	if (session->invocation->values[OPTION_TIMEOUT] && !session->invocation->values[wait])
		return err_set(err, TACIT_INVALID,
			"option '--timeout' says for how long '--wait' waits; give both");
	return await_seconds(session, &seconds, err);
}

/* That is current by now; or the version that is waited for, if it is not of a template of it. */
static bool has_read(const json_t *reader, const json_t *secret)
{
	const char *of = member_text(reader, "secret");

	return json_is_true(json_object_get(reader, "current")) ||
	       ((!*of || !strcmp(of, member_text(secret, "secret"))) &&
		       member_number(reader, "version") == member_number(secret, "version"));
}

/* A template that is made of several members is among the readers of each. */
static bool is_among(const json_t *list, const json_t *reader)
{
	const json_t *other;
	size_t i;

	json_array_foreach (list, i, other)
		if (json_equal(other, reader))
			return true;
	return false;
}

/* Add to `behind` those of the readers that have another version. */
static void add_behind(json_t *behind, const json_t *readers, const json_t *secret)
{
	json_t *reader;
	size_t i;

	json_array_foreach (readers, i, reader)
		if (!has_read(reader, secret) && !is_among(behind, reader))
			json_array_append(behind, reader);
}

static int ask_one(struct session *session, const json_t *secret, json_t *behind, struct err *err)
{
	_json_ json_t *readers = NULL;
	char path[CLIENT_PATH_MAX];
	int status =
		client_path(path, err, "secrets", member_text(secret, "secret"), "readers", NULL);

	if (!status)
		status = session_get(session, path, &readers, err);
	if (!status)
		add_behind(behind, readers, secret);
	return status;
}

static int ask(struct session *session, const json_t *secrets, json_t **behind, struct err *err)
{
	_json_ json_t *found = json_array();
	const json_t *secret;
	int status = 0;
	size_t i;

	json_array_foreach (secrets, i, secret) {
		status = ask_one(session, secret, found, err);
		if (status < 0)
			return status;
	}
	json_decref(*behind);
	*behind = json_incref(found);
	return 0;
}

static int fail(const json_t *secrets, const json_t *behind, uint64_t seconds, struct err *err)
{
	if (json_array_size(secrets) > 1)
		return err_set(err, TACIT_BUSY,
			"%zu files of running containers have not been read anew within %llu s; "
			"they are when they are opened again",
			json_array_size(behind), (unsigned long long)seconds);
	return err_set(err, TACIT_BUSY,
		"%zu running containers have not read version %llu within %llu s; they read it "
		"when they open the file again",
		json_array_size(behind), member_number(json_array_get(secrets, 0), "version"),
		(unsigned long long)seconds);
}

static int wait_for(struct session *session, const json_t *secrets, uint64_t seconds,
	json_t **behind, struct err *err)
{
	uint64_t deadline = clock_monotonic_ns() + seconds * NS_PER_S;

	for (;;) {
		int status = ask(session, secrets, behind, err);

		if ((status < 0 && status != -TACIT_UNAVAILABLE) ||
			(status == 0 && !json_array_size(*behind)))
			return status;
		if (clock_monotonic_ns() + POLL_NS >= deadline)
			return status ? status : fail(secrets, *behind, seconds, err);
		nanosleep(&(struct timespec){ .tv_nsec = POLL_NS }, NULL);
		progress_tick(&session->progress);
	}
}

int await_readers(struct session *session, const json_t *secrets, json_t **behind, struct err *err)
{
	uint64_t seconds;
	int status = await_seconds(session, &seconds, err);

	*behind = json_array();
	if (status < 0 || !session->invocation->values[OPTION_AWAIT])
		return status;
	progress_start(&session->progress, "waiting for containers to read it");
	status = wait_for(session, secrets, seconds, behind, err);
	progress_end(&session->progress);
	return status;
}

static void print_behind(const json_t *behind)
{
	const json_t *reader;
	size_t i;

	json_array_foreach (behind, i, reader) {
		char line[1024], read[48] = "has not read it";
		unsigned long long version = member_number(reader, "version");

		if (version)
			snprintf(read, sizeof read, "has version %llu", version);
		snprintf(line, sizeof line, "%s (%.12s) as %s/%s %s", member_text(reader, "name"),
			member_text(reader, "container"), member_text(reader, "consumer"),
			member_text(reader, "file"), read);
		session_print_clean(line);
	}
}

void await_show(const struct session *session, json_t *changed, json_t *behind, int status)
{
	bool waits = session->invocation->values[OPTION_AWAIT];

	if (session->json) {
		if (waits)
			json_object_set(changed, "behind", behind);
		session_print_json(changed);
	} else if (session->quiet) {
		session_print_members(behind, "name");
	} else if (waits && status == 0) {
		puts("every running container has read it");
	} else {
		print_behind(behind);
	}
}
