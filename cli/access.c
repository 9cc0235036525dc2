/* SPDX-License-Identifier: Apache-2.0 */
/* Who may read what, as a file: printed, and put into force. */
#include <string.h>

#include "base/access.h"
#include "base/cleanup.h"
#include "cli/input.h"
#include "cli/run.h"
#include "cli/template.h"

#define ACCESS_PATH TACIT_API_PREFIX "/access"
#define TEXT_TYPE "text/plain"

/* The consumer's name in a line: the third word of a grant, the second of the others. */
static size_t find_consumer(const char *line, const char **name)
{
	static const char grant[] = "grant ";
	const char *at = line;

	at += strcspn(at, " ");
	at += *at == ' ';
	if (!strncmp(line, grant, sizeof grant - 1)) {
		at += strcspn(at, " ");
		at += *at == ' ';
	}
	*name = at;
	return strcspn(at, " ");
}

/* What is granted there is made of what need not be granted. */
static void print_templates(const json_t *templates)
{
	char made[TEMPLATE_LINE_MAX], line[TACIT_SECRET_NAME_MAX + TEMPLATE_LINE_MAX + 8];
	const json_t *one;
	size_t i;

	json_array_foreach (templates, i, one) {
		template_line(one, made);
		snprintf(line, sizeof line, "# %s: %s", member_text(one, "secret"), made);
		session_print_clean(line);
	}
}

/* Lines come sorted by consumer: an empty one goes between two of them. */
static void print_lines(const json_t *lines)
{
	const char *before = "";
	size_t before_length = 0, i;
	const json_t *line;

	json_array_foreach (lines, i, line) {
		const char *text = json_string_value(line), *name;
		size_t length;

		if (!text)
			continue;
		length = find_consumer(text, &name);
		if (length != before_length || strncmp(name, before, length))
			putchar('\n');
		session_print_clean(text);
		before = name;
		before_length = length;
	}
}

static void print_access(const json_t *access)
{
	puts("# tacit access: who may read what; names, never values");
	print_templates(json_object_get(access, "templates"));
	print_lines(json_object_get(access, "lines"));
}

int access_export(struct session *session, struct err *err)
{
	_json_ json_t *access = NULL;
	int status = session_get(session, ACCESS_PATH, &access, err);

	if (status < 0)
		return status;
	if (session->json)
		session_print_json(access);
	else
		print_access(access);
	return 0;
}

/* What can happen to a line: how it is shown, and how it is counted. */
static const struct action {
	const char *word, *sign, *colour, *past, *future;
} actions[] = {
	{ "add", "+", "\033[32m", "added", "to add" },
	{ "change", "~", "\033[33m", "changed", "to change" },
	{ "remove", "-", "\033[31m", "removed", "to remove" },
};

#define ACTIONS (sizeof actions / sizeof actions[0])

static void print_change(const struct action *action, const char *line)
{
	bool coloured = session_colour(stdout);

	printf("%s%s%s ", coloured ? action->colour : "", action->sign, coloured ? "\033[0m" : "");
	session_print_clean(line);
}

static void print_changes(const struct session *session, const json_t *answer)
{
	const json_t *changes = json_object_get(answer, "changes"), *change;
	bool applied = json_is_true(json_object_get(answer, "applied"));
	size_t counts[ACTIONS] = { 0 }, i;

	json_array_foreach (changes, i, change)
		for (size_t a = 0; a < ACTIONS; a++)
			if (!strcmp(actions[a].word, member_text(change, "action"))) {
				print_change(&actions[a], member_text(change, "line"));
				counts[a]++;
			}
	if (session->quiet)
		return;
	if (!json_array_size(changes)) {
		puts("nothing to change");
		return;
	}
	for (size_t a = 0; a < ACTIONS; a++)
		printf("%s%zu %s", a ? ", " : "\n", counts[a],
			applied ? actions[a].past : actions[a].future);
	puts(applied ? "" : "; nothing was changed");
}

static int make_path(const struct session *session, char path[CLIENT_PATH_MAX], struct err *err)
{
	const char *const *values = session->invocation->values;
	int status = 0;

	snprintf(path, CLIENT_PATH_MAX, "%s", ACCESS_PATH);
	if (values[OPTION_DRY_RUN])
		status = client_query(path, "dry_run", "1", err);
	if (!status && values[OPTION_PRUNE])
		status = client_query(path, "prune", "1", err);
	return status;
}

int access_apply(struct session *session, struct err *err)
{
	_free_ char *text = malloc(ACCESS_TEXT_MAX);
	_json_ json_t *answer = NULL;
	char path[CLIENT_PATH_MAX];
	size_t length = 0;
	int status = make_path(session, path, err);

	if (!text)
		return err_set(err, TACIT_INTERNAL, "no memory for a file");
	if (!status)
		status = input_read(
			"file", session->invocation->words[0], text, ACCESS_TEXT_MAX, &length, err);
	if (status < 0) {
		report_hint(err, err->code, "'tacit export' writes one");
		return status;
	}
	/* What a pipe that broke leaves must not take every grant away. */
	if (!length && session->invocation->values[OPTION_PRUNE])
		return err_set(err, TACIT_INVALID,
			"the file is empty and --prune would take everything away; if that is "
			"meant, give a file with a comment");
	status = session_post(session, path, TEXT_TYPE, text, length, &answer, err);
	if (status < 0) {
		report_hint(err, TACIT_INVALID, "nothing was changed");
		report_hint(
			err, TACIT_NOT_FOUND, "nothing was changed; 'tacit secret create' first");
		return status;
	}
	if (session->json)
		session_print_json(answer);
	else
		print_changes(session, answer);
	return 0;
}
