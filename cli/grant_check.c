/* SPDX-License-Identifier: Apache-2.0 */
/* May it be read, by whom, and which rule decides: core's own decision, asked and not made. */
#include <string.h>

#include "base/container.h"
#include "base/names.h"
#include "cli/bundle.h"
#include "cli/run.h"

#define PID_MAX 4194304 /* the kernel's own limit on 64-bit machines */

static const char *const green = "\033[32m", *const red = "\033[31m", *const yellow = "\033[33m";

static int check_reader(const struct session *session, struct err *err)
{
	const char *container = session->invocation->values[OPTION_CONTAINER];
	char named[sizeof "container/" + CONTAINER_NAME_MAX];
	unsigned long pid = 0;

	if (container && session->invocation->values[OPTION_PID])
		return err_set(err, TACIT_INVALID,
			"--pid and --container are two readers; give one of them");
	if (container && strlen(container) <= CONTAINER_NAME_MAX) {
		snprintf(named, sizeof named, "container/%s", container);
		if (!name_check_consumer(named, NULL))
			return 0;
	}
	if (container)
		return err_set(err, TACIT_INVALID,
			"option '--container' takes a container's name or id; the engine's 'ps' "
			"lists them");
	return session_number(session, OPTION_PID, 1, PID_MAX, &pid, err);
}

static int make_path(const struct session *session, char path[CLIENT_PATH_MAX], struct err *err)
{
	const struct invocation *invocation = session->invocation;
	const struct {
		const char *name, *value;
		int (*check)(const char *name, struct err *err);
	} parts[] = {
		{ "secret", invocation->words[0], bundle_check_one },
		{ "consumer", invocation->words[1], name_check_consumer },
		{ "file", invocation->values[OPTION_AS], name_check_granted },
		{ "pid", invocation->values[OPTION_PID], NULL },
		{ "container", invocation->values[OPTION_CONTAINER], NULL },
	};
	int status = check_reader(session, err);

	snprintf(path, CLIENT_PATH_MAX, "%s/grants/check", TACIT_API_PREFIX);
	for (size_t i = 0; !status && i < sizeof parts / sizeof parts[0]; i++) {
		if (!parts[i].value)
			continue;
		if (parts[i].check)
			status = parts[i].check(parts[i].value, err);
		if (!status)
			status = client_query(path, parts[i].name, parts[i].value, err);
	}
	return status;
}

static void print_word(const char *word, int width, const char *colour)
{
	bool coloured = session_colour(stdout);
	int gap = width - (int)strlen(word);

	printf("%s%s%s%*s", coloured ? colour : "", word, coloured ? "\033[0m" : "",
		gap > 0 ? gap : 0, "");
}

static void print_rules(const json_t *rules)
{
	const json_t *rule;
	size_t i;

	json_array_foreach (rules, i, rule) {
		const json_t *holds = json_object_get(rule, "holds");

		fputs("  ", stdout);
		if (json_is_boolean(holds))
			print_word(json_is_true(holds) ? "yes" : "no", 10,
				json_is_true(holds) ? green : red);
		else
			print_word("unknown", 10, yellow);
		session_print_clean(member_text(rule, "rule"));
	}
}

/* "denied: no container of that name runs (rule: identity)", and what it comes from. */
static void print_check(const json_t *check, bool allowed)
{
	const char *reason = member_text(check, "reason"), *reader = member_text(check, "reader");
	const json_t *rules = json_object_get(check, "rules");
	size_t length = strlen(reason);
	char line[1024];

	if (length && reason[length - 1] == '.')
		length--;
	print_word(allowed ? "allowed" : "denied", 0, allowed ? green : red);
	snprintf(line, sizeof line, ": %.*s (rule: %.100s)", (int)(length < 800 ? length : 800),
		reason, member_text(check, "rule"));
	session_print_clean(line);
	/* Nobody was named: then it is allowed to whom the rules below are true of. */
	if (!*reader && allowed)
		reader = json_array_size(rules) ? "whoever is the consumer; all of these must hold"
						: "whoever is the consumer";
	if (*reader) {
		fputs("  reader    ", stdout);
		session_print_clean(reader);
	}
	print_rules(rules);
}

int grant_check(struct session *session, struct err *err)
{
	_json_ json_t *check = NULL;
	char path[CLIENT_PATH_MAX];
	int status = make_path(session, path, err);
	bool allowed;

	if (!status)
		status = session_get(session, path, &check, err);
	if (status == -TACIT_NOT_FOUND && session->invocation->values[OPTION_CONTAINER])
		report_hint(err, TACIT_NOT_FOUND, "'tacit status' says which engines answer");
	if (status < 0)
		return status;
	allowed = json_is_true(json_object_get(check, "allowed"));
	if (session->json)
		session_print_json(check);
	else if (session->quiet)
		puts(allowed ? "allowed" : "denied");
	else
		print_check(check, allowed);
	session->exit = allowed ? TACIT_OK : TACIT_DENIED;
	return 0;
}
