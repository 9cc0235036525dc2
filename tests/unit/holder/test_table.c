/* SPDX-License-Identifier: Apache-2.0 */
/* The descriptors that outlive holder: each is found again by its name in the program that holder
 * executes, wherever it was, and none other is passed. This program executes itself. */
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "holder/holder.h"

#define RECEIVER "receive"
#define FD_MAX 128

static char program[4096];

/* What each place of the table is known by, in the order of the rows below. */
static const struct {
	const char *what;
	size_t offset;
} places[] = {
	{ "device-0", offsetof(struct table, device) },
	{ "device-1", offsetof(struct table, device) + sizeof(int) },
	{ "device-15", offsetof(struct table, device) + 15 * sizeof(int) },
	{ "handover", offsetof(struct table, handover) },
	{ "keys", offsetof(struct table, keys) },
	{ "mount", offsetof(struct table, mount) },
	{ "adopt", offsetof(struct table, adopt) },
	{ "listener", offsetof(struct table, listener) },
	{ "core", offsetof(struct table, core) },
};

#define PLACES (sizeof places / sizeof places[0])

static int *place(struct table *table, size_t i)
{
	return (int *)((char *)table + places[i].offset);
}

/* The new holder. Exits with 0, or with the number of the line that is not so. */
static int receive(const char *expected)
{
	struct table table;
	size_t passed = 0;
	char text[32];

	table_empty(&table);
	if (!table_receive(&table) || getenv("LISTEN_PID") || getenv("LISTEN_FDNAMES"))
		return 1;
	for (size_t i = 0; i < PLACES; i++) {
		int fd = *place(&table, i);
		ssize_t got = fd < 0 ? -1 : pread(fd, text, sizeof text - 1, 0);

		if ((got >= 0) != (expected[i] == '1'))
			return 2;
		if (got < 0)
			continue;
		text[got] = '\0';
		if (strcmp(text, places[i].what) || fcntl(fd, F_GETFD) != FD_CLOEXEC)
			return 3;
		passed++;
	}
	for (int fd = 3; fd < FD_MAX; fd++)
		passed -= fcntl(fd, F_GETFD) >= 0;
	return passed ? 4 : 0;
}

/* A descriptor that says `what`, at the number `at`. */
static int speaking(const char *what, int at)
{
	int memory = memfd_create(what, MFD_CLOEXEC), fd;

	if (memory < 0 || write(memory, what, strlen(what)) < 0)
		return -1;
	if (memory == at)
		return at;
	fd = dup3(memory, at, O_CLOEXEC);
	close(memory);
	return fd;
}

/* Execute with the places that `which` marks, the i-th at the number at[i]; how it ended. */
static int pass_on(const char *which, const int *at)
{
	char *argv[] = { program, (char *)RECEIVER, (char *)which, NULL };
	pid_t pid = fork();
	int status;

	assert_true(pid >= 0);
	if (!pid) {
		struct table table;

		for (int fd = 3; fd < FD_MAX; fd++)
			close(fd);
		table_empty(&table);
		for (size_t i = 0; i < PLACES; i++)
			if (which[i] == '1')
				*place(&table, i) = speaking(places[i].what, at[i]);
		table_execute(&table, argv, NULL);
		_exit(99);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	return WEXITSTATUS(status);
}

/* In the order of the table, against it, all over the place: no number overwrites another. */
static void each_is_found_by_its_name(void **state)
{
	static const int orders[][PLACES] = {
		{ 3, 4, 5, 6, 7, 8, 9, 10, 11 },
		{ 11, 10, 9, 8, 7, 6, 5, 4, 3 },
		{ 4, 3, 6, 5, 8, 7, 10, 9, 12 },
		{ 40, 3, 90, 4, 25, 26, 5, 60, 11 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof orders / sizeof *orders; i++) {
		assert_int_equal(pass_on("111111111", orders[i]), 0);
		assert_int_equal(pass_on("100111110", orders[i]), 0);
		assert_int_equal(pass_on("000100000", orders[i]), 0);
	}
}

static void without_the_handover_there_is_nothing(void **state)
{
	static const int order[PLACES] = { 3, 4, 5, 6, 7, 8, 9, 10, 11 };

	(void)state;
	assert_int_equal(pass_on("111011111", order), 1);
	assert_int_equal(pass_on("000000000", order), 1);
}

/* LISTEN_PID says for whom: a child of the one that was meant takes nothing. */
static void what_is_for_another_process_is_left(void **state)
{
	struct table table;
	char number[16];

	(void)state;
	table_empty(&table);
	assert_false(table_receive(&table));
	snprintf(number, sizeof number, "%d", getppid());
	setenv("LISTEN_PID", number, 1);
	setenv("LISTEN_FDNAMES", "handover", 1);
	assert_false(table_receive(&table));
	assert_int_equal(table.handover, -1);
	assert_non_null(getenv("LISTEN_PID"));
	unsetenv("LISTEN_PID");
	unsetenv("LISTEN_FDNAMES");
}

/* Names that this version does not know are passed by: their descriptors keep their numbers. */
static void unknown_names_are_passed_by(void **state)
{
	struct table table;
	char number[16];

	(void)state;
	table_empty(&table);
	snprintf(number, sizeof number, "%d", getpid());
	setenv("LISTEN_PID", number, 1);
	setenv("LISTEN_FDNAMES", "stored::handover:device-16:device-:keys", 1);
	assert_true(table_receive(&table));
	assert_int_equal(table.handover, 5);
	assert_int_equal(table.keys, 8);
	for (int i = 0; i < HANDOVER_THREADS_MAX; i++)
		assert_int_equal(table.device[i], -1);
}

static void a_table_is_closed_once(void **state)
{
	struct table table;

	(void)state;
	table_empty(&table);
	table.keys = speaking("keys", 60);
	table.device[3] = speaking("device-3", 61);
	table_close(&table);
	assert_int_equal(fcntl(60, F_GETFD), -1);
	assert_int_equal(fcntl(61, F_GETFD), -1);
	assert_int_equal(table.keys, -1);
	assert_int_equal(table.device[3], -1);
	table_close(&table);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_is_found_by_its_name),
		cmocka_unit_test(without_the_handover_there_is_nothing),
		cmocka_unit_test(what_is_for_another_process_is_left),
		cmocka_unit_test(unknown_names_are_passed_by),
		cmocka_unit_test(a_table_is_closed_once),
	};

	if (argc == 3 && !strcmp(argv[1], RECEIVER))
		_exit(receive(argv[2]));
	if (readlink("/proc/self/exe", program, sizeof program - 1) < 0)
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
