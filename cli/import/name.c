/* SPDX-License-Identifier: Apache-2.0 */
/* What things are called: the files in the containers, the secrets of the agent, the top-level
 * secrets of compose; and how each image is told of its files. */
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "cli/import/room.h"

#define CLASH "option '--except' leaves a variable as it is"

static int place_err(const struct import_plan *plan, const struct import_use *use, struct err *err,
	const char *text)
{
	return err_set(
		err, TACIT_INVALID, "%.200s:%u: %s", plan->files[use->from].path, use->line, text);
}

/* DB_PASSWORD is db_password. */
static int name_file(const struct import_plan *plan, struct import_use *use, struct err *err)
{
	const char *from = use->variable + strspn(use->variable, "_.-");
	size_t used = 0;

	for (; *from && used < TACIT_FILE_NAME_MAX; from++)
		use->file[used++] = (char)tolower((unsigned char)*from);
	use->file[used] = '\0';
	if (*from || name_check_file(use->file, NULL) < 0)
		return place_err(
			plan, use, err, "the variable's name cannot be a file's name; " CLASH);
	return 0;
}

static bool same_value(const struct import_use *a, const char *value, size_t length)
{
	return a->length == length && !memcmp(a->value, value, length);
}

static int by_file(const void *a, const void *b, void *plan)
{
	const struct import_use *uses = ((const struct import_plan *)plan)->uses;
	size_t first = *(const size_t *)a, second = *(const size_t *)b;
	int order = strcmp(uses[first].file, uses[second].file);

	if (!order)
		order = strcmp(uses[first].service, uses[second].service);
	return order ? order : (first > second) - (first < second);
}

static int by_service(const void *a, const void *b, void *plan)
{
	const struct import_use *uses = ((const struct import_plan *)plan)->uses;
	size_t first = *(const size_t *)a, second = *(const size_t *)b;
	int order = strcmp(uses[first].service, uses[second].service);

	return order ? order : (first > second) - (first < second);
}

static size_t *sorted(struct import_plan *plan, int (*order)(const void *, const void *, void *))
{
	size_t *list = calloc(plan->use_count + 1, sizeof *list);

	for (size_t i = 0; list && i < plan->use_count; i++)
		list[i] = i;
	if (list)
		qsort_r(list, plan->use_count, sizeof *list, order, plan);
	return list;
}

void uses_of(const struct import_plan *plan, const char *service, size_t *first, size_t *count)
{
	size_t low = 0, high = plan->use_count;

	while (low < high) {
		size_t middle = (low + high) / 2;

		if (strcmp(plan->uses[plan->by_service[middle]].service, service) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	*first = low;
	while (high < plan->use_count &&
		!strcmp(plan->uses[plan->by_service[high]].service, service))
		high++;
	*count = high - low;
}

/* The uses list[0..count) have one file. Two of a service may be one file when they say the same.
 */
static int compare_group(
	struct import_plan *plan, const size_t *list, size_t count, struct err *err)
{
	const struct import_use *first = &plan->uses[list[0]];
	bool one_value = true, alone = true;

	for (size_t i = 1; i < count; i++) {
		const struct import_use *use = &plan->uses[list[i]],
					*before = &plan->uses[list[i - 1]];
		bool same_service = !strcmp(use->service, before->service);

		if (same_service && !same_value(use, before->value, before->length))
			return place_err(plan, use, err,
				"another secret of the service has the same file; " CLASH);
		one_value = one_value && same_value(use, first->value, first->length);
		alone = alone && same_service;
	}
	for (size_t i = 0; i < count; i++) {
		plan->uses[list[i]].one_value = one_value;
		plan->uses[list[i]].alone = alone;
	}
	return 0;
}

static int compare_files(struct import_plan *plan, struct err *err)
{
	_free_ size_t *list = sorted(plan, by_file);
	int status = 0;

	plan->by_service = sorted(plan, by_service);
	if (!list || !plan->by_service)
		return err_set(err, TACIT_INTERNAL, "no memory for a plan");
	for (size_t i = 0, end; !status && i < plan->use_count; i = end) {
		for (end = i + 1; end < plan->use_count &&
				  !strcmp(plan->uses[list[end]].file, plan->uses[list[i]].file);)
			end++;
		status = compare_group(plan, list + i, end - i, err);
	}
	return status;
}

static int name_secret(const struct import_plan *plan, const struct import_use *use, char *name,
	size_t room, struct err *err)
{
	int length = use->one_value ? snprintf(name, room, "%s/%s", plan->project, use->file)
				    : snprintf(name, room, "%s/%s/%s", plan->project, use->service,
					      use->file);

	if (length < 0 || (size_t)length >= room || name_check_secret(name, NULL) < 0)
		return place_err(plan, use, err,
			"project, service and variable together cannot be a secret's name; " CLASH);
	return 0;
}

/* A value that several variables have is one secret, so that it can be rotated. */
static int find_secret(struct import_plan *plan, struct import_use *use, struct err *err)
{
	char name[TACIT_SECRET_NAME_MAX + 1];
	struct import_secret *secret;
	int status = name_secret(plan, use, name, sizeof name, err);

	if (status < 0)
		return status;
	for (size_t i = 0; i < plan->secret_count; i++) {
		secret = &plan->secrets[i];
		if (!same_value(use, secret->value, secret->length) ||
			(use->length < IMPORT_SHARED_MIN && strcmp(name, secret->name) != 0))
			continue;
		use->secret = i;
		return 0;
	}
	secret = plan_add_secret(plan);
	if (!secret)
		return err_set(err, TACIT_INTERNAL, "no memory for a secret");
	snprintf(secret->name, sizeof secret->name, "%s", name);
	secret->value = malloc(use->length + 1);
	if (!secret->value)
		return err_set(err, TACIT_INTERNAL, "no memory for a value");
	memcpy(secret->value, use->value, use->length);
	secret->value[use->length] = '\0';
	secret->length = use->length;
	use->secret = plan->secret_count - 1;
	return 0;
}

static const struct compose_secret *top_level(const struct import_plan *plan, const char *key)
{
	for (size_t i = 0; i < plan->file_count; i++) {
		const struct compose_file *compose = plan->files[i].compose;

		for (size_t j = 0; compose && j < compose_secret_count(compose); j++)
			if (!strcmp(compose_secret(compose, j)->source.text, key))
				return compose_secret(compose, j);
	}
	return NULL;
}

/* A key that is taken says the same, or is another's. */
static bool is_free(const struct import_plan *plan, const struct import_request *request,
	const struct import_use *use)
{
	const struct compose_secret *there = top_level(plan, use->key);
	char path[IMPORT_PATH_MAX];

	if (!there)
		return true;
	use_path(plan, request->root, use, path);
	return there->file.text && !strcmp(there->file.text, path);
}

void use_path(const struct import_plan *plan, const char *root, const struct import_use *use,
	char path[IMPORT_PATH_MAX])
{
	snprintf(path, IMPORT_PATH_MAX, "%s" TACIT_MOUNT_DIR "/compose/%s/%s/%s", root,
		plan->project, use->service, use->file);
}

/* A file of compose's own keeps its key, for the first service that has it. */
static bool keeps_key(const struct import_plan *plan, const struct import_use *use)
{
	for (const struct import_use *other = plan->uses; other < use; other++)
		if (!*other->variable && !strcmp(other->key, use->file))
			return false;
	return true;
}

static int name_key(const struct import_plan *plan, const struct import_request *request,
	struct import_use *use, struct err *err)
{
	snprintf(use->key, sizeof use->key, "%s", use->file);
	if (!*use->variable) {
		if (!keeps_key(plan, use))
			snprintf(use->key, sizeof use->key, "%s_%s", use->service, use->file);
		return 0;
	}
	if (use->alone && is_free(plan, request, use))
		return 0;
	snprintf(use->key, sizeof use->key, "%s_%s", use->service, use->file);
	if (is_free(plan, request, use))
		return 0;
	return place_err(plan, use, err,
		"the top-level secrets have its name for something else; rename that one");
}

/* The agent knows a service by its name, too. */
static int check_consumer(
	const struct import_plan *plan, const struct import_use *use, struct err *err)
{
	char consumer[sizeof "compose//" + 2 * IMPORT_NAME_MAX];

	snprintf(consumer, sizeof consumer, "compose/%s/%s", plan->project, use->service);
	if (!name_check_consumer(consumer, NULL))
		return 0;
	return place_err(plan, use, err,
		"the service's name is none that the agent knows; take one of [a-zA-Z0-9._-]");
}

int name_uses(struct import_plan *plan, const struct import_request *request, struct err *err)
{
	int status = 0;

	for (size_t i = 0; !status && i < plan->use_count; i++)
		if (*plan->uses[i].variable)
			status = name_file(plan, &plan->uses[i], err);
	if (!status)
		status = compare_files(plan, err);
	for (size_t i = 0; !status && i < plan->use_count; i++) {
		status = check_consumer(plan, &plan->uses[i], err);
		if (!status)
			status = find_secret(plan, &plan->uses[i], err);
		if (!status)
			status = name_key(plan, request, &plan->uses[i], err);
	}
	return status;
}
