/* SPDX-License-Identifier: Apache-2.0 */
/* How each service is told of its files: by what its image does, or by tacit-exec around it. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "cli/import/room.h"

static const struct compose_service *in_file(
	const struct import_plan *plan, size_t file, const char *name)
{
	return plan->files[file].compose ? compose_service_named(plan->files[file].compose, name)
					 : NULL;
}

const struct compose_service *service_with_image(const struct import_plan *plan, const char *name)
{
	const struct compose_service *found = NULL;

	for (size_t i = 0; i < plan->file_count; i++) {
		const struct compose_service *here = in_file(plan, i, name);

		if (here && here->image.text)
			found = here;
	}
	return found;
}

const struct compose_service *service_with_entrypoint(
	const struct import_plan *plan, const char *name)
{
	const struct compose_service *found = NULL;

	for (size_t i = 0; i < plan->file_count; i++) {
		const struct compose_service *here = in_file(plan, i, name);

		if (here && here->entrypoint_count)
			found = here;
	}
	return found;
}

static bool has_command(const struct import_plan *plan, const char *name)
{
	for (size_t i = 0; i < plan->file_count; i++) {
		const struct compose_service *here = in_file(plan, i, name);

		if (here && here->command_count)
			return true;
	}
	return false;
}

bool service_is_wrapped(const struct import_plan *plan, const char *name)
{
	const struct compose_service *service = service_with_entrypoint(plan, name);

	return service && strstr(service->entrypoint[0].text, "/" IMPORT_WRAPPER);
}

/* Takes the image's away, so that the command is all there is. */
static bool has_empty_entrypoint(const struct import_plan *plan, const char *name)
{
	for (size_t i = 0; i < plan->file_count; i++) {
		const struct compose_service *here = in_file(plan, i, name);

		if (here && here->entrypoint &&
			(!here->entrypoint_count ||
				(here->entrypoint_is_text && !*here->entrypoint[0].text)))
			return true;
	}
	return false;
}

bool service_needs_wrapper(const struct import_plan *plan, const char *name)
{
	size_t first, count;

	uses_of(plan, name, &first, &count);
	for (size_t i = first; i < first + count; i++) {
		const struct import_use *use = &plan->uses[plan->by_service[i]];

		if (*use->variable && use->form == CONVENTION_NONE)
			return !service_is_wrapped(plan, name);
	}
	return false;
}

/* Images that read FILE__NAME leave out the ends of lines. */
static bool is_kept_by(enum convention_form form, const struct import_use *use)
{
	return form != CONVENTION_PREFIX || !memchr(use->value, '\n', use->length);
}

/* One variable that its image does not read from a file, and tacit-exec gives them all: it would
 * take the others for its own. */
static void choose_form(
	struct import_plan *plan, const char *image, size_t first, size_t count, bool wrapped)
{
	for (size_t i = first; i < first + count; i++) {
		struct import_use *use = &plan->uses[plan->by_service[i]];

		if (!*use->variable)
			continue;
		use->form = convention_of(image, use->variable, &use->source);
		wrapped = wrapped || use->form == CONVENTION_NONE || !is_kept_by(use->form, use);
	}
	for (size_t i = first; wrapped && i < first + count; i++) {
		struct import_use *use = &plan->uses[plan->by_service[i]];

		use->form = CONVENTION_NONE;
		use->source = NULL;
	}
}

static bool sets(const struct import_plan *plan, const char *service, const char *variable)
{
	for (size_t i = 0; i < plan->file_count; i++) {
		const struct compose_service *here = in_file(plan, i, service);

		for (size_t j = 0; here && j < here->variable_count; j++)
			if (!strcmp(here->variables[j].name.text, variable))
				return true;
	}
	return false;
}

static int name_variable(const struct import_plan *plan, struct import_use *use, struct err *err)
{
	if (!*use->variable)
		return 0;
	if (!convention_variable(use->form, use->variable, use->new_variable))
		return err_set(err, TACIT_INVALID, "%.200s:%u: the variable's name is too long",
			plan->files[use->from].path, use->line);
	if (!sets(plan, use->service, use->new_variable))
		return 0;
	return err_set(err, TACIT_INVALID,
		"%.200s:%u: the service has both %.80s and %.80s; remove the one that is wrong",
		plan->files[use->from].path, use->line, use->variable, use->new_variable);
}

static bool has_uses(const struct import_plan *plan, const char *service)
{
	size_t first, count;

	uses_of(plan, service, &first, &count);
	return count;
}

/* `extends` takes over variables and secrets, but the agent knows a service by its own name. */
static int check_extends(const struct import_plan *plan, size_t file, struct err *err)
{
	const struct compose_file *compose = plan->files[file].compose;

	for (size_t i = 0; compose && i < compose_service_count(compose); i++) {
		const struct compose_service *service = compose_service(compose, i);

		if (!service->extends.text ||
			(!has_uses(plan, service->name.text) &&
				(service->extends_file.text ||
					!has_uses(plan, service->extends.text))))
			continue;
		return err_set(err, TACIT_INVALID,
			"%.200s:%u: 'extends' brings variables from one service to another, which "
			"import does not follow; write out what it brings, or choose by "
			"'--service'",
			plan->files[file].path, service->extends.line);
	}
	return 0;
}

int name_conventions(struct import_plan *plan, struct err *err)
{
	int status = 0;

	for (size_t i = 0; !status && i < plan->file_count; i++)
		status = check_extends(plan, i, err);

	for (size_t first = 0, count; !status && first < plan->use_count; first += count) {
		const char *name = plan->uses[plan->by_service[first]].service;
		const struct compose_service *service = service_with_image(plan, name);
		size_t at;

		uses_of(plan, name, &at, &count);
		choose_form(plan, service ? service->image.text : NULL, first, count,
			service_is_wrapped(plan, name));
		for (size_t i = first; !status && i < first + count; i++)
			status = name_variable(plan, &plan->uses[plan->by_service[i]], err);
	}
	return status;
}

static bool add_word(char ***words, size_t *count, const char *text, size_t length)
{
	char **grown = reallocarray(*words, *count + 1, sizeof **words);

	if (!grown)
		return false;
	*words = grown;
	grown[*count] = strndup(text, length);
	return grown[(*count)++];
}

static bool from_text(const char *text, struct import_start *start)
{
	_free_ char **words = NULL;
	size_t count = 0;
	bool ok = !compose_split(text, &words, &count, NULL);

	for (size_t i = 0; ok && i < count; i++)
		ok = add_word(
			&start->entrypoint, &start->entrypoint_count, words[i], strlen(words[i]));
	return ok;
}

static bool from_file(const struct compose_service *service, struct import_start *start)
{
	bool ok = true;

	if (service->entrypoint_is_text)
		return from_text(service->entrypoint[0].text, start);
	for (size_t i = 0; ok && i < service->entrypoint_count; i++)
		ok = add_word(&start->entrypoint, &start->entrypoint_count,
			service->entrypoint[i].text, service->entrypoint[i].length);
	return ok;
}

static bool from_table(const struct convention_start *row, struct import_start *start)
{
	bool ok = true;

	for (size_t i = 0; ok && row->entrypoint[i]; i++)
		ok = add_word(&start->entrypoint, &start->entrypoint_count, row->entrypoint[i],
			strlen(row->entrypoint[i]));
	for (size_t i = 0; ok && row->command[i]; i++)
		ok = add_word(&start->command, &start->command_count, row->command[i],
			strlen(row->command[i]));
	return ok;
}

/* What an image says is not compose's text: there a dollar is two. */
static bool escape(char **words, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		char *made = malloc(2 * strlen(words[i]) + 1), *to = made;

		if (!made)
			return false;
		for (const char *from = words[i]; *from; from++) {
			*to++ = *from;
			if (*from == '$')
				*to++ = '$';
		}
		*to = '\0';
		free(words[i]);
		words[i] = made;
	}
	return true;
}

static void drop_command(struct import_start *start)
{
	for (size_t i = 0; i < start->command_count; i++)
		free(start->command[i]);
	free(start->command);
	start->command = NULL;
	start->command_count = 0;
}

/* The variable that makes it necessary to know. */
static int unknown(const struct import_plan *plan, const char *name, struct err *err)
{
	const char *variable = "";
	const char *source;
	const struct compose_service *service = service_with_image(plan, name);
	size_t first, count;

	uses_of(plan, name, &first, &count);
	for (size_t i = first; i < first + count && !*variable; i++) {
		const char *here = plan->uses[plan->by_service[i]].variable;

		if (!service || !convention_of(service->image.text, here, &source))
			variable = here;
	}
	return err_set(err, TACIT_INVALID,
		"%.80s needs tacit-exec, and what service %.80s runs is not known here; pull or "
		"build its image, write 'entrypoint:' into the file, or use '--except'",
		variable, name);
}

int service_start(struct import_plan *plan, const struct import_request *request, const char *name,
	struct import_start *start, struct err *err)
{
	const struct compose_service *own = service_with_entrypoint(plan, name);
	const struct compose_service *service = service_with_image(plan, name);
	const char *image = service ? service->image.text : NULL;
	const struct convention_start *row = convention_start_of(image);
	bool ok;

	if (has_empty_entrypoint(plan, name))
		return err_set(err, TACIT_INVALID,
			"service %.80s needs tacit-exec, and its 'entrypoint:' is empty; write "
			"into it what is to be run",
			name);
	if (own)
		ok = from_file(own, start);
	else if (request->image && request->image(request->arg, image, plan->project, name, start))
		ok = escape(start->entrypoint, start->entrypoint_count) &&
		     escape(start->command, start->command_count);
	else if (row)
		ok = from_table(row, start);
	else
		return unknown(plan, name, err);
	if (!ok)
		return err_set(err, TACIT_INVALID,
			"the entrypoint of service %.100s cannot be taken apart", name);
	if (own || has_command(plan, name))
		drop_command(start);
	return 0;
}
