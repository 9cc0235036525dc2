/* SPDX-License-Identifier: Apache-2.0 */
/* The new texts of the compose files. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "cli/import/room.h"

/* One compose file while it is changed. */
struct rewrite {
	struct import_plan *plan;
	const struct import_request *request;
	size_t file;
	struct compose_edit *edit;
};

static void drop_edit(struct compose_edit **edit)
{
	compose_edit_free(*edit);
}

static bool has_variable(const struct compose_service *service, const char *name)
{
	for (size_t i = 0; i < service->variable_count; i++)
		if (!strcmp(service->variables[i].name.text, name))
			return true;
	return false;
}

/* What a service gets once stands in the first file that has it. */
static bool is_first(const struct rewrite *rewrite, const char *service)
{
	for (size_t i = 0; i < rewrite->file; i++)
		if (compose_service_named(rewrite->plan->files[i].compose, service))
			return false;
	return true;
}

static int rewrite_variable(struct rewrite *rewrite, const struct compose_service *service,
	const struct import_use *use, struct err *err)
{
	char path[sizeof IMPORT_SECRETS_DIR + TACIT_FILE_NAME_MAX];

	snprintf(path, sizeof path, IMPORT_SECRETS_DIR "%s", use->file);
	if (has_variable(service, use->variable))
		return compose_edit_variable(
			rewrite->edit, use->service, use->variable, use->new_variable, path, err);
	if (rewrite->plan->files[use->from].kind != IMPORT_ENV || !is_first(rewrite, use->service))
		return 0;
	return compose_edit_add_variable(rewrite->edit, use->service, use->new_variable, path, err);
}

/* A variable may have the value of a file that the service has already. */
static bool has_file_already(
	const struct import_plan *plan, const struct import_use *use, size_t first, size_t count)
{
	for (size_t i = first; i < first + count; i++) {
		const struct import_use *other = &plan->uses[plan->by_service[i]];

		if (other != use && !*other->variable && !strcmp(other->file, use->file))
			return true;
	}
	return false;
}

static int rewrite_secret(struct rewrite *rewrite, const struct import_use *use, size_t first,
	size_t count, struct err *err)
{
	bool renamed = strcmp(use->key, use->file) != 0;
	char path[IMPORT_PATH_MAX];
	int status = 0;

	if (*use->variable && has_file_already(rewrite->plan, use, first, count))
		return 0;
	use_path(rewrite->plan, rewrite->request->root, use, path);
	if (*use->variable)
		status = compose_edit_service_secret(
			rewrite->edit, use->service, use->key, renamed ? use->file : NULL, err);
	else if (renamed)
		status = compose_edit_service_source(
			rewrite->edit, use->service, use->file, use->key, err);
	return status ? status : compose_edit_secret_file(rewrite->edit, use->key, path, err);
}

static int wrap(struct rewrite *rewrite, const struct compose_service *service, struct err *err)
{
	const char *name = service->name.text;
	struct import_start start __attribute__((cleanup(import_start_free))) = { 0 };
	_free_ const char **words = NULL;
	char path[IMPORT_PATH_MAX];
	int status = service_start(rewrite->plan, rewrite->request, name, &start, err);

	if (status < 0)
		return err_wrap(err, "%.200s:%u", rewrite->plan->files[rewrite->file].path,
			service->name.line);
	words = calloc(start.entrypoint_count + 2, sizeof *words);
	if (!words)
		return err_set(err, TACIT_INTERNAL, "no memory for an entrypoint");
	words[0] = IMPORT_SECRETS_DIR IMPORT_WRAPPER;
	words[1] = "--";
	for (size_t i = 0; i < start.entrypoint_count; i++)
		words[i + 2] = start.entrypoint[i];
	snprintf(path, sizeof path, "%s" TACIT_MOUNT_DIR "/exec", rewrite->request->root);
	status = compose_edit_service_secret(rewrite->edit, name, IMPORT_WRAPPER, NULL, err);
	if (!status)
		status = compose_edit_secret_file(rewrite->edit, IMPORT_WRAPPER, path, err);
	if (!status)
		status = compose_edit_list(
			rewrite->edit, name, "entrypoint", words, start.entrypoint_count + 2, err);
	if (!status && start.command_count)
		status = compose_edit_list(rewrite->edit, name, "command",
			(const char *const *)start.command, start.command_count, err);
	return status;
}

static int rewrite_service(
	struct rewrite *rewrite, const struct compose_service *service, struct err *err)
{
	struct import_plan *plan = rewrite->plan;
	const char *name = service->name.text;
	size_t first, count;
	int status = 0;

	uses_of(plan, name, &first, &count);
	for (size_t i = first; !status && i < first + count; i++)
		if (*plan->uses[plan->by_service[i]].variable)
			status = rewrite_variable(
				rewrite, service, &plan->uses[plan->by_service[i]], err);
	if (!is_first(rewrite, name))
		return status;
	for (size_t i = first; !status && i < first + count; i++)
		status = rewrite_secret(
			rewrite, &plan->uses[plan->by_service[i]], first, count, err);
	if (!status && service_needs_wrapper(plan, name))
		status = wrap(rewrite, service, err);
	return status;
}

static int rewrite_file(struct rewrite *rewrite, struct err *err)
{
	__attribute__((cleanup(drop_edit))) struct compose_edit *edit = NULL;
	struct import_file *file = &rewrite->plan->files[rewrite->file];
	int status = 0;

	edit = compose_edit_begin(file->compose);
	if (!edit)
		return err_set(err, TACIT_INTERNAL, "no memory for a file");
	rewrite->edit = edit;
	for (size_t i = 0; !status && i < compose_service_count(file->compose); i++)
		status = rewrite_service(rewrite, compose_service(file->compose, i), err);
	if (!status)
		status = compose_edit_apply(edit, &file->made, &file->made_length, err);
	if (!status)
		file->changed = file->made_length != file->old_length ||
				memcmp(file->made, file->old, file->old_length) != 0;
	return status;
}

int rewrite_compose(struct import_plan *plan, const struct import_request *request, struct err *err)
{
	int status = 0;

	if (!plan->use_count)
		return 0;
	for (size_t i = 0; !status && i < request->path_count; i++) {
		struct rewrite rewrite = { plan, request, i, NULL };

		status = rewrite_file(&rewrite, err);
	}
	return status;
}
