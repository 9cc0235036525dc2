/* SPDX-License-Identifier: Apache-2.0 */
/* One run of `tacit`: what was asked for, of which instance, and how to print the answer. */
#ifndef TACIT_CLI_SESSION_H
#define TACIT_CLI_SESSION_H

#include <jansson.h>
#include <stdbool.h>
#include <stdio.h>
#include <sys/resource.h>

#include <tacit/api.h>
#include <tacit/client.h>

#include "base/err.h"
#include "base/paths.h"
#include "cli/command.h"
#include "cli/interrupt.h"
#include "cli/progress.h"
#include "cli/report.h"

struct session {
	const struct invocation *invocation;
	char root[PATH_ROOT_MAX + 1];
	struct client *client;
	struct progress progress;
	struct interrupt interrupt; /* signals that a command holds back, if it does */
	struct rlimit cores; /* the limit before main() forbade core files: for engines' commands */
	bool json;
	bool quiet;
	enum tacit_code exit; /* of failures already printed; TACIT_OK when there were none */
	int status;           /* to exit with in place of the one of `exit`; 0: that one */
};

/* Options that are numbers, from `low` to `high`; *number is left alone when not given. */
int session_number(const struct session *session, enum option option, unsigned long low,
	unsigned long high, unsigned long *number, struct err *err);

/* Make session->client when there is none yet. The functions that ask do it themselves. */
int session_client(struct session *session, struct err *err);
/* Ask for octets: as client_ask(). */
int session_ask(struct session *session, const struct client_request *request,
	struct client_answer *answer, struct err *err);
/* Ask for JSON: path and body as in client_request. The caller owns *json. */
int session_get(struct session *session, const char *path, json_t **json, struct err *err);
int session_post(struct session *session, const char *path, const char *type, const void *body,
	size_t length, json_t **json, struct err *err);
int session_delete(struct session *session, const char *path, json_t **json, struct err *err);
/* DELETE `path` after a failure or a signal, which is then not looked at: within a few seconds, or
 * not at all. */
void session_clean_up(struct session *session, const char *path);
int session_status(struct session *session, json_t **status, struct err *err);

/* Answers as they are printed: pretty JSON in ASCII, and the members of objects. A member that is
 * missing or of another type is "" or 0, so an older or newer agent is no crash. */
void session_print_json(const json_t *json);
void session_print_clean(const char *text);                       /* one line, cleaned */
void session_print_members(const json_t *list, const char *name); /* of each object, a line */
/* A list as this invocation wants it: JSON, the `id` member of each, or as `print` lays it out. */
void session_show_list(const struct session *session, const json_t *list, const char *id,
	void (*print)(const json_t *list));
const char *member_text(const json_t *object, const char *name);
unsigned long long member_number(const json_t *object, const char *name);

/* A failure that does not end the command: print it, remember the first one's code. */
void session_fail(struct session *session, const char *what, const struct err *err);
/* Whether a word of the command line is a secret's or a consumer's name and so may be shown. */
bool session_shows(const char *name);
/* session_fail() for one of several names, which is left out when it may not be shown. */
void session_fail_named(
	struct session *session, const char *what, const char *name, const struct err *err);
/* Remove each of the names on the command line by `remove`, whose answer becomes ours, and show
 * what went. One that fails does not keep the others; 0, the exit code is that of the first
 * failure. */
typedef int session_remove_fn(
	struct session *session, const char *name, json_t **answer, struct err *err);
int session_remove_all(
	struct session *session, const char *what, session_remove_fn *remove, struct err *err);
/* A remark on standard error, unless --quiet. */
__attribute__((format(printf, 2, 3))) void session_note(
	const struct session *session, const char *format, ...);

/* The same of a text that is not ours, cleaned. */
void session_note_text(const struct session *session, const char *text);

/* Whether `file` is a terminal that wants colour: NO_COLOR and TERM=dumb do not. */
bool session_colour(FILE *file);

static inline void session_json_free(json_t **json)
{
	json_decref(*json);
}

#define _json_ __attribute__((cleanup(session_json_free)))

#endif
