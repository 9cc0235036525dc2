/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/import/plan.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/import/room.h"
#include "seal/seal.h"

static void *add(void **list, size_t *count, size_t size)
{
	char *grown = reallocarray(*list, *count + 1, size);

	if (!grown)
		return NULL;
	*list = grown;
	memset(grown + *count * size, 0, size);
	return grown + (*count)++ * size;
}

struct import_file *plan_add_file(struct import_plan *plan)
{
	return add((void **)&plan->files, &plan->file_count, sizeof *plan->files);
}

struct import_secret *plan_add_secret(struct import_plan *plan)
{
	return add((void **)&plan->secrets, &plan->secret_count, sizeof *plan->secrets);
}

struct import_use *plan_add_use(struct import_plan *plan)
{
	return add((void **)&plan->uses, &plan->use_count, sizeof *plan->uses);
}

void plan_note(struct import_plan *plan, const char *format, ...)
{
	char(*note)[IMPORT_NOTE_MAX] =
		add((void **)&plan->notes, &plan->note_count, sizeof *plan->notes);
	va_list args;

	if (!note)
		return;
	va_start(args, format);
	vsnprintf(*note, sizeof *note, format, args);
	va_end(args);
	/* Two files may say the same. */
	for (size_t i = 0; i + 1 < plan->note_count; i++)
		if (!strcmp(plan->notes[i], *note)) {
			plan->note_count--;
			return;
		}
}

static void wipe_free(char *text, size_t length)
{
	if (text)
		seal_wipe(text, length);
	free(text);
}

void import_start_free(struct import_start *start)
{
	for (size_t i = 0; i < start->entrypoint_count; i++)
		free(start->entrypoint[i]);
	for (size_t i = 0; i < start->command_count; i++)
		free(start->command[i]);
	free(start->entrypoint);
	free(start->command);
	*start = (struct import_start){ 0 };
}

void import_plan_free(struct import_plan *plan)
{
	if (!plan)
		return;
	for (size_t i = 0; i < plan->file_count; i++) {
		struct import_file *file = &plan->files[i];

		wipe_free(file->old, file->old_length);
		wipe_free(file->made, file->made_length);
		compose_free(file->compose);
		dotenv_free(&file->dotenv);
	}
	for (size_t i = 0; i < plan->secret_count; i++)
		wipe_free(plan->secrets[i].value, plan->secrets[i].length);
	for (size_t i = 0; i < plan->use_count; i++)
		wipe_free(plan->uses[i].value, plan->uses[i].length);
	free(plan->files);
	free(plan->secrets);
	free(plan->uses);
	free(plan->by_service);
	free(plan->notes);
	free(plan);
}

bool import_plan_is_empty(const struct import_plan *plan)
{
	for (size_t i = 0; i < plan->file_count; i++)
		if (plan->files[i].changed || plan->files[i].gone)
			return false;
	return true;
}

bool import_listed(const char *list, const char *word)
{
	size_t length = strlen(word);

	while (list && *list) {
		size_t here = strcspn(list, ",");

		if (here == length && !memcmp(list, word, length))
			return true;
		list += here + (list[here] == ',');
	}
	return false;
}

/* A name on the command line that nothing has is a mistake, not nothing to do. */
static int check_services(
	const struct import_plan *plan, const struct import_request *request, struct err *err)
{
	char name[IMPORT_NAME_MAX + 1];

	for (const char *at = request->services; at && *at; at += strspn(at, ",")) {
		size_t length = strcspn(at, ",");
		bool found = false;

		snprintf(name, sizeof name, "%.*s", (int)length, at);
		for (size_t i = 0; i < plan->file_count; i++)
			found = found ||
				(plan->files[i].compose &&
					compose_service_named(plan->files[i].compose, name));
		if (!found)
			return err_set(err, TACIT_NOT_FOUND,
				"the files have no such service as option '--service' says; "
				"'services:' lists them");
		at += length;
	}
	return 0;
}

int import_plan_make(
	const struct import_request *request, struct import_plan **plan, struct err *err)
{
	struct import_plan *made = calloc(1, sizeof *made);
	int status;

	if (!made)
		return err_set(err, TACIT_INTERNAL, "no memory for a plan");
	made->overrides = request->path_count > 1;
	status = project_read(made, request, err);
	if (!status)
		status = check_services(made, request, err);
	if (!status)
		status = collect_uses(made, request, err);
	if (!status)
		status = collect_files(made, request, err);
	if (!status)
		status = name_uses(made, request, err);
	if (!status)
		status = name_conventions(made, err);
	if (!status)
		status = rewrite_compose(made, request, err);
	if (!status)
		status = rewrite_env(made, request, err);
	if (!status)
		status = rewrite_look_back(made, err);
	if (status < 0) {
		import_plan_free(made);
		return status;
	}
	*plan = made;
	return 0;
}
