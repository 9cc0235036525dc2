/* SPDX-License-Identifier: Apache-2.0 */
/* Where values stand in the old files: of secrets that are moved, and of those that stay. */
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "cli/import/diff.h"
#include "cli/import/room.h"

struct masks {
	struct diff_mask *list;
	size_t count;
	bool failed;
};

static void add(struct masks *masks, size_t from, size_t to)
{
	struct diff_mask *grown = reallocarray(masks->list, masks->count + 1, sizeof *grown);

	if (!grown) {
		masks->failed = true;
		return;
	}
	masks->list = grown;
	grown[masks->count++] = (struct diff_mask){ from, to };
}

static bool is_secret(const struct import_plan *plan, const struct import_request *request,
	const char *service, const char *name, const char *value)
{
	size_t first, count;

	if (!value || !*value)
		return false;
	if (request->judge && request->judge(request->arg, name, value))
		return true;
	uses_of(plan, service, &first, &count);
	for (size_t i = first; i < first + count; i++)
		if (!strcmp(plan->uses[plan->by_service[i]].variable, name))
			return true;
	return false;
}

static void mask_compose(const struct import_plan *plan, const struct import_request *request,
	const struct import_file *file, struct masks *masks)
{
	for (size_t i = 0; i < compose_service_count(file->compose); i++) {
		const struct compose_service *service = compose_service(file->compose, i);

		for (size_t j = 0; j < service->variable_count; j++) {
			const struct compose_variable *variable = &service->variables[j];
			const struct compose_text *value = &variable->value;
			size_t from = value->offset;

			char name[CONVENTION_NAME_MAX + 1];

			if (!is_secret(plan, request, service->name.text, variable->name.text,
				    value->text) ||
				compose_is_variable(value->text, name, sizeof name))
				continue;
			if (variable->is_list)
				while (from < value->end && file->old[from++] != '=')
					;
			add(masks, from, value->end);
		}
	}
}

/* All of them: what is in such a file and is not moved may be a secret that nobody knows as one. */
static void mask_env(const struct import_file *file, struct masks *masks)
{
	for (size_t i = 0; i < file->dotenv.count; i++)
		if (file->dotenv.entries[i].value && *file->dotenv.entries[i].value)
			add(masks, file->dotenv.entries[i].from, file->dotenv.entries[i].to);
}

static int by_place(const void *a, const void *b)
{
	const struct diff_mask *first = a, *second = b;

	return (first->from > second->from) - (first->from < second->from);
}

static int diff_file(const struct import_plan *plan, const struct import_request *request,
	const struct import_file *file, bool colour, FILE *to, struct err *err)
{
	struct masks masks = { 0 };
	struct diff_text old = { .text = file->old, .length = file->old_length };
	struct diff_text made = { .text = file->made, .length = file->made_length };
	int status;

	if (file->kind == IMPORT_COMPOSE)
		mask_compose(plan, request, file, &masks);
	else if (file->kind == IMPORT_ENV)
		mask_env(file, &masks);
	else
		add(&masks, 0, file->old_length);
	if (masks.failed) {
		free(masks.list);
		return err_set(err, TACIT_INTERNAL, "no memory for what differs");
	}
	if (masks.count)
		qsort(masks.list, masks.count, sizeof *masks.list, by_place);
	old.masks = masks.list;
	old.mask_count = masks.count;
	if (file->gone)
		made = (struct diff_text){ 0 };
	status = diff_print(file->path, &old, &made, plan, colour, to, err);
	free(masks.list);
	return status;
}

int diff_plan(const struct import_plan *plan, const struct import_request *request, bool colour,
	FILE *to, struct err *err)
{
	int status = 0;

	for (size_t i = 0; !status && i < plan->file_count; i++)
		if (plan->files[i].changed || plan->files[i].gone)
			status = diff_file(plan, request, &plan->files[i], colour, to, err);
	return status;
}
