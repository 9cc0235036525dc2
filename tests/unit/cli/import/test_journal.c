/* SPDX-License-Identifier: Apache-2.0 */
/* Whoever kills an import, or the undoing of one, at any of its calls finds every file whole, as it
 * was or as it is to be; and can finish it, or take it back. */
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "cli/import/journal.h"

#define KILLED 77
#define CALLS_MAX 500

/* Calls that are left until the process ends before the next one; -1: it does not. */
static long calls_left = -1;

static void count_call(void)
{
	if (calls_left == 0)
		_exit(KILLED);
	if (calls_left > 0)
		calls_left--;
}

#define COUNTED(type, name, parameters, arguments)                                                 \
	type __real_##name parameters;                                                             \
	type __wrap_##name parameters;                                                             \
	type __wrap_##name parameters                                                              \
	{                                                                                          \
		count_call();                                                                      \
		return __real_##name arguments;                                                    \
	}

COUNTED(ssize_t, write, (int fd, const void *bytes, size_t length), (fd, bytes, length))

/* A process that ends leaves what it has written to the kernel: no disk is waited for. */
int __wrap_fsync(int fd);
int __wrap_fsync(int fd)
{
	(void)fd;
	count_call();
	return 0;
}

COUNTED(int, mkdirat, (int fd, const char *path, mode_t mode), (fd, path, mode))
COUNTED(int, unlinkat, (int fd, const char *path, int flags), (fd, path, flags))
COUNTED(int, renameat, (int from_fd, const char *from, int to_fd, const char *to),
	(from_fd, from, to_fd, to))

static bool links_fail; /* as on file systems that have none */

int __real_linkat(int from_fd, const char *from, int to_fd, const char *to, int flags);
int __wrap_linkat(int from_fd, const char *from, int to_fd, const char *to, int flags);
int __wrap_linkat(int from_fd, const char *from, int to_fd, const char *to, int flags)
{
	count_call();
	if (!links_fail)
		return __real_linkat(from_fd, from, to_fd, to, flags);
	errno = EPERM;
	return -1;
}

COUNTED(int, fchmod, (int fd, mode_t mode), (fd, mode))

static const char compose_old[] = "services:\n  a: {environment: {X: hunter2hunter2}}\n";
static const char compose_new[] = "services:\n  a: {environment: {X_FILE: /run/secrets/x}}\n";
static const char env_old[] = "A=1\nB=hunter2hunter2\n";
static const char env_new[] = "A=1\n";
static const char plain_old[] = "hunter2hunter2\n";

static const struct {
	const char *path, *old, *made;
	mode_t mode;
} files[] = { { "compose.yaml", compose_old, compose_new, 0644 },
	{ ".env", env_old, env_new, 0600 }, { "secrets/x.txt", plain_old, NULL, 0640 } };

#define FILES (sizeof files / sizeof files[0])

static int remove_one(const char *path, const struct stat *status, int type, struct FTW *ftw)
{
	(void)status, (void)type, (void)ftw;
	return remove(path);
}

static void put(const char *folder, size_t index)
{
	char path[256];
	FILE *file;

	snprintf(path, sizeof path, "%s/%s", folder, files[index].path);
	file = fopen(path, "w");
	assert_non_null(file);
	fputs(files[index].old, file);
	fclose(file);
	assert_int_equal(chmod(path, files[index].mode), 0);
}

static void make_project(char folder[64])
{
	char secrets[96];

	strcpy(folder, "/dev/shm/tacit-journal.XXXXXX");
	assert_non_null(mkdtemp(folder));
	snprintf(secrets, sizeof secrets, "%s/secrets", folder);
	assert_int_equal(mkdir(secrets, 0700), 0);
	for (size_t i = 0; i < FILES; i++)
		put(folder, i);
}

static void drop_project(const char *folder)
{
	nftw(folder, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

/* As a plan would say it; nothing of it is malloc'd. */
static struct import_plan *make_plan(const char *folder)
{
	static struct import_plan plan;
	static struct import_file list[FILES];

	memset(list, 0, sizeof list);
	plan = (struct import_plan){ .files = list, .file_count = FILES };
	snprintf(plan.folder, sizeof plan.folder, "%s", folder);
	for (size_t i = 0; i < FILES; i++) {
		snprintf(list[i].path, sizeof list[i].path, "%s/%s", folder, files[i].path);
		list[i].old = (char *)files[i].old;
		list[i].old_length = strlen(files[i].old);
		list[i].made = (char *)files[i].made;
		list[i].made_length = files[i].made ? strlen(files[i].made) : 0;
		list[i].changed = files[i].made;
		list[i].gone = !files[i].made;
	}
	return &plan;
}

/* 'o' as it was, 'n' as it is to be; anything else fails. */
static char look(const char *folder, size_t index)
{
	char path[256], text[256] = "";
	struct stat status;
	FILE *file;

	snprintf(path, sizeof path, "%s/%s", folder, files[index].path);
	file = fopen(path, "r");
	if (!file) {
		assert_null(files[index].made);
		return 'n';
	}
	text[fread(text, 1, sizeof text - 1, file)] = '\0';
	fclose(file);
	assert_int_equal(stat(path, &status), 0);
	assert_int_equal(status.st_mode & 07777, files[index].mode);
	if (!strcmp(text, files[index].old))
		return 'o';
	assert_non_null(files[index].made);
	assert_string_equal(text, files[index].made);
	return 'n';
}

static void assert_all(const char *folder, char which)
{
	for (size_t i = 0; i < FILES; i++)
		assert_int_equal(look(folder, i), which);
}

/* Whoever comes next must know it when some files are old and some new. */
static void assert_state(const char *folder, enum journal_state state)
{
	struct journal journal;
	size_t old = 0;

	for (size_t i = 0; i < FILES; i++)
		old += look(folder, i) == 'o';
	if (!old || old == FILES)
		return;
	assert_int_equal(journal_open(&journal, folder, false, NULL), 0);
	assert_int_equal(journal.state, state);
	journal_close(&journal);
}

static bool has_backup(const char *folder)
{
	char path[128];

	snprintf(path, sizeof path, "%s/" JOURNAL_FOLDER, folder);
	return !access(path, F_OK);
}

/* As the command does it; the plan of what is done already is empty. */
static int apply(const char *folder)
{
	struct journal journal;
	struct err err;
	int status = journal_open(&journal, folder, true, &err);

	if (!status && journal.state == JOURNAL_WRITING)
		status = journal_finish(&journal, &err);
	else if (!status && journal.state != JOURNAL_APPLIED)
		status = journal_apply(&journal, make_plan(folder), &err);
	journal_close(&journal);
	return status;
}

static int undo(const char *folder)
{
	struct journal journal;
	struct err err;
	int status = journal_open(&journal, folder, false, &err);

	if (!status)
		status = journal_undo(&journal, &err);
	journal_close(&journal);
	return status;
}

static int destroy(const char *folder)
{
	struct journal journal;
	unsigned int count;
	int status = journal_open(&journal, folder, false, NULL);

	if (!status)
		status = journal_destroy(&journal, &count, NULL);
	journal_close(&journal);
	return status;
}

/* Do it in a process that ends before call number `calls`: false when it was done before that. */
static bool killed_at(int (*what)(const char *folder), const char *folder, long calls)
{
	int status = 0;
	pid_t pid = fork();

	assert_true(pid >= 0);
	if (!pid) {
		calls_left = calls;
		_exit(what(folder) < 0 ? 1 : 0);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	assert_int_not_equal(WEXITSTATUS(status), 1);
	return WEXITSTATUS(status) == KILLED;
}

static void test_there_and_back(void **state)
{
	char folder[64];

	(void)state;
	make_project(folder);
	assert_int_equal(apply(folder), 0);
	assert_all(folder, 'n');
	assert_true(has_backup(folder));
	assert_int_equal(undo(folder), 0);
	assert_all(folder, 'o');
	assert_false(has_backup(folder));
	assert_int_equal(undo(folder), -TACIT_NOT_FOUND);
	assert_int_equal(apply(folder), 0);
	assert_int_equal(destroy(folder), 0);
	assert_all(folder, 'n');
	assert_false(has_backup(folder));
	assert_int_equal(undo(folder), -TACIT_NOT_FOUND);
	drop_project(folder);
}

static void test_an_import_that_is_killed_can_be_finished(void **state)
{
	long calls = 0;
	char folder[64];
	bool killed = true;

	(void)state;
	for (; killed && calls < CALLS_MAX; calls++) {
		make_project(folder);
		killed = killed_at(apply, folder, calls);
		assert_state(folder, JOURNAL_WRITING);
		if (killed)
			assert_int_equal(apply(folder), 0);
		assert_all(folder, 'n');
		assert_int_equal(undo(folder), 0);
		assert_all(folder, 'o');
		assert_false(has_backup(folder));
		drop_project(folder);
	}
	assert_in_range(calls, 20, CALLS_MAX - 1);
}

static void test_an_import_that_is_killed_can_be_taken_back(void **state)
{
	char folder[64];
	bool killed = true;

	(void)state;
	for (long calls = 0; killed; calls++) {
		struct journal journal;

		make_project(folder);
		killed = killed_at(apply, folder, calls);
		assert_int_equal(journal_open(&journal, folder, false, NULL), 0);
		if (journal.last)
			assert_int_equal(journal_undo(&journal, NULL), 0);
		journal_close(&journal);
		assert_all(folder, 'o');
		drop_project(folder);
	}
}

static void test_an_undo_that_is_killed_can_be_done_again(void **state)
{
	char folder[64];
	bool killed = true;
	long calls = 0;

	(void)state;
	for (; killed && calls < CALLS_MAX; calls++) {
		int status;

		make_project(folder);
		assert_int_equal(apply(folder), 0);
		killed = killed_at(undo, folder, calls);
		assert_state(folder, JOURNAL_UNDOING);
		status = undo(folder);
		assert_true(status == 0 || status == -TACIT_NOT_FOUND);
		assert_all(folder, 'o');
		drop_project(folder);
	}
	assert_in_range(calls, 15, CALLS_MAX - 1);
}

/* Nothing is left that another run would take for a backup, and what was destroyed is not put back.
 */
static void test_a_destruction_that_is_killed_brings_nothing_back(void **state)
{
	char folder[64];
	bool killed = true;

	(void)state;
	for (long calls = 0; killed; calls++) {
		int status;

		make_project(folder);
		assert_int_equal(apply(folder), 0);
		killed = killed_at(destroy, folder, calls);
		assert_all(folder, 'n');
		status = undo(folder);
		assert_true(status == 0 || status == -TACIT_NOT_FOUND);
		assert_all(folder, status ? 'n' : 'o');
		drop_project(folder);
	}
}

static void write_over(const char *folder, const char *name)
{
	char path[128];
	FILE *file;

	snprintf(path, sizeof path, "%s/%s", folder, name);
	file = fopen(path, "w");
	fputs("mine\n", file);
	fclose(file);
}

static void assert_mine(const char *folder, const char *name)
{
	char path[128], text[16] = "";
	FILE *file;

	snprintf(path, sizeof path, "%s/%s", folder, name);
	file = fopen(path, "r");
	assert_non_null(file);
	assert_non_null(fgets(text, sizeof text, file));
	fclose(file);
	assert_string_equal(text, "mine\n");
}

static void test_what_somebody_has_written_is_not_touched(void **state)
{
	char folder[64];

	(void)state;
	make_project(folder);
	write_over(folder, ".env");
	assert_int_equal(apply(folder), -TACIT_STALE);
	assert_int_equal(look(folder, 0), 'o');
	assert_int_equal(look(folder, 2), 'o');
	assert_mine(folder, ".env");
	put(folder, 1);
	assert_int_equal(apply(folder), 0);
	write_over(folder, "secrets/x.txt");
	assert_int_equal(undo(folder), -TACIT_STALE);
	assert_int_equal(look(folder, 0), 'n');
	assert_mine(folder, "secrets/x.txt");
	drop_project(folder);
}

static void test_without_links_a_copy_is_kept(void **state)
{
	char folder[64];

	(void)state;
	make_project(folder);
	links_fail = true;
	assert_int_equal(apply(folder), 0);
	links_fail = false;
	assert_all(folder, 'n');
	assert_int_equal(undo(folder), 0);
	assert_all(folder, 'o');
	drop_project(folder);
}

/* The backup is the file itself: what is destroyed is where it was. */
static void test_the_old_bytes_are_overwritten(void **state)
{
	char folder[64], path[128], text[64] = "";
	int fd;

	(void)state;
	make_project(folder);
	snprintf(path, sizeof path, "%s/.env", folder);
	fd = open(path, O_RDONLY);
	assert_int_equal(apply(folder), 0);
	assert_int_equal(pread(fd, text, sizeof text, 0), sizeof env_old - 1);
	assert_memory_equal(text, env_old, sizeof env_old - 1);
	assert_int_equal(destroy(folder), 0);
	assert_int_equal(pread(fd, text, sizeof text, 0), sizeof env_old - 1);
	for (size_t i = 0; i < sizeof env_old - 1; i++)
		assert_int_equal(text[i], 0);
	close(fd);
	drop_project(folder);
}

static void test_one_run_at_a_time(void **state)
{
	struct journal first, second;
	char folder[64];

	(void)state;
	make_project(folder);
	assert_int_equal(journal_open(&first, folder, true, NULL), 0);
	assert_int_equal(journal_open(&second, folder, true, NULL), -TACIT_BUSY);
	journal_close(&first);
	assert_int_equal(journal_open(&second, folder, true, NULL), 0);
	journal_close(&second);
	drop_project(folder);
}

static void test_a_folder_of_somebody_else_is_no_backup(void **state)
{
	struct journal journal;
	char folder[64], path[128];

	(void)state;
	make_project(folder);
	snprintf(path, sizeof path, "%s/" JOURNAL_FOLDER, folder);
	assert_int_equal(mkdir(path, 0755), 0);
	assert_int_equal(chmod(path, 0755), 0);
	assert_int_equal(journal_open(&journal, folder, true, NULL), -TACIT_DENIED);
	assert_int_equal(rmdir(path), 0);
	assert_int_equal(symlink("/", path), 0);
	assert_true(journal_open(&journal, folder, true, NULL) < 0);
	drop_project(folder);
}

static void test_the_backup_is_for_its_owner_alone(void **state)
{
	char folder[64], path[128], text[8] = "";
	struct stat status;
	FILE *file;

	(void)state;
	make_project(folder);
	assert_int_equal(apply(folder), 0);
	snprintf(path, sizeof path, "%s/" JOURNAL_FOLDER, folder);
	assert_int_equal(stat(path, &status), 0);
	assert_int_equal(status.st_mode & 07777, 0700);
	snprintf(path, sizeof path, "%s/" JOURNAL_FOLDER "/.gitignore", folder);
	file = fopen(path, "r");
	assert_non_null(file);
	assert_non_null(fgets(text, sizeof text, file));
	fclose(file);
	assert_string_equal(text, "*\n");
	drop_project(folder);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_there_and_back),
		cmocka_unit_test(test_an_import_that_is_killed_can_be_finished),
		cmocka_unit_test(test_an_import_that_is_killed_can_be_taken_back),
		cmocka_unit_test(test_an_undo_that_is_killed_can_be_done_again),
		cmocka_unit_test(test_a_destruction_that_is_killed_brings_nothing_back),
		cmocka_unit_test(test_what_somebody_has_written_is_not_touched),
		cmocka_unit_test(test_without_links_a_copy_is_kept),
		cmocka_unit_test(test_the_old_bytes_are_overwritten),
		cmocka_unit_test(test_one_run_at_a_time),
		cmocka_unit_test(test_a_folder_of_somebody_else_is_no_backup),
		cmocka_unit_test(test_the_backup_is_for_its_owner_alone),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
