/* SPDX-License-Identifier: Apache-2.0 */
/* Containers that did not survive the agent's absence are started again. */
#include <string.h>

#include "cli/engine.h"
#include "cli/run.h"
#include "cli/survey.h"

/* The outcome is a member of the row; so is the engine's complaint when there is one. */
static void mend(struct session *session, json_t *row)
{
	const char *outcome = "restarted";
	struct err err;

	if (!*member_text(row, "engine")) {
		outcome = "not found";
	} else if (session->invocation->values[OPTION_DRY_RUN]) {
		outcome = "would be restarted";
	} else if (engine_restart(session, member_text(row, "engine"),
			   member_text(row, "container"), &err) < 0) {
		outcome = "could not be restarted";
		json_object_set_new(row, "error", json_stringn_nocheck(err.text, strlen(err.text)));
	}
	json_object_set_new(row, "outcome", json_string(outcome));
	if (!strcmp(outcome, "not found") || !strcmp(outcome, "could not be restarted"))
		session->exit = TACIT_INTERNAL;
}

static void print_row(const struct session *session, const json_t *row)
{
	const char *engine = member_text(row, "engine"), *error = member_text(row, "error");
	bool stale = !strcmp(member_text(row, "why"), "stale");
	char line[1024], who[160], why[64];

	if (session->quiet) {
		session_print_clean(member_text(row, "container"));
		return;
	}
	snprintf(why, sizeof why, "it had exited with %llu", member_number(row, "exit_code"));
	if (*engine)
		snprintf(who, sizeof who, "%s %.100s (%.12s)", engine, member_text(row, "name"),
			member_text(row, "container"));
	else
		snprintf(who, sizeof who, "container %.12s", member_text(row, "container"));
	snprintf(line, sizeof line, "%s: %s; %s%s%.300s", who, member_text(row, "outcome"),
		stale ? "it held the mount of an agent that is gone" : why, *error ? ": " : "",
		error);
	session_print_clean(line);
	fflush(stdout);
}

static int check_serving(const struct session *session, const json_t *status, struct err *err)
{
	const char *state = member_text(status, "state");

	if (session->invocation->values[OPTION_DRY_RUN] || !strcmp(state, "serving"))
		return 0;
	if (!strcmp(state, "locked"))
		return err_set(err, TACIT_LOCKED,
			"the agent is locked, containers would stop again; run 'tacit unlock' "
			"first");
	return err_set(err, TACIT_UNAVAILABLE,
		"the agent does not serve, containers would stop again; 'tacit status' says why");
}

int repair_run(struct session *session, struct err *err)
{
	_json_ json_t *agent = NULL, *rows = json_array();
	int status = session_status(session, &agent, err);
	json_t *row;
	size_t i;

	if (!status)
		status = check_serving(session, agent, err);
	if (status < 0)
		return status;
	survey_containers(session, agent, rows);
	progress_start(&session->progress, "restarting containers");
	json_array_foreach (rows, i, row) {
		mend(session, row);
		if (!session->json)
			print_row(session, row);
	}
	progress_end(&session->progress);
	if (session->json)
		session_print_json(rows);
	else if (!json_array_size(rows) && !session->quiet)
		puts("nothing to repair");
	return 0;
}
