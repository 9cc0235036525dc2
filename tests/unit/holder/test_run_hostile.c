/* SPDX-License-Identifier: Apache-2.0 */
/* Programs that do all that their user can so as not to end, or to keep holder from its work. */
#include "programs.h"

#include <pthread.h>
#include <sys/ptrace.h>

#define THREADS 16

/* Whoever would end it does not get so far. */
static void *signal_all(void *number)
{
	for (;;)
		kill(-1, *(int *)number);
	return NULL;
}

/* Ends, and leaves a process that sends all others a signal for ever. */
static _Noreturn void leave(int number)
{
	pid_t program = getpid();
	pthread_t thread;

	if (fork())
		_exit(0);
	while (getppid() == program)
		usleep(1000);
	for (int i = 0; i < THREADS; i++)
		pthread_create(&thread, NULL, signal_all, &number);
	signal_all(&number);
	_exit(1);
}

/* The program is dead, and nobody can see it: it is traced. */
static _Noreturn void traced_main(void)
{
	pid_t program = getpid();

	prctl(PR_SET_PTRACER, PR_SET_PTRACER_ANY);
	if (!fork()) {
		if (ptrace(PTRACE_SEIZE, program, 0, 0))
			kill(program, SIGKILL);
		kill(program, SIGTERM);
		for (;;)
			pause();
	}
	for (;;)
		pause();
}

/* As many as it can have, of which each has children without a parent that end at once. */
static _Noreturn void storm_main(void)
{
	for (int i = 0; i < 30; i++)
		if (!fork())
			break;
	for (;;)
		if (!fork()) {
			fork();
			_exit(0);
		} else {
			while (waitpid(-1, NULL, WNOHANG) > 0)
				;
		}
}

static void is_ended(const struct rig *rig, const char *program, enum run_end end)
{
	char name[64];

	snprintf(name, sizeof name, HOOKS "/%s", program);
	put_self(rig, name);
	put(rig, HOOKS "/good", "#!/bin/sh\nexit 0\n", 0755);
	rig_order(rig, ROLE_CORE, "run 1 %d 2000 %s", RUN_HOOK, program);
	is_told(rig, 1, RUN_HOOK, end, 0);
	assert_int_equal(processes_of(RUN_HOOK), 0);
	run(rig, 2, RUN_HOOK, "good");
	is_told(rig, 2, RUN_HOOK, RUN_EXITED, 0);
	rig_said(rig, ROLE_CORE, "start", 1);
}

static void one_that_stops_whoever_ends_it(void **state)
{
	is_ended(rig_of(state), "stops", RUN_EXITED);
}

static void one_that_kills_whoever_ends_it(void **state)
{
	is_ended(rig_of(state), "kills", RUN_EXITED);
}

static void one_whose_end_is_hidden(void **state)
{
	is_ended(rig_of(state), "traced", RUN_TIMED_OUT);
}

static void one_that_makes_orphans(void **state)
{
	is_ended(rig_of(state), "storm", RUN_TIMED_OUT);
}

/* A holder that executes itself anew does not see its programs end: the next one looks. */
static void the_next_holder_looks_again(void **state)
{
	const struct rig *rig = rig_of(state);
	struct holder holder = { .stream = { -1, -1, -1 } };
	char path[256];

	snprintf(holder.root, sizeof holder.root, "%s", rig->root);
	holder.lane[RUN_HOOK] = (struct lane){ .user = user[RUN_HOOK], .state = LANE_ENDS };
	put(rig, "run/tacitd/hook.running", "", 0600);
	run_stop(&holder);
	rig_path(rig, path, "run/tacitd/hook.running");
	assert_int_equal(access(path, F_OK), 0);
	assert_true(waitpid(holder.lane[RUN_HOOK].sweeper, NULL, 0) > 0);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		with_rig(one_that_stops_whoever_ends_it),
		with_rig(one_that_kills_whoever_ends_it),
		with_rig(one_whose_end_is_hidden),
		with_rig(one_that_makes_orphans),
		with_rig(the_next_holder_looks_again),
	};
	const char *name = argc ? strrchr(argv[0], '/') : NULL;

	if (name && !strcmp(name, "/stops"))
		leave(SIGSTOP);
	if (name && !strcmp(name, "/kills"))
		leave(SIGKILL);
	if (name && !strcmp(name, "/traced"))
		traced_main();
	if (name && !strcmp(name, "/storm"))
		storm_main();
	rig_begin(argv);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
