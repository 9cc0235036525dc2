/* SPDX-License-Identifier: Apache-2.0 */
/* What an import would do, for people and for programs; never a value. */
#include <string.h>

#include "cli/env_import.h"
#include "cli/import/diff.h"
#include "cli/table.h"

static const char *how(const struct import_use *use)
{
	static const char *const words[CONVENTION_FORMS] = { [CONVENTION_NONE] = "tacit-exec",
		[CONVENTION_SUFFIX] = "_FILE",
		[CONVENTION_DOUBLE] = "__FILE",
		[CONVENTION_PREFIX] = "FILE__" };

	return *use->variable ? words[use->form] : "file";
}

static void print_uses(const struct import_plan *plan)
{
	struct table table;

	table_start(&table, "SERVICE", "VARIABLE", "BECOMES", "BY", "SECRET", "FOUND AT", NULL);
	for (size_t i = 0; i < plan->use_count; i++) {
		const struct import_use *use = &plan->uses[i];

		table_cell(&table, "%s", use->service);
		table_cell(&table, "%s", *use->variable ? use->variable : "-");
		table_cell(&table, "%s", *use->variable ? use->new_variable : use->file);
		table_cell(&table, "%s", how(use));
		table_cell(&table, "%s", plan->secrets[use->secret].name);
		table_cell(&table, "%s:%u", plan->files[use->from].path, use->line);
	}
	table_print(&table, stdout);
	table_free(&table);
}

int env_print_plan(const struct session *session, const struct import_plan *plan,
	const struct import_request *request, struct err *err)
{
	int status;

	for (size_t i = 0; i < plan->note_count; i++)
		session_note_text(session, plan->notes[i]);
	if (session->json)
		return 0;
	if (session->quiet) {
		for (size_t i = 0; i < plan->secret_count; i++)
			puts(plan->secrets[i].name);
		return 0;
	}
	if (import_plan_is_empty(plan)) {
		puts("nothing to import: the files hold no secret that is known as one");
		return 0;
	}
	status = diff_plan(plan, request, session_colour(stdout), stdout, err);
	if (status < 0)
		return status;
	putchar('\n');
	print_uses(plan);
	return 0;
}

static json_t *uses_json(const struct import_plan *plan)
{
	json_t *list = json_array();

	for (size_t i = 0; i < plan->use_count; i++) {
		const struct import_use *use = &plan->uses[i];
		json_t *one = json_pack(
			"{s:s, s:s?, s:s?, s:s, s:s, s:s, s:s, s:s?, s:s, s:i, s:b}", "service",
			use->service, "variable", *use->variable ? use->variable : NULL,
			"new_variable", *use->variable ? use->new_variable : NULL, "file",
			use->file, "compose_secret", use->key, "secret",
			plan->secrets[use->secret].name, "by", how(use), "source", use->source,
			"path", plan->files[use->from].path, "line", (int)use->line, "newline",
			use->newline);

		json_array_append_new(list, one);
	}
	return list;
}

json_t *env_plan_json(const struct import_plan *plan)
{
	json_t *files = json_array(), *secrets = json_array(), *notes = json_array();

	for (size_t i = 0; i < plan->file_count; i++)
		if (plan->files[i].changed || plan->files[i].gone)
			json_array_append_new(files,
				json_pack("{s:s, s:s}", "path", plan->files[i].path, "change",
					plan->files[i].gone ? "removed" : "rewritten"));
	for (size_t i = 0; i < plan->secret_count; i++)
		json_array_append_new(secrets, json_string(plan->secrets[i].name));
	for (size_t i = 0; i < plan->note_count; i++)
		json_array_append_new(notes, json_string(plan->notes[i]));
	return json_pack("{s:s, s:o, s:o, s:o, s:o}", "project", plan->project, "files", files,
		"secrets", secrets, "variables", uses_json(plan), "notes", notes);
}
