/* SPDX-License-Identifier: Apache-2.0 */
/* Which process a thread belongs to, asked of the kernel. */
#include "scratch_cgroup.h"

#include <pthread.h>
#include <sys/syscall.h>

#include "core/identity/identity.h"

struct process {
	uint64_t number, start;
};

static struct process process_of(pid_t tid)
{
	struct process process = { 0, 0 };

	assert_true(identity_process(tid, &process.number, &process.start));
	return process;
}

struct aside {
	pid_t tid;
	int told[2], end[2];
};

static void *stay(void *arg)
{
	struct aside *aside = arg;
	char byte = 0;

	aside->tid = (pid_t)syscall(SYS_gettid);
	assert_int_equal(write(aside->told[1], &byte, 1), 1);
	assert_int_equal(read(aside->end[0], &byte, 1), 0);
	return NULL;
}

static void a_thread_is_its_process(void **state)
{
	struct process self = process_of(getpid()), thread;
	struct aside aside;
	pthread_t id;
	char byte;

	(void)state;
	assert_int_equal(pipe(aside.told), 0);
	assert_int_equal(pipe(aside.end), 0);
	assert_int_equal(pthread_create(&id, NULL, stay, &aside), 0);
	assert_int_equal(read(aside.told[0], &byte, 1), 1);
	assert_int_not_equal(aside.tid, getpid());
	thread = process_of(aside.tid);
	assert_int_equal(self.number, getpid());
	assert_int_equal(thread.number, self.number);
	assert_int_equal(thread.start, self.start);
	close(aside.end[1]);
	pthread_join(id, NULL);
	close(aside.end[0]);
	close(aside.told[0]);
	close(aside.told[1]);
}

static void a_child_is_another(void **state)
{
	pid_t child = scratch_child(NULL);
	struct process mine = process_of(getpid()), its = process_of(child);

	(void)state;
	assert_int_equal(its.number, child);
	assert_true(its.start >= mine.start);
	scratch_end(child);
}

/* It goes on being the same when it runs another program, whatever that is called. */
static void a_program_is_not_the_process(void **state)
{
	struct process before, after;
	char byte;
	int go[2], at_it[2];
	pid_t child;

	(void)state;
	assert_int_equal(pipe(go), 0);
	assert_int_equal(pipe2(at_it, O_CLOEXEC), 0);
	child = fork();
	assert_true(child >= 0);
	if (!child) {
		dup2(go[0], STDIN_FILENO);
		close(go[1]);
		prctl(PR_SET_NAME, "a) b 1 2 3 (c");
		execl("/bin/sh", "sh", "-c", "read line", NULL);
		_exit(1);
	}
	before = process_of(child);
	close(at_it[1]);
	assert_int_equal(read(at_it[0], &byte, 1), 0); /* closed by exec */
	after = process_of(child);
	assert_int_equal(after.number, before.number);
	assert_int_equal(after.start, before.start);
	close(go[0]);
	close(go[1]);
	close(at_it[0]);
	assert_int_equal(waitpid(child, NULL, 0), child);
}

static void nobody_is_no_process(void **state)
{
	pid_t child = scratch_child(NULL);
	uint64_t number, start;

	(void)state;
	scratch_end(child);
	assert_false(identity_process(child, &number, &start));
	assert_false(identity_process(0, &number, &start));
	assert_false(identity_process(-1, &number, &start));
	assert_false(identity_process(INT32_MAX, &number, &start));
}

#define TO_20 "S 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20 "

static void a_start_is_field_22(void **state)
{
	static const struct {
		const char *stat;
		uint64_t start;
	} rows[] = {
		{ "1 (systemd) " TO_20 "21 2200 23\n", 2200 },
		{ "1 (a) b (c) " TO_20 "21 2200 23\n", 2200 },
		{ "1 ()) 1 2) " TO_20 "21 2200 23\n", 2200 },
		{ "1 (\n) " TO_20 "21 18446744073709551615 23\n", UINT64_MAX },
		{ "1 (a) " TO_20 "21 22", 22 },
		{ "1 (a) " TO_20 "21", 0 },
		{ "1 (a) S", 0 },
		{ "1 (a)", 0 },
		{ "1 2 3", 0 },
		{ "", 0 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
		if (identity_start_time(rows[i].stat) != rows[i].start)
			fail_msg("row %zu: %llu", i,
				(unsigned long long)identity_start_time(rows[i].stat));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_thread_is_its_process),
		cmocka_unit_test(a_child_is_another),
		cmocka_unit_test(a_program_is_not_the_process),
		cmocka_unit_test(nobody_is_no_process),
		cmocka_unit_test(a_start_is_field_22),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
