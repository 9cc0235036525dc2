/* SPDX-License-Identifier: Apache-2.0 */
/* `tacit` on a pseudo terminal, at which the test types. */
#ifndef TACIT_TESTS_TERMINAL_H
#define TACIT_TESTS_TERMINAL_H

#include <pty.h>
#include <signal.h>
#include <termios.h>
#include <utmp.h>

#include "tests/unit/cli/fake_agent.h"

#define WAIT_TRIES 6000 /* of 10 ms */

struct terminal {
	struct fake_agent agent;
	int master, slave;
	pid_t pid;
	char shown[4096]; /* all that was printed */
	size_t length;
};

/* Run `tacit` with these words, the first of which is its name. */
static inline void open_terminal(
	struct terminal *terminal, const struct canned *canned, int argc, const char *const *argv)
{
	static const struct rlimit cores = { 0, 0 };

	*terminal = (struct terminal){ 0 };
	fake_start(&terminal->agent, canned);
	assert_return_code(openpty(&terminal->master, &terminal->slave, NULL, NULL, NULL), 0);
	terminal->pid = fork();
	if (!terminal->pid) {
		int slave = dup(terminal->slave);

		close(terminal->master);
		close(terminal->slave);
		setenv("TACIT_ROOT", terminal->agent.root, 1);
		login_tty(slave);
		/* A test run in the background of a script has them ignored, which is inherited. */
		signal(SIGINT, SIG_DFL);
		signal(SIGQUIT, SIG_DFL);
		signal(SIGHUP, SIG_DFL);
		exit(dispatch_main(argc, (char *const *)argv, &cores));
	}
	fcntl(terminal->master, F_SETFL, O_NONBLOCK);
}

static inline void take_shown(struct terminal *terminal)
{
	ssize_t got = read(terminal->master, terminal->shown + terminal->length,
		sizeof terminal->shown - 1 - terminal->length);

	terminal->length += got > 0 ? (size_t)got : 0;
	terminal->shown[terminal->length] = '\0';
}

/* Until `text` has been shown `times` times. */
static inline void expect(struct terminal *terminal, const char *text, int times)
{
	for (int tries = 0; tries < WAIT_TRIES; tries++) {
		const char *at = terminal->shown;
		int seen = 0;

		take_shown(terminal);
		for (; (at = strstr(at, text)); at++)
			seen++;
		if (seen >= times)
			return;
		usleep(10000);
	}
	fail_msg("\"%s\" was not shown %d times in \"%s\"", text, times, terminal->shown);
}

static inline void type(struct terminal *terminal, const char *text)
{
	assert_int_equal(write(terminal->master, text, strlen(text)), strlen(text));
}

static inline int close_terminal(struct terminal *terminal)
{
	struct termios settings;
	int status;

	assert_int_equal(waitpid(terminal->pid, &status, 0), terminal->pid);
	take_shown(terminal);
	assert_return_code(tcgetattr(terminal->slave, &settings), 0);
	assert_true(settings.c_lflag & ECHO);
	assert_null(strstr(terminal->shown, "hunter"));
	close(terminal->master);
	close(terminal->slave);
	fake_stop(&terminal->agent);
	return status;
}

#endif
