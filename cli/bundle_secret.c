/* SPDX-License-Identifier: Apache-2.0 */
/* The commands of secrets, of all secrets of a bundle at once. */
#include <string.h>
#include <time.h>

#include "cli/await.h"
#include "cli/bundle.h"
#include "cli/moment.h"
#include "cli/secret_send.h"
#include "cli/table.h"
#include "cli/transfer.h"

/* "rotate:", the longest name and its '/'. */
#define CONTEXT_MAX (16 + TACIT_SECRET_NAME_MAX + 2)
#define MEMBERS_TEXT_MAX 512

/* What the agent does by itself it does to one secret. */
static int refuse_schedule(const struct session *session, struct err *err)
{
	if (!session->invocation->values[OPTION_EVERY] &&
		!session->invocation->values[OPTION_ROTATOR])
		return 0;
	return err_set(err, TACIT_INVALID,
		"--every and --rotator are of one secret; 'tacit secret schedule' takes a member, "
		"as tls/key");
}

static int send_values(struct session *session, const char *verb, const char *segment,
	json_t **bundle, struct err *err)
{
	const char *word = session->invocation->words[0];
	char path[CLIENT_PATH_MAX], context[CONTEXT_MAX];
	struct value packed = { 0 };
	int status = refuse_schedule(session, err);

	if (!status)
		status = bundle_path(path, word, segment, err);
	if (!status)
		status = secret_add_overlap(session, path, err);
	if (!status)
		status = bundle_take(session, &packed, err);
	if (status < 0)
		return status;
	if (packed.trimmed)
		secret_note_newline(session);
	snprintf(context, sizeof context, "%s:%s", verb, word);
	status = transfer_send(session, path, context, packed.bytes, packed.length, bundle, err);
	value_free(&packed);
	return status;
}

static int find_bundle(struct session *session, json_t **bundle, struct err *err)
{
	char path[CLIENT_PATH_MAX];
	int status = bundle_path(path, session->invocation->words[0], NULL, err);

	if (!status)
		status = session_get(session, path, bundle, err);
	if (!status)
		json_object_del(*bundle, "kept");
	return status;
}

/* "cert v3, key v3", as far as a line holds them. */
static void members_text(const json_t *bundle, char text[MEMBERS_TEXT_MAX])
{
	const json_t *member;
	size_t i, used = 0;

	text[0] = '\0';
	json_array_foreach (json_object_get(bundle, "members"), i, member) {
		const char *name = member_text(member, "member");

		if (used + strlen(name) + sizeof ", v18446744073709551615, ..." >
			MEMBERS_TEXT_MAX) {
			snprintf(text + used, MEMBERS_TEXT_MAX - used, ", ...");
			return;
		}
		used += (size_t)snprintf(text + used, MEMBERS_TEXT_MAX - used, "%s%s v%llu",
			used ? ", " : "", name, member_number(member, "version"));
	}
}

static void print_bundle(
	struct session *session, const json_t *bundle, const char *done, const char *then)
{
	const char *word = session->invocation->words[0];
	char members[MEMBERS_TEXT_MAX], line[1024];

	if (session->json) {
		session_print_json(bundle);
		return;
	}
	if (session->quiet) {
		puts(word);
		return;
	}
	members_text(bundle, members);
	snprintf(line, sizeof line, "%s%s (generation %llu: %s)%s", done, word,
		member_number(bundle, "generation"), members, then);
	session_print_clean(line);
}

/* As `secret create --if-absent` of one secret. */
static int create_if_absent(
	struct session *session, json_t **bundle, bool *existed, struct err *err)
{
	int status = find_bundle(session, bundle, err);

	*existed = !status;
	if (status != -TACIT_NOT_FOUND)
		return status;
	status = send_values(session, "create", NULL, bundle, err);
	if (status != -TACIT_EXISTS)
		return status;
	*existed = true;
	return find_bundle(session, bundle, err);
}

int bundle_create(struct session *session, struct err *err)
{
	const char *word = session->invocation->words[0];
	char then[64 + TACIT_SECRET_NAME_MAX];
	_json_ json_t *bundle = NULL;
	bool existed = false;
	int status = session->invocation->values[OPTION_IF_ABSENT]
			     ? create_if_absent(session, &bundle, &existed, err)
			     : send_values(session, "create", NULL, &bundle, err);

	if (status < 0) {
		report_hint(err, TACIT_EXISTS,
			"'tacit secret rotate NAME/' gives an existing bundle new values");
		return status;
	}
	snprintf(then, sizeof then, "; next: tacit grant add %.*s CONSUMER", TACIT_SECRET_NAME_MAX,
		word);
	if (existed)
		print_bundle(session, bundle, "", " exists and was left as it is");
	else
		print_bundle(session, bundle, "created ", then);
	return 0;
}

int bundle_rotate(struct session *session, struct err *err)
{
	_json_ json_t *bundle = NULL, *behind = NULL;
	int status = await_check(session, OPTION_AWAIT, err);

	if (!status)
		status = send_values(session, "rotate", "versions", &bundle, err);
	if (status < 0) {
		report_hint(err, TACIT_NOT_FOUND,
			"'tacit secret ls --bundles' lists bundles with their members");
		return status;
	}
	if (!session->json)
		print_bundle(session, bundle, "rotated ", "; every open from now on reads it");
	fflush(stdout);
	status = await_readers(session, json_object_get(bundle, "members"), &behind, err);
	await_show(session, bundle, behind, status);
	return status;
}

/* Of the secrets, those that are members. */
static int list_members(
	struct session *session, const json_t *bundle, json_t *list, struct err *err)
{
	_json_ json_t *secrets = NULL;
	const json_t *member;
	json_t *secret;
	size_t i, j;
	int status = session_get(session, TACIT_API_PREFIX "/secrets", &secrets, err);

	if (status < 0)
		return status;
	json_array_foreach (json_object_get(bundle, "members"), i, member)
		json_array_foreach (secrets, j, secret)
			if (!strcmp(member_text(secret, "name"), member_text(member, "secret")))
				json_array_append(list, secret);
	return 0;
}

int bundle_ls(struct session *session, struct err *err)
{
	_json_ json_t *bundle = NULL, *list = json_array();
	int status = find_bundle(session, &bundle, err);

	if (!status)
		status = list_members(session, bundle, list, err);
	if (!status)
		session_show_list(session, list, "name", secret_print_list);
	return status;
}

static void print_bundles(const json_t *list)
{
	struct table table;
	time_t now = time(NULL);
	const json_t *bundle;
	size_t i;

	table_start(&table, "NAME", "GENERATION", "KEPT", "CREATED", "ROTATED", "MEMBERS", NULL);
	json_array_foreach (list, i, bundle) {
		char created[MOMENT_TEXT_MAX], rotated[MOMENT_TEXT_MAX], members[MEMBERS_TEXT_MAX];

		moment_ago(member_text(bundle, "created_at"), now, created);
		moment_ago(member_text(bundle, "rotated_at"), now, rotated);
		members_text(bundle, members);
		table_cell(&table, "%s/", member_text(bundle, "name"));
		table_cell(&table, "%llu", member_number(bundle, "generation"));
		table_cell(&table, "%llu", member_number(bundle, "generations"));
		table_cell(&table, "%s", created);
		table_cell(&table, "%s", rotated);
		table_cell(&table, "%s", members);
	}
	table_print(&table, stdout);
	table_free(&table);
}

static void print_names(const json_t *list)
{
	const json_t *bundle;
	size_t i;

	json_array_foreach (list, i, bundle) {
		char word[TACIT_SECRET_NAME_MAX + 2];

		snprintf(word, sizeof word, "%.*s/", TACIT_SECRET_NAME_MAX,
			member_text(bundle, "name"));
		session_print_clean(word);
	}
}

int bundle_list(struct session *session, struct err *err)
{
	_json_ json_t *list = NULL;
	int status = session_get(session, TACIT_API_PREFIX "/bundles", &list, err);

	if (status < 0)
		return status;
	if (session->json)
		session_print_json(list);
	else if (session->quiet)
		print_names(list);
	else
		print_bundles(list);
	return 0;
}
