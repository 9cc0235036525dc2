/* SPDX-License-Identifier: Apache-2.0 */
/* Programs of hooks.d, rotators.d and keys.d, with real processes: as whom and with what they run,
 * which are refused, that none of their processes outlives a run, and what core is told. */
#include "programs.h"

#include <sys/resource.h>

/* The program "who": what it finds itself with, a line each, into log/who-NAME of its root. */
static void say_limit(FILE *log, const char *name, int resource)
{
	struct rlimit limit;

	getrlimit(resource, &limit);
	fprintf(log, "%s %lld %lld\n", name, (long long)limit.rlim_cur, (long long)limit.rlim_max);
}

static void say_descriptors(FILE *log)
{
	for (int fd = 0; fd < 1024; fd++) {
		char path[64], target[256] = "", first[16] = "";

		snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
		if (fd == fileno(log) || readlink(path, target, sizeof target - 1) < 0)
			continue;
		target[strcspn(target, ":[")] = '\0';
		if ((!fd || fd > 2) && read(fd, first, sizeof first - 1) < 0)
			strcpy(first, "?");
		fprintf(log, "fd %d %s %s\n", fd, target, first);
	}
}

static _Noreturn void who_main(char **argv)
{
	extern char **environ;
	char path[256], directory[256] = "";
	sigset_t blocked;
	FILE *log;

	/* ROOT/etc/tacit/KIND.d/who -> ROOT/log/who */
	snprintf(path, sizeof path, "%.*s/log/who", (int)(strstr(argv[0], "/etc/tacit") - argv[0]),
		argv[0]);
	log = fopen(path, "we");
	if (!log)
		_exit(99);
	fprintf(log, "uid %d gid %d groups %d\n", getuid(), getgid(), getgroups(0, NULL));
	fprintf(log, "caps %llx nnp %d network %d\n", capabilities_of_all_sets(),
		prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0), has_network());
	fprintf(log, "session %d\n", getsid(0) == getpid());
	fprintf(log, "umask %o\n", umask(0));
	fprintf(log, "cwd %s\n", getcwd(directory, sizeof directory));
	sigprocmask(SIG_SETMASK, NULL, &blocked);
	for (int number = 1; number < NSIG; number++)
		if (sigismember(&blocked, number) == 1 || signal(number, SIG_DFL) == SIG_IGN)
			fprintf(log, "signal %d\n", number);
	say_limit(log, "core", RLIMIT_CORE);
	say_limit(log, "processes", RLIMIT_NPROC);
	say_limit(log, "space", RLIMIT_AS);
	for (int i = 1; argv[i]; i++)
		fprintf(log, "argument %s\n", argv[i]);
	for (char **variable = environ; *variable; variable++)
		fprintf(log, "env %s\n", *variable);
	say_descriptors(log);
	fclose(log);
	_exit(printf("said") == 4 && !fflush(stdout) ? 7 : 98);
}

/* The program "bomb": as many processes as it can have, each of which makes more. */
static _Noreturn void bomb_main(void)
{
	for (;;) {
		fork();
		usleep(1000);
	}
}

static void expect_said(const struct rig *rig, const char *text)
{
	char path[256], said[4096] = "";
	FILE *file;

	rig_path(rig, path, "log/who");
	file = fopen(path, "re");
	assert_non_null(file);
	assert_true(fread(said, 1, sizeof said - 1, file) > 0);
	fclose(file);
	assert_string_equal(said, text);
}

#define WHO_COMMON                                                                                 \
	"uid %u gid %u groups 0\n"                                                                 \
	"caps 0 nnp 1 network 1\n"                                                                 \
	"session 1\n"                                                                              \
	"umask 77\n"                                                                               \
	"cwd /\n"                                                                                  \
	"core 0 0\n"                                                                               \
	"processes 64 64\n"                                                                        \
	"space -1 -1\n"
#define WHO_PATH "env PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin\n"

static void a_hook_has_what_it_shall_and_no_more(void **state)
{
	const struct rig *rig = rig_of(state);
	char text[1024];

	put_self(rig, HOOKS "/who");
	run(rig, 1, RUN_HOOK, "who");
	is_told(rig, 1, RUN_HOOK, RUN_EXITED, 7);
	snprintf(text, sizeof text,
		WHO_COMMON WHO_PATH "env TACIT_SECRET=tls/cert\n"
				    "env TACIT_VERSION=18446744073709551615\n"
				    "env TACIT_CONSUMER=compose/shop/web\n"
				    "fd 0 /dev/null \nfd 1 /dev/null \nfd 2 /dev/null \n",
		user[RUN_HOOK].uid, user[RUN_HOOK].gid);
	expect_said(rig, text);
}

static void a_rotator_has_its_values(void **state)
{
	const struct rig *rig = rig_of(state);
	char text[1024];

	put_self(rig, ROTATORS "/who");
	rig_order(rig, ROLE_CORE, "stream 1 -");
	rig_order(rig, ROLE_CORE, "stream 3 old");
	rig_order(rig, ROLE_CORE, "stream 4 new");
	rig_order(rig, ROLE_CORE, "run 9 %d %d who verify", RUN_ROTATOR, LONG);
	is_told(rig, 9, RUN_ROTATOR, RUN_EXITED, 7);
	rig_wait(rig, ROLE_CORE, "output said", 1);
	rig_wait(rig, ROLE_CORE, "output-end", 1);
	snprintf(text, sizeof text,
		WHO_COMMON "argument verify\n" WHO_PATH "env TACIT_SECRET=tls/cert\n"
			   "env TACIT_VERSION=18446744073709551615\n"
			   "fd 0 /dev/null \nfd 1 pipe \nfd 2 /dev/null \n"
			   "fd 3 pipe old\nfd 4 pipe new\n",
		user[RUN_ROTATOR].uid, user[RUN_ROTATOR].gid);
	expect_said(rig, text);
	/* They were of that run alone; and one of the two alone is where it belongs. */
	rig_order(rig, ROLE_CORE, "stream 4 again");
	rig_order(rig, ROLE_CORE, "run 10 %d %d who make", RUN_ROTATOR, LONG);
	is_told(rig, 10, RUN_ROTATOR, RUN_EXITED, 7);
	snprintf(text, sizeof text,
		WHO_COMMON "argument make\n" WHO_PATH "env TACIT_SECRET=tls/cert\n"
			   "env TACIT_VERSION=18446744073709551615\n"
			   "fd 0 /dev/null \nfd 1 /dev/null \nfd 2 /dev/null \nfd 4 pipe again\n",
		user[RUN_ROTATOR].uid, user[RUN_ROTATOR].gid);
	expect_said(rig, text);
}

static void a_key_program_has_its_key(void **state)
{
	const struct rig *rig = rig_of(state);
	char text[1024];

	put_self(rig, KEYS "/who");
	rig_order(rig, ROLE_CORE, "stream 0 wrapped");
	rig_order(rig, ROLE_CORE, "stream 1 -");
	rig_order(rig, ROLE_CORE, "run 9 %d %d who unwrap", RUN_KEY, LONG);
	is_told(rig, 9, RUN_KEY, RUN_EXITED, 7);
	rig_wait(rig, ROLE_CORE, "output said", 1);
	snprintf(text, sizeof text,
		WHO_COMMON "argument unwrap\n" WHO_PATH
			   "fd 0 pipe wrapped\nfd 1 pipe \nfd 2 /dev/null \n",
		user[RUN_KEY].uid, user[RUN_KEY].gid);
	expect_said(rig, text);
	/* It was of that run alone. */
	rig_order(rig, ROLE_CORE, "run 10 %d %d who unwrap", RUN_KEY, LONG);
	is_told(rig, 10, RUN_KEY, RUN_EXITED, 7);
	snprintf(text, sizeof text,
		WHO_COMMON "argument unwrap\n" WHO_PATH
			   "fd 0 /dev/null \nfd 1 /dev/null \nfd 2 /dev/null \n",
		user[RUN_KEY].uid, user[RUN_KEY].gid);
	expect_said(rig, text);
}

/* Of a hook or a rotator it is nothing that it could read. */
static void no_other_program_has_a_standard_input(void **state)
{
	const struct rig *rig = rig_of(state);

	for (unsigned int lane = RUN_HOOK; lane <= RUN_ROTATOR; lane++) {
		rig_order(rig, ROLE_CORE, "stream 0 x");
		rig_order(rig, ROLE_CORE, "run 1 %u 1000 good", lane);
		rig_wait(rig, ROLE_CORE, "go", lane + 2);
	}
	rig_said(rig, ROLE_CORE, "ran", 0);
}

static void core_is_told_how_a_script_ends(void **state)
{
	const struct rig *rig = rig_of(state);

	put(rig, HOOKS "/good", "#!/bin/sh\nexit 0\n", 0755);
	put(rig, HOOKS "/bad", "#!/bin/sh\nexit 255\n", 0555);
	put(rig, HOOKS "/not-found", "#!/bin/sh\nexit 127\n", 0755);
	put(rig, HOOKS "/killed", "#!/bin/sh\nkill -SEGV $$\n", 0755);
	run(rig, 1, RUN_HOOK, "good");
	is_told(rig, 1, RUN_HOOK, RUN_EXITED, 0);
	run(rig, 2, RUN_HOOK, "bad");
	is_told(rig, 2, RUN_HOOK, RUN_EXITED, 255);
	run(rig, 3, RUN_HOOK, "not-found");
	is_told(rig, 3, RUN_HOOK, RUN_EXITED, 127);
	run(rig, 4, RUN_HOOK, "killed");
	is_told(rig, 4, RUN_HOOK, RUN_KILLED, SIGSEGV);
	rig_said(rig, ROLE_CORE, "ran", 4);
}

static void is_refused(const struct rig *rig, unsigned int number, const char *program)
{
	run(rig, number, RUN_HOOK, program);
	is_told(rig, number, RUN_HOOK, RUN_REFUSED, 0);
}

static void what_only_root_can_have_put_there(void **state)
{
	static const char *const names[] = { "missing", "directory", "link", "group", "others",
		"not-executable", "not-roots", "../hooks.d/good", "..", ".hidden", "no-interpreter",
		"no-program", "a/b" };
	const struct rig *rig = rig_of(state);
	char path[256], target[256];
	unsigned int number = 0;

	put(rig, HOOKS "/good", "#!/bin/sh\nexit 0\n", 0755);
	put(rig, HOOKS "/.hidden", "#!/bin/sh\nexit 0\n", 0755);
	put(rig, HOOKS "/group", "#!/bin/sh\nexit 0\n", 0775);
	put(rig, HOOKS "/others", "#!/bin/sh\nexit 0\n", 0757);
	put(rig, HOOKS "/not-executable", "#!/bin/sh\nexit 0\n", 0644);
	put(rig, HOOKS "/not-roots", "#!/bin/sh\nexit 0\n", 0755);
	put(rig, HOOKS "/no-interpreter", "#!/nowhere/sh\n", 0755);
	put(rig, HOOKS "/no-program", "nothing that can be executed", 0755);
	rig_path(rig, path, HOOKS "/not-roots");
	assert_int_equal(chown(path, user[RUN_HOOK].uid, 0), 0);
	rig_path(rig, path, HOOKS "/directory");
	assert_int_equal(mkdir(path, 0755), 0);
	rig_path(rig, target, HOOKS "/good");
	rig_path(rig, path, HOOKS "/link");
	assert_int_equal(symlink(target, path), 0);
	for (size_t i = 0; i < sizeof names / sizeof *names; i++)
		is_refused(rig, ++number, names[i]);
	run(rig, ++number, RUN_HOOK, "good");
	is_told(rig, number, RUN_HOOK, RUN_EXITED, 0);
	/* And so of each directory above it. */
	rig_path(rig, path, HOOKS);
	assert_int_equal(chmod(path, 0775), 0);
	is_refused(rig, ++number, "good");
	assert_int_equal(chmod(path, 01777), 0);
	is_refused(rig, ++number, "good");
	assert_int_equal(chmod(path, 0755) | chown(path, 1, 0), 0);
	is_refused(rig, ++number, "good");
	assert_int_equal(chown(path, 0, 0), 0);
	rig_path(rig, path, "etc/tacit");
	assert_int_equal(chmod(path, 0757), 0);
	is_refused(rig, ++number, "good");
	/* Where each may delete only what is its own, root's stays. */
	assert_int_equal(chmod(path, 01777), 0);
	run(rig, ++number, RUN_HOOK, "good");
	is_told(rig, number, RUN_HOOK, RUN_EXITED, 0);
	assert_int_equal(chmod(path, 0755), 0);
	rig_path(rig, target, "etc/moved");
	assert_int_equal(rename(path, target) | symlink(target, path), 0);
	is_refused(rig, ++number, "good");
	rig_said(rig, ROLE_CORE, "ran", number);
	rig_said(rig, ROLE_CORE, "start", 1);
}

/* Children of its own session, of their own, without a parent, deaf to all but SIGKILL. */
#define STUBBORN                                                                                   \
	"#!/bin/sh\ntrap '' TERM HUP INT\n"                                                        \
	"log=${0%/etc/*}/log\n"                                                                    \
	"sleep 1000 &\n"                                                                           \
	"setsid sh -c 'trap \"\" TERM; while :; do sleep 1000; done' &\n"                          \
	"(setsid setsid sleep 1000 &)\n"

static void nothing_outlives_its_time(void **state)
{
	const struct rig *rig = rig_of(state);

	put(rig, HOOKS "/stubborn", STUBBORN "touch $log/begun\nwhile :; do sleep 1000; done\n",
		0755);
	rig_order(rig, ROLE_CORE, "run 1 %d 5000 stubborn", RUN_HOOK);
	wait_for(rig, "log/begun");
	is_told(rig, 1, RUN_HOOK, RUN_TIMED_OUT, 0);
	assert_int_equal(processes_of(RUN_HOOK), 0);
}

static void nothing_outlives_its_program(void **state)
{
	const struct rig *rig = rig_of(state);

	put(rig, HOOKS "/leaves", STUBBORN "exit 3\n", 0755);
	put(rig, HOOKS "/good", "#!/bin/sh\nexit 0\n", 0755);
	for (unsigned int i = 1; i <= 10; i += 2) {
		run(rig, i, RUN_HOOK, "leaves");
		is_told(rig, i, RUN_HOOK, RUN_EXITED, 3);
		assert_int_equal(processes_of(RUN_HOOK), 0);
		run(rig, i + 1, RUN_HOOK, "good");
		is_told(rig, i + 1, RUN_HOOK, RUN_EXITED, 0);
	}
}

static void a_bomb_is_bounded(void **state)
{
	const struct rig *rig = rig_of(state);
	unsigned int most = 0;

	put_self(rig, HOOKS "/bomb");
	rig_order(rig, ROLE_CORE, "run 1 %d 5000 bomb", RUN_HOOK);
	while (!rig_count(rig, ROLE_CORE, "ran", NULL)) {
		unsigned int now = processes_of(RUN_HOOK);

		most = now > most ? now : most;
		assert_true(most <= 64);
		rig_pass(GRANTED_STEP_MS);
	}
	is_told(rig, 1, RUN_HOOK, RUN_TIMED_OUT, 0);
	assert_true(most > 1);
	assert_int_equal(processes_of(RUN_HOOK), 0);
	rig_said(rig, ROLE_CORE, "start", 1);
}

static void one_at_a_time_in_each_lane(void **state)
{
	const struct rig *rig = rig_of(state);

	put(rig, HOOKS "/waits",
		"#!/bin/sh\nwhile [ ! -e ${0%/etc/*}/log/go ]; do sleep .1; done\n", 0755);
	put(rig, ROTATORS "/good", "#!/bin/sh\nexit 0\n", 0755);
	run(rig, 1, RUN_HOOK, "waits");
	run(rig, 2, RUN_HOOK, "waits");
	is_told(rig, 2, RUN_HOOK, RUN_BUSY, 0);
	run(rig, 3, RUN_ROTATOR, "good");
	is_told(rig, 3, RUN_ROTATOR, RUN_EXITED, 0);
	put(rig, "log/go", "", 0644);
	is_told(rig, 1, RUN_HOOK, RUN_EXITED, 0);
	run(rig, 4, RUN_HOOK, "waits");
	is_told(rig, 4, RUN_HOOK, RUN_EXITED, 0);
}

static void all_are_gone(enum run_lane lane)
{
	for (int ms = 0; processes_of(lane); ms += GRANTED_STEP_MS) {
		assert_true(ms < RIG_PATIENCE_MS);
		rig_pass(GRANTED_STEP_MS);
	}
}

/* The next one may call another run by the same number. */
static void a_run_ends_with_its_core(void **state)
{
	const struct rig *rig = rig_of(state);

	put(rig, HOOKS "/stubborn", STUBBORN "touch $log/begun\nwhile :; do sleep 1000; done\n",
		0755);
	put(rig, HOOKS "/good", "#!/bin/sh\nexit 0\n", 0755);
	run(rig, 1, RUN_HOOK, "stubborn");
	wait_for(rig, "log/begun");
	kill(rig_pid(rig, ROLE_CORE), SIGKILL);
	rig_wait(rig, ROLE_CORE, "go", 2);
	for (unsigned int i = 1; !rig_count(rig, ROLE_CORE, "ran 1 0 0 0", NULL); i++) {
		assert_true(i < 400);
		run(rig, 1, RUN_HOOK, "good");
		rig_pass(20);
	}
	rig_said(rig, ROLE_CORE, "ran 1 0 1", 0);
	all_are_gone(RUN_HOOK); /* of those that were asked for in vain, one may be running yet */
}

static void what_a_killed_holder_left_is_ended(void **state)
{
	struct rig *rig = rig_of(state);

	put(rig, ROTATORS "/stubborn", STUBBORN "touch $log/begun\nwhile :; do sleep 1000; done\n",
		0755);
	run(rig, 1, RUN_ROTATOR, "stubborn");
	wait_for(rig, "log/begun");
	kill(rig->holder, SIGKILL);
	waitpid(rig->holder, NULL, 0);
	assert_true(processes_of(RUN_ROTATOR) > 0);
	rig_launch(rig, 0);
	rig_wait(rig, ROLE_CORE, "go", 2);
	all_are_gone(RUN_ROTATOR);
	rig_said(rig, ROLE_CORE, "ran", 0);
}

static void holder_ends_what_it_runs(void **state)
{
	struct rig *rig = rig_of(state);

	put(rig, HOOKS "/stubborn", STUBBORN "touch $log/begun\nwhile :; do sleep 1000; done\n",
		0755);
	run(rig, 1, RUN_HOOK, "stubborn");
	wait_for(rig, "log/begun");
	assert_int_equal(rig_stop(rig), 0);
	*state = NULL;
	all_are_gone(RUN_HOOK);
}

/* A user that is not the programs' alone: nothing runs, and nothing of it is ended. */
static void others_of_that_user_are_left_alone(void **state)
{
	struct rig *rig = rig_of(state);
	pid_t other = fork();

	if (!other) {
		if (setresgid(user[RUN_HOOK].gid, user[RUN_HOOK].gid, user[RUN_HOOK].gid) ||
			setresuid(user[RUN_HOOK].uid, user[RUN_HOOK].uid, user[RUN_HOOK].uid))
			_exit(1);
		for (;;)
			pause();
	}
	while (!processes_of(RUN_HOOK))
		usleep(1000);
	put(rig, HOOKS "/good", "#!/bin/sh\nexit 0\n", 0755);
	is_refused(rig, 1, "good");
	kill(rig->holder, SIGKILL);
	waitpid(rig->holder, NULL, 0);
	rig_launch(rig, 0);
	rig_wait(rig, ROLE_CORE, "go", 2);
	is_refused(rig, 2, "good");
	assert_int_equal(waitpid(other, NULL, WNOHANG), 0);
	kill(other, SIGKILL);
	waitpid(other, NULL, 0);
	run(rig, 3, RUN_HOOK, "good");
	is_told(rig, 3, RUN_HOOK, RUN_EXITED, 0);
}

static void what_core_may_not_ask(void **state)
{
	static const char *const orders[] = {
		"run 1 3 1000 good",
		"run 1 4294967295 1000 good",
		"run 0 0 1000 good",
		"run 1 0 1000 p234567890123456789012345678901234567890123456789012345678901234",
		"run 1 0 1000 good a234567890123456",
		"file 0",
		"stream 2 x",
		"stream 5 x",
		"file 3",
	};
	const struct rig *rig = rig_of(state);
	unsigned int starts = 1;

	put(rig, HOOKS "/good", "#!/bin/sh\nexit 0\n", 0755);
	for (size_t i = 0; i < sizeof orders / sizeof *orders; i++) {
		rig_order(rig, ROLE_CORE, "%s", orders[i]);
		rig_wait(rig, ROLE_CORE, "go", ++starts);
	}
	rig_said(rig, ROLE_CORE, "ran", 0);
	rig_order(rig, ROLE_API, "run 1 0 1000 good");
	rig_wait(rig, ROLE_API, "start", 2);
	rig_order(rig, ROLE_TOUCHER, "stream 3 x");
	rig_wait(rig, ROLE_TOUCHER, "start", 2);
	run(rig, 1, RUN_HOOK, "good");
	is_told(rig, 1, RUN_HOOK, RUN_EXITED, 0);
}

/* After each run all processes of the programs' user are killed: it is nobody's but theirs. */
static void users_are_nobody_elses(void **state)
{
	static const struct {
		const char *hook, *rotator;
		int status;
	} rows[] = {
		{ "games", "news", 0 },
		{ "games", "no-such-user", 0 },
		{ "root", "news", -TACIT_INVALID },
		{ "games", "root", -TACIT_INVALID },
		{ "games", "games", -TACIT_INVALID },
		{ "daemon", "news", -TACIT_INVALID },
		{ "games", "bin", -TACIT_INVALID },
	};

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct holder holder = { .lock = -1 };
		struct err err = { .text = "" };
		int status;

		config_defaults(&holder.config);
		holder.config.engine_count = 0;
		snprintf(holder.config.user, CONFIG_WORD_MAX, "daemon");
		snprintf(holder.config.api_user, CONFIG_WORD_MAX, "bin");
		snprintf(holder.config.hook_user, CONFIG_WORD_MAX, "%s", rows[i].hook);
		snprintf(holder.config.rotator_user, CONFIG_WORD_MAX, "%s", rows[i].rotator);
		status = setup_users(&holder, &err);
		if (status != rows[i].status)
			fail_msg("row %zu: %d %s", i, status, err.text);
		if (!strcmp(rows[i].rotator, "no-such-user"))
			assert_int_equal(holder.lane[RUN_ROTATOR].user.uid, 0);
	}
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		with_rig(a_hook_has_what_it_shall_and_no_more),
		with_rig(a_rotator_has_its_values),
		with_rig(core_is_told_how_a_script_ends),
		with_rig(what_only_root_can_have_put_there),
		with_rig(nothing_outlives_its_time),
		with_rig(nothing_outlives_its_program),
		with_rig(a_bomb_is_bounded),
		with_rig(one_at_a_time_in_each_lane),
		with_rig(a_run_ends_with_its_core),
		with_rig(what_a_killed_holder_left_is_ended),
		with_rig(holder_ends_what_it_runs),
		with_rig(others_of_that_user_are_left_alone),
		with_rig(a_key_program_has_its_key),
		with_rig(no_other_program_has_a_standard_input),
		with_rig(what_core_may_not_ask),
		cmocka_unit_test(users_are_nobody_elses),
	};

	if (argc && strstr(argv[0], "/etc/tacit/hooks.d/bomb"))
		bomb_main();
	if (argc && strstr(argv[0], "/etc/tacit/"))
		who_main(argv);
	rig_begin(argv);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
