/* SPDX-License-Identifier: Apache-2.0 */
/* A value that is typed: asked for twice, never shown, and the terminal is itself again whatever
 * happens. `tacit` runs on a pseudo terminal, the test types. */
#include <pty.h>
#include <signal.h>
#include <termios.h>
#include <utmp.h>

#include "tests/unit/cli/fake_agent.h"

#define WAIT_TRIES 6000 /* of 10 ms */

static const struct canned canned[] = {
	{ "POST /v1/secrets/a", FAKE_OPEN, 201, "{\"name\":\"a\",\"version\":1,\"size\":7}",
		"create:a", "hunter2" },
	{ NULL, FAKE_TEXT, 0, NULL, NULL, NULL },
};

struct terminal {
	struct fake_agent agent;
	int master, slave;
	pid_t pid;
	char shown[4096]; /* all that was printed */
	size_t length;
};

static void open_terminal(struct terminal *terminal)
{
	static const struct rlimit cores = { 0, 0 };
	static char *argv[] = { (char *)"tacit", (char *)"secret", (char *)"create", (char *)"a" };

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
		exit(dispatch_main(4, argv, &cores));
	}
	fcntl(terminal->master, F_SETFL, O_NONBLOCK);
}

static void take_shown(struct terminal *terminal)
{
	ssize_t got = read(terminal->master, terminal->shown + terminal->length,
		sizeof terminal->shown - 1 - terminal->length);

	terminal->length += got > 0 ? (size_t)got : 0;
	terminal->shown[terminal->length] = '\0';
}

/* Until `text` has been shown `times` times. */
static void expect(struct terminal *terminal, const char *text, int times)
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

static void type(struct terminal *terminal, const char *text)
{
	assert_int_equal(write(terminal->master, text, strlen(text)), strlen(text));
}

static int close_terminal(struct terminal *terminal)
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

static void test_a_value_is_asked_for_twice(void **state)
{
	struct terminal terminal;
	int status;

	(void)state;
	open_terminal(&terminal);
	expect(&terminal, "value of a: ", 1);
	type(&terminal, "hunter2\n");
	expect(&terminal, "value of a again: ", 1);
	type(&terminal, "hunter2\n");
	expect(&terminal, "created a (version 1, 7 bytes)", 1);
	status = close_terminal(&terminal);
	assert_true(WIFEXITED(status) && !WEXITSTATUS(status));
}

static void test_two_that_differ_are_refused(void **state)
{
	struct terminal terminal;
	int status;

	(void)state;
	open_terminal(&terminal);
	expect(&terminal, "value of a: ", 1);
	type(&terminal, "hunter2\n");
	expect(&terminal, "value of a again: ", 1);
	type(&terminal, "hunter3\n");
	expect(&terminal, "the two differ; nothing was changed", 1);
	status = close_terminal(&terminal);
	assert_true(WIFEXITED(status) && WEXITSTATUS(status) == TACIT_EXIT_USAGE);
}

static void test_nothing_typed_is_refused(void **state)
{
	struct terminal terminal;
	int status;

	(void)state;
	open_terminal(&terminal);
	expect(&terminal, "value of a: ", 1);
	type(&terminal, "\n");
	expect(&terminal, "nothing was typed", 1);
	status = close_terminal(&terminal);
	assert_true(WIFEXITED(status) && WEXITSTATUS(status) == TACIT_EXIT_USAGE);
}

static void test_an_interrupt_restores_the_terminal(void **state)
{
	struct terminal terminal;
	int status;

	(void)state;
	open_terminal(&terminal);
	expect(&terminal, "value of a: ", 1);
	type(&terminal, "hunt");
	type(&terminal, "\003");
	status = close_terminal(&terminal);
	assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGINT);
}

static void test_after_a_stop_the_question_is_asked_again(void **state)
{
	struct terminal terminal;
	int status;

	(void)state;
	open_terminal(&terminal);
	expect(&terminal, "value of a: ", 1);
	type(&terminal, "wrong\032");
	expect(&terminal, "value of a: ", 2);
	type(&terminal, "hunter2\n");
	expect(&terminal, "value of a again: ", 1);
	type(&terminal, "hunter2\n");
	expect(&terminal, "created a", 1);
	status = close_terminal(&terminal);
	assert_true(WIFEXITED(status) && !WEXITSTATUS(status));
}

static int start(void **state)
{
	(void)state;
	return seal_start(NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_value_is_asked_for_twice),
		cmocka_unit_test(test_two_that_differ_are_refused),
		cmocka_unit_test(test_nothing_typed_is_refused),
		cmocka_unit_test(test_an_interrupt_restores_the_terminal),
		cmocka_unit_test(test_after_a_stop_the_question_is_asked_again),
	};

	return cmocka_run_group_tests(tests, start, NULL);
}
