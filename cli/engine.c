/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/engine.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <string.h>
#include <sys/wait.h>

#include "base/cleanup.h"
#include "base/clock.h"

const char *const engine_commands[] = { "docker", "podman", NULL };

#define OUTPUT_MAX (64u << 20) /* bytes of one inspect of INSPECT_IDS containers, generously */
#define INSPECT_IDS 100        /* per run: the command line stays far below its limit */
#define ID_DIGITS 64
#define RUN_NS 60000000000u /* an engine asked to restart waits 10 s for the container itself */
#define TICK_MS 200

#define COMPOSE_NS 1800000000000u /* images are pulled, and built */
#define COMPOSE_FILES_MAX 16

/* A command of an engine while it runs. */
struct run {
	bool together;  /* both of its outputs are `text` */
	uint64_t limit; /* nanoseconds it may take */
	pid_t pid;
	int out, problems; /* its standard output and error; -1 when closed */
	char *text;        /* what it printed; the run's own, NUL after it */
	size_t length;
	char problem[ENGINE_TEXT_MAX]; /* the beginning of what it complained of */
	size_t problem_length;
};

static void close_end(int *fd)
{
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}

static int spawn(struct run *run, const char *const *argv, int out, int problems)
{
	posix_spawn_file_actions_t actions;
	posix_spawnattr_t attributes;
	sigset_t signals;
	int status;

	posix_spawn_file_actions_init(&actions);
	posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
	posix_spawn_file_actions_adddup2(&actions, out, STDOUT_FILENO);
	posix_spawn_file_actions_adddup2(&actions, problems, STDERR_FILENO);
	posix_spawnattr_init(&attributes);
	sigemptyset(&signals);
	sigaddset(&signals, SIGPIPE);
	posix_spawnattr_setsigdefault(&attributes, &signals);
	posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGDEF);
	status = posix_spawnp(
		&run->pid, argv[0], &actions, &attributes, (char *const *)argv, environ);
	posix_spawnattr_destroy(&attributes);
	posix_spawn_file_actions_destroy(&actions);
	return status;
}

static int start(struct session *session, struct run *run, const char *const *argv, struct err *err)
{
	const struct rlimit none = { 0, session->cores.rlim_max };
	int out[2] = { -1, -1 }, problems[2] = { -1, -1 };
	int status = pipe2(out, O_CLOEXEC) || pipe2(problems, O_CLOEXEC) ? errno : 0;

	/* What it starts, a container among it, inherits the limit this process was given. */
	setrlimit(RLIMIT_CORE, &session->cores);
	if (!status)
		status = spawn(run, argv, out[1], run->together ? out[1] : problems[1]);
	setrlimit(RLIMIT_CORE, &none);
	close_end(&out[1]);
	close_end(&problems[1]);
	run->out = out[0];
	run->problems = problems[0];
	if (!status)
		return 0;
	close_end(&run->out);
	close_end(&run->problems);
	return err_errno(err, status, TACIT_INTERNAL, "%s", argv[0]);
}

static bool take_output(struct run *run)
{
	char bytes[16384];
	ssize_t got = read(run->out, bytes, sizeof bytes);
	char *grown;

	if (got < 0 && errno == EINTR)
		return true;
	if (got <= 0) {
		close_end(&run->out);
		return true;
	}
	grown = run->length + (size_t)got > OUTPUT_MAX
			? NULL
			: realloc(run->text, run->length + (size_t)got + 1);
	if (!grown)
		return false;
	memcpy(grown + run->length, bytes, (size_t)got);
	run->text = grown;
	run->length += (size_t)got;
	run->text[run->length] = '\0';
	return true;
}

static void take_problem(struct run *run)
{
	char bytes[1024];
	ssize_t got = read(run->problems, bytes, sizeof bytes);
	size_t room = sizeof run->problem - 1 - run->problem_length;

	if (got < 0 && errno == EINTR)
		return;
	if (got <= 0) {
		close_end(&run->problems);
		return;
	}
	if ((size_t)got < room)
		room = (size_t)got;
	memcpy(run->problem + run->problem_length, bytes, room);
	run->problem_length += room;
}

/* Until both of its outputs are closed: false when it takes too long or prints too much. */
static bool follow(struct session *session, struct run *run)
{
	uint64_t deadline = clock_monotonic_ns() + run->limit;

	while (run->out >= 0 || run->problems >= 0) {
		struct pollfd ends[] = { { .fd = run->out, .events = POLLIN },
			{ .fd = run->problems, .events = POLLIN } };

		if (clock_monotonic_ns() > deadline)
			return false;
		if (poll(ends, 2, TICK_MS) < 0 && errno != EINTR)
			return false;
		if (ends[0].revents && !take_output(run))
			return false;
		if (ends[1].revents)
			take_problem(run);
		progress_tick(&session->progress);
	}
	return true;
}

static int finish(struct run *run, const char *engine, bool followed, struct err *err)
{
	int status = 0;

	close_end(&run->out);
	close_end(&run->problems);
	if (!followed)
		kill(run->pid, SIGKILL);
	while (waitpid(run->pid, &status, 0) < 0 && errno == EINTR)
		;
	if (!followed)
		return err_set(err, TACIT_UNAVAILABLE, "%s does not come to an end", engine);
	if (WIFEXITED(status) && !WEXITSTATUS(status))
		return 0;
	run->problem[strcspn(run->problem, "\r\n")] = '\0';
	return err_set(err, TACIT_UNAVAILABLE, "%s: %s", engine,
		*run->problem ? run->problem : "failed without a word");
}

/* With what has been said of it in `run`. */
static int run_as_said(
	struct session *session, const char *const *argv, struct run *run, struct err *err)
{
	int status;

	run->out = run->problems = -1;
	status = start(session, run, argv, err);
	if (status < 0)
		return status;
	return finish(run, argv[0], follow(session, run), err);
}

static int run_engine(
	struct session *session, const char *const *argv, struct run *run, struct err *err)
{
	*run = (struct run){ .limit = RUN_NS };
	return run_as_said(session, argv, run, err);
}

/* Inspect `count` containers and add them to `containers`. One that went away since it was listed
 * makes the command fail, and the others are printed all the same. */
static int inspect(struct session *session, const char *engine, const char *const *ids,
	size_t count, json_t *containers, struct err *err)
{
	const char *argv[INSPECT_IDS + 3] = { engine, "inspect" };
	struct run run;
	json_t *list;
	int status;

	memcpy(argv + 2, ids, count * sizeof *ids);
	status = run_engine(session, argv, &run, err);
	list = run.text ? json_loads(run.text, JSON_REJECT_DUPLICATES, NULL) : NULL;
	free(run.text);
	if (!json_is_array(list))
		status = status ? status
				: err_set(err, TACIT_UNAVAILABLE, "%s: inspect printed no list",
					  engine);
	else
		status = json_array_extend(containers, list) ? -TACIT_INTERNAL : 0;
	json_decref(list);
	return status;
}

static bool is_id(const char *word)
{
	return strlen(word) == ID_DIGITS && strspn(word, "0123456789abcdef") == ID_DIGITS;
}

int engine_containers(
	struct session *session, const char *engine, json_t **containers, struct err *err)
{
	const char *argv[] = { engine, "ps", "-aq", "--no-trunc", NULL }, *ids[INSPECT_IDS];
	_json_ json_t *found = json_array();
	char *word, *rest = NULL;
	size_t count = 0;
	struct run run;
	int status = run_engine(session, argv, &run, err);

	word = !status && run.text ? strtok_r(run.text, "\r\n", &rest) : NULL;
	for (; word && !status; word = strtok_r(NULL, "\r\n", &rest)) {
		if (is_id(word))
			ids[count++] = word;
		if (count < INSPECT_IDS)
			continue;
		status = inspect(session, engine, ids, count, found, err);
		count = 0;
	}
	if (!status && count)
		status = inspect(session, engine, ids, count, found, err);
	free(run.text);
	if (!status)
		*containers = json_incref(found);
	return status;
}

int engine_image(struct session *session, const char *engine, const char *name, json_t **image,
	struct err *err)
{
	const char *argv[] = { engine, "image", "inspect", name, NULL };
	_json_ json_t *list = NULL;
	struct run run;
	int status = *name == '-' ? err_set(err, TACIT_INVALID, "an image's name begins with '-'")
				  : run_engine(session, argv, &run, err);

	if (*name == '-')
		return status;
	list = run.text ? json_loads(run.text, JSON_REJECT_DUPLICATES, NULL) : NULL;
	free(run.text);
	if (!status && !json_is_object(json_array_get(list, 0)))
		status = err_set(err, TACIT_UNAVAILABLE, "%s: inspect printed no image", engine);
	if (!status)
		*image = json_incref(json_array_get(list, 0));
	return status;
}

int engine_restart(struct session *session, const char *engine, const char *id, struct err *err)
{
	const char *argv[] = { engine, "restart", id, NULL };
	struct run run;
	int status = run_engine(session, argv, &run, err);

	free(run.text);
	return status;
}

int engine_logs(struct session *session, const char *engine, const char *id, char **text,
	size_t *length, struct err *err)
{
	const char *argv[] = { engine, "logs", id, NULL };
	struct run run = { .together = true, .limit = RUN_NS };
	int status = is_id(id) ? run_as_said(session, argv, &run, err)
			       : err_set(err, TACIT_INVALID, "no id of a container");

	if (status < 0) {
		free(run.text);
		return status;
	}
	*text = run.text;
	*length = run.length;
	return 0;
}

/* Compose is a command of docker's, or one of its own. */
static size_t begin_compose(struct session *session, const char **argv)
{
	const char *version[] = { "docker", "compose", "version", NULL };
	struct run run;
	bool plugin = !run_engine(session, version, &run, NULL);

	free(run.text);
	argv[0] = plugin ? "docker" : "docker-compose";
	argv[1] = "compose";
	return plugin ? 2 : 1;
}

int engine_compose_up(struct session *session, const char *const *paths, size_t count,
	const char *project, struct err *err)
{
	const char *argv[2 * COMPOSE_FILES_MAX + 8];
	struct run run = { .limit = COMPOSE_NS };
	size_t used = begin_compose(session, argv);
	int status;

	argv[used++] = "-p";
	argv[used++] = project;
	for (size_t i = 0; i < count && i < COMPOSE_FILES_MAX; i++) {
		argv[used++] = "-f";
		argv[used++] = paths[i];
	}
	argv[used++] = "up";
	argv[used++] = "-d";
	argv[used] = NULL;
	progress_start(&session->progress, "starting the project");
	status = run_as_said(session, argv, &run, err);
	progress_end(&session->progress);
	free(run.text);
	return status;
}
