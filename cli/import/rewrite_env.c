/* SPDX-License-Identifier: Apache-2.0 */
/* Which lines of .env and of env_files go: those that no container needs any more. */
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "cli/import/room.h"
#include "seal/seal.h"

/* One file, with a flag per entry. */
struct lines {
	struct import_plan *plan;
	const struct import_request *request;
	size_t file;
	bool *moved; /* a service that has the file as env_file gets it from the agent */
	bool *gone;
	bool given; /* services are given all of it: it is an env_file */
};

static struct dotenv *dotenv_of(const struct lines *lines)
{
	return &lines->plan->files[lines->file].dotenv;
}

static void flag(const struct lines *lines, bool *flags, const char *name)
{
	const struct dotenv *dotenv = dotenv_of(lines);

	for (size_t i = 0; i < dotenv->count; i++)
		if (!strcmp(dotenv->entries[i].name, name))
			flags[i] = true;
}

/* Every ${NAME} and $NAME of a text. */
static void flag_references(const struct lines *lines, bool *flags, const char *text)
{
	char name[CONVENTION_NAME_MAX + 1];

	while ((text = strchr(text, '$'))) {
		size_t length = 0;

		text++;
		if (*text == '$') {
			text++;
			continue;
		}
		text += *text == '{';
		while (length < CONVENTION_NAME_MAX &&
			(isalnum((unsigned char)text[length]) || text[length] == '_'))
			length++;
		snprintf(name, sizeof name, "%.*s", (int)length, text);
		flag(lines, flags, name);
	}
}

struct flags {
	const struct lines *lines;
	bool *flags;
};

static void flag_scalar(void *arg, const struct compose_text *key, const struct compose_text *value)
{
	const struct flags *flags = arg;

	(void)key;
	if (value->text)
		flag_references(flags->lines, flags->flags, value->text);
}

/* A variable without a value is taken from .env by its own name. */
static int flag_compose(const struct lines *lines, bool *flags, const char *path, const char *text,
	size_t length, struct err *err)
{
	struct flags both = { lines, flags };
	struct compose_file *compose = NULL;
	int status = compose_each_scalar(path, text, length, flag_scalar, &both, err);

	if (!status)
		status = compose_parse(path, text, length, &compose, err);
	for (size_t i = 0; !status && i < compose_service_count(compose); i++) {
		const struct compose_service *service = compose_service(compose, i);

		for (size_t j = 0; j < service->variable_count; j++)
			if (!service->variables[j].value.text)
				flag(lines, flags, service->variables[j].name.text);
	}
	compose_free(compose);
	return status;
}

static void flag_env(
	const struct lines *lines, bool *flags, const struct import_file *file, const char *text)
{
	bool same = file == &lines->plan->files[lines->file];

	for (size_t i = 0; i < file->dotenv.count; i++) {
		const struct dotenv_entry *entry = &file->dotenv.entries[i];
		_free_ char *raw = NULL;

		if (!entry->value || text[entry->from] == '\'' || (same && lines->gone[i]))
			continue;
		raw = strndup(text + entry->from, entry->to - entry->from);
		if (!raw)
			continue;
		flag_references(lines, flags, raw);
		seal_wipe(raw, strlen(raw));
	}
}

/* What of .env the project still needs: `made` says of which texts. */
static int flag_needed(const struct lines *lines, bool *flags, bool made, struct err *err)
{
	int status = 0;

	for (size_t i = 0; !status && i < lines->plan->file_count; i++) {
		const struct import_file *file = &lines->plan->files[i];
		bool changed = made && file->changed;

		if (file->kind == IMPORT_COMPOSE)
			status = flag_compose(lines, flags, file->path,
				changed ? file->made : file->old,
				changed ? file->made_length : file->old_length, err);
		else if (file->kind == IMPORT_ENV && !changed)
			flag_env(lines, flags, file, file->old);
	}
	return status;
}

static bool is_value(const struct import_plan *plan, const char *value)
{
	for (size_t i = 0; i < plan->secret_count; i++)
		if (plan->secrets[i].length == strlen(value) &&
			!memcmp(plan->secrets[i].value, value, plan->secrets[i].length))
			return true;
	return false;
}

static bool is_secret(const struct lines *lines, const struct dotenv_entry *entry)
{
	const struct import_request *request = lines->request;

	if (!entry->value || !*entry->value || import_listed(request->except, entry->name))
		return false;
	return is_value(lines->plan, entry->value) ||
	       import_listed(request->variables, entry->name) ||
	       (request->judge && request->judge(request->arg, entry->name, entry->value));
}

/* Lines of .env that something needed, and nothing needs now. */
static int choose_dotenv(const struct lines *lines, struct err *err)
{
	const struct dotenv *dotenv = dotenv_of(lines);
	_free_ bool *before = calloc(dotenv->count + 1, 1), *after = calloc(dotenv->count + 1, 1);
	int status;

	if (!before || !after)
		return err_set(err, TACIT_INTERNAL, "no memory for a file of variables");
	status = flag_needed(lines, before, false, err);
	if (!status)
		status = flag_needed(lines, after, true, err);
	for (size_t i = 0; !status && i < dotenv->count; i++) {
		bool stays = after[i] || (lines->given && !lines->moved[i]);

		if (lines->moved[i] && after[i])
			return err_set(err, TACIT_INVALID,
				"%.200s:%u: %.80s is given to a service by env_file, and something "
				"else uses it; put one of them under another name",
				lines->plan->files[lines->file].path, dotenv->entries[i].line,
				dotenv->entries[i].name);
		if (!lines->gone[i] && !is_secret(lines, &dotenv->entries[i]))
			continue;
		lines->gone[i] = !stays && (lines->gone[i] || before[i]);
		if (stays && is_value(lines->plan, dotenv->entries[i].value))
			plan_note(lines->plan,
				"%.200s:%u: %.100s stays: something else uses it, too",
				lines->plan->files[lines->file].path, dotenv->entries[i].line,
				dotenv->entries[i].name);
	}
	return status;
}

static bool gets(const struct import_plan *plan, const char *service, const char *variable)
{
	size_t first, count;

	uses_of(plan, service, &first, &count);
	for (size_t i = first; i < first + count; i++)
		if (!strcmp(plan->uses[plan->by_service[i]].variable, variable))
			return true;
	return false;
}

static bool overrides(const struct compose_service *service, const char *variable)
{
	for (size_t i = 0; i < service->variable_count; i++)
		if (!strcmp(service->variables[i].name.text, variable))
			return true;
	return false;
}

/* A service that would still be given what another one is not. */
static int check_service(
	const struct lines *lines, const struct compose_service *service, struct err *err)
{
	const struct dotenv *dotenv = dotenv_of(lines);

	for (size_t i = 0; i < dotenv->count; i++) {
		const char *name = dotenv->entries[i].name;

		if (lines->moved[i] && !gets(lines->plan, service->name.text, name) &&
			!overrides(service, name))
			return err_set(err, TACIT_INVALID,
				"%.200s:%u: service %.80s is given %.80s, too; import it in the "
				"same run",
				lines->plan->files[lines->file].path, dotenv->entries[i].line,
				service->name.text, name);
	}
	return 0;
}

static bool has_env_file(const struct lines *lines, const struct compose_service *service)
{
	for (size_t i = 0; i < service->env_file_count; i++) {
		struct lookup lookup = { .plan = lines->plan, .request = lines->request };
		char path[IMPORT_PATH_MAX];
		_free_ char *said = NULL;

		if (!lookup_replace(&lookup, service->env_files[i].text, &said, NULL) &&
			!project_path(lines->plan, said, path, NULL) &&
			!strcmp(path, lines->plan->files[lines->file].path))
			return true;
	}
	return false;
}

/* Also what another file or `environment` overrides: the service has the file for it now. */
static void flag_uses(const struct lines *lines, const char *service)
{
	size_t first, count;

	uses_of(lines->plan, service, &first, &count);
	for (size_t i = first; i < first + count; i++) {
		const char *name = lines->plan->uses[lines->plan->by_service[i]].variable;

		flag(lines, lines->moved, name);
		flag(lines, lines->gone, name);
	}
}

/* A line that stays may be made of one that goes. */
static int check_lines(const struct lines *lines, struct err *err)
{
	const struct import_file *file = &lines->plan->files[lines->file];
	_free_ bool *needed = calloc(file->dotenv.count + 1, 1);

	if (!needed)
		return err_set(err, TACIT_INTERNAL, "no memory for a file of variables");
	flag_env(lines, needed, file, file->old);
	for (size_t i = 0; i < file->dotenv.count; i++)
		if (lines->gone[i] && needed[i])
			return err_set(err, TACIT_INVALID,
				"%.200s:%u: another line uses %.80s; option '--var' moves that "
				"one, too, and '--except' leaves this one",
				file->path, file->dotenv.entries[i].line,
				file->dotenv.entries[i].name);
	return 0;
}

static int choose_env_file(struct lines *lines, struct err *err)
{
	const struct import_plan *plan = lines->plan;
	int status = 0;

	for (size_t i = 0; i < lines->request->path_count; i++) {
		const struct compose_file *compose = plan->files[i].compose;

		for (size_t j = 0; j < compose_service_count(compose); j++)
			if (has_env_file(lines, compose_service(compose, j)))
				flag_uses(lines, compose_service(compose, j)->name.text);
	}
	for (size_t i = 0; !status && i < lines->request->path_count; i++) {
		const struct compose_file *compose = plan->files[i].compose;

		for (size_t j = 0; !status && j < compose_service_count(compose); j++)
			if (has_env_file(lines, compose_service(compose, j))) {
				lines->given = true;
				status = check_service(lines, compose_service(compose, j), err);
			}
	}
	return status;
}

static bool is_gone(void *arg, const char *name)
{
	const struct lines *lines = arg;
	const struct dotenv *dotenv = dotenv_of(lines);

	for (size_t i = 0; i < dotenv->count; i++)
		if (lines->gone[i] && !strcmp(dotenv->entries[i].name, name))
			return true;
	return false;
}

static int rewrite_one(struct import_plan *plan, const struct import_request *request, size_t index,
	struct err *err)
{
	struct import_file *file = &plan->files[index];
	_free_ bool *moved = calloc(file->dotenv.count + 1, 1);
	_free_ bool *gone = calloc(file->dotenv.count + 1, 1);
	struct lines lines = { plan, request, index, moved, gone, false };
	int status;

	if (!moved || !gone)
		return err_set(err, TACIT_INTERNAL, "no memory for a file of variables");
	status = choose_env_file(&lines, err);
	if (!status)
		status = check_lines(&lines, err);
	if (!status && file->is_dotenv)
		status = choose_dotenv(&lines, err);
	file = &plan->files[index];
	if (!status)
		status = dotenv_without(&file->dotenv, file->old, file->old_length, is_gone, &lines,
			&file->made, &file->made_length, err);
	if (!status)
		file->changed = file->made_length != file->old_length;
	return status;
}

int rewrite_env(struct import_plan *plan, const struct import_request *request, struct err *err)
{
	int status = 0;

	/* .env is looked at when all others are known. */
	for (int dotenv = 0; plan->use_count && dotenv < 2; dotenv++)
		for (size_t i = 0; !status && i < plan->file_count; i++)
			if (plan->files[i].kind == IMPORT_ENV &&
				plan->files[i].is_dotenv == (dotenv == 1))
				status = rewrite_one(plan, request, i, err);
	return status;
}
