/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/session.h"

#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/names.h"
#include "cli/bundle.h"

#define CLEAN_UP_MS 5000 /* who has pressed ^C does not wait longer */

int session_number(const struct session *session, enum option option, unsigned long low,
	unsigned long high, unsigned long *number, struct err *err)
{
	const char *text = session->invocation->values[option];
	bool octal = option == OPTION_MODE;
	unsigned long value;
	char *end;

	if (!text)
		return 0;
	errno = 0;
	value = strtoul(text, &end, octal ? 8 : 10);
	if (errno || *end || text[0] < '0' || text[0] > '9' || value < low || value > high)
		return err_set(err, TACIT_INVALID,
			octal ? "option '--%s' takes an octal number from %04lo to %04lo"
			      : "option '--%s' takes a number from %lu to %lu",
			option_table[option].name, low, high);
	*number = value;
	return 0;
}

/* While a request is under way: whether it is still wanted. */
static bool go_on(void *with)
{
	struct session *session = with;

	progress_tick(&session->progress);
	return !interrupt_came(&session->interrupt);
}

int session_client(struct session *session, struct err *err)
{
	int status;

	if (session->client)
		return 0;
	status = client_open(session->root, &session->client, err);
	if (!status)
		client_on_wait(session->client, go_on, session);
	return status;
}

int session_ask(struct session *session, const struct client_request *request,
	struct client_answer *answer, struct err *err)
{
	int status = session_client(session, err);

	if (status < 0)
		return status;
	progress_start(&session->progress, "waiting for the agent");
	status = client_ask(session->client, request, answer, err);
	progress_end(&session->progress);
	return status;
}

static int ask(struct session *session, const struct client_request *request, json_t **json,
	struct err *err)
{
	int status = session_client(session, err);

	if (status < 0)
		return status;
	progress_start(&session->progress, "waiting for the agent");
	status = client_ask_json(session->client, request, json, err);
	progress_end(&session->progress);
	return status;
}

int session_get(struct session *session, const char *path, json_t **json, struct err *err)
{
	return ask(session, &(struct client_request){ .method = "GET", .path = path }, json, err);
}

int session_post(struct session *session, const char *path, const char *type, const void *body,
	size_t length, json_t **json, struct err *err)
{
	const struct client_request request = {
		.method = "POST", .path = path, .type = type, .body = body, .length = length
	};

	return ask(session, &request, json, err);
}

int session_delete(struct session *session, const char *path, json_t **json, struct err *err)
{
	return ask(
		session, &(struct client_request){ .method = "DELETE", .path = path }, json, err);
}

void session_clean_up(struct session *session, const char *path)
{
	struct interrupt held = session->interrupt;
	_json_ json_t *answer = NULL;

	if (!session->client)
		return;
	session->interrupt.held = false;
	client_set_timeout(session->client, CLEAN_UP_MS);
	session_delete(session, path, &answer, NULL);
	session->interrupt = held;
}

int session_status(struct session *session, json_t **status, struct err *err)
{
	return session_get(session, TACIT_API_PREFIX "/status", status, err);
}

void session_print_json(const json_t *json)
{
	json_dumpf(json, stdout, JSON_INDENT(2) | JSON_ENSURE_ASCII);
	putchar('\n');
}

void session_print_clean(const char *text)
{
	_free_ char *copy = strdup(text);

	if (!copy)
		return;
	report_clean(copy);
	puts(copy);
}

void session_show_list(const struct session *session, const json_t *list, const char *id,
	void (*print)(const json_t *list))
{
	if (session->json)
		session_print_json(list);
	else if (session->quiet)
		session_print_members(list, id);
	else
		print(list);
}

void session_print_members(const json_t *list, const char *name)
{
	const json_t *object;
	size_t i;

	json_array_foreach (list, i, object) {
		if (json_is_string(json_object_get(object, name)))
			session_print_clean(member_text(object, name));
		else
			printf("%llu\n", member_number(object, name));
	}
}

const char *member_text(const json_t *object, const char *name)
{
	const char *text = json_string_value(json_object_get(object, name));

	return text ? text : "";
}

unsigned long long member_number(const json_t *object, const char *name)
{
	json_int_t number = json_integer_value(json_object_get(object, name));

	return number < 0 ? 0 : (unsigned long long)number;
}

void session_fail(struct session *session, const char *what, const struct err *err)
{
	report_error(stderr, what, err);
	if (session->exit == TACIT_OK)
		session->exit = err->code;
}

bool session_shows(const char *name)
{
	return !bundle_check_secrets(name, NULL) || !name_check_consumer(name, NULL);
}

void session_fail_named(
	struct session *session, const char *what, const char *name, const struct err *err)
{
	bool shown = session_shows(name);
	char text[COMMAND_WORDS_MAX + TACIT_SECRET_NAME_MAX + 2];

	snprintf(text, sizeof text, "%s%s%s", what, shown ? " " : "", shown ? name : "");
	session_fail(session, text, err);
}

int session_remove_all(
	struct session *session, const char *what, session_remove_fn *remove, struct err *err)
{
	_json_ json_t *answers = json_array();

	for (size_t i = 0; i < session->invocation->count; i++) {
		const char *name = session->invocation->words[i];
		json_t *answer = NULL;

		if (remove(session, name, &answer, err) < 0) {
			session_fail_named(session, what, name, err);
			continue;
		}
		json_array_append_new(answers, answer);
		if (!session->json)
			printf("%s%s\n", session->quiet ? "" : "removed ", name);
	}
	if (session->json)
		session_print_json(answers);
	return 0;
}

void session_note(const struct session *session, const char *format, ...)
{
	va_list args;

	if (session->quiet)
		return;
	fputs("tacit: note: ", stderr);
	va_start(args, format);
	vfprintf(stderr, format, args);
	va_end(args);
	fputc('\n', stderr);
}

void session_note_text(const struct session *session, const char *text)
{
	_free_ char *copy = strdup(text);

	if (!copy)
		return;
	report_clean(copy);
	session_note(session, "%s", copy);
}

bool session_colour(FILE *file)
{
	const char *none = getenv("NO_COLOR"), *term = getenv("TERM");

	return !(none && *none) && term && strcmp(term, "dumb") && isatty(fileno(file));
}
