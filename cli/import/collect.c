/* SPDX-License-Identifier: Apache-2.0 */
/* What is to be moved: the secret variables of the services, then the files of their secrets. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "cli/import/room.h"
#include "seal/seal.h"

/* A variable as it was found in a file. */
struct found {
	const char *service, *name;
	const char *text; /* before anything is replaced; NULL: taken from .env by its own name */
	bool literal;     /* nothing is to be replaced in it */
	bool ambiguous;
	size_t file;
	unsigned int line;
};

static bool is_ours(const char *name, const char *value)
{
	size_t length = strlen(name);

	return !strncmp(value, IMPORT_SECRETS_DIR, strlen(IMPORT_SECRETS_DIR)) ||
	       (length > 5 && !strcmp(name + length - 5, "_FILE") && *value == '/') ||
	       (!strncmp(name, "FILE__", 6) && *value == '/');
}

static bool wanted(const struct import_request *request, const char *name, const char *value,
	const struct lookup *lookup)
{
	if (!*value || import_listed(request->except, name) || is_ours(name, value))
		return false;
	if (import_listed(request->variables, name) || lookup->secret)
		return true;
	return request->judge && request->judge(request->arg, name, value);
}

static struct import_use *use_of(struct import_plan *plan, const char *service, const char *name)
{
	for (size_t i = plan->use_count; i--;) {
		bool here = !strcmp(plan->uses[i].service, service);

		if (here && !strcmp(plan->uses[i].variable, name))
			return &plan->uses[i];
		/* Of one file a service's uses stand together: 10,000 services are not gone
		 * through. */
		if (!here && !plan->overrides)
			return NULL;
	}
	return NULL;
}

/* A later file's value takes the place of an earlier one's. */
static int put_use(
	struct import_plan *plan, const struct found *found, char **value, struct err *err)
{
	struct import_use *use = use_of(plan, found->service, found->name);

	if (strlen(found->name) > CONVENTION_NAME_MAX - 6 ||
		strlen(found->service) > IMPORT_NAME_MAX)
		return err_set(err, TACIT_INVALID, "%.200s:%u: the name is too long",
			plan->files[found->file].path, found->line);
	if (strlen(*value) > TACIT_VALUE_MAX)
		return err_set(err, TACIT_TOO_LARGE, "%.200s:%u: the value is larger than 1 MiB",
			plan->files[found->file].path, found->line);
	if (!use)
		use = plan_add_use(plan);
	if (!use)
		return err_set(err, TACIT_INTERNAL, "no memory for a variable");
	snprintf(use->service, sizeof use->service, "%s", found->service);
	snprintf(use->variable, sizeof use->variable, "%s", found->name);
	if (use->value)
		seal_wipe(use->value, use->length);
	free(use->value);
	use->value = *value;
	use->length = strlen(*value);
	use->from = found->file;
	use->line = found->line;
	if (use->length && use->value[use->length - 1] == '\n')
		plan_note(plan,
			"%.200s:%u: the value of %.100s ends with a newline, which whoever reads "
			"it from a file takes off",
			plan->files[found->file].path, found->line, found->name);
	*value = NULL;
	return 0;
}

/* A later file's value that is none takes an earlier one's place, too. */
static void drop_use(struct import_plan *plan, const struct found *found)
{
	struct import_use *use = use_of(plan, found->service, found->name);

	if (!use)
		return;
	seal_wipe(use->value, use->length);
	free(use->value);
	memmove(use, use + 1, (size_t)(plan->uses + --plan->use_count - use) * sizeof *use);
}

static void drop_value(char **value)
{
	if (*value)
		seal_wipe(*value, strlen(*value));
	free(*value);
}

static int consider(struct import_plan *plan, const struct import_request *request,
	const struct found *found, struct err *err)
{
	struct lookup lookup = { .plan = plan, .request = request };
	__attribute__((cleanup(drop_value))) char *value = NULL;
	char own[CONVENTION_NAME_MAX + 8];
	struct err inner;
	int status = 0;

	snprintf(own, sizeof own, "${%s}", found->name);
	if (found->literal)
		value = strdup(found->text);
	else
		status = lookup_replace(&lookup, found->text ? found->text : own, &value, &inner);
	if (status < 0)
		return err_set(err, inner.code, "%.200s:%u: %s", plan->files[found->file].path,
			found->line, inner.text);
	if (!value)
		return err_set(err, TACIT_INTERNAL, "no memory for a value");
	if (wanted(request, found->name, value, &lookup) ||
		(*value && !is_ours(found->name, value) &&
			use_of(plan, found->service, found->name)))
		return found->ambiguous || lookup.ambiguous
			       ? err_set(err, TACIT_INVALID,
					 "%.200s:%u: versions of compose read this value "
					 "differently; put what the application gets into quotes",
					 plan->files[found->file].path, found->line)
			       : put_use(plan, found, &value, err);
	drop_use(plan, found);
	if (!*value && lookup.missing && request->judge &&
		request->judge(request->arg, found->name, "Xk3vQ9zT7mRw"))
		plan_note(plan,
			"%.200s:%u: the value of %.100s is in no file, but in the environment of "
			"who runs compose; it stays as it is",
			plan->files[found->file].path, found->line, found->name);
	return 0;
}

static int collect_environment(struct import_plan *plan, const struct import_request *request,
	size_t file, const struct compose_service *service, struct err *err)
{
	int status = 0;

	for (size_t i = 0; !status && i < service->variable_count; i++) {
		const struct compose_variable *variable = &service->variables[i];
		const struct found found = { service->name.text, variable->name.text,
			variable->value.text, false, variable->value.ambiguous, file,
			variable->name.line };

		status = consider(plan, request, &found, err);
	}
	return status;
}

/* Whether `environment` of any file sets it, over what an env_file says. */
static bool is_set(const struct import_plan *plan, const char *service, const char *name)
{
	for (size_t i = 0; i < plan->file_count; i++) {
		const struct compose_service *here =
			plan->files[i].compose
				? compose_service_named(plan->files[i].compose, service)
				: NULL;

		for (size_t j = 0; here && j < here->variable_count; j++)
			if (!strcmp(here->variables[j].name.text, name))
				return true;
	}
	return false;
}

static int collect_env_file(struct import_plan *plan, const struct import_request *request,
	const char *service, const char *path, struct err *err)
{
	struct import_file *file = project_file(plan, path);
	size_t index = file ? (size_t)(file - plan->files) : 0;
	int status = 0;

	for (size_t i = 0; file && !status && i < file->dotenv.count; i++) {
		const struct dotenv_entry *entry = &plan->files[index].dotenv.entries[i];
		const struct found found = { service, entry->name, entry->value, entry->value,
			entry->ambiguous, index, entry->line };

		if (!is_set(plan, service, entry->name))
			status = consider(plan, request, &found, err);
	}
	return status;
}

int collect_uses(struct import_plan *plan, const struct import_request *request, struct err *err)
{
	int status = 0;

	for (size_t i = 0; !status && i < request->path_count; i++) {
		const struct compose_file *compose = plan->files[i].compose;

		for (size_t j = 0; !status && j < compose_service_count(compose); j++) {
			const struct compose_service *service = compose_service(compose, j);

			if (!project_selects(request, service->name.text))
				continue;
			status = collect_environment(plan, request, i, service, err);
			if (!status)
				status = project_each_env_file(
					plan, request, service, collect_env_file, err);
		}
	}
	return status;
}

/* A file of the project itself: what lies elsewhere may be somebody else's, too. */
static bool lies_inside(const char *path)
{
	return *path != '/' && *path != '~' && strncmp(path, "../", 3) && !strstr(path, "/../");
}

static bool is_in_mount(const struct import_request *request, const char *path)
{
	size_t root = strlen(request->root);

	return !strncmp(path, request->root, root) &&
	       !strncmp(path + root, TACIT_MOUNT_DIR "/", sizeof TACIT_MOUNT_DIR);
}

static int take_file(struct import_plan *plan, const char *path, size_t *index, struct err *err)
{
	struct import_file *file = plan_add_file(plan);
	int status;

	if (!file)
		return err_set(err, TACIT_INTERNAL, "no memory for a file");
	snprintf(file->path, sizeof file->path, "%s", path);
	file->kind = IMPORT_PLAIN;
	status = project_slurp(path, TACIT_VALUE_MAX + 1, &file->old, &file->old_length, err);
	if (!status && !file->old_length)
		status = err_set(err, TACIT_INVALID, "%.200s is empty", path);
	if (status < 0) {
		free(file->old);
		plan->file_count--;
		return status;
	}
	*index = (size_t)(file - plan->files);
	return 0;
}

/* The newline at the end is not the value's: the grant puts it back, so the file stays the same. */
static int put_file_use(struct import_plan *plan, const char *service, const char *name,
	size_t from, struct err *err)
{
	struct import_use *use = plan_add_use(plan);
	size_t length = plan->files[from].old_length;

	if (!use)
		return err_set(err, TACIT_INTERNAL, "no memory for a secret");
	snprintf(use->service, sizeof use->service, "%s", service);
	snprintf(use->file, sizeof use->file, "%s", name);
	use->newline = length > 1 && plan->files[from].old[length - 1] == '\n';
	use->length = length - use->newline;
	use->from = from;
	use->line = 1;
	use->value = malloc(use->length + 1);
	if (!use->value)
		return err_set(err, TACIT_INTERNAL, "no memory for a value");
	memcpy(use->value, plan->files[from].old, use->length);
	use->value[use->length] = '\0';
	return 0;
}

static bool has_secret(const struct compose_service *service, const char *name)
{
	for (size_t i = 0; i < service->secret_count; i++)
		if (!strcmp(service->secrets[i].source.text, name))
			return true;
	return false;
}

/* How many of the services have it that are to be imported; *others: some are not. */
static size_t count_users(const struct import_plan *plan, const struct import_request *request,
	const char *name, bool *others)
{
	size_t count = 0;

	*others = false;
	for (size_t i = 0; i < request->path_count; i++) {
		const struct compose_file *compose = plan->files[i].compose;

		for (size_t j = 0; j < compose_service_count(compose); j++) {
			const struct compose_service *service = compose_service(compose, j);

			if (!has_secret(service, name))
				continue;
			count += project_selects(request, service->name.text);
			*others = *others || !project_selects(request, service->name.text);
		}
	}
	return count;
}

static int collect_file(struct import_plan *plan, const struct import_request *request, size_t from,
	const struct compose_secret *secret, const char *said, struct err *err)
{
	const char *name = secret->source.text;
	char path[IMPORT_PATH_MAX];
	size_t index = 0;
	struct err inner;
	bool others;
	int status = 0;

	if (!count_users(plan, request, name, &others) || is_in_mount(request, said))
		return 0;
	if (!lies_inside(said) || name_check_file(name, NULL) < 0 || others) {
		plan_note(plan,
			"%.200s:%u: the secret stays a file: it lies outside of the project, its "
			"name is no file's, or a service has it that is not imported",
			plan->files[from].path, secret->source.line);
		return 0;
	}
	status = project_path(plan, said, path, &inner);
	if (!status)
		status = take_file(plan, path, &index, &inner);
	if (status == -TACIT_NOT_FOUND) {
		plan_note(plan, "%.200s:%u: the secret's file is not there; it stays as it is",
			plan->files[from].path, secret->source.line);
		return 0;
	}
	if (status < 0)
		return err_set(err, inner.code, "%.150s:%u: %s", plan->files[from].path,
			secret->source.line, inner.text);
	for (size_t i = 0; i < request->path_count; i++) {
		const struct compose_file *compose = plan->files[i].compose;

		for (size_t j = 0; !status && j < compose_service_count(compose); j++)
			if (has_secret(compose_service(compose, j), name))
				status = put_file_use(plan, compose_service(compose, j)->name.text,
					name, index, err);
	}
	plan->files[index].gone = true;
	return status;
}

int collect_files(struct import_plan *plan, const struct import_request *request, struct err *err)
{
	int status = 0;

	for (size_t i = 0; !status && i < request->path_count; i++) {
		const struct compose_file *compose = plan->files[i].compose;

		for (size_t j = 0; !status && j < compose_secret_count(compose); j++) {
			const struct compose_secret *secret = compose_secret(compose, j);
			struct lookup lookup = { .plan = plan, .request = request };
			_free_ char *said = NULL;

			if (!secret->file.text)
				continue;
			status = lookup_replace(&lookup, secret->file.text, &said, err);
			if (!status)
				status = collect_file(plan, request, i, secret, said, err);
		}
	}
	return status;
}
