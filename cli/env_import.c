/* SPDX-License-Identifier: Apache-2.0 */
/* `tacit env import`: a compose project's secrets, out of its files and into the agent. */
#include "cli/env_import.h"

#include <string.h>
#include <unistd.h>

#include "cli/import/journal.h"
#include "cli/run.h"
#include "cli/scan/scan.h"
#include "seal/seal.h"

#define PATHS_MAX 16 /* compose files of one project */

/* One run of it. */
struct import {
	struct session *session;
	struct scanner *scanner;
	const char *paths[PATHS_MAX];
	struct import_request request;
	struct import_plan *plan;
	struct journal journal;
};

static bool judge(void *arg, const char *name, const char *value)
{
	const struct import *import = arg;
	struct scan_finding finding;

	return scanner_variable(import->scanner, name, value, &finding);
}

static bool image(void *arg, const char *name, const char *project, const char *service,
	struct import_start *start)
{
	const struct import *import = arg;

	return env_image_start(import->session, name, project, service, start);
}

/* As compose looks for them in the folder it runs in. */
static void find_files(struct import *import)
{
	static const char *const names[] = { "compose.yaml", "compose.yml", "docker-compose.yml",
		"docker-compose.yaml", NULL };
	static const char *const overrides[] = { "compose.override.yaml", "compose.override.yml",
		"docker-compose.override.yml", "docker-compose.override.yaml", NULL };
	const char *const *const lists[] = { names, overrides };

	for (size_t i = 0; i < 2; i++)
		for (size_t j = 0; lists[i][j] && import->request.path_count == i; j++)
			if (!access(lists[i][j], F_OK))
				import->paths[import->request.path_count++] = lists[i][j];
}

static int take_paths(struct import *import, struct err *err)
{
	const struct invocation *invocation = import->session->invocation;

	if (invocation->count > PATHS_MAX)
		return err_set(
			err, TACIT_LIMIT, "a project has at most %d compose files", PATHS_MAX);
	for (size_t i = 0; i < invocation->count; i++)
		import->paths[import->request.path_count++] = invocation->words[i];
	if (!invocation->count)
		find_files(import);
	if (!import->request.path_count)
		return err_set(err, TACIT_NOT_FOUND,
			"there is no compose file here; give its path, or go to its folder");
	return 0;
}

static int prepare(struct import *import, struct err *err)
{
	const char *const *values = import->session->invocation->values;
	uint8_t key[32];

	import->request.paths = import->paths;
	import->request.root = import->session->root;
	import->request.project = values[OPTION_PROJECT];
	import->request.services = values[OPTION_SERVICE];
	import->request.variables = values[OPTION_VAR];
	import->request.except = values[OPTION_EXCEPT];
	import->request.judge = judge;
	import->request.image = image;
	import->request.arg = import;
	import->journal.fd = -1;
	seal_random(key, sizeof key);
	import->scanner = scanner_new(key);
	if (!import->scanner)
		return err_set(err, TACIT_INTERNAL, "no memory for a scanner");
	return take_paths(import, err);
}

static void folder_of(const struct import *import, char folder[IMPORT_PATH_MAX])
{
	const char *first = import->paths[0], *slash = strrchr(first, '/');

	snprintf(folder, IMPORT_PATH_MAX, "%.*s",
		slash ? (int)(slash - first) + (slash == first) : 0, first);
}

static int undo(struct import *import, struct err *err)
{
	char folder[IMPORT_PATH_MAX];
	int status;

	folder_of(import, folder);
	status = journal_open(&import->journal, folder, false, err);
	if (!status)
		status = journal_undo(&import->journal, err);
	if (status < 0)
		return status;
	if (import->session->json)
		puts("{\n  \"undone\": true\n}");
	else if (!import->session->quiet)
		puts("the files are as they were; the agent keeps the secrets, and 'tacit secret "
		     "rm --force' removes them");
	return 0;
}

static int destroy(struct import *import, struct err *err)
{
	char folder[IMPORT_PATH_MAX];
	unsigned int count = 0;
	int status;

	folder_of(import, folder);
	status = journal_open(&import->journal, folder, false, err);
	if (!status)
		status = journal_destroy(&import->journal, &count, err);
	if (status < 0)
		return status;
	if (import->session->json)
		printf("{\n  \"destroyed\": %u\n}\n", count);
	else if (!import->session->quiet)
		printf(count ? "%u %s overwritten and removed; where a disk or its file system "
			       "keeps copies, rotate the secrets\n"
			     : "there is no backup here\n",
			count, count == 1 ? "backup was" : "backups were");
	return 0;
}

/* An import that was cut short made its secrets first: what is left is files. */
static int go_on(struct import *import, bool apply, struct err *err)
{
	char folder[IMPORT_PATH_MAX];
	int status;

	folder_of(import, folder);
	status = journal_open(&import->journal, folder, false, err);
	if (status < 0 || import->journal.fd < 0)
		return status;
	if (import->journal.state == JOURNAL_UNDOING)
		return err_set(
			err, TACIT_BUSY, "an '--undo' was cut short; finish it first by '--undo'");
	if (import->journal.state != JOURNAL_WRITING)
		return 0;
	if (!apply)
		return err_set(err, TACIT_BUSY,
			"an import was cut short; '--apply' finishes it, '--undo' takes it back");
	session_note(import->session, "an import that was cut short is finished first");
	return journal_finish(&import->journal, err);
}

static int apply(struct import *import, struct err *err)
{
	int status = env_agent_check(import->session, import->plan, err);

	journal_close(&import->journal);
	if (!status)
		status = journal_open(&import->journal, import->plan->folder, true, err);
	if (!status)
		status = env_agent_make(import->session, import->plan, err);
	return status ? status : journal_apply(&import->journal, import->plan, err);
}

static void print_done(const struct import *import, bool applied)
{
	if (import->session->json || import->session->quiet || import_plan_is_empty(import->plan))
		return;
	if (!applied) {
		puts("\nnothing was changed; '--apply' does it");
		return;
	}
	printf("\n%zu secrets, %zu grants, and the files are done; next: docker compose up -d\n"
	       "the old files, with their values, are in " JOURNAL_FOLDER "/%u: '--undo' puts "
	       "them back, '--destroy-backup' ends them\n",
		import->plan->secret_count, import->plan->use_count, import->journal.last);
}

static int print_json(const struct import *import, bool applied, json_t *proof, struct err *err)
{
	_json_ json_t *json = env_plan_json(import->plan);

	if (!json)
		return err_set(err, TACIT_INTERNAL, "no memory for JSON");
	json_object_set_new(json, "applied", json_boolean(applied));
	if (proof)
		json_object_set(json, "proof", proof);
	session_print_json(json);
	return 0;
}

static int import_files(struct import *import, struct err *err)
{
	const char *const *values = import->session->invocation->values;
	_json_ json_t *proof = NULL;
	bool applied = false;
	int status = go_on(import, values[OPTION_APPLY], err);

	if (!status)
		status = import_plan_make(&import->request, &import->plan, err);
	if (!status)
		status = env_print_plan(import->session, import->plan, &import->request, err);
	if (!status && values[OPTION_APPLY] && !import_plan_is_empty(import->plan)) {
		status = apply(import, err);
		applied = !status;
	}
	if (status < 0)
		return status;
	print_done(import, applied);
	if (values[OPTION_PROVE] && !import_plan_is_empty(import->plan))
		status = env_prove(import->session, import->plan, &import->request, &proof, err);
	return status || !import->session->json ? status : print_json(import, applied, proof, err);
}

/* What does not go together. */
static int check(const struct session *session, struct err *err)
{
	const char *const *values = session->invocation->values;
	bool plain = !values[OPTION_APPLY] && !values[OPTION_PROVE] && !values[OPTION_SERVICE] &&
		     !values[OPTION_VAR] && !values[OPTION_EXCEPT] && !values[OPTION_PROJECT];

	if (values[OPTION_UNDO] && values[OPTION_DESTROY_BACKUP])
		return err_set(err, TACIT_INVALID,
			"'--undo' needs the backup that '--destroy-backup' removes; give one");
	if ((values[OPTION_UNDO] || values[OPTION_DESTROY_BACKUP]) && !plain)
		return err_set(err, TACIT_INVALID,
			"'--undo' and '--destroy-backup' take no other options");
	if (values[OPTION_PROVE] && !values[OPTION_APPLY])
		return err_set(err, TACIT_INVALID,
			"'--prove' goes with '--apply': it compares with the values of the files");
	return 0;
}

int env_import(struct session *session, struct err *err)
{
	const char *const *values = session->invocation->values;
	struct import import = { .session = session, .journal = { .fd = -1 } };
	int status = check(session, err);

	if (!status)
		status = prepare(&import, err);
	if (!status && values[OPTION_UNDO])
		status = undo(&import, err);
	else if (!status && values[OPTION_DESTROY_BACKUP])
		status = destroy(&import, err);
	else if (!status)
		status = import_files(&import, err);
	journal_close(&import.journal);
	import_plan_free(import.plan);
	scanner_free(import.scanner);
	return status;
}
