/* SPDX-License-Identifier: Apache-2.0 */
/* Who may read what as a file of statements: what is said now, and how to come to what a file says:
 * in one commit, or not at all. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "core/control/call.h"
#include "core/control/generations.h"

struct statements {
	struct access_statement *at;
	size_t count, room;
};

static struct access_statement *add(struct statements *list, enum access_kind kind)
{
	if (list->count == list->room) {
		size_t room = list->room ? list->room * 2 : 64;
		struct access_statement *at = reallocarray(list->at, room, sizeof *at);

		if (!at)
			return NULL;
		list->at = at;
		list->room = room;
	}
	list->at[list->count] = (struct access_statement){ .kind = kind };
	return &list->at[list->count++];
}

void access_of_grant(const struct grant *grant, struct access_statement *statement)
{
	const struct grant_record *record = &grant->record;

	*statement = (struct access_statement){ .kind = ACCESS_GRANT,
		.flags = record->flags & GRANT_FLAGS,
		.uid = record->uid,
		.gid = record->gid,
		.mode = record->mode,
		.reads = record->reads,
		.version = record->version,
		.expires_ns = record->expires_ns };
	memcpy(statement->secret, grant->secret->record.name, sizeof statement->secret);
	memcpy(statement->consumer, record->consumer, sizeof statement->consumer);
	memcpy(statement->file, record->file, sizeof statement->file);
	memcpy(statement->on_rotate, record->on_rotate, sizeof statement->on_rotate);
}

static bool list_consumer(const struct consumer_record *record, struct statements *list)
{
	struct access_statement *statement;

	for (uint32_t i = 0; i < record->rule_count; i++) {
		statement = add(list, ACCESS_BIND);
		if (!statement)
			return false;
		memcpy(statement->consumer, record->consumer, sizeof statement->consumer);
		memcpy(statement->rule, record->rules[i], sizeof statement->rule);
	}
	if (!record->frozen_ns)
		return true;
	statement = add(list, ACCESS_FREEZE);
	if (statement)
		memcpy(statement->consumer, record->consumer, sizeof statement->consumer);
	return statement != NULL;
}

/* All that is said now, sorted. list->at is the caller's. */
static int list_all(const struct core *core, struct statements *list, struct err *err)
{
	struct consumer *consumer, *next_consumer;
	struct grant *grant, *next_grant;
	struct access_statement *statement;

	HASH_ITER (hh, core->model->grants, grant, next_grant) {
		if (!grant_lives(grant))
			continue;
		statement = add(list, ACCESS_GRANT);
		if (!statement)
			return err_set(err, TACIT_LIMIT, "out of memory");
		access_of_grant(grant, statement);
	}
	HASH_ITER (hh, core->model->consumers, consumer, next_consumer)
		if (!list_consumer(&consumer->record, list))
			return err_set(err, TACIT_LIMIT, "out of memory");
	if (list->count)
		qsort(list->at, list->count, sizeof *list->at, access_compare);
	return 0;
}

static void put_line(struct pack *doc, const char *name, const struct access_statement *statement)
{
	char line[ACCESS_LINE_MAX];

	access_format(statement, line);
	line[strcspn(line, "\n")] = '\0';
	doc_text(doc, name, line);
}

int call_access_export(struct call *call, struct err *err)
{
	struct statements list = { 0 };
	int status = list_all(call->core, &list, err);

	doc_open(&call->reply, NULL, DOC_OBJECT);
	doc_open(&call->reply, "lines", DOC_LIST);
	for (size_t i = 0; status == 0 && i < list.count; i++)
		put_line(&call->reply, NULL, &list.at[i]);
	doc_close(&call->reply);
	doc_close(&call->reply);
	free(list.at);
	return status;
}

/* One step from what is said to what the file says. */
struct step {
	enum { STEP_ADD, STEP_CHANGE, STEP_REMOVE } action;
	const struct access_statement *statement; /* of the file; of what is, when removed */
};

/* What is to be committed: records made of the steps. */
struct plan {
	struct step *steps;
	size_t step_count;
	struct grant_record *grants;
	struct hook_record *hooks; /* of each of them */
	size_t grant_count;
	struct consumer_record *consumers;
	size_t consumer_count;
};

static void plan_free(struct plan *plan)
{
	free(plan->steps);
	free(plan->grants);
	free(plan->hooks);
	free(plan->consumers);
}

static int plan_room(struct plan *plan, size_t most, struct err *err)
{
	plan->steps = calloc(most + 1, sizeof *plan->steps);
	plan->grants = calloc(most + 1, sizeof *plan->grants);
	plan->hooks = calloc(most + 1, sizeof *plan->hooks);
	plan->consumers = calloc(most + 1, sizeof *plan->consumers);
	return plan->steps && plan->grants && plan->hooks && plan->consumers
		       ? 0
		       : err_set(err, TACIT_LIMIT, "out of memory");
}

/* Walk two sorted lists side by side. */
static void find_steps(struct plan *plan, const struct statements *now,
	const struct statements *wanted, bool prune)
{
	size_t i = 0, j = 0;

	while (i < now->count || j < wanted->count) {
		struct step *step = &plan->steps[plan->step_count];
		int order = i == now->count      ? 1
			    : j == wanted->count ? -1
						 : access_compare(&now->at[i], &wanted->at[j]);

		if (order < 0) {
			*step = (struct step){ STEP_REMOVE, &now->at[i++] };
			plan->step_count += prune;
		} else if (order > 0) {
			*step = (struct step){ STEP_ADD, &wanted->at[j++] };
			plan->step_count++;
		} else {
			*step = (struct step){ STEP_CHANGE, &wanted->at[j] };
			plan->step_count += !access_same(&now->at[i++], &wanted->at[j++]);
		}
	}
}

static int plan_grant(
	struct core *core, struct plan *plan, const struct step *step, struct err *err)
{
	const struct access_statement *statement = step->statement;
	struct grant_record *record = &plan->grants[plan->grant_count];
	const struct grant *grant = grant_at(core, statement->consumer, statement->file);
	int status = 0;

	if (step->action == STEP_REMOVE)
		*record = grant_tombstone(grant);
	else
		status = grant_fill(core, statement, record, err);
	if (status < 0)
		return err_wrap(err, "grant %zu of those to be changed", plan->grant_count + 1);
	/* The same secret under other terms goes on: what is counted stays counted. */
	if (step->action == STEP_CHANGE &&
		!memcmp(record->secret_id, grant->record.secret_id, SEAL_ID_BYTES))
		record->created_ns = grant->record.created_ns;
	plan->grant_count++;
	return 0;
}

/* The record of a consumer that the plan changes: begun before, or now. */
static struct consumer_record *planned_consumer(
	struct core *core, struct plan *plan, const char *consumer)
{
	for (size_t i = plan->consumer_count; i--;)
		if (!strcmp(plan->consumers[i].consumer, consumer))
			return &plan->consumers[i];
	plan->consumers[plan->consumer_count] = consumer_now(core, consumer);
	return &plan->consumers[plan->consumer_count++];
}

static int plan_consumer(
	struct core *core, struct plan *plan, const struct step *step, struct err *err)
{
	const struct access_statement *statement = step->statement;
	struct consumer_record *record = planned_consumer(core, plan, statement->consumer);
	uint32_t at = 0;

	if (statement->kind == ACCESS_FREEZE) {
		record->frozen_ns = step->action == STEP_REMOVE ? 0 : clock_realtime_ns();
		return 0;
	}
	if (step->action != STEP_REMOVE)
		return consumer_add_rule(record, statement->rule, err);
	while (at < record->rule_count && strcmp(record->rules[at], statement->rule))
		at++;
	if (at < record->rule_count)
		consumer_drop_rule(record, at);
	return 0;
}

/* Rules that go make room for those that come. */
static int plan_records(struct core *core, struct plan *plan, struct err *err)
{
	int status = 0;

	for (int removing = 1; removing >= 0; removing--)
		for (size_t i = 0; status == 0 && i < plan->step_count; i++) {
			const struct step *step = &plan->steps[i];

			if ((step->action == STEP_REMOVE) != removing)
				continue;
			status = step->statement->kind == ACCESS_GRANT
					 ? plan_grant(core, plan, step, err)
					 : plan_consumer(core, plan, step, err);
		}
	return status;
}

static int commit(struct core *core, struct plan *plan, struct err *err)
{
	int status = vault_begin(core->vault, err);

	for (size_t i = 0; status == 0 && i < plan->grant_count; i++)
		status = grant_put(core, &plan->grants[i], &plan->hooks[i], err);
	for (size_t i = 0; status == 0 && i < plan->consumer_count; i++)
		status = consumer_put(core, &plan->consumers[i], err);
	if (status == 0)
		status = vault_put_clock(core->vault, model_now_ns(core->model), err);
	if (status == 0)
		status = vault_commit(core->vault, err);
	if (status < 0)
		vault_rollback(core->vault);
	return status;
}

/* Rules first: no grant is there for a moment without them. */
static int publish(struct core *core, const struct plan *plan, struct err *err)
{
	int status = 0;

	model_write_lock(core->model);
	for (size_t i = 0; status == 0 && i < plan->consumer_count; i++)
		status = consumer_publish(core, &plan->consumers[i], err);
	for (size_t i = 0; status == 0 && i < plan->grant_count; i++)
		status = grant_publish(core, &plan->grants[i], &plan->hooks[i], err);
	model_unlock(core->model);
	return status;
}

static void put_steps(struct pack *doc, const struct plan *plan, bool applied)
{
	static const char *const words[] = { "add", "change", "remove" };

	doc_open(doc, NULL, DOC_OBJECT);
	doc_bool(doc, "applied", applied);
	doc_open(doc, "changes", DOC_LIST);
	for (size_t i = 0; i < plan->step_count; i++) {
		doc_open(doc, NULL, DOC_OBJECT);
		doc_text(doc, "action", words[plan->steps[i].action]);
		put_line(doc, "line", plan->steps[i].statement);
		doc_close(doc);
	}
	doc_close(doc);
	doc_close(doc);
}

/* The statements of a request, checked and sorted. */
static int take_statements(const struct call *call, struct statements *list, struct err *err)
{
	size_t size = call->request->body_length;
	int status = 0;

	list->count = size / sizeof *list->at;
	if (size % sizeof *list->at || list->count > ACCESS_STATEMENTS_MAX)
		return err_set(err, TACIT_INVALID, "no such request");
	list->at = malloc(size + 1);
	if (!list->at)
		return err_set(err, TACIT_LIMIT, "out of memory");
	memcpy(list->at, call->body, size);
	for (size_t i = 0; status == 0 && i < list->count; i++)
		status = access_check(&list->at[i], err);
	if (status < 0)
		return status;
	if (list->count)
		qsort(list->at, list->count, sizeof *list->at, access_compare);
	for (size_t i = 1; i < list->count; i++)
		if (!access_compare(&list->at[i - 1], &list->at[i]))
			return err_set(err, TACIT_INVALID, "a thing is said twice");
	return 0;
}

static bool is_in(const struct statements *list, const struct access_statement *statement)
{
	return list->count &&
	       bsearch(statement, list->at, list->count, sizeof *list->at, access_compare);
}

/* In what there will be, no file has the name of what another one shows as previous. */
static int check_previous(
	const struct statements *now, const struct statements *wanted, bool prune, struct err *err)
{
	const struct statements *const lists[] = { wanted, now };

	for (int from = 0; from < (prune ? 1 : 2); from++)
		for (size_t i = 0; i < lists[from]->count; i++) {
			struct access_statement file = lists[from]->at[i];
			size_t length = strlen(file.file);

			if (!(file.flags & GRANT_WITH_PREVIOUS) || (from && is_in(wanted, &file)))
				continue;
			snprintf(file.file + length, sizeof file.file - length, "%s",
				GRANT_PREVIOUS_SUFFIX);
			if (is_in(wanted, &file) || (!prune && is_in(now, &file)))
				return err_set(err, TACIT_EXISTS,
					"a consumer would have a file of the name of a previous "
					"one: name another");
		}
	return 0;
}

/* Whether a file has the name of what another one shows as previous. */
static bool is_previous(const struct statements *list, const struct access_statement *statement)
{
	struct access_statement file = *statement;
	size_t length = strlen(file.file), suffix = strlen(GRANT_PREVIOUS_SUFFIX);
	const struct access_statement *found;

	if (length <= suffix || strcmp(file.file + length - suffix, GRANT_PREVIOUS_SUFFIX))
		return false;
	file.file[length - suffix] = '\0';
	found = bsearch(&file, list->at, list->count, sizeof *list->at, access_compare);
	return found && found->flags & GRANT_WITH_PREVIOUS;
}

static bool is_same_bundle(const char *a, const char *b)
{
	size_t length = (size_t)(bundle_member_word(a) - a);

	return length == (size_t)(bundle_member_word(b) - b) && !memcmp(a, b, length);
}

/* In what the file says, a folder of a consumer shows one bundle, and is no file. Its files follow
 * each other. */
static int check_folders(const struct statements *wanted, struct err *err)
{
	const struct access_statement *before = NULL;

	for (size_t i = 0; i < wanted->count; i++) {
		struct access_statement folder = wanted->at[i];
		char *end = strchr(folder.file, '/');

		if (!end)
			continue;
		*end = '\0';
		if (is_in(wanted, &folder) || is_previous(wanted, &folder))
			return err_set(err, TACIT_EXISTS,
				"a consumer would have a folder and a file of the same name: name "
				"another");
		*end = '/';
		if (before && !strcmp(before->consumer, folder.consumer) &&
			!strncmp(before->file, folder.file, (size_t)(end - folder.file) + 1) &&
			!is_same_bundle(before->secret, folder.secret))
			return err_set(err, TACIT_EXISTS,
				"a folder of a consumer would show two bundles: name another");
		before = &wanted->at[i];
	}
	return 0;
}

static int apply(struct call *call, const struct statements *now, const struct statements *wanted,
	struct plan *plan, struct err *err)
{
	const struct frame_request *request = call->request;
	bool dry = request->flags & REQUEST_DRY_RUN;
	int status = plan_room(plan, now->count + wanted->count, err);

	if (status == 0)
		status = check_previous(now, wanted, request->flags & REQUEST_PRUNE, err);
	if (status == 0)
		status = check_folders(wanted, err);
	if (status < 0)
		return status;
	find_steps(plan, now, wanted, request->flags & REQUEST_PRUNE);
	status = plan_records(call->core, plan, err);
	if (status == 0)
		status = grants_check(call->core, plan->grants, plan->grant_count, err);
	if (status == 0 && !dry && plan->step_count) {
		status = commit(call->core, plan, err);
		if (status == 0)
			status = publish(call->core, plan, err);
	}
	if (status == 0)
		put_steps(&call->reply, plan, !dry);
	return status;
}

int call_access_apply(struct call *call, struct err *err)
{
	struct statements now = { 0 }, wanted = { 0 };
	struct plan plan = { 0 };
	int status = take_statements(call, &wanted, err);

	if (status == 0)
		status = list_all(call->core, &now, err);
	if (status == 0)
		status = apply(call, &now, &wanted, &plan, err);
	plan_free(&plan);
	free(now.at);
	free(wanted.at);
	return status;
}
