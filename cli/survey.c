/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/survey.h"

#include <string.h>

#include "cli/engine.h"
#include "cli/judge.h"

static const char *const why_words[] = {
	[JUDGE_FINE] = "fine",
	[JUDGE_STOPPED] = "stopped",
	[JUDGE_STALE] = "stale",
};

static bool has_row(const json_t *rows, const char *id)
{
	const json_t *row;
	size_t i;

	json_array_foreach (rows, i, row)
		if (!strcmp(member_text(row, "container"), id))
			return true;
	return false;
}

static void add_row(json_t *rows, const char *engine, const json_t *container, enum judge_why why)
{
	const json_t *state = json_object_get(container, "State");
	const char *name = member_text(container, "Name");

	json_array_append_new(rows,
		json_pack("{s:s, s:s, s:s, s:s, s:I}", "engine", engine, "container",
			member_text(container, "Id"), "name", name + (*name == '/'), "why",
			why_words[why], "exit_code", (json_int_t)member_number(state, "ExitCode")));
}

static void survey_engine(struct session *session, const char *engine, const char *mount,
	const json_t *stale, json_t *rows)
{
	_json_ json_t *containers = NULL;
	const json_t *container;
	struct err err;
	size_t i;
	int status = engine_containers(session, engine, &containers, &err);

	if (status < 0 && status != -TACIT_NOT_FOUND) {
		report_clean(err.text);
		session_note(session, "%s; its containers were not looked at", err.text);
	}
	json_array_foreach (containers, i, container) {
		enum judge_why why = judge_container(container, mount, stale);

		if (why != JUDGE_FINE && !has_row(rows, member_text(container, "Id")))
			add_row(rows, engine, container, why);
	}
}

static bool is_found(const json_t *rows, const char *text)
{
	const json_t *row;
	size_t i;

	json_array_foreach (rows, i, row)
		if (judge_names(text, member_text(row, "container")))
			return true;
	return false;
}

static void add_lost(const json_t *stale, json_t *rows)
{
	const json_t *entry;
	size_t i;

	json_array_foreach (stale, i, entry) {
		const char *text = member_text(entry, "container");

		if (!strcmp(member_text(entry, "mount"), "stale") && !is_found(rows, text))
			json_array_append_new(
				rows, json_pack("{s:s, s:s, s:s, s:s, s:i}", "engine", "",
					      "container", judge_id(text), "name", "", "why",
					      why_words[JUDGE_STALE], "exit_code", 0));
	}
}

void survey_containers(struct session *session, const json_t *status, json_t *rows)
{
	const json_t *stale = json_object_get(status, "containers");
	const char *mount = member_text(status, "mount");
	char own[PATH_FULL_MAX];

	path_below(session->root, TACIT_MOUNT_DIR, own);
	progress_start(&session->progress, "asking docker and podman");
	for (size_t i = 0; engine_commands[i]; i++)
		survey_engine(session, engine_commands[i], *mount ? mount : own, stale, rows);
	progress_end(&session->progress);
	add_lost(stale, rows);
}
