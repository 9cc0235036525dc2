/* SPDX-License-Identifier: Apache-2.0 */
#include "holder/holder.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/capability.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cleanup.h"

#define PROCESSES_MAX 64      /* of a lane's user, at once */
#define LOCKED_MAX (8u << 20) /* bytes of memory; holder's own limit is of no program */
/* Makes of a user's number one that no system gives to anybody: half of them lie above. */
#define NOBODYS 0x80000000u
#define SWEEP_TRIES 1000
#define SWEEP_TRY_US 5000

static bool is_roots(const struct stat *st, bool sticky_will_do)
{
	return !st->st_uid && (!(st->st_mode & 022) || (sticky_will_do && st->st_mode & S_ISVTX));
}

/* From the root down, without a symbolic link: each is root's, and nobody else can put anything in
 * its place. In the last one nobody else can put anything at all. */
static int open_directory(const char *path, int *directory, struct err *err)
{
	_close_ int at = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
	char copy[PATH_FULL_MAX], *rest = copy + 1, *part;
	struct stat st;

	snprintf(copy, sizeof copy, "%s", path);
	while ((part = strsep(&rest, "/"))) {
		int next = openat(at, part, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

		if (next < 0)
			return err_errno(err, errno, TACIT_IO, "%s", path);
		close(at);
		at = next;
		if (fstat(at, &st) || !is_roots(&st, rest != NULL))
			return err_set(err, TACIT_DENIED,
				"%s and every directory above it must be root's, and not writable "
				"by its group or others",
				path);
	}
	*directory = take_fd(&at);
	return 0;
}

int program_find(const char *root, enum run_lane lane, const char *name,
	char path[PROGRAM_PATH_MAX], struct err *err)
{
	static const char *const directories[RUN_LANES] = {
		[RUN_HOOK] = "/etc/tacit/hooks.d",
		[RUN_ROTATOR] = "/etc/tacit/rotators.d",
		[RUN_KEY] = "/etc/tacit/keys.d",
	};
	_close_ int directory = -1, file = -1;
	char above[PATH_FULL_MAX];
	struct stat st;
	int status = hook_check_program(name, err);

	if (status < 0)
		return status;
	path_below(root, directories[lane], above);
	status = open_directory(above, &directory, err);
	if (status < 0)
		return status;
	snprintf(path, PROGRAM_PATH_MAX, "%s/%s", above, name);
	file = openat(directory, name, O_PATH | O_NOFOLLOW | O_CLOEXEC);
	if (file < 0 || fstat(file, &st))
		return err_errno(err, errno, TACIT_IO, "%s", path);
	if (!S_ISREG(st.st_mode) || !(st.st_mode & 0111) || !is_roots(&st, false))
		return err_set(err, TACIT_DENIED,
			"%s must be an executable file of root's, not writable by its group or "
			"others, and no symbolic link: chown root, chmod 0755",
			path);
	return 0;
}

/* The least of what is wanted and what may be. */
static bool limit(int resource, rlim_t wanted)
{
	struct rlimit now;

	if (getrlimit(resource, &now))
		return false;
	if (wanted < now.rlim_max)
		now.rlim_max = wanted;
	now.rlim_cur = now.rlim_max;
	return !setrlimit(resource, &now);
}

/* From here on this process can do what any of its user's can, and nothing more. `effective` is
 * the user's, too, but for the sweeper. */
static bool become(const struct user *user, uid_t effective)
{
	struct __user_cap_header_struct header = { _LINUX_CAPABILITY_VERSION_3, 0 };
	struct __user_cap_data_struct nothing[2] = { { 0, 0, 0 } };

	for (int capability = 0; !prctl(PR_CAPBSET_DROP, capability, 0, 0, 0);)
		capability++;
	return user->uid && !setgroups(0, NULL) && !setresgid(user->gid, user->gid, user->gid) &&
	       !setresuid(user->uid, effective, user->uid) &&
	       !syscall(SYS_capset, &header, nothing) && !prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
}

/* Whether its user has no process but this one: the limit, which is of threads, has room for one
 * more. A sanitizer has a thread of its own here. */
static bool is_alone(void)
{
	struct rlimit limit;
	struct stat threads; /* links: two, and one for each */
	pid_t pid;

	if (getrlimit(RLIMIT_NPROC, &limit) || stat("/proc/self/task", &threads))
		return false;
	limit.rlim_cur = threads.st_nlink - 2 + 1;
	if (setrlimit(RLIMIT_NPROC, &limit))
		return false;
	pid = fork();
	if (!pid)
		_exit(0);
	limit.rlim_cur = limit.rlim_max;
	return pid > 0 && waitpid(pid, NULL, 0) == pid && !setrlimit(RLIMIT_NPROC, &limit);
}

/* 0, 1 and 2, what was given, and the report behind them; all others are closed. */
static bool arrange(const struct program *program)
{
	enum { REPORT = RUN_NEW_FD + 1, ALL };
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);
	const int *stream = program->stream;
	int from[ALL] = { stream[STREAM_INPUT] >= 0 ? stream[STREAM_INPUT] : null,
		stream[STREAM_OUTPUT] >= 0 ? stream[STREAM_OUTPUT] : null, null, stream[STREAM_OLD],
		stream[STREAM_NEW], program->report };

	/* First above the places they go to: none is overwritten on its way. */
	for (int fd = 0; fd < ALL; fd++)
		if (from[fd] >= 0 && (from[fd] = fcntl(from[fd], F_DUPFD_CLOEXEC, ALL)) < 0)
			return false;
	for (int fd = 0; fd < ALL; fd++)
		if (from[fd] < 0)
			close(fd);
		else if (dup2(from[fd], fd) < 0)
			return false;
	return null >= 0 && !syscall(SYS_close_range, ALL, ~0u, 0) &&
	       !fcntl(REPORT, F_SETFD, FD_CLOEXEC);
}

/* A program is not spared when memory runs out, as holder is; and finds signals as any other. */
static void be_ordinary(void)
{
	int score = open("/proc/self/oom_score_adj", O_WRONLY | O_CLOEXEC);
	sigset_t none;

	if (score >= 0 && write(score, "0", 1) == 1)
		close(score);
	for (int number = 1; number < NSIG; number++)
		signal(number, SIG_DFL);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	umask(077);
}

_Noreturn void program_execute(const struct program *program)
{
	static char path[] = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
	const struct frame_run *run = program->run;
	char secret[sizeof "TACIT_SECRET=" + sizeof run->secret];
	char consumer[sizeof "TACIT_CONSUMER=" + sizeof run->consumer];
	char version[sizeof "TACIT_VERSION=" + 20];
	char *environment[] = { path, secret, version, NULL, NULL };
	char *argv[] = { (char *)program->path, NULL, NULL };
	int why;

	snprintf(secret, sizeof secret, "TACIT_SECRET=%s", run->secret);
	snprintf(consumer, sizeof consumer, "TACIT_CONSUMER=%s", run->consumer);
	snprintf(version, sizeof version, "TACIT_VERSION=%llu", (unsigned long long)run->version);
	if (run->lane == RUN_HOOK)
		environment[3] = consumer;
	if (run->lane == RUN_KEY)
		environment[1] = NULL; /* it is for no secret */
	if (run->argument[0])
		argv[1] = (char *)run->argument;
	be_ordinary();
	if (arrange(program) && setsid() >= 0 && !chdir("/") &&
		become(&program->user, program->user.uid) && limit(RLIMIT_CORE, 0) &&
		limit(RLIMIT_NPROC, PROCESSES_MAX) && limit(RLIMIT_AS, RLIM_INFINITY) &&
		limit(RLIMIT_MEMLOCK, LOCKED_MAX) && !prctl(PR_SET_PDEATHSIG, SIGKILL) &&
		getppid() == program->holder) {
		if (is_alone())
			execve(program->path, argv, environment);
		else
			errno = EBUSY;
	}
	why = errno;
	if (write(RUN_NEW_FD + 1, &why, sizeof why) != sizeof why)
		_exit(126);
	_exit(127);
}

_Noreturn void program_sweep(const struct user *user)
{
	struct user half = { user->uid | NOBODYS, user->gid };

	syscall(SYS_close_range, 0, ~0u, 0);
	/* With all of root's power gone, these are the user's own, and this process is spared. One
	 * that is just being made has the signal waiting for it. As long as any can do anything
	 * yet, this process may send them signals, and they may send it none; where there is no
	 * such number, in a namespace, they may. */
	if (!become(&half, user->uid) && !become(user, user->uid))
		_exit(SWEEP_FAILED);
	kill(-1, SIGKILL);
	if (setresuid(user->uid, user->uid, user->uid) || !limit(RLIMIT_NPROC, PROCESSES_MAX))
		_exit(SWEEP_FAILED);
	for (int i = 0; i < SWEEP_TRIES; i++) {
		if (is_alone())
			_exit(SWEPT);
		usleep(SWEEP_TRY_US);
	}
	_exit(SWEEP_LEFT_SOME);
}
