/* SPDX-License-Identifier: Apache-2.0 */
/* The child is in the session and the group of its parent: what a terminal sends comes to both, and
 * what anybody else sends to this process is passed on. */
#include "exec/run.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "exec/children.h"
#include "exec/watch.h"

/* Secrets that are rotated together are told one after the other. */
#define SETTLE_MS 10
/* A child that does not end for a new one is killed, as `docker stop` does. */
#define END_MS 10000
/* A child that lives on for longer has not been told to end: it takes that signal for another word
 * (a JVM SIGQUIT, a console SIGINT). */
#define STOP_MS 30000
#define NEVER INT64_MAX

struct run {
	const struct options *options;
	const struct variables *variables;
	char **environment;
	uint64_t mask; /* blocked signals, as this process was given them */
	int signals;   /* a signalfd of all */
	struct watch watch;
	pid_t child;
	int status; /* of the child, when has_ended */
	bool has_ended;
	bool restarts; /* the child was told to end, for a new one */
	bool has_left; /* has_ended, and others than the child are there yet */
	bool kills;    /* kill_ms has come: whoever is left is not asked any more */
	bool stops;    /* somebody has told it to end, at told_ms */
	int64_t told_ms;
	int64_t rotated_ms; /* when a rotation that was told is acted on; NEVER */
	int64_t kill_ms;    /* when the child that was told to end is killed; NEVER */
};

void run_say(const char *text)
{
	fprintf(stderr, "tacit-exec: %s\n", text);
}

static int64_t now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* By the kernel's own call: a libc keeps some signals out of its sets, for itself, and another one
 * in the child may use them. */
static void set_mask(const uint64_t *mask, uint64_t *before)
{
	syscall(SYS_rt_sigprocmask, SIG_SETMASK, mask, before, sizeof *mask);
}

static _Noreturn void fail(int status, const char *text)
{
	run_say(text);
	_exit(status);
}

static _Noreturn void become_command(const struct run *run)
{
	char **environment, text[ERR_TEXT_MAX];
	struct err err;
	bool is_missing;

	/* A file may make it wait; a signal ends that. */
	set_mask(&run->mask, NULL);
	if (variables_read(run->variables, run->environment, &environment, &err) < 0)
		fail(RUN_EXIT_TROUBLE, err.text);
	execvpe(run->options->command[0], run->options->command, environment);
	is_missing = errno == ENOENT;
	snprintf(text, sizeof text, "%s: %s", run->options->command[0], strerror(errno));
	fail(is_missing ? RUN_EXIT_NOT_FOUND : RUN_EXIT_NOT_RUN, text);
}

/* What was rotated before is what it reads. */
static int start(struct run *run, struct err *err)
{
	watch_note(&run->watch);
	run->has_ended = run->restarts = run->has_left = run->kills = false;
	run->rotated_ms = run->kill_ms = NEVER;
	run->child = fork();
	if (run->child < 0)
		return err_errno(err, errno, TACIT_LIMIT, "fork");
	if (!run->child)
		become_command(run);
	return 0;
}

/* A shell's job control stopped both: who waits for this one is to see it, too. */
static void follow_stop(int signal)
{
	if (signal == SIGTSTP || signal == SIGTTIN || signal == SIGTTOU)
		raise(SIGSTOP);
}

/* A script that does not `exec` its program ends without it, and a port or a lock is not free: all
 * that is left ends before there is a new one. */
static void end_what_is_left(struct run *run)
{
	run->has_left = children_signal(run->kills ? SIGKILL : SIGTERM);
}

static void reap(struct run *run)
{
	int status;
	pid_t pid;

	while ((pid = waitpid(-1, &status, WNOHANG | WUNTRACED)) > 0) {
		if (pid != run->child)
			continue;
		if (WIFSTOPPED(status)) {
			follow_stop(WSTOPSIG(status));
			continue;
		}
		run->has_ended = true;
		run->status = status;
	}
	if (run->has_ended && run->restarts)
		end_what_is_left(run);
}

/* What the kernel sends by itself, a terminal's, has come to the child as well, but that the
 * terminal is gone: that is told to the first process of its session alone. And what this process
 * brings on itself is none of the child's (SIGPIPE). */
static void pass_on(struct run *run, const struct signalfd_siginfo *signal)
{
	int number = (int)signal->ssi_signo;
	bool is_childs = signal->ssi_code == SI_KERNEL && number != SIGHUP;

	if (number == SIGTERM || number == SIGINT || number == SIGQUIT) {
		run->stops = true;
		run->told_ms = now_ms();
	}
	if (!is_childs && (pid_t)signal->ssi_pid != getpid() && !run->has_ended)
		kill(run->child, number);
}

static void take_signals(struct run *run)
{
	struct signalfd_siginfo signal;

	while (read(run->signals, &signal, sizeof signal) == sizeof signal)
		if (signal.ssi_signo == SIGCHLD)
			reap(run);
		else
			pass_on(run, &signal);
}

static void end_for_a_new_one(struct run *run)
{
	run->restarts = true;
	run->kill_ms = now_ms() + END_MS;
	kill(run->child, SIGTERM);
	kill(run->child, SIGCONT);
}

static void act_on_rotation(struct run *run)
{
	run->rotated_ms = NEVER;
	if (run->restarts || run->has_ended)
		return;
	if (run->stops && now_ms() < run->told_ms + STOP_MS) {
		run->rotated_ms = run->told_ms + STOP_MS;
		return;
	}
	run->stops = false;
	switch (watch_look(&run->watch)) {
	case WATCH_NOTHING:
		return;
	case WATCH_UNREADABLE:
		run_say("a secret has changed, and not all can be read: the command is left as it "
			"is");
		return;
	case WATCH_ROTATED:
		break;
	}
	watch_note(&run->watch);
	if (run->options->on_rotate == ON_ROTATE_SIGNAL)
		kill(run->child, run->options->signal);
	else
		end_for_a_new_one(run);
}

static void act_on_time(struct run *run)
{
	int64_t now = now_ms();

	if (now >= run->rotated_ms)
		act_on_rotation(run);
	if (now >= run->kill_ms) {
		run->kill_ms = NEVER;
		run->kills = true;
		if (!run->has_ended)
			kill(run->child, SIGKILL);
		end_what_is_left(run);
	}
}

static int wait_ms(const struct run *run)
{
	int64_t next = run->rotated_ms < run->kill_ms ? run->rotated_ms : run->kill_ms;
	int64_t left = next - now_ms();

	if (next == NEVER)
		return -1;
	return left < 0 ? 0 : (int)left;
}

static bool is_over(const struct run *run)
{
	return run->has_ended && (!run->has_left || run->stops);
}

/* Until the child has ended; and, when there is to be a new one, all that is left of it. */
static void attend(struct run *run)
{
	struct pollfd fds[] = { { .fd = run->signals, .events = POLLIN },
		{ .fd = run->watch.fd, .events = POLLIN } };

	while (!is_over(run)) {
		poll(fds, 2, wait_ms(run));
		take_signals(run);
		if (watch_take(&run->watch) && run->rotated_ms == NEVER)
			run->rotated_ms = now_ms() + SETTLE_MS;
		act_on_time(run);
	}
}

int run_command(
	const struct options *options, const struct variables *variables, char **environment)
{
	static const uint64_t all = ~0ull;
	struct run run = { .options = options,
		.variables = variables,
		.environment = environment,
		.watch = { .fd = -1 } };
	struct err err;
	int status = 0;

	set_mask(&all, &run.mask);
	run.signals = (int)syscall(SYS_signalfd4, -1, &all, sizeof all, SFD_CLOEXEC | SFD_NONBLOCK);
	if (run.signals < 0)
		status = err_errno(&err, errno, TACIT_LIMIT, "signalfd");
	if (status == 0 && options->on_rotate != ON_ROTATE_NOTHING)
		status = watch_open(&run.watch, variables, &err);
	if (options->on_rotate == ON_ROTATE_RESTART)
		children_adopt();
	do {
		if (status == 0)
			status = start(&run, &err);
		if (status < 0) {
			run_say(err.text);
			return RUN_EXIT_TROUBLE;
		}
		attend(&run);
	} while (run.restarts && !run.stops);
	return WIFSIGNALED(run.status) ? RUN_EXIT_BY_SIGNAL + WTERMSIG(run.status)
				       : WEXITSTATUS(run.status);
}
