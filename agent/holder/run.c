/* SPDX-License-Identifier: Apache-2.0 */
#include "holder/holder.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/files.h"
#include "base/log.h"

#define SWEEP_WITHIN_NS 30000000000ull /* it gives up long before */

static const struct {
	const char *what;
	const char *mark; /* there while a program runs: whose processes it may have */
} lanes[RUN_LANES] = {
	[RUN_HOOK] = { "hook", TACIT_RUN_DIR "/hook.running" },
	[RUN_ROTATOR] = { "rotator", TACIT_RUN_DIR "/rotator.running" },
	[RUN_KEY] = { "key program", TACIT_RUN_DIR "/key.running" },
};

static void close_streams(struct holder *holder)
{
	for (int i = 0; i < STREAMS; i++)
		if (holder->stream[i] >= 0)
			close(take_fd(&holder->stream[i]));
}

static void unmark(const struct holder *holder, enum run_lane lane)
{
	char path[PATH_FULL_MAX];

	path_below(holder->root, lanes[lane].mark, path);
	unlink(path);
}

static int mark(const struct holder *holder, enum run_lane lane, struct err *err)
{
	const uid_t *uid = &holder->lane[lane].user.uid;
	char path[PATH_FULL_MAX];
	_close_ int fd = -1;

	path_below(holder->root, lanes[lane].mark, path);
	unlink(path);
	fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (fd < 0)
		return err_errno(err, errno, TACIT_IO, "%s", path);
	return file_write_fd(fd, uid, sizeof *uid, err);
}

void run_open(struct holder *holder)
{
	/* What a program leaves behind is reaped here, whatever process 1 does. */
	prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0);
	for (int i = 0; i < STREAMS; i++)
		holder->stream[i] = -1;
	for (enum run_lane lane = 0; lane < RUN_LANES; lane++) {
		char path[PATH_FULL_MAX];
		uid_t uid = 0;
		size_t length = 0;

		holder->lane[lane].report = -1;
		path_below(holder->root, lanes[lane].mark, path);
		/* Of another user it is not ours to end them any more: the configuration says so.
		 */
		if (!file_read(path, &uid, sizeof uid, &length, NULL) && length == sizeof uid &&
			uid && uid == holder->lane[lane].user.uid)
			holder->lane[lane].state = LANE_ENDS;
		else
			unmark(holder, lane);
	}
}

bool run_take_stream(
	struct holder *holder, enum role from, const struct frame_give *give, int *stream)
{
	static const uint32_t places[STREAMS] = { STDIN_FILENO, STDOUT_FILENO, RUN_OLD_FD,
		RUN_NEW_FD };

	/* A pipe, and nothing else that core may have. */
	if (from != ROLE_CORE || give->what != GIVE_STREAM || *stream < 0 ||
		fcntl(*stream, F_GETPIPE_SZ) < 0)
		return false;
	for (int i = 0; i < STREAMS; i++) {
		if (places[i] != give->index)
			continue;
		if (holder->stream[i] >= 0)
			close(holder->stream[i]);
		holder->stream[i] = take_fd(stream);
		return true;
	}
	return false;
}

static void tell(const struct holder *holder, const struct frame_ran *ran)
{
	const struct child *core = &holder->child[ROLE_CORE];

	if (ran->number && core->channel >= 0)
		frame_send_now(core->channel, FRAME_RAN, ran, sizeof *ran, -1, NULL);
}

static int start(struct holder *holder, const struct frame_run *run, struct err *err)
{
	struct lane *lane = &holder->lane[run->lane];
	char path[PROGRAM_PATH_MAX];
	struct program program = {
		.path = path, .run = run, .user = lane->user, .holder = getpid()
	};
	int ends[2], status;

	memcpy(program.stream, holder->stream, sizeof program.stream);
	if (!lane->user.uid)
		return err_set(err, TACIT_NOT_FOUND,
			"its user does not exist; make it with systemd-sysusers, or name another "
			"in the configuration");
	status = program_find(holder->root, (enum run_lane)run->lane, run->program, path, err);
	if (status < 0)
		return status;
	status = mark(holder, (enum run_lane)run->lane, err);
	if (status < 0)
		return status;
	if (pipe2(ends, O_CLOEXEC | O_NONBLOCK))
		return err_errno(err, errno, TACIT_LIMIT, "pipe");
	program.report = ends[1];
	lane->program = fork();
	if (!lane->program)
		program_execute(&program);
	close(ends[1]);
	if (lane->program < 0) {
		lane->program = 0;
		close(ends[0]);
		return err_set(err, TACIT_LIMIT, "no process could be made");
	}
	lane->report = ends[0];
	lane->state = LANE_RUNS;
	lane->deadline_ns = clock_monotonic_ns() + run->timeout_ms * 1000000ull;
	lane->ran = (struct frame_ran){ .number = run->number, .lane = run->lane };
	return 0;
}

static bool is_text(const char *field, size_t size)
{
	return memchr(field, '\0', size) != NULL;
}

bool run_program(struct holder *holder, const struct frame_run *run)
{
	struct frame_ran ran = { .number = run->number, .lane = run->lane, .end = RUN_REFUSED };
	struct err err;

	if (run->lane >= RUN_LANES || !run->number || !is_text(run->program, sizeof run->program) ||
		!is_text(run->argument, sizeof run->argument) ||
		!is_text(run->secret, sizeof run->secret) ||
		!is_text(run->consumer, sizeof run->consumer) ||
		(holder->stream[STREAM_INPUT] >= 0 && run->lane != RUN_KEY))
		return false;
	if (holder->lane[run->lane].state != LANE_FREE) {
		ran.end = RUN_BUSY;
		tell(holder, &ran);
	} else if (start(holder, run, &err) < 0) {
		log_error("a %s was not run: %s", lanes[run->lane].what, err.text);
		unmark(holder, (enum run_lane)run->lane);
		tell(holder, &ran);
	}
	close_streams(holder);
	return true;
}

static void finish(struct holder *holder, enum run_lane number)
{
	struct lane *lane = &holder->lane[number];

	lane->state = LANE_FREE;
	lane->program = 0;
	if (lane->report >= 0)
		close(take_fd(&lane->report));
	unmark(holder, number);
	tell(holder, &lane->ran);
}

/* It was never executed: its user has nothing of ours, and what it does have is not ended. */
static void on_not_executed(struct holder *holder, enum run_lane lane, int why)
{
	if (why == EBUSY)
		log_error("a %s was not run: its user has other processes; give it a user of its "
			  "own, for all of that user's processes are ended after each run",
			lanes[lane].what);
	else
		log_error("a %s was not run: %s", lanes[lane].what, strerror(why));
	holder->lane[lane].ran.end = RUN_REFUSED;
	finish(holder, lane);
}

static void on_program_ended(struct holder *holder, enum run_lane number, int status)
{
	struct lane *lane = &holder->lane[number];
	_close_ int report = take_fd(&lane->report);
	int why;

	lane->program = 0;
	if (lane->state == LANE_ENDS)
		return;
	if (read(report, &why, sizeof why) == sizeof why) {
		on_not_executed(holder, number, why);
		return;
	}
	lane->state = LANE_ENDS;
	lane->ran.end = WIFSIGNALED(status) ? RUN_KILLED : RUN_EXITED;
	lane->ran.status = WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status);
}

/* Without having done it, or before the program had become its user's: then the next one is sent.
 */
static void on_sweeper_ended(struct holder *holder, enum run_lane lane, int status)
{
	holder->lane[lane].sweeper = 0;
	if (WIFSIGNALED(status) || (!WEXITSTATUS(status) && holder->lane[lane].program))
		return;
	if (WEXITSTATUS(status) != SWEPT)
		log_error("a %s left processes that %s", lanes[lane].what,
			WEXITSTATUS(status) == SWEEP_LEFT_SOME ? "do not end" : "were not ended");
	finish(holder, lane);
}

void run_reaped(struct holder *holder, pid_t pid, int status)
{
	for (enum run_lane lane = 0; lane < RUN_LANES; lane++)
		if (holder->lane[lane].program == pid)
			on_program_ended(holder, lane, status);
		else if (holder->lane[lane].sweeper == pid)
			on_sweeper_ended(holder, lane, status);
}

/* That it is dead may be told late, or never: one who traces it hides that. So all of its user's
 * are ended, and it is not waited for. */
static void kill_program(struct lane *lane)
{
	kill(lane->program, SIGKILL);
	lane->state = LANE_ENDS;
}

static void sweep(struct lane *lane, uint64_t now)
{
	pid_t pid = fork();

	if (!pid)
		program_sweep(&lane->user);
	lane->sweeper = pid > 0 ? pid : 0;
	lane->deadline_ns = now + SWEEP_WITHIN_NS;
}

int run_look_after(struct holder *holder, uint64_t now, int wait)
{
	for (enum run_lane i = 0; i < RUN_LANES; i++) {
		struct lane *lane = &holder->lane[i];

		if (lane->state == LANE_RUNS && now >= lane->deadline_ns) {
			lane->ran.end = RUN_TIMED_OUT;
			kill_program(lane);
		}
		if (lane->state == LANE_ENDS && !lane->sweeper)
			sweep(lane, now);
		else if (lane->state == LANE_ENDS && now >= lane->deadline_ns)
			kill(lane->sweeper, SIGKILL);
		else if (lane->state == LANE_RUNS &&
			 (lane->deadline_ns - now) / 1000000 + 1 < (uint64_t)wait)
			wait = (int)((lane->deadline_ns - now) / 1000000) + 1;
	}
	return wait;
}

void run_forget(struct holder *holder)
{
	close_streams(holder);
	for (enum run_lane lane = 0; lane < RUN_LANES; lane++) {
		holder->lane[lane].ran.number = 0;
		if (holder->lane[lane].state == LANE_RUNS)
			kill_program(&holder->lane[lane]);
	}
}

void run_stop(struct holder *holder)
{
	run_forget(holder);
	/* The marks stay: the next holder sees to it that this was done. */
	for (enum run_lane lane = 0; lane < RUN_LANES; lane++)
		if (holder->lane[lane].state == LANE_ENDS && !holder->lane[lane].sweeper)
			sweep(&holder->lane[lane], 0);
}
