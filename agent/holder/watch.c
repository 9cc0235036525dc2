/* SPDX-License-Identifier: Apache-2.0 */
#include "holder/watch.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/files.h"
#include "base/log.h"

#define SECOND_NS 1000000000ull
#define TICK_MS 500
#define PING_EVERY_NS (SECOND_NS / 2)
#define ANSWER_WITHIN_NS (5 * SECOND_NS / 2) /* a reader waits at most this, a tick and a start */
#define READY_WITHIN_NS (10 * SECOND_NS)     /* replaying and loading a large store */

/* Core's public key, where clients look: a file only root can have made. */
static void publish(const struct holder *holder, const struct frame_publish *body)
{
	char path[PATH_FULL_MAX], fresh[PATH_FULL_MAX + 8], text[2 * sizeof body->public_key + 1];
	_close_ int fd = -1;

	path_below(holder->root, TACIT_PUBLIC_KEY_PATH, path);
	snprintf(fresh, sizeof fresh, "%s.new", path);
	for (size_t i = 0; i < sizeof body->public_key; i++)
		snprintf(text + 2 * i, 3, "%02x", body->public_key[i]);
	text[sizeof text - 1] = '\n';
	unlink(fresh);
	fd = open(fresh, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0444);
	if (fd < 0 || file_write_fd(fd, text, sizeof text, NULL) < 0 || fchmod(fd, 0444) ||
		rename(fresh, path))
		log_error("write %s: %s", path, strerror(errno));
}

static void on_ready(struct holder *holder, struct child *child)
{
	child->ready = true;
	child->heard_ns = clock_monotonic_ns();
	if (child->role != ROLE_CORE)
		return;
	for (enum role role = ROLE_TOUCHER; role < ROLES; role++)
		if (!holder->child[role].pid && child_is_configured(holder, role))
			child_start(holder, role);
	if (!holder->announced)
		table_notify_ready(&holder->table);
	holder->announced = true;
}

/* Check the files on disk with a process of their own; on_check_ended() goes on from there. */
static pid_t start_check(const struct holder *holder)
{
	const char *const argv[] = { holder->argv[0], "-t", "--root",
		holder->root[0] ? holder->root : "/", "--libexec", holder->libexec, "--takes-over",
		HANDOVER_LAYOUT_TEXT, NULL };
	pid_t pid = fork();

	if (!pid) {
		execv(argv[0], (char *const *)argv);
		_exit(127);
	}
	return pid;
}

static void on_check_ended(struct holder *holder, int status)
{
	struct frame_text body = { "the new files do not pass 'tacitd -t': see the agent's log" };
	const struct child *core = &holder->child[ROLE_CORE];
	struct err err;

	if (!WIFEXITED(status) || WEXITSTATUS(status)) {
		log_error("upgrade: %s; nothing was changed", body.text);
		frame_send_now(core->channel, FRAME_UPGRADE_FAILED, &body, sizeof body, -1, NULL);
		return;
	}
	log_info("upgrade: executing the files on disk");
	run_stop(holder);
	holder->table.core = core->pid ? pidfd_open(core->pid, 0) : -1;
	table_execute(&holder->table, holder->argv, &err);
	/* Its descriptors are no longer where this process thinks. core serves on, and the next
	 * holder adopts it. */
	log_error("upgrade: %s; ending, so that another holder adopts the mount", err.text);
	_exit(code_exit(err.code));
}

static void expel(struct holder *holder, uint32_t role)
{
	if (role <= ROLE_CORE || role >= ROLES || !holder->child[role].pid)
		return;
	log_error("%s sent what it may not send: ended", role_name((enum role)role));
	child_drop(holder, (enum role)role, true, false);
}

/* What a child asks. False: it may not, and is ended. */
static bool on_frame(struct holder *holder, struct child *child, pid_t *check)
{
	struct frame frame = { .fd = -1 };
	struct err err;
	int status = frame_receive(child->channel, child->role, ROLE_HOLDER, &frame, &err);
	_close_ int fd = take_fd(&frame.fd);

	if (status == -TACIT_UNAVAILABLE) {
		/* Its death, which is about to be told, says more; a process that lives on without
		 * its channel answers no ping. */
		close(take_fd(&child->channel));
		return true;
	}
	if (status < 0) {
		log_error("%s", err.text);
		return false;
	}
	switch (frame.type) {
	case FRAME_READY:
		on_ready(holder, child);
		return true;
	case FRAME_PONG:
		child->heard_ns = clock_monotonic_ns();
		return true;
	case FRAME_PUBLISH:
		publish(holder, &frame.body.publish);
		return true;
	case FRAME_NEED_KEY:
		return give_key(holder, &frame.body.need_key);
	case FRAME_NEED_COPY:
		give_copy(holder);
		return true;
	case FRAME_NEED_ENGINE:
		give_engine(holder, &frame.body.need_engine);
		return true;
	case FRAME_GIVE:
		return run_take_stream(holder, child->role, &frame.body.give, &fd);
	case FRAME_RUN:
		return run_program(holder, &frame.body.run);
	case FRAME_STOP_ANSWER:
		holder->stopping = !frame.body.stop_answer.held_by;
		if (!holder->stopping)
			log_warning(
				"not stopping: %u containers hold the mount; stop them, or 'tacit "
				"stop --force'",
				frame.body.stop_answer.held_by);
		return true;
	case FRAME_EXPEL:
		expel(holder, frame.body.expel.role);
		return true;
	case FRAME_UPGRADE:
		*check = start_check(holder);
		return true;
	default:
		return false;
	}
}

static void reap(struct holder *holder, pid_t *check)
{
	int status;

	for (pid_t pid; (pid = waitpid(-1, &status, WNOHANG)) > 0;) {
		if (pid == *check) {
			*check = 0;
			on_check_ended(holder, status);
		}
		run_reaped(holder, pid, status);
		for (enum role role = ROLE_CORE; role < ROLES; role++) {
			/* A kill from outside is nobody's fault: the request at hand is innocent.
			 */
			bool to_blame = !WIFSIGNALED(status) || WTERMSIG(status) != SIGKILL;

			if (holder->child[role].pid != pid)
				continue;
			log_warning("%s (pid %d) ended by %s %d", role_name(role), pid,
				WIFSIGNALED(status) ? "signal" : "exit status",
				WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status));
			child_drop(holder, role, false, to_blame);
		}
	}
}

static void on_signal(struct holder *holder, int signals, pid_t *check)
{
	static const struct frame_stop polite = { 0 };
	struct signalfd_siginfo info;

	if (read(signals, &info, sizeof info) != sizeof info)
		return;
	if (info.ssi_signo == SIGCHLD)
		reap(holder, check);
	else if (info.ssi_signo == SIGHUP && !*check)
		*check = start_check(holder);
	else if (info.ssi_signo != SIGHUP &&
		 frame_send_now(holder->child[ROLE_CORE].channel, FRAME_STOP, &polite,
			 sizeof polite, -1, NULL) < 0)
		log_warning(
			"not stopping: core is not there to say who holds the mount; try again");
}

/* Start what is due, ping what is quiet, replace what hangs. Returns how long nothing is due, in
 * ms. */
static int look_after(struct holder *holder)
{
	uint64_t now = clock_monotonic_ns();
	int wait = TICK_MS;

	for (enum role role = ROLE_CORE; role < ROLES; role++) {
		struct child *child = &holder->child[role];
		uint64_t patience = child->ready ? ANSWER_WITHIN_NS : READY_WITHIN_NS;

		if (child->pid && now - child->heard_ns > patience) {
			log_error("%s (pid %d) hangs: replacing it", role_name(role), child->pid);
			child_drop(holder, role, true, true);
		} else if (child->ready && now - child->pinged_ns > PING_EVERY_NS) {
			child->pinged_ns = now;
			frame_send_now(child->channel, FRAME_PING, NULL, 0, -1, NULL);
		}
		if (child->pid || !child_is_configured(holder, role) ||
			(role != ROLE_CORE && !holder->child[ROLE_CORE].ready))
			continue;
		if (now >= child->not_before_ns)
			child_start(holder, role);
		else if ((int)((child->not_before_ns - now) / 1000000) + 1 < wait)
			wait = (int)((child->not_before_ns - now) / 1000000) + 1;
	}
	return run_look_after(holder, now, wait);
}

/* It is dead at last. What it took up meanwhile is in the slots: one more takeover finds it. */
static void on_corpse(struct holder *holder)
{
	close(take_fd(&holder->corpse));
	if (holder->child[ROLE_CORE].pid)
		child_drop(holder, ROLE_CORE, true, false);
}

int watch_run(struct holder *holder, struct err *err)
{
	static const int wanted[] = { SIGCHLD, SIGTERM, SIGINT, SIGHUP };
	enum { SIGNALS = ROLE_HOLDER, CORPSE = ROLES, CHANNELS };
	struct pollfd poll_for[CHANNELS] = { { .fd = -1 } };
	pid_t check = 0;
	sigset_t set;

	sigemptyset(&set);
	for (size_t i = 0; i < sizeof wanted / sizeof wanted[0]; i++)
		sigaddset(&set, wanted[i]);
	sigprocmask(SIG_BLOCK, &set, NULL);
	poll_for[SIGNALS].fd = signalfd(-1, &set, SFD_CLOEXEC);
	poll_for[SIGNALS].events = POLLIN;
	if (poll_for[SIGNALS].fd < 0)
		return err_errno(err, errno, TACIT_INTERNAL, "signals");
	run_open(holder);
	while (!holder->stopping) {
		int wait = look_after(holder);

		for (enum role role = ROLE_CORE; role < ROLES; role++)
			poll_for[role] = (struct pollfd){ holder->child[role].channel, POLLIN, 0 };
		poll_for[CORPSE] = (struct pollfd){ holder->corpse, POLLIN, 0 };
		if (poll(poll_for, CHANNELS, wait) < 0 && errno != EINTR)
			return err_errno(err, errno, TACIT_INTERNAL, "poll");
		for (enum role role = ROLE_CORE; role < ROLES; role++)
			if (poll_for[role].revents && holder->child[role].channel >= 0 &&
				!on_frame(holder, &holder->child[role], &check) &&
				holder->child[role].pid)
				child_drop(holder, role, true, true);
		if (poll_for[CORPSE].revents)
			on_corpse(holder);
		if (poll_for[SIGNALS].revents)
			on_signal(holder, poll_for[SIGNALS].fd, &check);
	}
	return 0;
}
