/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>
#include <time.h>

#include "base/cleanup.h"
#include "base/names.h"
#include "cli/moment.h"
#include "cli/run.h"
#include "cli/snippet.h"
#include "cli/table.h"

#define ID_MAX (UINT32_MAX - 1) /* the last one means "nobody" to the kernel */
#define MODE_MAX 0777
#define MODE_LEAST 0001

static int check_names(const struct session *session, const char *file, struct err *err)
{
	int status = name_check_secret(session->invocation->words[0], err);

	if (!status)
		status = name_check_consumer(session->invocation->words[1], err);
	return status || !file ? status : name_check_file(file, err);
}

static int set_id(const struct session *session, enum option option, json_t *grant, struct err *err)
{
	unsigned long id = 0;
	int status = session_number(session, option, 0, ID_MAX, &id, err);

	if (!status && session->invocation->values[option])
		json_object_set_new(grant, option_table[option].name, json_integer((json_int_t)id));
	return status;
}

/* The body of POST /v1/grants: what was not said is not sent. */
static int make_grant(const struct session *session, json_t *grant, struct err *err)
{
	const char *file = session->invocation->values[OPTION_AS];
	unsigned long mode = 0;
	char digits[8];
	int status = check_names(session, file, err);

	if (!status)
		status = session_number(session, OPTION_MODE, MODE_LEAST, MODE_MAX, &mode, err);
	if (!status)
		status = set_id(session, OPTION_UID, grant, err);
	if (!status)
		status = set_id(session, OPTION_GID, grant, err);
	if (status < 0)
		return status;
	json_object_set_new(grant, "secret", json_string(session->invocation->words[0]));
	json_object_set_new(grant, "consumer", json_string(session->invocation->words[1]));
	if (file)
		json_object_set_new(grant, "file", json_string(file));
	snprintf(digits, sizeof digits, "%04lo", mode);
	if (mode)
		json_object_set_new(grant, "mode", json_string(digits));
	return 0;
}

int grant_add(struct session *session, struct err *err)
{
	_json_ json_t *body = json_object(), *grant = NULL;
	_free_ char *text = NULL;
	int status = make_grant(session, body, err);

	if (status < 0)
		return status;
	text = json_dumps(body, JSON_COMPACT);
	if (!text)
		return err_set(err, TACIT_INTERNAL, "no memory for a request");
	status = session_post(session, TACIT_API_PREFIX "/grants", TACIT_JSON_TYPE, text,
		strlen(text), &grant, err);
	if (status < 0)
		return status;
	if (session->json)
		session_print_json(grant);
	else if (session->quiet)
		session_print_clean(member_text(grant, "path"));
	else
		snippet_print(member_text(grant, "consumer"), member_text(grant, "file"),
			member_text(grant, "path"), member_text(grant, "secret"), stdout);
	return 0;
}

static void owner_cell(struct table *table, const json_t *grant)
{
	const json_t *uid = json_object_get(grant, "uid"), *gid = json_object_get(grant, "gid");
	char parts[2][24] = { "reader", "reader" };

	if (json_is_integer(uid))
		snprintf(parts[0], sizeof parts[0], "%llu", member_number(grant, "uid"));
	if (json_is_integer(gid))
		snprintf(parts[1], sizeof parts[1], "%llu", member_number(grant, "gid"));
	if (!strcmp(parts[0], parts[1]) && !json_is_integer(uid))
		table_cell(table, "reader");
	else
		table_cell(table, "%s:%s", parts[0], parts[1]);
}

static void print_grants(const json_t *list)
{
	struct table table;
	time_t now = time(NULL);
	const json_t *grant;
	size_t i;

	table_start(&table, "SECRET", "CONSUMER", "FILE", "MODE", "OWNER", "CREATED", NULL);
	json_array_foreach (list, i, grant) {
		char created[MOMENT_TEXT_MAX];

		moment_ago(member_text(grant, "created_at"), now, created);
		table_cell(&table, "%s", member_text(grant, "secret"));
		table_cell(&table, "%s", member_text(grant, "consumer"));
		table_cell(&table, "%s", member_text(grant, "file"));
		table_cell(&table, "%s", member_text(grant, "mode"));
		owner_cell(&table, grant);
		table_cell(&table, "%s", created);
	}
	table_print(&table, stdout);
	table_free(&table);
}

static int filter(const struct session *session, char path[CLIENT_PATH_MAX], struct err *err)
{
	const char *secret = session->invocation->values[OPTION_SECRET];
	const char *consumer = session->invocation->values[OPTION_CONSUMER];
	int status = secret ? name_check_secret(secret, err) : 0;

	if (!status && consumer)
		status = name_check_consumer(consumer, err);
	if (!status && secret)
		status = client_query(path, "secret", secret, err);
	if (!status && consumer)
		status = client_query(path, "consumer", consumer, err);
	return status;
}

int grant_ls(struct session *session, struct err *err)
{
	_json_ json_t *list = NULL;
	char path[CLIENT_PATH_MAX] = TACIT_API_PREFIX "/grants";
	int status = filter(session, path, err);

	if (!status)
		status = session_get(session, path, &list, err);
	if (status < 0)
		return status;
	session_show_list(session, list, "path", print_grants);
	return 0;
}

int grant_rm(struct session *session, struct err *err)
{
	const char *secret = session->invocation->words[0];
	const char *consumer = session->invocation->words[1];
	const char *file = session->invocation->values[OPTION_AS];
	_json_ json_t *answer = NULL;
	char path[CLIENT_PATH_MAX] = TACIT_API_PREFIX "/grants";
	int status = check_names(session, file, err);

	if (!status)
		status = client_query(path, "secret", secret, err);
	if (!status)
		status = client_query(path, "consumer", consumer, err);
	if (!status && file)
		status = client_query(path, "file", file, err);
	if (!status)
		status = session_delete(session, path, &answer, err);
	if (status < 0)
		return status;
	if (session->json)
		session_print_json(answer);
	else if (!session->quiet)
		printf("%s no longer reads %s\n", consumer, secret);
	return 0;
}
