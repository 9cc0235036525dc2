/* SPDX-License-Identifier: Apache-2.0 */
/* `tacit run`: a process of the host with the secrets of a consumer, for hosts without an engine
 * and for trying things out. */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/container.h"
#include "base/names.h"
#include "cli/run.h"
#include "cli/run_child.h"
#include "seal/seal.h"

/* Signals of the process's own faults, and those that stop it: whoever stops the group of processes
 * means this one, too. SIGPIPE is ignored here. */
static const int not_held[] = { SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGTRAP, SIGABRT, SIGSYS, SIGTSTP,
	SIGTTIN, SIGTTOU, SIGPIPE };

static void make_id(char id[CONTAINER_ID_LENGTH + 1])
{
	uint8_t bytes[CONTAINER_ID_LENGTH / 2];

	seal_random(bytes, sizeof bytes);
	for (size_t i = 0; i < sizeof bytes; i++)
		snprintf(id + 2 * i, 3, "%02x", bytes[i]);
}

static void hold_signals(sigset_t *held, sigset_t *before)
{
	/* Inherited as ignored, it would let nobody wait for a child. */
	signal(SIGCHLD, SIG_DFL);
	sigfillset(held);
	for (size_t i = 0; i < sizeof not_held / sizeof not_held[0]; i++)
		sigdelset(held, not_held[i]);
	sigprocmask(SIG_BLOCK, held, before);
}

static int begin(struct session *session, const char *id, json_t **answer, struct err *err)
{
	char path[CLIENT_PATH_MAX], pid[16];
	int status = client_path(path, err, "runs", id, NULL);

	snprintf(pid, sizeof pid, "%d", getpid());
	if (status == 0)
		status = client_query(path, "consumer", session->invocation->words[0], err);
	if (status == 0)
		status = client_query(path, "pid", pid, err);
	if (status == 0)
		status = session_post(session, path, NULL, NULL, 0, answer, err);
	report_hint(err, TACIT_NOT_FOUND, "grant it a secret first, with 'tacit grant add'");
	/* The command inherits nothing of it. */
	client_close(session->client);
	session->client = NULL;
	return status;
}

static void end(struct session *session, const char *id)
{
	char path[CLIENT_PATH_MAX];

	/* The agent may be gone; it forgets the run when this process ends. */
	if (client_path(path, NULL, "runs", id, NULL) == 0 && session_client(session, NULL) == 0)
		session_clean_up(session, path);
}

/* Until it has ended: pass on what came from other processes. What a terminal sends it has sent to
 * the command, too, but that it is gone: that is told to the first process of its session alone.
 * The exit status to go on with. */
static int attend(pid_t command, const sigset_t *held)
{
	siginfo_t info;
	int status = 0;

	for (;;) {
		int number = sigwaitinfo(held, &info);

		if (number == SIGCHLD && waitpid(command, &status, WNOHANG) == command)
			break;
		if (number > 0 && number != SIGCHLD &&
			(info.si_code != SI_KERNEL || number == SIGHUP))
			kill(command, number);
	}
	return WIFEXITED(status) ? WEXITSTATUS(status) : RUN_EXIT_SIGNAL + WTERMSIG(status);
}

static int run_in(
	struct session *session, const char *id, const struct run_cgroup *cgroup, struct err *err)
{
	struct run_child child = {
		.argv = session->invocation->words + 1, .cgroup = cgroup, .cores = session->cores
	};
	_json_ json_t *answer = NULL;
	sigset_t held;
	pid_t command;
	int status;

	hold_signals(&held, &child.mask);
	status = begin(session, id, &answer, err);
	child.directory = member_text(answer, "path");
	if (status == 0)
		status = run_child_start(&child, &command, &session->status, err);
	if (status == 0)
		session->status = attend(command, &held);
	if (answer)
		end(session, id);
	return status;
}

int run_command(struct session *session, struct err *err)
{
	char id[CONTAINER_ID_LENGTH + 1];
	struct run_cgroup cgroup;
	int status;

	session->status = RUN_EXIT_FAILED;
	if (name_check_consumer(session->invocation->words[0], err) < 0)
		return -(int)err->code;
	if (geteuid())
		return err_set(err, TACIT_DENIED,
			"only root may put a process where the agent knows it; run it with sudo");
	make_id(id);
	status = run_cgroup_make(id, &cgroup, err);
	if (status < 0)
		return status;
	status = run_in(session, id, &cgroup, err);
	run_cgroup_end(&cgroup);
	return status;
}
