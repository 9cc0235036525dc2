/* SPDX-License-Identifier: Apache-2.0 */
/* A directory of a test's own, and what is in its files. Included once per test program. */
#ifndef TACIT_TEST_SCRATCH_H
#define TACIT_TEST_SCRATCH_H

#include <dirent.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/err.h"

#define SCRATCH_MAX 256

/* Fail with the words of `err` unless `call` is 0. */
#define must(call)                                                                                 \
	do {                                                                                       \
		if ((call) != 0)                                                                   \
			fail_msg("%s: %s", #call, err.text);                                       \
	} while (0)

/* Fail unless `call` is -`code`. */
#define must_be(code, call)                                                                        \
	do {                                                                                       \
		int result_ = (call);                                                              \
		if (result_ != -(int)(code))                                                       \
			fail_msg("%s: %s, not %s", #call,                                          \
				result_ ? code_word((enum tacit_code) - result_) : "ok",           \
				code_word(code));                                                  \
	} while (0)

static inline void scratch_make(char dir[SCRATCH_MAX])
{
	const char *base = getenv("TMPDIR");

	snprintf(dir, SCRATCH_MAX, "%s/tacit-test-XXXXXX", base ? base : P_tmpdir);
	assert_non_null(mkdtemp(dir));
}

typedef void scratch_file_fn(void *arg, const char *path);

static inline void scratch_each(const char *dir, scratch_file_fn *on_file, void *arg)
{
	DIR *open_dir = opendir(dir);
	struct dirent *entry;

	assert_non_null(open_dir);
	while ((entry = readdir(open_dir))) {
		char path[2 * SCRATCH_MAX + 2];

		if (entry->d_name[0] == '.')
			continue;
		snprintf(path, sizeof path, "%s/%s", dir, entry->d_name);
		on_file(arg, path);
	}
	closedir(open_dir);
}

static inline void scratch_unlink(void *arg, const char *path)
{
	(void)arg;
	unlink(path);
}

static inline void scratch_remove(const char *dir)
{
	scratch_each(dir, scratch_unlink, NULL);
	rmdir(dir);
}

/* All of a file, malloc'd. */
static inline uint8_t *scratch_read(const char *path, size_t *length)
{
	struct stat status;
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	uint8_t *bytes;

	assert_true(fd >= 0);
	assert_int_equal(fstat(fd, &status), 0);
	*length = (size_t)status.st_size;
	bytes = malloc(*length + 1);
	assert_non_null(bytes);
	assert_int_equal(read(fd, bytes, *length), status.st_size);
	close(fd);
	return bytes;
}

static inline void scratch_write(const char *path, const uint8_t *bytes, size_t length)
{
	int fd = open(path, O_WRONLY | O_TRUNC | O_CREAT | O_CLOEXEC, 0600);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, bytes, length), length);
	close(fd);
}

#endif
