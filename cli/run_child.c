/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/run_child.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdbool.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cleanup.h"

#define FLAGS (MS_RDONLY | MS_NOSUID | MS_NODEV)

/* Each returns 0, or -1 with errno. */
static int enter_cgroup(const struct run_child *plan)
{
	return run_cgroup_enter(plan->cgroup);
}

/* What is mounted here is not seen outside; what is mounted outside from now on is seen here. */
static int leave_mounts(const struct run_child *plan)
{
	(void)plan;
	return unshare(CLONE_NEWNS) || mount(NULL, "/", NULL, MS_REC | MS_SLAVE, NULL) ? -1 : 0;
}

static int mount_secrets(const struct run_child *plan)
{
	if (mkdir(RUN_SECRETS_DIR, 0755) && errno != EEXIST)
		return -1;
	if (mount(plan->directory, RUN_SECRETS_DIR, NULL, MS_BIND, NULL))
		return -1;
	return mount(NULL, RUN_SECRETS_DIR, NULL, MS_REMOUNT | MS_BIND | FLAGS, NULL);
}

static int execute(const struct run_child *plan)
{
	setrlimit(RLIMIT_CORE, &plan->cores);
	signal(SIGPIPE, SIG_DFL);
	sigprocmask(SIG_SETMASK, &plan->mask, NULL);
	return execvp(plan->argv[0], (char *const *)plan->argv);
}

static const struct {
	int (*take)(const struct run_child *plan);
	const char *what;
} steps[] = {
	{ enter_cgroup, "enter the run's control group" },
	{ leave_mounts, "make a mount namespace" },
	{ mount_secrets, "mount the consumer's directory at " RUN_SECRETS_DIR },
	{ execute, "execute the command" },
};

#define STEPS (sizeof steps / sizeof steps[0])

/* What the child says over a pipe that ends when it executes the command. */
struct trouble {
	size_t step;
	int errnum;
};

_Noreturn static void be_child(const struct run_child *plan, pid_t parent, int report)
{
	struct trouble trouble = { .step = 0 };

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != parent)
		_exit(RUN_EXIT_FAILED);
	while (steps[trouble.step].take(plan) == 0)
		trouble.step++;
	trouble.errnum = errno;
	if (write(report, &trouble, sizeof trouble) != (ssize_t)sizeof trouble)
		_exit(RUN_EXIT_CANNOT);
	_exit(RUN_EXIT_FAILED);
}

static int explain(const struct trouble *trouble, int *status, struct err *err)
{
	bool found = trouble->errnum != ENOENT;

	if (trouble->step == STEPS - 1)
		*status = found ? RUN_EXIT_CANNOT : RUN_EXIT_NOT_FOUND;
	return err_errno(err, trouble->errnum, found ? TACIT_UNAVAILABLE : TACIT_NOT_FOUND, "%s",
		steps[trouble->step].what);
}

int run_child_start(const struct run_child *plan, pid_t *pid, int *status, struct err *err)
{
	struct trouble trouble;
	int report[2];
	pid_t self = getpid();
	ssize_t got;

	*status = RUN_EXIT_FAILED;
	if (pipe2(report, O_CLOEXEC))
		return err_errno(err, errno, TACIT_LIMIT, "make a pipe");
	*pid = fork();
	if (*pid == 0)
		be_child(plan, self, report[1]);
	close(report[1]);
	if (*pid < 0) {
		close(report[0]);
		return err_errno(err, errno, TACIT_LIMIT, "start a process");
	}
	do
		got = read(report[0], &trouble, sizeof trouble);
	while (got < 0 && errno == EINTR);
	close(report[0]);
	if (got != (ssize_t)sizeof trouble || trouble.step >= STEPS)
		return 0;
	waitpid(*pid, NULL, 0);
	return explain(&trouble, status, err);
}
