/* SPDX-License-Identifier: Apache-2.0 */
/* Who may read what as a file of statements: what is said now, and how to come to what a file says:
 * in one commit, or not at all. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "core/control/access/access_plan.h"
#include "core/control/audit/record.h"
#include "core/control/call.h"
#include "core/control/secrets/generations.h"
#include "core/control/secrets/templates.h"

static struct access_statement *add(struct access_list *list, enum access_kind kind)
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

static bool list_consumer(const struct consumer_record *record, struct access_list *list)
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
static int list_all(const struct core *core, struct access_list *list, struct err *err)
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
	struct access_list list = { 0 };
	int status = list_all(call->core, &list, err);

	doc_open(&call->reply, NULL, DOC_OBJECT);
	doc_open(&call->reply, "lines", DOC_LIST);
	for (size_t i = 0; status == 0 && i < list.count; i++)
		put_line(&call->reply, NULL, &list.at[i]);
	doc_close(&call->reply);
	if (status == 0)
		status = doc_put_templates(&call->reply, call->core, err);
	doc_close(&call->reply);
	free(list.at);
	return status;
}

static void put_steps(struct pack *doc, const struct access_plan *plan, bool applied)
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
static int take_statements(const struct call *call, struct access_list *list, struct err *err)
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

static bool is_in(const struct access_list *list, const struct access_statement *statement)
{
	return list->count &&
	       bsearch(statement, list->at, list->count, sizeof *list->at, access_compare);
}

/* In what there will be, no file has the name of what another one shows as previous. */
static int check_previous(const struct access_list *now, const struct access_list *wanted,
	bool prune, struct err *err)
{
	const struct access_list *const lists[] = { wanted, now };

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

struct folder_name {
	char name[TACIT_FILE_NAME_MAX + sizeof GRANT_PREVIOUS_SUFFIX];
};

static int compare_folders(const void *a, const void *b)
{
	return strcmp(((const struct folder_name *)a)->name, ((const struct folder_name *)b)->name);
}

static bool is_same_bundle(const char *a, const char *b)
{
	size_t length = (size_t)(name_default_file(a) - a);

	return length == (size_t)(name_default_file(b) - b) && !memcmp(a, b, length);
}

/* Of one consumer: in a sorted list the files of a folder follow each other. */
static bool shows_two_bundles(
	const struct access_statement *before, const struct access_statement *file, size_t folder)
{
	return before && !strcmp(before->consumer, file->consumer) &&
	       !strncmp(before->file, file->file, folder + 1) &&
	       !is_same_bundle(before->secret, file->secret);
}

/* The names of all folders, sorted; *names is the caller's. */
static int list_folders(
	const struct access_list *list, struct folder_name **names, size_t *count, struct err *err)
{
	const struct access_statement *before = NULL;

	*count = 0;
	*names = calloc(list->count + 1, sizeof **names);
	if (!*names)
		return err_set(err, TACIT_LIMIT, "out of memory");
	for (size_t i = 0; i < list->count; i++) {
		const struct access_statement *file = &list->at[i];
		const char *end = name_folder_end(file->file);
		size_t length = end ? (size_t)(end - file->file) : 0;

		if (!end)
			continue;
		if (shows_two_bundles(before, file, length))
			return err_set(err, TACIT_EXISTS,
				"a folder of a consumer would show two bundles: name another");
		memcpy((*names)[(*count)++].name, file->file, length);
		before = file;
	}
	qsort(*names, *count, sizeof **names, compare_folders);
	return 0;
}

/* In what the file says, no name is a file and a folder: not of different consumers, either, for
 * `self` has the names of all. */
static int check_folders(const struct access_list *wanted, struct err *err)
{
	_free_ struct folder_name *folders = NULL;
	size_t count;
	int status = list_folders(wanted, &folders, &count, err);

	for (size_t i = 0; status == 0 && i < wanted->count; i++) {
		const struct access_statement *file = &wanted->at[i];
		struct folder_name name = { "" }, previous = { "" };

		if (file->kind != ACCESS_GRANT || name_folder_end(file->file))
			continue;
		memcpy(name.name, file->file, sizeof file->file);
		snprintf(previous.name, sizeof previous.name, "%s%s", file->file,
			file->flags & GRANT_WITH_PREVIOUS ? GRANT_PREVIOUS_SUFFIX : "");
		if (bsearch(&name, folders, count, sizeof name, compare_folders) ||
			bsearch(&previous, folders, count, sizeof name, compare_folders))
			return err_set(err, TACIT_EXISTS,
				"there would be a folder and a file of the same name: name "
				"another");
	}
	return status;
}

static int record_steps(struct call *call, const struct access_plan *plan, struct err *err)
{
	int status = 0;

	for (size_t i = 0; status == 0 && i < plan->step_count; i++)
		status = record_part(
			call, plan->steps[i].statement, plan->steps[i].action == STEP_REMOVE, err);
	return status;
}

static int apply(struct call *call, const struct access_list *now, const struct access_list *wanted,
	struct access_plan *plan, struct err *err)
{
	const struct frame_request *request = call->request;
	bool dry = request->flags & REQUEST_DRY_RUN;
	int status = access_plan_room(plan, now->count + wanted->count, err);

	if (status == 0)
		status = check_previous(now, wanted, request->flags & REQUEST_PRUNE, err);
	if (status == 0)
		status = check_folders(wanted, err);
	if (status < 0)
		return status;
	access_plan_steps(plan, now, wanted, request->flags & REQUEST_PRUNE);
	status = access_plan_records(call->core, plan, err);
	if (status == 0 && !dry)
		status = record_steps(call, plan, err);
	if (status == 0 && !dry && plan->step_count)
		status = access_plan_carry_out(call->core, plan, err);
	if (status == 0)
		put_steps(&call->reply, plan, !dry);
	return status;
}

int call_access_apply(struct call *call, struct err *err)
{
	struct access_list now = { 0 }, wanted = { 0 };
	struct access_plan plan = { 0 };
	int status = take_statements(call, &wanted, err);

	if (status == 0)
		status = list_all(call->core, &now, err);
	if (status == 0)
		status = apply(call, &now, &wanted, &plan, err);
	access_plan_free(&plan);
	free(now.at);
	free(wanted.at);
	return status;
}
