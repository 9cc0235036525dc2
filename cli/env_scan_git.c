/* SPDX-License-Identifier: Apache-2.0 */
/* What a repository had in it, ever: every file of every commit that a reference or the reflog
 * still leads to. git reads it, told to run nothing that the repository names and to fetch nothing.
 */
#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <limits.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "base/cleanup.h"
#include "cli/env_scan.h"

#define WORDS_MAX 32
#define OBJECT_DIGITS 64         /* of SHA-256; SHA-1 has 40 */
#define OBJECT_BYTES (64u << 20) /* a larger one is passed over, and said to be */
#define COMMIT_DIGITS 12

/* A path is a path, with whatever stars are in it. */
static const char *const fixed[] = { "git", "--no-pager", "--no-optional-locks",
	"--no-replace-objects", "--literal-pathspecs", "-c", "core.fsmonitor=false", "-c",
	"core.hooksPath=/dev/null", "-c", "protocol.allow=never", "-C", NULL };

struct git {
	pid_t pid;
	FILE *out;
};

/* Run git in `folder` with the words up to NULL; its input is `in`, or nothing. What it complains
 * of is shown, unless `quiet`. */
static int git_start(struct git *git, const char *folder, const char *const *words, int in,
	bool quiet, struct err *err)
{
	const char *argv[WORDS_MAX];
	posix_spawn_file_actions_t actions;
	int ends[2], status;
	size_t count = 0;

	for (size_t i = 0; fixed[i]; i++)
		argv[count++] = fixed[i];
	argv[count++] = folder;
	for (size_t i = 0; words[i] && count < WORDS_MAX - 1; i++)
		argv[count++] = words[i];
	argv[count] = NULL;
	if (pipe2(ends, O_CLOEXEC) < 0)
		return err_errno(err, errno, TACIT_LIMIT, "git");
	posix_spawn_file_actions_init(&actions);
	if (in >= 0)
		posix_spawn_file_actions_adddup2(&actions, in, STDIN_FILENO);
	else
		posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
	posix_spawn_file_actions_adddup2(&actions, ends[1], STDOUT_FILENO);
	if (quiet)
		posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, "/dev/null", O_WRONLY, 0);
	status = posix_spawnp(&git->pid, argv[0], &actions, NULL, (char *const *)argv, environ);
	posix_spawn_file_actions_destroy(&actions);
	close(ends[1]);
	git->out = status ? NULL : fdopen(ends[0], "r");
	if (git->out)
		return 0;
	close(ends[0]);
	return err_errno(err, status ? status : errno, TACIT_INTERNAL,
		"git, by which history is read, cannot be run");
}

static int git_end(struct git *git, struct err *err)
{
	int status = 0;

	fclose(git->out);
	while (waitpid(git->pid, &status, 0) < 0 && errno == EINTR)
		;
	return WIFEXITED(status) && !WEXITSTATUS(status)
		       ? 0
		       : err_set(err, TACIT_IO,
				 "git could not read the history; what it said stands "
				 "above");
}

/* The objects of a repository in the order of the list, and where in it their paths are. */
struct objects {
	int ids; /* a file of their names, a line each */
	char **paths;
	size_t count, room;
};

static void objects_free(struct objects *objects)
{
	if (objects->ids >= 0)
		close(objects->ids);
	for (size_t i = 0; i < objects->count; i++)
		free(objects->paths[i]);
	free(objects->paths);
}

/* Lines without a path are commits. */
static int add_object(struct objects *objects, FILE *ids, char *line, struct err *err)
{
	char *space = strchr(line, ' ');

	line[strcspn(line, "\n")] = '\0';
	if (!space || !space[1])
		return 0;
	*space = '\0';
	if (!env_scan_grow((void **)&objects->paths, &objects->room, objects->count,
		    sizeof *objects->paths))
		return err_set(err, TACIT_LIMIT, "out of memory");
	objects->paths[objects->count] = strdup(space + 1);
	if (!objects->paths[objects->count])
		return err_set(err, TACIT_LIMIT, "out of memory");
	objects->count++;
	return fprintf(ids, "%s\n", line) > 0 ? 0 : err_set(err, TACIT_IO, "list the history");
}

static int list_objects(
	struct env_scan *scan, const char *folder, struct objects *objects, struct err *err)
{
	static const char *const words[] = { "-c", "core.quotePath=false", "rev-list", "--all",
		"--reflog", "--objects", "--full-history", "--", ".", NULL };
	_fclose_ FILE *ids = NULL;
	_free_ char *line = NULL;
	struct git git;
	size_t room = 0;
	int status, ended;

	objects->ids = memfd_create("objects", MFD_CLOEXEC);
	ids = objects->ids < 0 ? NULL : fdopen(dup(objects->ids), "w");
	if (!ids)
		return err_errno(err, errno, TACIT_LIMIT, "list the history");
	status = git_start(&git, folder, words, -1, false, err);
	if (status < 0)
		return status;
	while (!status && getline(&line, &room, git.out) > 0) {
		status = add_object(objects, ids, line, err);
		progress_tick(&scan->session->progress);
	}
	ended = git_end(&git, status ? NULL : err);
	if (!status)
		status = ended;
	if (!status && (fflush(ids) || lseek(objects->ids, 0, SEEK_SET) < 0))
		status = err_errno(err, errno, TACIT_IO, "list the history");
	return status;
}

/* The first commit that had it: the last one that git names. */
static void name_commit(const char *folder, const char *object, char commit[COMMIT_DIGITS + 1])
{
	const char *find[] = { "log", "--all", "--reflog", "--format=%H", "--no-show-signature",
		NULL, NULL };
	_free_ char *option = NULL, *line = NULL;
	struct git git;
	size_t room = 0;

	snprintf(commit, COMMIT_DIGITS + 1, "%.*s", COMMIT_DIGITS, object);
	if (asprintf(&option, "--find-object=%s", object) < 0)
		return;
	find[5] = option;
	if (git_start(&git, folder, find, -1, true, NULL) < 0)
		return;
	while (getline(&line, &room, git.out) > 0)
		if (strlen(line) > COMMIT_DIGITS)
			snprintf(commit, COMMIT_DIGITS + 1, "%.*s", COMMIT_DIGITS, line);
	git_end(&git, NULL);
}

static int scan_object(struct env_scan *scan, const char *folder, const char *path,
	const char *object, const void *text, size_t length, struct err *err)
{
	char commit[COMMIT_DIGITS + 1];
	size_t before = scan->count;
	int status;

	scan->path = scan->known = path;
	scan->commit = object;
	status = env_scan_text(scan, path, text, length, err);
	scan->path = scan->known = scan->commit = NULL;
	if (scan->count > before)
		name_commit(folder, object, commit);
	for (size_t i = before; i < scan->count; i++) {
		free(scan->results[i].commit);
		scan->results[i].commit = strdup(commit);
		scan->found_memory |= !scan->results[i].commit;
	}
	return status;
}

/* One object: "ID TYPE SIZE", its bytes, a newline. */
static int take_object(
	struct env_scan *scan, const char *folder, const char *path, FILE *from, struct err *err)
{
	char head[OBJECT_DIGITS + 64], object[OBJECT_DIGITS + 1], type[16];
	_free_ char *bytes = NULL;
	size_t size;
	int status = 0;

	if (!fgets(head, sizeof head, from))
		return err_set(err, TACIT_IO, "git ended before it was done");
	/* One that a partial clone has not got. */
	if (sscanf(head, "%64s %15s %zu", object, type, &size) != 3)
		return 0;
	if (size > OBJECT_BYTES) {
		for (size_t i = 0; i <= size; i++)
			getc_unlocked(from);
		session_note(
			scan->session, "a file of more than 64 MiB in the history is passed over");
		return 0;
	}
	bytes = malloc(size + 1);
	if (!bytes || fread(bytes, 1, size + 1, from) != size + 1)
		return err_set(err, TACIT_IO, "git ended before it was done");
	if (!strcmp(type, "blob"))
		status = scan_object(scan, folder, path, object, bytes, size, err);
	explicit_bzero(bytes, size);
	return status;
}

static int read_objects(
	struct env_scan *scan, const char *folder, const struct objects *objects, struct err *err)
{
	static const char *const words[] = { "cat-file", "--batch", "--buffer", NULL };
	struct git git;
	int status = git_start(&git, folder, words, objects->ids, false, err), ended;

	if (status < 0)
		return status;
	for (size_t i = 0; !status && i < objects->count; i++) {
		status = take_object(scan, folder, objects->paths[i], git.out, err);
		progress_set(&scan->session->progress, i, objects->count);
	}
	if (status)
		kill(git.pid, SIGKILL);
	ended = git_end(&git, status ? NULL : err);
	return status ? status : ended;
}

int env_scan_history(struct env_scan *scan, const char *path, struct err *err)
{
	struct objects objects = { .ids = -1 };
	_free_ char *copy = strdup(path);
	const char *folder = copy;
	struct stat about;
	int status;

	if (!copy)
		return err_set(err, TACIT_LIMIT, "out of memory");
	if (stat(path, &about) < 0 || !S_ISDIR(about.st_mode))
		folder = dirname(copy);
	progress_phase(&scan->session->progress, "reading the history", PROGRESS_PORTION);
	status = list_objects(scan, folder, &objects, err);
	if (!status)
		status = read_objects(scan, folder, &objects, err);
	objects_free(&objects);
	return status;
}

bool env_scan_tracked(const char *path)
{
	const char *slash = strrchr(path, '/');
	const char *words[] = { "ls-files", "--cached", "--", slash ? slash + 1 : path, NULL };
	_free_ char *folder = slash ? strndup(path, (size_t)(slash + 1 - path)) : strdup(".");
	struct git git;
	bool tracked;

	if (!folder || git_start(&git, folder, words, -1, true, NULL) < 0)
		return false;
	tracked = getc(git.out) != EOF;
	git_end(&git, NULL);
	return tracked;
}
