/* SPDX-License-Identifier: Apache-2.0 */
/* The wrapper at work: a process of this test, whose child is a shell. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "exec/run.h"

#define PATIENCE_MS 60000 /* on a slow machine, in a slow build */
#define SILENCE_MS 200    /* without a line: none is coming */

/* A wrapper, and what its child writes. */
struct wrapper {
	char dir[64];
	pid_t pid;
	int out;
	char line[256];
};

static int set_up(void **state)
{
	struct wrapper *wrapper = calloc(1, sizeof *wrapper);

	assert_non_null(wrapper);
	snprintf(wrapper->dir, sizeof wrapper->dir, "/tmp/tacit-exec.XXXXXX");
	assert_non_null(mkdtemp(wrapper->dir));
	wrapper->out = -1;
	*state = wrapper;
	return 0;
}

static int tear_down(void **state)
{
	struct wrapper *wrapper = *state;
	char command[128];

	if (wrapper->pid > 0) {
		kill(-wrapper->pid, SIGKILL);
		waitpid(wrapper->pid, NULL, 0);
	}
	if (wrapper->out >= 0)
		close(wrapper->out);
	snprintf(command, sizeof command, "rm -r %s", wrapper->dir);
	assert_int_equal(system(command), 0);
	free(wrapper);
	return 0;
}

/* As the agent touches a file: opened for writing, written, closed. All values of a test are of one
 * length, so nobody reads half of one. */
static void rotate(const struct wrapper *wrapper, const char *value)
{
	char path[128];
	int file;

	snprintf(path, sizeof path, "%s/pw", wrapper->dir);
	file = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
	assert_true(file >= 0);
	assert_int_equal(write(file, value, strlen(value)), strlen(value));
	close(file);
}

static _Noreturn void be_wrapper(
	const struct wrapper *wrapper, enum options_on_rotate on_rotate, char **command)
{
	char named[128], *environment[] = { named, (char[]){ "PATH=/bin:/usr/bin" }, NULL };
	struct options options = {
		.dir = wrapper->dir, .on_rotate = on_rotate, .signal = SIGUSR1, .command = command
	};
	struct variables variables;

	snprintf(named, sizeof named, "PW_FILE=%s/pw", wrapper->dir);
	setpgid(0, 0); /* fails of a session's first, which has one */
	/* What is left to the wrapper is left to it, as to the first process of a container. */
	prctl(PR_SET_CHILD_SUBREAPER, 1);
	if (variables_find(&variables, environment, &options, NULL) < 0)
		_exit(99);
	_exit(run_command(&options, &variables, environment));
}

static void start_command(struct wrapper *wrapper, enum options_on_rotate on_rotate, char **command)
{
	int ends[2];

	assert_int_equal(pipe(ends), 0);
	wrapper->out = ends[0];
	wrapper->pid = fork();
	assert_true(wrapper->pid >= 0);
	if (wrapper->pid)
		setpgid(wrapper->pid, wrapper->pid);
	if (!wrapper->pid) {
		dup2(ends[1], STDOUT_FILENO);
		dup2(ends[1], STDERR_FILENO);
		close(ends[0]);
		close(ends[1]);
		be_wrapper(wrapper, on_rotate, command);
	}
	close(ends[1]);
}

static void start(struct wrapper *wrapper, enum options_on_rotate on_rotate, const char *script)
{
	char *command[] = { (char[]){ "sh" }, (char[]){ "-c" }, (char *)script, NULL };

	start_command(wrapper, on_rotate, command);
}

/* The next line of its child, or "" at the end, or when there is none for so long. */
static const char *line_within(struct wrapper *wrapper, int timeout_ms)
{
	size_t length = 0;
	char byte;

	while (length < sizeof wrapper->line - 1) {
		struct pollfd out = { .fd = wrapper->out, .events = POLLIN };

		if (poll(&out, 1, timeout_ms) != 1 || read(wrapper->out, &byte, 1) != 1 ||
			byte == '\n')
			break;
		wrapper->line[length++] = byte;
	}
	wrapper->line[length] = '\0';
	return wrapper->line;
}

static const char *line(struct wrapper *wrapper)
{
	return line_within(wrapper, PATIENCE_MS);
}

static int status_of(struct wrapper *wrapper)
{
	int status;

	assert_int_equal(waitpid(wrapper->pid, &status, 0), wrapper->pid);
	wrapper->pid = 0;
	assert_true(WIFEXITED(status));
	return WEXITSTATUS(status);
}

static void the_child_has_the_value_and_its_parent_has_not(void **state)
{
	struct wrapper *wrapper = *state;

	rotate(wrapper, "hunter2\n");
	start(wrapper, ON_ROTATE_NOTHING,
		"echo \"$PW,$PW_FILE.\"; tr '\\0' '\\n' </proc/$PPID/environ | grep -c hunter2");
	assert_string_equal(line(wrapper), "hunter2,.");
	assert_string_equal(line(wrapper), "0");
	assert_int_equal(status_of(wrapper), 1);
}

static void its_status_is_the_childs(void **state)
{
	static const struct {
		const char *script;
		int status;
	} rows[] = { { "exit 0", 0 }, { "exit 3", 3 }, { "kill -9 $$", 137 },
		{ "kill -15 $$", 143 }, { "kill -1 $$", 129 } };

	rotate(*state, "x");
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		start(*state, ON_ROTATE_NOTHING, rows[i].script);
		assert_int_equal(status_of(*state), rows[i].status);
		close(((struct wrapper *)*state)->out);
	}
}

static void what_cannot_be_run_has_a_status(void **state)
{
	struct wrapper *wrapper = *state;
	char *missing[] = { (char[]){ "tacit-no-such-command" }, NULL };
	char *directory[] = { (char[]){ "/tmp" }, NULL };

	start(wrapper, ON_ROTATE_NOTHING, "exit 0");
	assert_non_null(strstr(line(wrapper), "tacit-exec: PW: read "));
	assert_int_equal(status_of(wrapper), 125);
	close(wrapper->out);
	rotate(wrapper, "x");
	start_command(wrapper, ON_ROTATE_NOTHING, missing);
	assert_string_equal(
		line(wrapper), "tacit-exec: tacit-no-such-command: No such file or directory");
	assert_int_equal(status_of(wrapper), 127);
	close(wrapper->out);
	start_command(wrapper, ON_ROTATE_NOTHING, directory);
	assert_string_equal(line(wrapper), "tacit-exec: /tmp: Permission denied");
	assert_int_equal(status_of(wrapper), 126);
}

static void signals_are_passed_on(void **state)
{
	struct wrapper *wrapper = *state;

	rotate(wrapper, "x");
	start(wrapper, ON_ROTATE_NOTHING,
		"trap 'echo hup' HUP; trap 'echo rt' 34; trap 'echo term; exit 7' TERM; echo "
		"ready; "
		"while :; do sleep 0.01; done");
	assert_string_equal(line(wrapper), "ready");
	kill(wrapper->pid, SIGHUP);
	assert_string_equal(line(wrapper), "hup");
	kill(wrapper->pid, 34);
	assert_string_equal(line(wrapper), "rt");
	kill(wrapper->pid, SIGTERM);
	assert_string_equal(line(wrapper), "term");
	assert_int_equal(status_of(wrapper), 7);
}

/* The child's own dispositions are as they were, and it finds no signal blocked. */
static void the_child_finds_nothing_blocked(void **state)
{
	struct wrapper *wrapper = *state;

	rotate(wrapper, "x");
	start(wrapper, ON_ROTATE_NOTHING, "grep SigBlk /proc/self/status");
	assert_string_equal(line(wrapper), "SigBlk:\t0000000000000000");
	assert_int_equal(status_of(wrapper), 0);
}

static void orphans_are_reaped(void **state)
{
	struct wrapper *wrapper = *state;

	rotate(wrapper, "x");
	/* Each outer shell ends at once, and leaves its own to the wrapper. */
	start(wrapper, ON_ROTATE_NOTHING,
		"for i in 1 2 3; do (sleep 0.5 & ); done; "
		"children() { grep -ls \"PPid:.$PPID\\$\" /proc/[0-9]*/status | wc -l; }; "
		"until [ $(children) = 1 ]; do sleep 0.02; done; echo reaped");
	assert_string_equal(line(wrapper), "reaped");
	assert_int_equal(status_of(wrapper), 0);
}

static void a_rotation_restarts_it(void **state)
{
	struct wrapper *wrapper = *state;

	rotate(wrapper, "first");
	start(wrapper, ON_ROTATE_RESTART, "echo $PW; exec sleep 60");
	assert_string_equal(line(wrapper), "first");
	rotate(wrapper, "other");
	assert_string_equal(line(wrapper), "other");
	rotate(wrapper, "third");
	assert_string_equal(line(wrapper), "third");
	/* Told to end, it is not begun again. */
	kill(wrapper->pid, SIGTERM);
	assert_string_equal(line(wrapper), "");
	assert_int_equal(status_of(wrapper), 128 + SIGTERM);
}

/* Several at once are one, and so is what comes while the old one ends. */
static void rotations_that_come_together_are_one(void **state)
{
	struct wrapper *wrapper = *state;

	rotate(wrapper, "first");
	start(wrapper, ON_ROTATE_RESTART,
		"trap 'echo ending; sleep 0.5; exit' TERM; echo $PW; while :; do sleep 0.01; done");
	assert_string_equal(line(wrapper), "first");
	for (int i = 0; i < 5; i++)
		rotate(wrapper, "other");
	assert_string_equal(line(wrapper), "ending");
	rotate(wrapper, "third");
	assert_string_equal(line(wrapper), "third");
	assert_string_equal(line_within(wrapper, SILENCE_MS), "");
}

/* A shell that did not `exec` its program ends without it. */
static void what_it_leaves_ends_before_the_next(void **state)
{
	struct wrapper *wrapper = *state;
	pid_t group;

	rotate(wrapper, "first");
	start(wrapper, ON_ROTATE_RESTART,
		"sh -c 'trap \"sleep 0.2; echo ended; exit\" TERM; while :; do sleep 0.01; done' & "
		"sleep 0.1; echo $PW; wait");
	assert_string_equal(line(wrapper), "first");
	rotate(wrapper, "other");
	assert_string_equal(line(wrapper), "ended");
	assert_string_equal(line(wrapper), "other");
	/* Told to end, it waits for the child alone: the rest is its container's. */
	group = wrapper->pid;
	kill(group, SIGTERM);
	assert_int_equal(status_of(wrapper), 128 + SIGTERM);
	assert_int_equal(kill(-group, SIGKILL), 0);
}

/* A file that makes it wait, as the agent does for a container that is not known yet. */
static void a_signal_ends_the_wait_for_a_file(void **state)
{
	struct wrapper *wrapper = *state;
	char path[128];

	snprintf(path, sizeof path, "%s/pw", wrapper->dir);
	assert_int_equal(mkfifo(path, 0600), 0);
	start(wrapper, ON_ROTATE_NOTHING, "exit 0");
	assert_string_equal(line_within(wrapper, SILENCE_MS), "");
	kill(wrapper->pid, SIGTERM);
	/* Its end is that of the pipe; a wrapper that goes on keeps it open. */
	assert_string_equal(line(wrapper), "");
	assert_int_equal(status_of(wrapper), 128 + SIGTERM);
}

/* One that ends by itself is not begun again, whatever was rotated while it ran. */
static void it_ends_when_the_child_does(void **state)
{
	struct wrapper *wrapper = *state;

	rotate(wrapper, "first");
	start(wrapper, ON_ROTATE_RESTART, "echo $PW; exit 5");
	assert_string_equal(line(wrapper), "first");
	assert_int_equal(status_of(wrapper), 5);
}

/* Told to end while it is being restarted. */
static void a_stop_is_stronger_than_a_restart(void **state)
{
	struct wrapper *wrapper = *state;

	rotate(wrapper, "first");
	start(wrapper, ON_ROTATE_RESTART,
		"trap 'echo ending; sleep 0.2; exit 4' TERM; trap : INT; echo $PW; "
		"while :; do sleep 0.01; done");
	assert_string_equal(line(wrapper), "first");
	rotate(wrapper, "other");
	assert_string_equal(line(wrapper), "ending");
	kill(wrapper->pid, SIGINT);
	assert_string_equal(line(wrapper), "");
	assert_int_equal(status_of(wrapper), 4);
}

/* The end of a grant is told like a rotation. */
static void it_is_left_alone_when_a_file_is_gone(void **state)
{
	struct wrapper *wrapper = *state;
	char path[128];
	int file;

	rotate(wrapper, "first");
	snprintf(path, sizeof path, "%s/pw", wrapper->dir);
	start(wrapper, ON_ROTATE_RESTART,
		"trap 'exit 6' USR2; echo $PW; while :; do sleep 0.01; done");
	assert_string_equal(line(wrapper), "first");
	file = open(path, O_WRONLY | O_CLOEXEC);
	assert_true(file >= 0);
	assert_int_equal(unlink(path), 0);
	close(file);
	assert_string_equal(line(wrapper),
		"tacit-exec: a secret has changed, and not all can be read: the command is left as "
		"it is");
	kill(wrapper->pid, SIGUSR2);
	assert_int_equal(status_of(wrapper), 6);
}

/* A successor of the agent's may tell again what was told. */
static void what_is_told_again_is_no_rotation(void **state)
{
	struct wrapper *wrapper = *state;
	char path[128];

	rotate(wrapper, "first");
	snprintf(path, sizeof path, "%s/pw", wrapper->dir);
	start(wrapper, ON_ROTATE_RESTART, "echo $PW; exec sleep 60");
	assert_string_equal(line(wrapper), "first");
	close(open(path, O_WRONLY | O_CLOEXEC));
	assert_string_equal(line_within(wrapper, SILENCE_MS), "");
	rotate(wrapper, "other");
	assert_string_equal(line(wrapper), "other");
}

static void a_rotation_is_a_signal(void **state)
{
	struct wrapper *wrapper = *state;

	rotate(wrapper, "first");
	start(wrapper, ON_ROTATE_SIGNAL,
		"trap 'echo reload' USR1; echo $PW; while :; do sleep 0.01; done");
	assert_string_equal(line(wrapper), "first");
	rotate(wrapper, "other");
	assert_string_equal(line(wrapper), "reload");
	rotate(wrapper, "third");
	assert_string_equal(line(wrapper), "reload");
}

static void there_must_be_something_to_watch(void **state)
{
	struct wrapper *wrapper = *state;
	struct options options = { .dir = "/nowhere", .on_rotate = ON_ROTATE_RESTART };
	struct variables none = { .count = 0 };
	int status;

	wrapper->pid = fork();
	if (!wrapper->pid)
		_exit(run_command(&options, &none, (char *[]){ NULL }));
	status = status_of(wrapper);
	assert_int_equal(status, 125);
}

/* What a terminal sends has come to the child as well: once. */
static void a_terminals_signal_comes_once(void **state)
{
	struct wrapper *wrapper = *state;
	char *command[] = { (char[]){ "sh" }, (char[]){ "-c" },
		(char[]){ "trap 'echo interrupted' INT; echo ready; n=0; "
			  "while [ $n -lt 30 ]; do sleep 0.01; n=$((n+1)); done; echo over" },
		NULL };
	int terminal = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC), side;

	assert_true(terminal >= 0 && !grantpt(terminal) && !unlockpt(terminal));
	rotate(wrapper, "x");
	wrapper->pid = fork();
	if (!wrapper->pid) {
		setsid();
		side = open(ptsname(terminal), O_RDWR);
		ioctl(side, TIOCSCTTY, 0);
		for (int fd = 0; fd < 3; fd++)
			dup2(side, fd);
		be_wrapper(wrapper, ON_ROTATE_NOTHING, command);
	}
	wrapper->out = terminal;
	assert_string_equal(line(wrapper), "ready\r");
	assert_int_equal(write(terminal, "\003", 1), 1);
	assert_non_null(strstr(line(wrapper), "interrupted"));
	assert_string_equal(line(wrapper), "over\r");
	assert_int_equal(status_of(wrapper), 0);
}

#define with_wrapper(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		with_wrapper(the_child_has_the_value_and_its_parent_has_not),
		with_wrapper(its_status_is_the_childs),
		with_wrapper(what_cannot_be_run_has_a_status),
		with_wrapper(signals_are_passed_on),
		with_wrapper(the_child_finds_nothing_blocked),
		with_wrapper(orphans_are_reaped),
		with_wrapper(a_rotation_restarts_it),
		with_wrapper(rotations_that_come_together_are_one),
		with_wrapper(what_it_leaves_ends_before_the_next),
		with_wrapper(a_signal_ends_the_wait_for_a_file),
		with_wrapper(it_ends_when_the_child_does),
		with_wrapper(a_stop_is_stronger_than_a_restart),
		with_wrapper(it_is_left_alone_when_a_file_is_gone),
		with_wrapper(what_is_told_again_is_no_rotation),
		with_wrapper(a_rotation_is_a_signal),
		with_wrapper(there_must_be_something_to_watch),
		with_wrapper(a_terminals_signal_comes_once),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
