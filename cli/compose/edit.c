/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "cli/compose/edit.h"

struct compose_edit *compose_edit_begin(const struct compose_file *file)
{
	struct compose_edit *edit = calloc(1, sizeof *edit);

	if (!edit)
		return NULL;
	/* What an apply marks in the tree is of no meaning after it. */
	edit->file = (struct compose_file *)file;
	edit->services = calloc(file->service_count + 1, sizeof *edit->services);
	if (edit->services)
		return edit;
	free(edit);
	return NULL;
}

void compose_edit_free(struct compose_edit *edit)
{
	if (!edit)
		return;
	arena_clear(&edit->arena);
	free(edit->services);
	free(edit);
}

static const char *copied(struct compose_edit *edit, const char *text)
{
	return text ? arena_text(&edit->arena, text, strlen(text)) : NULL;
}

static int add_change(struct compose_edit *edit, struct changes *changes,
	const struct change *change, struct err *err)
{
	struct change *made = arena_take(&edit->arena, sizeof *made);

	if (!made)
		return err_set(err, TACIT_LIMIT, "no memory for the changes");
	*made = *change;
	made->name = copied(edit, change->name);
	made->new_name = copied(edit, change->new_name);
	made->value = copied(edit, change->value);
	if ((change->name && !made->name) || (change->new_name && !made->new_name) ||
		(change->value && !made->value))
		return err_set(err, TACIT_LIMIT, "no memory for the changes");
	if (changes->last)
		changes->last->next = made;
	else
		changes->first = made;
	changes->last = made;
	return 0;
}

static int find_service(struct compose_edit *edit, const char *name, const struct service **service,
	struct changes **changes, struct err *err)
{
	*service = service_named(edit->file, name);
	if (!*service)
		return err_set(
			err, TACIT_NOT_FOUND, "%s: no service of this name", edit->file->name);
	*changes = &edit->services[*service - edit->file->services];
	return 0;
}

/* Its index; refused when it stands twice, or changes already. */
static int find_variable(struct compose_edit *edit, const struct service *service,
	const struct changes *changes, const char *name, size_t *index, struct err *err)
{
	const struct compose_variable *variables = service->face.variables;
	size_t found = 0;

	for (size_t i = 0; i < service->face.variable_count; i++) {
		if (strcmp(variables[i].name.text, name))
			continue;
		*index = i;
		if (found++)
			return yaml_error(err, TACIT_INVALID, edit->file->name,
				variables[i].name.line,
				"the variable stands twice; take one of them out");
	}
	if (!found)
		return err_set(err, TACIT_NOT_FOUND, "%s: no variable of this name in the service",
			edit->file->name);
	for (const struct change *at = changes->first; at; at = at->next)
		if ((at->kind == CHANGE_VARIABLE || at->kind == CHANGE_REMOVE) &&
			at->index == *index)
			return yaml_error(err, TACIT_EXISTS, edit->file->name,
				variables[*index].name.line, "the variable changes already");
	return 0;
}

/* No variable may come to stand twice. */
static int refuse_name(struct compose_edit *edit, const struct service *service,
	const struct changes *changes, const char *name, struct err *err)
{
	const struct compose_variable *variables = service->face.variables;

	for (size_t i = 0; i < service->face.variable_count; i++)
		if (!strcmp(variables[i].name.text, name))
			return yaml_error(err, TACIT_EXISTS, edit->file->name,
				variables[i].name.line,
				"a variable of the new name is there already; take it out");
	for (const struct change *at = changes->first; at; at = at->next)
		if ((at->kind == CHANGE_VARIABLE || at->kind == CHANGE_ADD) &&
			!strcmp(at->new_name, name))
			return yaml_error(err, TACIT_EXISTS, edit->file->name,
				service->face.name.line, "two variables would get one name");
	return 0;
}

int compose_edit_variable(struct compose_edit *edit, const char *service, const char *name,
	const char *new_name, const char *new_value, struct err *err)
{
	struct change change = {
		.kind = CHANGE_VARIABLE, .name = name, .new_name = new_name, .value = new_value
	};
	const struct service *found;
	struct changes *changes;
	int rc = find_service(edit, service, &found, &changes, err);

	rc = rc ? rc : find_variable(edit, found, changes, name, &change.index, err);
	if (!rc && strcmp(name, new_name))
		rc = refuse_name(edit, found, changes, new_name, err);
	return rc ? rc : add_change(edit, changes, &change, err);
}

int compose_edit_add_variable(struct compose_edit *edit, const char *service, const char *name,
	const char *value, struct err *err)
{
	struct change change = { .kind = CHANGE_ADD, .new_name = name, .value = value };
	const struct service *found;
	struct changes *changes;
	int rc = find_service(edit, service, &found, &changes, err);

	rc = rc ? rc : refuse_name(edit, found, changes, name, err);
	return rc ? rc : add_change(edit, changes, &change, err);
}

int compose_edit_remove_variable(
	struct compose_edit *edit, const char *service, const char *name, struct err *err)
{
	struct change change = { .kind = CHANGE_REMOVE, .name = name };
	const struct service *found;
	struct changes *changes;
	int rc = find_service(edit, service, &found, &changes, err);

	rc = rc ? rc : find_variable(edit, found, changes, name, &change.index, err);
	return rc ? rc : add_change(edit, changes, &change, err);
}

/* 1: the service has it, or will; a negative code: another under the same name. */
static int has_secret(struct compose_edit *edit, const struct service *service,
	const struct changes *changes, const char *source, const char *target, struct err *err)
{
	const struct compose_service *face = &service->face;

	for (size_t i = 0; i < face->secret_count; i++) {
		const struct compose_secret *at = &face->secrets[i];
		const char *name = at->target.text ? at->target.text : at->source.text;

		if (strcmp(name, target))
			continue;
		if (!strcmp(at->source.text, source))
			return 1;
		return yaml_error(err, TACIT_EXISTS, edit->file->name, at->source.line,
			"the service has another secret under this name");
	}
	for (const struct change *at = changes->first; at; at = at->next) {
		if (at->kind != CHANGE_SECRET || strcmp(at->value ? at->value : at->name, target))
			continue;
		if (!strcmp(at->name, source))
			return 1;
		return yaml_error(err, TACIT_EXISTS, edit->file->name, face->name.line,
			"the service gets another secret under this name");
	}
	return 0;
}

int compose_edit_service_secret(struct compose_edit *edit, const char *service, const char *source,
	const char *target, struct err *err)
{
	struct change change = { .kind = CHANGE_SECRET, .name = source };
	const struct service *found;
	struct changes *changes;
	int rc = find_service(edit, service, &found, &changes, err);

	if (rc)
		return rc;
	if (target && strcmp(target, source))
		change.value = target;
	rc = has_secret(edit, found, changes, source, target ? target : source, err);
	if (rc)
		return rc < 0 ? rc : 0;
	return add_change(edit, changes, &change, err);
}

int compose_edit_service_source(struct compose_edit *edit, const char *service, const char *source,
	const char *new_source, struct err *err)
{
	struct change change = { .kind = CHANGE_SOURCE, .name = source, .new_name = new_source };
	const struct service *found;
	struct changes *changes;
	int rc = find_service(edit, service, &found, &changes, err);

	if (rc)
		return rc;
	for (size_t i = 0; i < found->face.secret_count; i++)
		if (!strcmp(found->face.secrets[i].source.text, source))
			return add_change(edit, changes, &change, err);
	return err_set(err, TACIT_NOT_FOUND, "%s: no secret of this name in the service",
		edit->file->name);
}

int compose_edit_secret_file(
	struct compose_edit *edit, const char *name, const char *path, struct err *err)
{
	const struct compose_file *file = edit->file;
	struct change change = {
		.kind = CHANGE_FILE, .name = name, .value = path, .index = file->secret_count
	};

	for (size_t i = 0; i < file->secret_count; i++) {
		const struct compose_secret *secret = &file->secrets[i];

		if (strcmp(secret->source.text, name))
			continue;
		if (secret->is_external || secret->is_environment)
			return yaml_error(err, TACIT_INVALID, file->name, secret->source.line,
				"a secret that comes from elsewhere cannot get a file; rename it");
		if (secret->file.text && !strcmp(secret->file.text, path))
			return 0;
		change.index = i;
	}
	for (const struct change *at = edit->top.first; at; at = at->next) {
		if (at->kind != CHANGE_FILE || strcmp(at->name, name))
			continue;
		return strcmp(at->value, path)
			       ? err_set(err, TACIT_EXISTS, "%s: one secret would get two files",
					 file->name)
			       : 0;
	}
	return add_change(edit, &edit->top, &change, err);
}

int compose_edit_list(struct compose_edit *edit, const char *service, const char *key,
	const char *const *words, size_t count, struct err *err)
{
	struct change change = { .kind = CHANGE_LIST, .name = key, .word_count = count };
	const struct service *found;
	struct changes *changes;
	const char **copies;
	int rc = find_service(edit, service, &found, &changes, err);

	if (rc)
		return rc;
	if (strcmp(key, "entrypoint") && strcmp(key, "command"))
		return err_set(err, TACIT_INVALID, "only an entrypoint or a command can be set");
	copies = arena_take(&edit->arena, (count + 1) * sizeof *copies);
	for (size_t i = 0; copies && i < count; i++)
		if (!(copies[i] = copied(edit, words[i])))
			copies = NULL;
	if (!copies)
		return err_set(err, TACIT_LIMIT, "no memory for the changes");
	change.words = copies;
	return add_change(edit, changes, &change, err);
}

int compose_edit_text(struct compose_edit *edit, const struct compose_text *text,
	const char *new_text, struct err *err)
{
	struct change change = { .kind = CHANGE_TEXT, .value = new_text };

	for (struct yaml_node *at = edit->file->root; at; at = yaml_next(at))
		if (at->kind == YAML_SCALAR && at->offset == text->offset && at->end == text->end &&
			at->end > at->offset)
			change.node = at;
	if (!change.node)
		return err_set(err, TACIT_NOT_FOUND, "%s: no text stands there", edit->file->name);
	return add_change(edit, &edit->top, &change, err);
}
