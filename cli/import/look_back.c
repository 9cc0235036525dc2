/* SPDX-License-Identifier: Apache-2.0 */
/* What a plan does not reach, for a person to see to. */
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "cli/import/room.h"

#define VALUE_MIN 6                /* a shorter value stands anywhere by chance */
#define WORK_MAX ((size_t)1 << 30) /* bytes looked through, all values together: a second */

static unsigned int line_of(const char *text, const char *at)
{
	unsigned int line = 1;

	while ((text = memchr(text, '\n', (size_t)(at - text)))) {
		line++;
		text++;
	}
	return line;
}

static void look_for_values(
	struct import_plan *plan, const struct import_file *file, const char *text, size_t length)
{
	for (size_t i = 0; i < plan->secret_count; i++) {
		const struct import_secret *secret = &plan->secrets[i];
		const char *at = secret->length < VALUE_MIN
					 ? NULL
					 : memmem(text, length, secret->value, secret->length);

		if (at)
			plan_note(plan, "%.200s:%u: still has the value of what is now %.200s",
				file->path, line_of(text, at), secret->name);
	}
}

struct looking {
	struct import_plan *plan;
	const char *path;
};

/* A health check runs beside the program, with the container's variables. */
static void look_at_check(
	void *arg, const struct compose_text *key, const struct compose_text *value)
{
	const struct looking *looking = arg;
	struct import_plan *plan = looking->plan;
	const char *at;

	if (!key || !key->text || strcmp(key->text, "test") != 0 || !value->text)
		return;
	for (size_t i = 0; i < plan->use_count; i++) {
		const char *name = plan->uses[i].variable;

		for (at = value->text; *name && (at = strchr(at, '$')); at++)
			if (!strncmp(at + 1 + (at[1] == '{'), name, strlen(name))) {
				plan_note(plan,
					"%.200s:%u: the health check uses %.80s, which it does "
					"not get any more; let it read " IMPORT_SECRETS_DIR "%s",
					looking->path, value->line, name, plan->uses[i].file);
				break;
			}
	}
}

int rewrite_look_back(struct import_plan *plan, struct err *err)
{
	int status = 0;

	for (size_t i = 0; plan->use_count && !status && i < plan->file_count; i++) {
		const struct import_file *file = &plan->files[i];
		const char *text = file->changed ? file->made : file->old;
		size_t length = file->changed ? file->made_length : file->old_length;
		struct looking looking = { plan, file->path };

		if (file->gone || file->kind == IMPORT_PLAIN)
			continue;
		if (length * plan->secret_count < WORK_MAX)
			look_for_values(plan, file, text, length);
		if (file->kind == IMPORT_COMPOSE && plan->use_count < IMPORT_FILES_MAX * 16)
			status = compose_each_scalar(
				file->path, text, length, look_at_check, &looking, err);
	}
	return status;
}
