/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/prompt.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/signalfd.h>
#include <termios.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/files.h"
#include "seal/seal.h"

/* The terminal while it does not echo. */
struct prompt {
	int tty;
	int signals;         /* signalfd of `blocked` */
	sigset_t blocked;    /* what a person or the system may send meanwhile */
	sigset_t before;     /* the mask to go back to */
	struct termios echo; /* the settings to go back to */
};

static int hide(const struct prompt *prompt)
{
	struct termios quiet = prompt->echo;

	quiet.c_lflag &= ~(tcflag_t)ECHO;
	quiet.c_lflag |= ICANON | ISIG | ECHONL;
	return tcsetattr(prompt->tty, TCSAFLUSH, &quiet);
}

static int open_prompt(struct prompt *prompt, struct err *err)
{
	static const int watched[] = { SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGTSTP, SIGALRM };

	sigemptyset(&prompt->blocked);
	for (size_t i = 0; i < sizeof watched / sizeof watched[0]; i++)
		sigaddset(&prompt->blocked, watched[i]);
	prompt->tty = open("/dev/tty", O_RDWR | O_CLOEXEC | O_NOCTTY);
	if (prompt->tty < 0 || tcgetattr(prompt->tty, &prompt->echo) < 0)
		return err_set(err, TACIT_INVALID,
			"there is no terminal to ask on; pass the value by '-' or a FILE");
	prompt->signals = signalfd(-1, &prompt->blocked, SFD_CLOEXEC);
	if (prompt->signals < 0)
		return err_errno(err, errno, TACIT_INTERNAL, "watch signals");
	sigprocmask(SIG_BLOCK, &prompt->blocked, &prompt->before);
	return 0;
}

static void close_prompt(struct prompt *prompt)
{
	if (prompt->signals >= 0) {
		tcsetattr(prompt->tty, TCSAFLUSH, &prompt->echo);
		sigprocmask(SIG_SETMASK, &prompt->before, NULL);
		close(prompt->signals);
	}
	if (prompt->tty >= 0)
		close(prompt->tty);
}

/* The terminal is as it was while the signal does what it does; coming back means it was a stop,
 * or that the signal is ignored. */
static void deliver(struct prompt *prompt)
{
	struct signalfd_siginfo signal;

	if (read(prompt->signals, &signal, sizeof signal) != sizeof signal)
		return;
	tcsetattr(prompt->tty, TCSAFLUSH, &prompt->echo);
	dprintf(prompt->tty, "\n");
	sigprocmask(SIG_SETMASK, &prompt->before, NULL);
	raise((int)signal.ssi_signo);
	sigprocmask(SIG_BLOCK, &prompt->blocked, NULL);
}

/* Until a whole line can be read: false when a signal came and the question must be asked again. */
static bool wait_line(struct prompt *prompt)
{
	struct pollfd watched[] = { { .fd = prompt->tty, .events = POLLIN },
		{ .fd = prompt->signals, .events = POLLIN } };

	while (poll(watched, 2, -1) < 0 && errno == EINTR)
		;
	if (!watched[1].revents)
		return true;
	deliver(prompt);
	return false;
}

static int ask_once(struct prompt *prompt, const char *what, const char *again, uint8_t *bytes,
	size_t room, size_t *length, struct err *err)
{
	ssize_t got;

	do {
		if (hide(prompt) < 0)
			return err_errno(err, errno, TACIT_INTERNAL, "hide what is typed");
		dprintf(prompt->tty, "%s%s: ", what, again);
	} while (!wait_line(prompt));
	got = read(prompt->tty, bytes, room);
	if (got < 0)
		return err_errno(err, errno, TACIT_INTERNAL, "read the terminal");
	*length = (size_t)got;
	if (*length && bytes[*length - 1] == '\n')
		*length -= 1;
	if (*length >= PROMPT_LINE_MAX)
		return err_set(err, TACIT_INVALID,
			"a terminal takes at most %d bytes; pass the value by '-' or a FILE",
			PROMPT_LINE_MAX - 1);
	return 0;
}

static int ask_twice(struct prompt *prompt, const char *what, uint8_t *bytes, size_t room,
	size_t *length, struct err *err)
{
	uint8_t *second = seal_alloc(PROMPT_LINE_MAX + 1);
	size_t second_length = 0;
	int status;

	if (!second)
		return err_set(err, TACIT_LIMIT, "no locked memory; raise 'ulimit -l'");
	status = ask_once(prompt, what, "", bytes, room, length, err);
	if (!status && !*length)
		status = err_set(err, TACIT_INVALID, "nothing was typed; nothing was changed");
	if (!status)
		status = ask_once(
			prompt, what, " again", second, PROMPT_LINE_MAX + 1, &second_length, err);
	if (!status && (*length != second_length || memcmp(bytes, second, *length)))
		status = err_set(err, TACIT_INVALID, "the two differ; nothing was changed");
	seal_free(second);
	return status;
}

int prompt_once(const char *what, uint8_t *bytes, size_t room, size_t *length, struct err *err)
{
	struct prompt prompt = { .tty = -1, .signals = -1 };
	int status = open_prompt(&prompt, err);

	if (!status)
		status = ask_once(&prompt, what, "", bytes, room, length, err);
	close_prompt(&prompt);
	if (!status && !*length)
		return err_set(err, TACIT_INVALID, "nothing was typed; nothing was changed");
	return status;
}

int prompt_twice(const char *what, uint8_t *bytes, size_t room, size_t *length, struct err *err)
{
	struct prompt prompt = { .tty = -1, .signals = -1 };
	int status = open_prompt(&prompt, err);

	if (!status)
		status = ask_twice(&prompt, what, bytes, room, length, err);
	close_prompt(&prompt);
	return status;
}
