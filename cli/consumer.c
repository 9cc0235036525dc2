/* SPDX-License-Identifier: Apache-2.0 */
/* Who receives secrets: by which rules, and whether at all. */
#include <string.h>

#include "base/binding.h"
#include "base/cleanup.h"
#include "base/names.h"
#include "cli/run.h"
#include "cli/table.h"

#define CONSUMERS TACIT_API_PREFIX "/consumers"

static void files_cell(struct table *table, const json_t *files)
{
	size_t length = 0, room = 1, i;
	const json_t *file;
	char *text;

	json_array_foreach (files, i, file)
		room += json_string_length(file) + 2;
	text = calloc(1, room);
	json_array_foreach (files, i, file)
		if (text && json_is_string(file))
			length += (size_t)snprintf(text + length, room - length, "%s%s",
				i ? ", " : "", json_string_value(file));
	table_cell(table, "%s", text ? text : "");
	free(text);
}

static void print_consumers(const json_t *list)
{
	struct table table;
	const json_t *consumer;
	size_t i;

	table_start(&table, "CONSUMER", "GRANTS", "RULES", "STATE", "FILES", NULL);
	json_array_foreach (list, i, consumer) {
		table_cell(&table, "%s", member_text(consumer, "consumer"));
		table_cell(&table, "%llu", member_number(consumer, "grants"));
		table_cell(&table, "%llu", member_number(consumer, "rules"));
		table_cell(&table, "%s",
			json_is_true(json_object_get(consumer, "frozen")) ? "frozen" : "live");
		files_cell(&table, json_object_get(consumer, "files"));
	}
	table_print(&table, stdout);
	table_free(&table);
}

int consumer_ls(struct session *session, struct err *err)
{
	_json_ json_t *list = NULL;
	int status = session_get(session, CONSUMERS, &list, err);

	if (status < 0)
		return status;
	session_show_list(session, list, "consumer", print_consumers);
	return 0;
}

/* CONSUMERS, `verb` and who it is about. */
static int make_path(
	const char *verb, const char *consumer, char path[CLIENT_PATH_MAX], struct err *err)
{
	int status = name_check_consumer(consumer, err);

	snprintf(path, CLIENT_PATH_MAX, "%s%s", CONSUMERS, verb);
	return status ? status : client_query(path, "consumer", consumer, err);
}

int consumer_inspect(struct session *session, struct err *err)
{
	_json_ json_t *list = json_array();

	for (size_t i = 0; i < session->invocation->count; i++) {
		const char *name = session->invocation->words[i];
		char path[CLIENT_PATH_MAX];
		json_t *consumer = NULL;
		int status = make_path("/inspect", name, path, err);

		if (!status)
			status = session_get(session, path, &consumer, err);
		if (status < 0)
			session_fail_named(session, "consumer inspect", name, err);
		else
			json_array_append_new(list, consumer);
	}
	if (session->quiet)
		session_print_members(list, "consumer");
	else
		session_print_json(list);
	return 0;
}

/* The body of bind and unbind: the consumer, and the rules that follow it. */
static int make_rules(const struct session *session, json_t *body, struct err *err)
{
	const struct invocation *invocation = session->invocation;
	json_t *rules = json_array();
	int status = name_check_consumer(invocation->words[0], err);

	json_object_set_new(body, "consumer", json_string(invocation->words[0]));
	json_object_set_new(body, "rules", rules);
	if (!status && invocation->count - 1 > BINDING_RULES_MAX)
		status = err_set(
			err, TACIT_INVALID, "a consumer has at most %d rules", BINDING_RULES_MAX);
	for (size_t i = 1; !status && i < invocation->count; i++) {
		status = binding_check(invocation->words[i], err);
		if (status < 0)
			return err_wrap(err, "rule %zu", i);
		json_array_append_new(rules, json_string(invocation->words[i]));
	}
	return status;
}

static int post_rules(struct session *session, const char *path, json_t **consumer, struct err *err)
{
	_json_ json_t *body = json_object();
	_free_ char *text = NULL;
	int status = make_rules(session, body, err);

	if (status < 0)
		return status;
	text = json_dumps(body, JSON_COMPACT);
	if (!text)
		return err_set(err, TACIT_INTERNAL, "no memory for a request");
	return session_post(session, path, TACIT_JSON_TYPE, text, strlen(text), consumer, err);
}

static void print_rules(const json_t *consumer)
{
	const json_t *rules = json_object_get(consumer, "rules"), *rule;
	const char *name = member_text(consumer, "consumer");
	size_t count = json_array_size(rules), i;

	if (!count)
		printf("%s is bound by no rule: its name alone decides\n", name);
	else
		printf("%s is bound by %zu rule%s%s\n", name, count, count == 1 ? "" : "s",
			count == 1 ? "" : ", all of which must hold");
	json_array_foreach (rules, i, rule) {
		fputs("  ", stdout);
		session_print_clean(json_is_string(rule) ? json_string_value(rule) : "");
	}
}

static int change_rules(struct session *session, const char *path, struct err *err)
{
	_json_ json_t *consumer = NULL;
	int status = post_rules(session, path, &consumer, err);

	if (status < 0)
		return status;
	if (session->json)
		session_print_json(consumer);
	else if (session->quiet)
		session_print_clean(member_text(consumer, "consumer"));
	else
		print_rules(consumer);
	return 0;
}

int consumer_bind(struct session *session, struct err *err)
{
	return change_rules(session, CONSUMERS "/bind", err);
}

int consumer_unbind(struct session *session, struct err *err)
{
	return change_rules(session, CONSUMERS "/unbind", err);
}

static int set_frozen(
	struct session *session, const char *verb, const char *sentence, struct err *err)
{
	const char *name = session->invocation->words[0];
	_json_ json_t *consumer = NULL;
	char path[CLIENT_PATH_MAX];
	int status = make_path(verb, name, path, err);

	if (!status)
		status = session_post(session, path, NULL, NULL, 0, &consumer, err);
	if (status < 0)
		return status;
	if (session->json)
		session_print_json(consumer);
	else
		printf("%s%s\n", name, session->quiet ? "" : sentence);
	return 0;
}

int consumer_freeze(struct session *session, struct err *err)
{
	return set_frozen(session, "/freeze",
		" is frozen: it reads nothing until 'tacit consumer thaw'", err);
}

int consumer_thaw(struct session *session, struct err *err)
{
	return set_frozen(session, "/thaw", " reads again what it is granted", err);
}

static int remove_one(struct session *session, const char *name, json_t **answer, struct err *err)
{
	char path[CLIENT_PATH_MAX];
	int status = make_path("", name, path, err);

	if (!status && session->invocation->values[OPTION_FORCE])
		status = client_query(path, "force", "1", err);
	if (!status)
		status = session_delete(session, path, answer, err);
	if (status < 0)
		report_hint(err, TACIT_BUSY, "'--force' removes it with its grants");
	return status;
}

int consumer_rm(struct session *session, struct err *err)
{
	return session_remove_all(session, "consumer rm", remove_one, err);
}
