/* SPDX-License-Identifier: Apache-2.0 */
/* The files of a project, and what its containers' variables say. */
#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/cleanup.h"
#include "base/files.h"
#include "cli/import/room.h"
#include "seal/seal.h"

int project_slurp(const char *path, size_t most, char **text, size_t *length, struct err *err)
{
	_close_ int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY);
	struct stat status;
	int result;

	if (fd < 0 && errno == ELOOP)
		return err_set(err, TACIT_INVALID,
			"%.200s is a symbolic link; give the path of the file itself", path);
	if (fd < 0)
		return err_errno(err, errno, TACIT_IO, "%.200s", path);
	if (fstat(fd, &status) < 0)
		return err_errno(err, errno, TACIT_IO, "%.200s", path);
	if (!S_ISREG(status.st_mode))
		return err_set(err, TACIT_INVALID, "%.200s is not a regular file", path);
	if ((size_t)status.st_size > most)
		return err_set(err, TACIT_TOO_LARGE, "%.200s is larger than %zu bytes", path, most);
	*text = malloc((size_t)status.st_size + 1);
	if (!*text)
		return err_set(err, TACIT_INTERNAL, "no memory for %.200s", path);
	result = file_read_fd(fd, *text, (size_t)status.st_size, length, err);
	if (result < 0) {
		free(*text);
		*text = NULL;
		return err_wrap(err, "%.200s", path);
	}
	(*text)[*length] = '\0';
	return 0;
}

int project_path(const struct import_plan *plan, const char *path, char *full, struct err *err)
{
	int length;

	if (path[0] == '.' && path[1] == '/')
		path += 2;
	length = snprintf(full, IMPORT_PATH_MAX, "%s%s%s", *path == '/' ? "" : plan->folder,
		*path == '/' || !*plan->folder ? "" : "/", path);
	if (length < 0 || length >= IMPORT_PATH_MAX)
		return err_set(err, TACIT_INVALID, "a path in the files is too long");
	return 0;
}

struct import_file *project_file(struct import_plan *plan, const char *path)
{
	for (size_t i = 0; i < plan->file_count; i++)
		if (!strcmp(plan->files[i].path, path))
			return &plan->files[i];
	return NULL;
}

static int add_file(struct import_plan *plan, const char *path, enum import_kind kind,
	struct import_file **added, struct err *err)
{
	struct import_file *file;
	size_t most = kind == IMPORT_PLAIN ? TACIT_VALUE_MAX + 1 : COMPOSE_FILE_MAX;

	if (plan->file_count == IMPORT_FILES_MAX)
		return err_set(err, TACIT_LIMIT, "more than %d files; import a part of them",
			IMPORT_FILES_MAX);
	file = plan_add_file(plan);
	if (!file)
		return err_set(err, TACIT_INTERNAL, "no memory for a file");
	snprintf(file->path, sizeof file->path, "%s", path);
	file->kind = kind;
	*added = file;
	return project_slurp(path, most, &file->old, &file->old_length, err);
}

static int read_compose(struct import_plan *plan, const char *path, struct err *err)
{
	struct import_file *file;
	int status = add_file(plan, path, IMPORT_COMPOSE, &file, err);

	if (status == -TACIT_NOT_FOUND)
		return err_set(err, TACIT_NOT_FOUND,
			"%.200s is not there; give the path of a compose file", path);
	if (!status)
		status = compose_parse(path, file->old, file->old_length, &file->compose, err);
	if (status < 0)
		return status;
	for (size_t i = 0; i < compose_include_count(file->compose); i++)
		plan_note(plan, "%.200s:%u: what it includes is not looked at; import it as well",
			path, compose_include(file->compose, i)->line);
	return 0;
}

static int read_env(struct import_plan *plan, const char *path, bool needed, struct err *err)
{
	struct import_file *file = NULL;
	struct err inner;
	int status;

	if (project_file(plan, path))
		return 0;
	status = add_file(plan, path, IMPORT_ENV, &file, &inner);
	if (!status) {
		status = dotenv_parse(file->old, file->old_length, &file->dotenv, &inner);
		return status ? err_set(err, inner.code, "%.200s: %s", path, inner.text) : 0;
	}
	if (status == -TACIT_NOT_FOUND && file == &plan->files[plan->file_count - 1]) {
		plan->file_count--;
		if (needed)
			plan_note(plan, "%.200s is not there and was not looked at", path);
		return 0;
	}
	return err_set(err, inner.code, "%s", inner.text);
}

int project_each_env_file(struct import_plan *plan, const struct import_request *request,
	const struct compose_service *service, env_file_fn *each, struct err *err)
{
	int status = 0;

	for (size_t i = 0; !status && i < service->env_file_count; i++) {
		struct lookup lookup = { .plan = plan, .request = request };
		char path[IMPORT_PATH_MAX];
		_free_ char *said = NULL;

		status = lookup_replace(&lookup, service->env_files[i].text, &said, err);
		if (!status)
			status = project_path(plan, said, path, err);
		if (!status)
			status = each(plan, request, service->name.text, path, err);
	}
	return status;
}

static int read_named(struct import_plan *plan, const struct import_request *request,
	const char *service, const char *path, struct err *err)
{
	(void)request;
	(void)service;
	return read_env(plan, path, true, err);
}

static const struct dotenv_entry *in_dotenv(const struct import_plan *plan, const char *name)
{
	for (size_t i = 0; i < plan->file_count; i++)
		if (plan->files[i].is_dotenv)
			return dotenv_find(&plan->files[i].dotenv, name);
	return NULL;
}

/* What an entry of a file may use: those before it. */
struct earlier {
	const struct import_plan *plan;
	const struct import_file *file;
	size_t count;
	bool ambiguous;
};

/* compose_lookup_fn: .env is looked at for another file by the plugin alone, and nothing is not the
 * same as unset for all. */
static const char *find_earlier(void *arg, const char *name)
{
	struct earlier *earlier = arg;

	for (size_t i = earlier->count; i--;) {
		const struct dotenv_entry *entry = &earlier->file->dotenv.entries[i];

		if (strcmp(entry->name, name) != 0)
			continue;
		if (entry->ambiguous || !entry->value || !*entry->value)
			earlier->ambiguous = true;
		return entry->value;
	}
	if (!earlier->file->is_dotenv && in_dotenv(earlier->plan, name))
		earlier->ambiguous = true;
	return NULL;
}

/* Versions of compose differ in what `$NAME` is there; all of them replace `${NAME}`. */
static int resolve(const struct import_plan *plan, struct import_file *file, struct err *err)
{
	for (size_t i = 0; i < file->dotenv.count; i++) {
		struct dotenv_entry *entry = &file->dotenv.entries[i];
		struct earlier earlier = { plan, file, i, entry->ambiguous };
		char *value = NULL;
		struct err inner;

		if (!entry->value || entry->literal || entry->ambiguous ||
			!strstr(entry->value, "${"))
			continue;
		if (compose_interpolate(entry->value, find_earlier, &earlier, &value, &inner) < 0)
			return err_set(err, inner.code, "%.200s:%u: %s", file->path, entry->line,
				inner.text);
		seal_wipe(entry->value, strlen(entry->value));
		free(entry->value);
		entry->value = value;
		entry->ambiguous = earlier.ambiguous;
	}
	return 0;
}

/* compose-spec: lowercase, of [a-z0-9_-], beginning with a letter or a digit. */
static void put_project(struct import_plan *plan, const char *text)
{
	size_t used = 0;

	for (; *text && used < IMPORT_NAME_MAX; text++) {
		char c = (char)tolower((unsigned char)*text);

		if (islower((unsigned char)c) || isdigit((unsigned char)c) ||
			(used && (c == '_' || c == '-')))
			plan->project[used++] = c;
	}
	plan->project[used] = '\0';
}

static int name_by_folder(struct import_plan *plan, struct err *err)
{
	_free_ char *full = realpath(*plan->folder ? plan->folder : ".", NULL);

	if (!full)
		return err_errno(err, errno, TACIT_IO, "the folder of the project");
	put_project(plan, strrchr(full, '/') + 1);
	return 0;
}

static int find_name(
	struct import_plan *plan, const struct import_request *request, struct err *err)
{
	struct lookup lookup = { .plan = plan, .request = request };
	const struct compose_text *name = NULL;
	_free_ char *said = NULL;
	const char *in_env = getenv("COMPOSE_PROJECT_NAME");

	if ((!in_env || !*in_env) &&
		!lookup_replace(&lookup, "${COMPOSE_PROJECT_NAME:-}", &said, NULL))
		in_env = said;
	for (size_t i = 0; i < plan->file_count; i++)
		if (plan->files[i].compose && compose_project(plan->files[i].compose))
			name = compose_project(plan->files[i].compose);
	if (request->project)
		put_project(plan, request->project);
	else if (in_env && *in_env)
		put_project(plan, in_env);
	else if (name) {
		_free_ char *replaced = NULL;
		int status = lookup_replace(&lookup, name->text, &replaced, err);

		if (status < 0)
			return status;
		put_project(plan, replaced);
	} else if (name_by_folder(plan, err) < 0)
		return -(int)err->code;
	if (*plan->project && (!request->project || !strcmp(plan->project, request->project)))
		return 0;
	return err_set(err, TACIT_INVALID,
		"the project has no name that compose takes; give one by '--project NAME'");
}

int project_read(struct import_plan *plan, const struct import_request *request, struct err *err)
{
	const char *slash = strrchr(request->paths[0], '/');
	char path[IMPORT_PATH_MAX];
	int status = 0;

	snprintf(plan->folder, sizeof plan->folder, "%.*s",
		slash ? (int)(slash - request->paths[0]) + (slash == request->paths[0]) : 0,
		request->paths[0]);
	for (size_t i = 0; !status && i < request->path_count; i++)
		status = read_compose(plan, request->paths[i], err);
	if (!status)
		status = project_path(plan, ".env", path, err);
	if (!status)
		status = read_env(plan, path, false, err);
	if (status < 0)
		return status;
	if (project_file(plan, path))
		project_file(plan, path)->is_dotenv = true;
	for (size_t i = 0; !status && i < request->path_count; i++) {
		const struct compose_file *compose = plan->files[i].compose;

		for (size_t j = 0; !status && j < compose_service_count(compose); j++)
			status = project_each_env_file(
				plan, request, compose_service(compose, j), read_named, err);
	}
	for (size_t i = request->path_count; !status && i < plan->file_count; i++)
		status = resolve(plan, &plan->files[i], err);
	return status ? status : find_name(plan, request, err);
}

bool project_selects(const struct import_request *request, const char *service)
{
	return !request->services || import_listed(request->services, service);
}

static bool is_secret(const struct import_request *request, const char *name, const char *value)
{
	if (import_listed(request->except, name) || !value || !*value)
		return false;
	return import_listed(request->variables, name) ||
	       (request->judge && request->judge(request->arg, name, value));
}

/* compose_lookup_fn: the value stays the file's, so .env's own replacements are not made in it. */
static const char *find_variable(void *arg, const char *name)
{
	struct lookup *lookup = arg;
	const struct dotenv_entry *entry = in_dotenv(lookup->plan, name);
	const char *own = getenv(name);

	if (!entry || !entry->value) {
		lookup->missing = true;
		/* docker-compose makes "None" of a name alone. */
		lookup->ambiguous = lookup->ambiguous || entry;
		return NULL;
	}
	lookup->ambiguous = lookup->ambiguous || entry->ambiguous;
	if (own && strcmp(own, entry->value) != 0)
		plan_note(lookup->plan,
			"%.100s has another value in the environment, which compose would take "
			"before that of .env; that of .env is imported",
			name);
	if (is_secret(lookup->request, name, entry->value))
		lookup->secret = true;
	return entry->value;
}

int lookup_replace(struct lookup *lookup, const char *text, char **result, struct err *err)
{
	return compose_interpolate(text, find_variable, lookup, result, err);
}
