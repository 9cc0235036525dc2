/* SPDX-License-Identifier: Apache-2.0 */
#include "holder/holder.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/audit.h>
#include <linux/close_range.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/log.h"

#define BACKOFF_FIRST_NS 20000000u /* after the first death before it was ready */
#define BACKOFF_MOST_NS 2000000000u
#define CORPSE_WAIT_MS 500
/* engine reads what strangers write. One that dies young, whatever it had read, is not started
 * again as fast as it can die. */
#define ENGINE_YOUNG_NS 1000000000ull
/* Of 64 bits, where a filter of system calls finds an int. */
#define LOW_HALF (__BYTE_ORDER__ == __ORDER_BIG_ENDIAN__ ? sizeof(uint32_t) : 0)
/* Which calls a process of this build makes; of a 64-bit kernel it could make 32-bit ones, too. */
#if defined(__x86_64__)
#define NATIVE_CALLS AUDIT_ARCH_X86_64
#elif defined(__aarch64__)
#define NATIVE_CALLS AUDIT_ARCH_AARCH64
#endif
#define OTHER_NUMBERS 0x40000000u /* x32's, which count as those of x86_64 */

int child_program(const struct holder *holder, enum role role, struct err *err)
{
	char path[PATH_FULL_MAX + 32];
	int fd;

	snprintf(path, sizeof path, "%s/tacit-%s", holder->libexec, role_name(role));
	fd = open(path, O_PATH | O_CLOEXEC);
	return fd >= 0 ? fd : err_errno(err, errno, TACIT_NOT_FOUND, "program %s", path);
}

bool child_is_configured(const struct holder *holder, enum role role)
{
	return (role != ROLE_ENGINE && role != ROLE_GATE) || holder->config.engine_count;
}

/* Roles talk to each other, to engines and to operators on this host: none makes a socket of
 * another kind. Programs do, so the unit cannot forbid it. Nor is there a way around: a ring that
 * makes sockets by itself, and the same calls by other numbers. */
static bool forbid_network(void)
{
	struct sock_filter steps[] = {
#ifdef NATIVE_CALLS
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, arch)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, NATIVE_CALLS, 0, 6),
#endif
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JGE | BPF_K, OTHER_NUMBERS, 4, 0),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_io_uring_setup, 3, 0),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_socket, 0, 3),
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS,
			offsetof(struct seccomp_data, args[0]) + LOW_HALF),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, AF_UNIX, 1, 0),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EAFNOSUPPORT),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog filter = { sizeof steps / sizeof *steps, steps };

	return !prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &filter, 0, 0);
}

/* In the new process: become the role's user, with nothing but the channel, and execute. */
static void become(const struct holder *holder, enum role role, int program, int channel)
{
	uid_t uid = holder->user[role].uid;
	gid_t gid = holder->user[role].gid;
	char name[16];
	char root_flag[] = "--root";
	char *argv[] = { name, root_flag, (char *)holder->root, NULL };
	char *nothing[] = { NULL };
	sigset_t none;

	snprintf(name, sizeof name, "tacit-%s", role_name(role));
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	if (dup2(channel, ROLE_HOLDER_FD) < 0 ||
		syscall(SYS_close_range, ROLE_HOLDER_FD + 1, ~0u, CLOSE_RANGE_CLOEXEC))
		_exit(127);
	for (int capability = 0; !prctl(PR_CAPBSET_DROP, capability, 0, 0, 0);)
		capability++;
	if (setgroups(0, NULL) || setresgid(gid, gid, gid) || setresuid(uid, uid, uid) ||
		prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) || !forbid_network() || chdir("/"))
		_exit(127);
	syscall(SYS_execveat, program, "", argv, nothing, AT_EMPTY_PATH);
	_exit(127);
}

void child_start(struct holder *holder, enum role role)
{
	struct child *child = &holder->child[role];
	_close_ int theirs = -1;
	int pair[2];
	struct err err;
	_close_ int program = child_program(holder, role, &err);

	child->started_ns = clock_monotonic_ns();
	child->not_before_ns = child->started_ns + BACKOFF_MOST_NS;
	if (program < 0 || frame_pair(pair, &err) < 0) {
		log_error("start %s: %s", role_name(role), err.text);
		return;
	}
	theirs = pair[1];
	child->channel = pair[0];
	child->ready = false;
	child->pinged_ns = child->heard_ns = child->started_ns;
	child->pid = fork();
	if (!child->pid)
		become(holder, role, program, theirs);
	if (child->pid < 0) {
		log_error("start %s: %s", role_name(role), strerror(errno));
		child->pid = 0;
		close(take_fd(&child->channel));
		return;
	}
	give_start(holder, role);
}

static void count_strikes(struct handover *handover)
{
	/* One for each thread, and the one that parked OPENs are processed in. */
	for (unsigned int i = 0; i <= handover->threads; i++)
		if (atomic_load(&handover->slots[i].processing))
			atomic_fetch_add(&handover->slots[i].strikes, 1);
}

void child_kill_core(struct holder *holder, int pidfd)
{
	struct pollfd death = { pidfd, POLLIN, 0 };

	if (pidfd < 0)
		return;
	pidfd_send_signal(pidfd, SIGKILL, NULL, 0);
	if (poll(&death, 1, CORPSE_WAIT_MS) == 1) {
		close(pidfd);
		return;
	}
	log_warning("a core that was killed cannot die yet: going on without waiting for it");
	if (holder->corpse >= 0)
		close(holder->corpse);
	holder->corpse = pidfd;
}

static bool died_young(const struct child *child)
{
	return child->role == ROLE_ENGINE &&
	       clock_monotonic_ns() - child->started_ns < ENGINE_YOUNG_NS;
}

void child_drop(struct holder *holder, enum role role, bool kill_it, bool to_blame)
{
	struct child *child = &holder->child[role];
	uint64_t wait_ns = 0;

	if (kill_it && role == ROLE_CORE)
		child_kill_core(holder, pidfd_open(child->pid, 0));
	else if (kill_it)
		kill(child->pid, SIGKILL);
	if (role == ROLE_CORE && to_blame)
		count_strikes(holder->handover);
	if (role == ROLE_CORE)
		run_forget(holder);
	child->failures = child->ready && !died_young(child) ? 0 : child->failures + 1;
	if (child->failures > 1) {
		wait_ns = (uint64_t)BACKOFF_FIRST_NS
			  << (child->failures < 8 ? child->failures - 2 : 6);
		wait_ns = wait_ns < BACKOFF_MOST_NS ? wait_ns : BACKOFF_MOST_NS;
	}
	child->not_before_ns = clock_monotonic_ns() + wait_ns;
	child->pid = 0;
	child->ready = false;
	if (child->channel >= 0)
		close(take_fd(&child->channel));
}
