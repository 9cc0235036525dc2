/* SPDX-License-Identifier: Apache-2.0 */
/* Secrets without their values. */
#include <string.h>
#include <time.h>

#include "cli/bundle.h"
#include "cli/moment.h"
#include "cli/run.h"
#include "cli/schedule.h"
#include "cli/secret_send.h"
#include "cli/table.h"
#include "cli/template.h"

void secret_print_list(const json_t *list)
{
	struct table table;
	time_t now = time(NULL);
	const json_t *secret;
	size_t i;

	table_start(&table, "NAME", "VERSION", "SIZE", "GRANTS", "CREATED", "ROTATED", "SCHEDULE",
		NULL);
	json_array_foreach (list, i, secret) {
		char created[MOMENT_TEXT_MAX], rotated[MOMENT_TEXT_MAX], itself[SCHEDULE_TEXT_MAX];
		char made[TEMPLATE_LINE_MAX];

		moment_ago(member_text(secret, "created_at"), now, created);
		moment_ago(member_text(secret, "rotated_at"), now, rotated);
		schedule_text(json_object_get(secret, "schedule"), itself);
		template_line(secret, made);
		table_cell(&table, "%s", member_text(secret, "name"));
		table_cell(&table, "%llu", member_number(secret, "version"));
		table_cell(&table, "%llu", member_number(secret, "size"));
		table_cell(&table, "%llu", member_number(secret, "grants"));
		table_cell(&table, "%s", created);
		table_cell(&table, "%s", rotated);
		table_cell(&table, "%s", *made ? made : itself);
	}
	table_print(&table, stdout);
	table_free(&table);
}

int secret_ls(struct session *session, struct err *err)
{
	const struct invocation *invocation = session->invocation;
	_json_ json_t *list = NULL;
	int status;

	if (invocation->values[OPTION_BUNDLES] && !invocation->count)
		return bundle_list(session, err);
	if (invocation->values[OPTION_BUNDLES] ||
		(invocation->count && !bundle_is_meant(invocation->words[0])))
		return err_set(err, TACIT_INVALID,
			"'secret ls NAME/' lists the members of a bundle, '--bundles' the bundles");
	if (invocation->count)
		return bundle_ls(session, err);
	status = session_get(session, TACIT_API_PREFIX "/secrets", &list, err);
	if (status < 0)
		return status;
	session_show_list(session, list, "name", secret_print_list);
	return 0;
}

static int get_secret(struct session *session, const char *name, json_t **json, struct err *err)
{
	char path[CLIENT_PATH_MAX];
	int status = bundle_path(path, name, NULL, err);

	return status ? status : session_get(session, path, json, err);
}

int secret_inspect(struct session *session, struct err *err)
{
	_json_ json_t *list = json_array();

	for (size_t i = 0; i < session->invocation->count; i++) {
		const char *name = session->invocation->words[i];
		json_t *secret = NULL;

		if (get_secret(session, name, &secret, err) < 0)
			session_fail_named(session, "secret inspect", name, err);
		else
			json_array_append_new(list, secret);
	}
	if (session->quiet)
		session_print_members(list, "name");
	else
		session_print_json(list);
	return 0;
}

#define READERS_TEXT_MAX 512

/* The consumers that last read a version, as far as a line holds them; "-" for none. */
static void readers_text(const json_t *list, char text[READERS_TEXT_MAX])
{
	const json_t *reader;
	size_t i, used = 0;

	snprintf(text, READERS_TEXT_MAX, "-");
	json_array_foreach (list, i, reader) {
		const char *consumer = member_text(reader, "consumer");

		if (used + strlen(consumer) + sizeof ", ..." > READERS_TEXT_MAX) {
			snprintf(text + used, READERS_TEXT_MAX - used, ", ...");
			return;
		}
		used += (size_t)snprintf(
			text + used, READERS_TEXT_MAX - used, "%s%s", used ? ", " : "", consumer);
	}
}

/* Nobody's uid: the agent made it by itself. */
static void maker_cell(struct table *table, const json_t *version)
{
	if (json_is_null(json_object_get(version, "made_by_uid")))
		table_cell(table, "agent");
	else
		table_cell(table, "%llu", member_number(version, "made_by_uid"));
}

static void print_versions(const json_t *list)
{
	struct table table;
	time_t now = time(NULL);
	const json_t *version;
	char readers[READERS_TEXT_MAX];
	size_t i;

	table_start(&table, "VERSION", "STATE", "SIZE", "CREATED", "BY UID", "LAST READ BY", NULL);
	json_array_foreach (list, i, version) {
		char created[MOMENT_TEXT_MAX];

		moment_ago(member_text(version, "created_at"), now, created);
		readers_text(json_object_get(version, "last_read_by"), readers);
		table_cell(&table, "%llu", member_number(version, "version"));
		table_cell(&table, "%s", member_text(version, "state"));
		table_cell(&table, "%llu", member_number(version, "size"));
		table_cell(&table, "%s", created);
		maker_cell(&table, version);
		table_cell(&table, "%s", readers);
	}
	table_print(&table, stdout);
	table_free(&table);
}

int secret_history(struct session *session, struct err *err)
{
	const char *name = session->invocation->words[0];
	_json_ json_t *list = NULL;
	char path[CLIENT_PATH_MAX];
	int status = bundle_check_one(name, err);

	if (!status)
		status = client_path(path, err, "secrets", name, "versions", NULL);
	if (!status)
		status = session_get(session, path, &list, err);
	if (status < 0)
		return status;
	session_show_list(session, list, "version", print_versions);
	return 0;
}

static int remove_one(struct session *session, const char *name, json_t **answer, struct err *err)
{
	char path[CLIENT_PATH_MAX];
	int status = bundle_path(path, name, NULL, err);

	if (!status && session->invocation->values[OPTION_FORCE])
		status = client_query(path, "force", "1", err);
	if (!status)
		status = session_delete(session, path, answer, err);
	if (status < 0)
		report_hint(err, TACIT_BUSY, "'--force' removes it with its grants");
	return status;
}

int secret_rm(struct session *session, struct err *err)
{
	return session_remove_all(session, "secret rm", remove_one, err);
}
