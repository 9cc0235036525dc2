/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/await.h"

#include <time.h>

#include "base/clock.h"
#include "cli/duration.h"

#define NS_PER_S UINT64_C(1000000000)
#define POLL_NS 100000000u
#define TIMEOUT_S 60 /* an application that looks once a minute has looked */

static int take_timeout(const struct session *session, uint64_t *seconds, struct err *err)
{
	const char *text = session->invocation->values[OPTION_TIMEOUT];
	struct err inner;

	*seconds = TIMEOUT_S;
	if (text && duration_parse(text, seconds, &inner) < 0)
		return err_set(err, TACIT_INVALID, "option '--timeout': %s", inner.text);
	return 0;
}

int await_check(const struct session *session, struct err *err)
{
	uint64_t seconds;

	if (session->invocation->values[OPTION_TIMEOUT] &&
		!session->invocation->values[OPTION_AWAIT])
		return err_set(err, TACIT_INVALID,
			"option '--timeout' says for how long '--wait' waits; give both");
	return take_timeout(session, &seconds, err);
}

/* Those of the readers that have another version; the caller owns the list. */
static json_t *find_behind(const json_t *readers, unsigned long long version)
{
	json_t *behind = json_array(), *reader;
	size_t i;

	json_array_foreach (readers, i, reader)
		if (!json_is_true(json_object_get(reader, "current")) &&
			member_number(reader, "version") != version)
			json_array_append(behind, reader);
	return behind;
}

static int ask(struct session *session, const char *path, unsigned long long version,
	json_t **behind, struct err *err)
{
	_json_ json_t *readers = NULL;
	int status = session_get(session, path, &readers, err);

	if (status < 0)
		return status;
	json_decref(*behind);
	*behind = find_behind(readers, version);
	return 0;
}

static int wait_for(struct session *session, const char *path, unsigned long long version,
	uint64_t seconds, json_t **behind, struct err *err)
{
	uint64_t deadline = clock_monotonic_ns() + seconds * NS_PER_S;

	for (;;) {
		int status = ask(session, path, version, behind, err);

		if ((status < 0 && status != -TACIT_UNAVAILABLE) ||
			(status == 0 && !json_array_size(*behind)))
			return status;
		if (clock_monotonic_ns() + POLL_NS >= deadline)
			return status ? status
				      : err_set(err, TACIT_BUSY,
						"%zu running containers have not read version %llu "
						"within %llu s; they read it when they open the "
						"file "
						"again",
						json_array_size(*behind), version,
						(unsigned long long)seconds);
		nanosleep(&(struct timespec){ .tv_nsec = POLL_NS }, NULL);
		progress_tick(&session->progress);
	}
}

int await_readers(struct session *session, const char *secret, unsigned long long version,
	json_t **behind, struct err *err)
{
	char path[CLIENT_PATH_MAX];
	uint64_t seconds;
	int status = take_timeout(session, &seconds, err);

	*behind = json_array();
	if (status < 0 || !session->invocation->values[OPTION_AWAIT])
		return status;
	status = client_path(path, err, "secrets", secret, "readers", NULL);
	if (status < 0)
		return status;
	progress_start(&session->progress, "waiting for containers to read it");
	status = wait_for(session, path, version, seconds, behind, err);
	progress_end(&session->progress);
	return status;
}

void await_print(const json_t *behind)
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
