/* SPDX-License-Identifier: Apache-2.0 */
/* The agent's side of an import: secrets and grants that are there already are seen to be the same.
 */
#include <string.h>

#include "base/cleanup.h"
#include "cli/env_import.h"
#include "cli/transfer.h"

#define CONTEXT_MAX (16 + TACIT_SECRET_NAME_MAX + 1)
#define CONSUMER_ROOM (sizeof "compose//" + 2 * IMPORT_NAME_MAX)

/* Whether the agent has the secret: by its keyed hash, for which nothing is revealed. */
static int look_for(
	struct session *session, const struct import_secret *secret, bool *there, struct err *err)
{
	_json_ json_t *theirs = NULL, *ours = NULL;
	char path[CLIENT_PATH_MAX];
	int status = client_path(path, err, "audit", "hash", NULL);

	*there = false;
	if (!status)
		status = client_query(path, "secret", secret->name, err);
	if (!status)
		status = session_post(session, path, NULL, NULL, 0, &theirs, err);
	if (status == -TACIT_NOT_FOUND)
		return 0;
	if (!status)
		status = transfer_send(session, TACIT_API_PREFIX "/audit/hash", "hash",
			secret->value, secret->length, &ours, err);
	if (status < 0)
		return status;
	*there = true;
	if (*member_text(ours, "hash") &&
		!strcmp(member_text(ours, "hash"), member_text(theirs, "hash")))
		return 0;
	return err_set(err, TACIT_EXISTS,
		"the agent has %.200s with another value; rotate it to that of the files, remove "
		"it, or take another name by '--project'",
		secret->name);
}

static int create(struct session *session, const struct import_secret *secret, struct err *err)
{
	_json_ json_t *answer = NULL;
	char path[CLIENT_PATH_MAX], context[CONTEXT_MAX];
	int status = client_path(path, err, "secrets", secret->name, NULL);

	snprintf(context, sizeof context, "create:%s", secret->name);
	if (!status)
		status = transfer_send(
			session, path, context, secret->value, secret->length, &answer, err);
	return status < 0 ? err_wrap(err, "create %s", secret->name) : 0;
}

static void consumer_of(
	const struct import_plan *plan, const struct import_use *use, char *consumer)
{
	snprintf(consumer, CONSUMER_ROOM, "compose/%s/%s", plan->project, use->service);
}

/* The grant of that file, if there is one; TACIT_EXISTS when it is another secret's. */
static int look_for_grant(struct session *session, const struct import_plan *plan,
	const struct import_use *use, bool *there, struct err *err)
{
	const char *secret = plan->secrets[use->secret].name;
	_json_ json_t *list = NULL;
	char path[CLIENT_PATH_MAX] = TACIT_API_PREFIX "/grants";
	char consumer[CONSUMER_ROOM];
	const json_t *grant;
	size_t i;
	int status;

	*there = false;
	consumer_of(plan, use, consumer);
	status = name_check_consumer(consumer, err);
	if (!status)
		status = client_query(path, "consumer", consumer, err);
	if (!status)
		status = session_get(session, path, &list, err);
	if (status == -TACIT_NOT_FOUND)
		return 0;
	if (status < 0)
		return status;
	json_array_foreach (list, i, grant) {
		if (strcmp(member_text(grant, "file"), use->file) != 0)
			continue;
		*there = true;
		if (strcmp(member_text(grant, "secret"), secret) != 0)
			return err_set(err, TACIT_EXISTS,
				"%.150s has %.63s granted from another secret than %.150s; take "
				"that grant back first",
				consumer, use->file, secret);
	}
	return 0;
}

static int add_grant(struct session *session, const struct import_plan *plan,
	const struct import_use *use, struct err *err)
{
	char consumer[CONSUMER_ROOM];
	_json_ json_t *body = NULL, *answer = NULL;
	_free_ char *text = NULL;
	int status;

	consumer_of(plan, use, consumer);
	body = json_pack("{s:s, s:s, s:s}", "secret", plan->secrets[use->secret].name, "consumer",
		consumer, "file", use->file);
	if (use->newline)
		json_object_set_new(body, "newline", json_true());
	text = body ? json_dumps(body, JSON_COMPACT) : NULL;
	if (!text)
		return err_set(err, TACIT_INTERNAL, "no memory for a request");
	status = session_post(session, TACIT_API_PREFIX "/grants", TACIT_JSON_TYPE, text,
		strlen(text), &answer, err);
	return status < 0 ? err_wrap(err, "grant %s", consumer) : 0;
}

int env_agent_check(struct session *session, const struct import_plan *plan, struct err *err)
{
	int status = 0;
	bool there;

	for (size_t i = 0; !status && i < plan->secret_count; i++)
		status = look_for(session, &plan->secrets[i], &there, err);
	for (size_t i = 0; !status && i < plan->use_count; i++)
		status = look_for_grant(session, plan, &plan->uses[i], &there, err);
	return status;
}

int env_agent_make(struct session *session, const struct import_plan *plan, struct err *err)
{
	int status = 0;
	bool there;

	for (size_t i = 0; !status && i < plan->secret_count; i++) {
		status = look_for(session, &plan->secrets[i], &there, err);
		if (!status && !there)
			status = create(session, &plan->secrets[i], err);
	}
	for (size_t i = 0; !status && i < plan->use_count; i++) {
		status = look_for_grant(session, plan, &plan->uses[i], &there, err);
		if (!status && !there)
			status = add_grant(session, plan, &plan->uses[i], err);
	}
	return status;
}
