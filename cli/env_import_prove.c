/* SPDX-License-Identifier: Apache-2.0 */
/* Whether an import did what it was for: the project is started, and what its processes got is
 * compared with the values that stood in the files; then the places are looked through where values
 * used to be found. Values are compared in this process; none is printed. */
#include <ctype.h>
#include <dirent.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "cli/engine.h"
#include "cli/env_import.h"
#include "cli/table.h"
#include "seal/seal.h"

#define ENVIRONMENT_MAX (1u << 20) /* bytes of a process's variables that are looked at */
#define WAIT_NS 30000000000u       /* for what a container reads when it starts */
#define WAIT_STEP_US 200000
#define PIDS_MAX 256 /* processes of one container that are looked at */

/* What was seen of one use. */
enum got {
	GOT_NOTHING, /* no container has read it */
	GOT_READ,    /* it was opened; what became of it inside is not to be seen */
	GOT_VALUE,   /* a process has the variable with the very value */
	GOT_OTHER    /* a process has the variable with another one */
};

static const char *const got_words[] = { "nothing", "read", "same", "other" };

struct proof {
	struct session *session;
	const struct import_plan *plan;
	json_t *containers; /* of the project, as inspect has them */
	enum got *got;      /* of each use */
	bool inspect_clean, logs_clean, files_clean;
	char engine[16];
};

/* Whether any value stands in a text. */
static bool holds_value(const struct import_plan *plan, const char *text, size_t length)
{
	for (size_t i = 0; text && i < plan->secret_count; i++)
		if (plan->secrets[i].length >= IMPORT_SHARED_MIN &&
			memmem(text, length, plan->secrets[i].value, plan->secrets[i].length))
			return true;
	return false;
}

static const char *label(const json_t *container, const char *name)
{
	return member_text(json_object_get(json_object_get(container, "Config"), "Labels"), name);
}

static int find_containers(struct proof *proof, const char *engine, struct err *err)
{
	_json_ json_t *all = NULL;
	json_t *container;
	size_t i;
	int status = engine_containers(proof->session, engine, &all, err);

	json_array_foreach (all, i, container)
		if (!strcmp(label(container, "com.docker.compose.project"), proof->plan->project))
			json_array_append(proof->containers, container);
	return status;
}

/* NAME=VALUE of a process: what the kernel was given when it began, or the program was started. */
static enum got look_at_process(const struct import_use *use, const char *bytes, size_t length)
{
	size_t name = strlen(use->variable);

	for (const char *at = bytes; at < bytes + length; at += strlen(at) + 1) {
		if (strncmp(at, use->variable, name) || at[name] != '=')
			continue;
		return strlen(at + name + 1) == use->length &&
				       !memcmp(at + name + 1, use->value, use->length)
			       ? GOT_VALUE
			       : GOT_OTHER;
	}
	return GOT_NOTHING;
}

static size_t read_environment(long pid, char *bytes)
{
	char path[64];
	size_t used = 0;
	ssize_t got;
	_close_ int fd = -1;

	snprintf(path, sizeof path, "/proc/%ld/environ", pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	while (fd >= 0 && used < ENVIRONMENT_MAX &&
		(got = read(fd, bytes + used, ENVIRONMENT_MAX - used)) > 0)
		used += (size_t)got;
	bytes[used] = '\0';
	return used;
}

/* Whether a process is in the container: the id of it is in the path of its control group. */
static bool is_inside(long pid, const char *id)
{
	char path[64], text[4096];
	ssize_t got;
	_close_ int fd = -1;

	snprintf(path, sizeof path, "/proc/%ld/cgroup", pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	got = fd < 0 ? -1 : read(fd, text, sizeof text - 1);
	if (got <= 0 || strlen(id) != 64)
		return false;
	text[got] = '\0';
	return strstr(text, id);
}

static size_t processes_of(const char *id, long *pids)
{
	DIR *dir = opendir("/proc");
	struct dirent *entry;
	size_t count = 0;

	while (dir && count < PIDS_MAX && (entry = readdir(dir))) {
		long pid = isdigit((unsigned char)entry->d_name[0])
				   ? strtol(entry->d_name, NULL, 10)
				   : 0;

		if (pid > 0 && is_inside(pid, id))
			pids[count++] = pid;
	}
	if (dir)
		closedir(dir);
	return count;
}

static void look_at_container(struct proof *proof, const json_t *container, char *bytes)
{
	const char *service = label(container, "com.docker.compose.service");
	long pids[PIDS_MAX];
	size_t count = processes_of(member_text(container, "Id"), pids);

	for (size_t i = 0; i < count; i++) {
		size_t length = read_environment(pids[i], bytes);

		for (size_t j = 0; j < proof->plan->use_count; j++) {
			const struct import_use *use = &proof->plan->uses[j];
			enum got got = strcmp(use->service, service) || !*use->variable
					       ? GOT_NOTHING
					       : look_at_process(use, bytes, length);

			if (got > proof->got[j])
				proof->got[j] = got;
		}
		seal_wipe(bytes, length);
	}
}

/* What the agent has seen being opened. */
static void look_at_grants(struct proof *proof)
{
	_json_ json_t *list = NULL;
	const json_t *grant;
	struct err ignored;
	size_t i;

	if (session_get(proof->session, TACIT_API_PREFIX "/grants", &list, &ignored) < 0)
		return;
	json_array_foreach (list, i, grant)
		for (size_t j = 0; j < proof->plan->use_count; j++) {
			const struct import_use *use = &proof->plan->uses[j];
			char consumer[sizeof "compose//" + 2 * IMPORT_NAME_MAX];

			snprintf(consumer, sizeof consumer, "compose/%s/%s", proof->plan->project,
				use->service);
			if (!strcmp(member_text(grant, "consumer"), consumer) &&
				!strcmp(member_text(grant, "file"), use->file) &&
				*member_text(grant, "last_read_at") && proof->got[j] < GOT_READ)
				proof->got[j] = GOT_READ;
		}
}

static bool is_complete(const struct proof *proof)
{
	for (size_t i = 0; i < proof->plan->use_count; i++)
		if (proof->got[i] == GOT_NOTHING || proof->got[i] == GOT_OTHER)
			return false;
	return true;
}

static int wait_for_readers(struct proof *proof, struct err *err)
{
	uint64_t end = clock_monotonic_ns() + WAIT_NS;
	char *bytes = malloc(ENVIRONMENT_MAX + 1);
	size_t i;
	json_t *container;

	if (!bytes)
		return err_set(err, TACIT_INTERNAL, "no memory for variables");
	progress_start(&proof->session->progress, "waiting for the containers to read");
	do {
		json_array_foreach (proof->containers, i, container)
			look_at_container(proof, container, bytes);
		look_at_grants(proof);
		progress_tick(&proof->session->progress);
	} while (!is_complete(proof) && clock_monotonic_ns() < end && !usleep(WAIT_STEP_US));
	progress_end(&proof->session->progress);
	free(bytes);
	return 0;
}

static void look_at_engine(struct proof *proof)
{
	_free_ char *text = json_dumps(proof->containers, JSON_COMPACT);
	json_t *container;
	size_t i;

	proof->inspect_clean = text && !holds_value(proof->plan, text, strlen(text));
	proof->logs_clean = true;
	json_array_foreach (proof->containers, i, container) {
		_free_ char *logs = NULL;
		size_t length = 0;
		struct err ignored;

		if (engine_logs(proof->session, proof->engine, member_text(container, "Id"), &logs,
			    &length, &ignored) < 0 ||
			holds_value(proof->plan, logs, length))
			proof->logs_clean = false;
	}
}

/* The project's files as they are now, but for the backup. */
static void look_at_files(struct proof *proof)
{
	proof->files_clean = true;
	for (size_t i = 0; i < proof->plan->file_count; i++) {
		const struct import_file *file = &proof->plan->files[i];

		if (file->gone ? !access(file->path, F_OK)
			       : holds_value(proof->plan, file->changed ? file->made : file->old,
					 file->changed ? file->made_length : file->old_length))
			proof->files_clean = false;
	}
}

static json_t *proof_json(const struct proof *proof)
{
	json_t *list = json_array();

	for (size_t i = 0; i < proof->plan->use_count; i++) {
		const struct import_use *use = &proof->plan->uses[i];

		json_array_append_new(
			list, json_pack("{s:s, s:s, s:s}", "service", use->service, "file",
				      use->file, "got", got_words[proof->got[i]]));
	}
	return json_pack("{s:o, s:b, s:b, s:b}", "variables", list, "inspect_clean",
		proof->inspect_clean, "logs_clean", proof->logs_clean, "files_clean",
		proof->files_clean);
}

static void print_proof(const struct proof *proof)
{
	static const char *const lines[] = { [GOT_NOTHING] = "not read",
		[GOT_READ] = "read; what the program made of it stays inside",
		[GOT_VALUE] = "the same value",
		[GOT_OTHER] = "another value" };
	struct table table;

	table_start(&table, "SERVICE", "VARIABLE", "THE CONTAINER GOT", NULL);
	for (size_t i = 0; i < proof->plan->use_count; i++) {
		const struct import_use *use = &proof->plan->uses[i];

		table_cell(&table, "%s", use->service);
		table_cell(&table, "%s", *use->variable ? use->variable : use->file);
		table_cell(&table, "%s", lines[proof->got[i]]);
	}
	putchar('\n');
	table_print(&table, stdout);
	table_free(&table);
	printf("%s inspect: %s; logs: %s; files: %s\n", proof->engine,
		proof->inspect_clean ? "no value" : "A VALUE",
		proof->logs_clean ? "no value" : "A VALUE",
		proof->files_clean ? "no value" : "A VALUE");
}

static void judge(struct proof *proof)
{
	struct err err;

	if (is_complete(proof) && proof->inspect_clean && proof->logs_clean && proof->files_clean)
		return;
	err_set(&err, TACIT_STALE,
		"not everything is as it should be; 'tacit status' and the containers' logs say "
		"more, '--undo' puts the files back");
	session_fail(proof->session, "env import --prove", &err);
}

int env_prove(struct session *session, const struct import_plan *plan,
	const struct import_request *request, json_t **result, struct err *err)
{
	struct proof proof = { .session = session, .plan = plan, .engine = "docker" };
	_json_ json_t *containers = json_array();
	_free_ enum got *got = calloc(plan->use_count + 1, sizeof *got);
	int status;

	if (!containers || !got)
		return err_set(err, TACIT_INTERNAL, "no memory for a proof");
	proof.containers = containers;
	proof.got = got;
	status =
		engine_compose_up(session, request->paths, request->path_count, plan->project, err);
	if (!status)
		status = find_containers(&proof, proof.engine, err);
	if (!status && !json_array_size(containers))
		status = err_set(err, TACIT_UNAVAILABLE, "compose has started no container");
	if (!status)
		status = wait_for_readers(&proof, err);
	if (status < 0)
		return status;
	look_at_engine(&proof);
	look_at_files(&proof);
	if (session->json)
		*result = proof_json(&proof);
	else if (!session->quiet)
		print_proof(&proof);
	judge(&proof);
	return 0;
}
