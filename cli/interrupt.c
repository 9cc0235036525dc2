/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/interrupt.h"

#include <errno.h>
#include <poll.h>
#include <stddef.h>
#include <sys/signalfd.h>
#include <unistd.h>

static bool is_ignored(int signal)
{
	struct sigaction action;

	return !sigaction(signal, NULL, &action) && action.sa_handler == SIG_IGN;
}

int interrupt_hold(struct interrupt *interrupt, struct err *err)
{
	static const int ending[] = { SIGINT, SIGTERM, SIGHUP, SIGQUIT };
	sigset_t held;

	sigemptyset(&held);
	for (size_t i = 0; i < sizeof ending / sizeof ending[0]; i++)
		if (!is_ignored(ending[i]))
			sigaddset(&held, ending[i]);
	interrupt->signals = signalfd(-1, &held, SFD_CLOEXEC);
	if (interrupt->signals < 0)
		return err_errno(err, errno, TACIT_INTERNAL, "watch signals");
	sigprocmask(SIG_BLOCK, &held, &interrupt->before);
	interrupt->held = true;
	return 0;
}

bool interrupt_came(const struct interrupt *interrupt)
{
	struct pollfd watched = { .fd = interrupt->signals, .events = POLLIN };

	return interrupt->held && poll(&watched, 1, 0) > 0;
}

int interrupt_wait(const struct interrupt *interrupt, int fd, short events, struct err *err)
{
	struct pollfd watched[] = { { .fd = fd, .events = events },
		{ .fd = interrupt->held ? interrupt->signals : -1, .events = POLLIN } };

	while (poll(watched, 2, -1) < 0 && errno == EINTR)
		;
	return watched[1].revents ? err_set(err, TACIT_UNAVAILABLE, "interrupted; it was given up")
				  : 0;
}

void interrupt_release(struct interrupt *interrupt)
{
	if (!interrupt->held)
		return;
	interrupt->held = false;
	close(interrupt->signals);
	sigprocmask(SIG_SETMASK, &interrupt->before, NULL);
}
