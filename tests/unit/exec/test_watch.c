/* SPDX-License-Identifier: Apache-2.0 */
/* What is a rotation, and what only looks like one. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "exec/watch.h"

struct files {
	char dir[64], path[2][96];
	struct variables variables;
	struct watch watch;
};

static void put(const char *path, const char *value)
{
	int file = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);

	assert_true(file >= 0);
	assert_int_equal(write(file, value, strlen(value)), strlen(value));
	close(file);
}

static int set_up(void **state)
{
	struct files *files = calloc(1, sizeof *files);
	char dir[] = "/tmp/tacit-watch.XXXXXX";

	assert_non_null(files);
	assert_non_null(mkdtemp(dir));
	snprintf(files->dir, sizeof files->dir, "%s", dir);
	for (int i = 0; i < 2; i++) {
		snprintf(files->path[i], sizeof files->path[i], "%s/%d", dir, i);
		put(files->path[i], "first");
		files->variables.list[i] =
			(struct variable){ i ? "B" : "A", 1, strdup(files->path[i]) };
	}
	files->variables.count = 2;
	assert_int_equal(watch_open(&files->watch, &files->variables, NULL), 0);
	watch_note(&files->watch);
	*state = files;
	return 0;
}

static int tear_down(void **state)
{
	struct files *files = *state;

	close(files->watch.fd);
	variables_free(&files->variables);
	unlink(files->path[0]);
	unlink(files->path[1]);
	rmdir(files->dir);
	free(files);
	return 0;
}

static void any_of_the_files_is_a_rotation(void **state)
{
	struct files *files = *state;

	for (int i = 0; i < 2; i++) {
		assert_false(watch_take(&files->watch));
		assert_int_equal(watch_look(&files->watch), WATCH_NOTHING);
		put(files->path[i], "other");
		assert_true(watch_take(&files->watch));
		assert_false(watch_take(&files->watch));
		assert_int_equal(watch_look(&files->watch), WATCH_ROTATED);
		watch_note(&files->watch);
	}
	assert_int_equal(watch_look(&files->watch), WATCH_NOTHING);
}

static void what_is_noted_is_taken(void **state)
{
	struct files *files = *state;

	put(files->path[0], "other");
	watch_note(&files->watch);
	assert_false(watch_take(&files->watch));
	assert_int_equal(watch_look(&files->watch), WATCH_NOTHING);
}

static void a_file_that_is_gone_is_stronger_than_one_that_is_new(void **state)
{
	struct files *files = *state;

	put(files->path[0], "other");
	assert_int_equal(unlink(files->path[1]), 0);
	assert_int_equal(watch_look(&files->watch), WATCH_UNREADABLE);
	/* It was gone already, and is there again. */
	watch_note(&files->watch);
	put(files->path[1], "first");
	assert_int_equal(watch_look(&files->watch), WATCH_ROTATED);
}

static void a_size_alone_is_new(void **state)
{
	struct files *files = *state;
	struct timespec times[2] = { files->watch.known[0].st_atim, files->watch.known[0].st_mtim };

	put(files->path[0], "longer");
	assert_int_equal(utimensat(AT_FDCWD, files->path[0], times, 0), 0);
	assert_int_equal(watch_look(&files->watch), WATCH_ROTATED);
}

static void reading_is_none(void **state)
{
	struct files *files = *state;

	close(open(files->path[0], O_RDONLY | O_CLOEXEC));
	assert_false(watch_take(&files->watch));
}

static void what_is_not_there_is_not_watched(void **state)
{
	struct files *files = *state;
	struct variables none = { .count = 0 };
	struct watch watch;

	assert_int_equal(watch_open(&watch, &none, NULL), -TACIT_INVALID);
	assert_int_equal(unlink(files->path[1]), 0);
	assert_int_equal(watch_open(&watch, &files->variables, NULL), -TACIT_NOT_FOUND);
}

#define with_files(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		with_files(any_of_the_files_is_a_rotation),
		with_files(what_is_noted_is_taken),
		with_files(a_file_that_is_gone_is_stronger_than_one_that_is_new),
		with_files(a_size_alone_is_new),
		with_files(reading_is_none),
		with_files(what_is_not_there_is_not_watched),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
