/* SPDX-License-Identifier: Apache-2.0 */
/* A log in a directory of its own, and what the tests do to it. */
#ifndef TACIT_TESTS_AUDIT_RIG_H
#define TACIT_TESTS_AUDIT_RIG_H

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "core/audit/internal.h"

#define RIG_FILE_MAX (1u << 20)

static const uint8_t rig_key[SEAL_KEY_BYTES] = "thirty-two bytes of an audit key";

struct rig {
	char dir[64];
	struct audit_options options;
	struct audit_log *log;
	struct audit_found found;
};

static inline void rig_start(struct rig *rig)
{
	memset(rig, 0, sizeof *rig);
	assert_int_equal(seal_start(NULL), 0);
	strcpy(rig->dir, "/tmp/tacit-test-XXXXXX");
	assert_non_null(mkdtemp(rig->dir));
	rig->options = (struct audit_options){
		.dir = rig->dir, .id = "the id of a log", .key = rig_key, .file_bytes = RIG_FILE_MAX
	};
}

static inline void rig_path(const struct rig *rig, const char *name, char path[128])
{
	snprintf(path, 128, "%s/%s", rig->dir, name);
}

static inline void rig_empty(const struct rig *rig)
{
	DIR *dir = opendir(rig->dir);
	struct dirent *entry;
	char path[400];

	while (dir && (entry = readdir(dir))) {
		snprintf(path, sizeof path, "%s/%s", rig->dir, entry->d_name);
		unlink(path);
	}
	closedir(dir);
}

static inline void rig_close(struct rig *rig)
{
	audit_log_close(rig->log);
	rig->log = NULL;
}

static inline void rig_end(struct rig *rig)
{
	rig_close(rig);
	rig_empty(rig);
	rmdir(rig->dir);
}

static inline void rig_open(struct rig *rig)
{
	struct err err = { 0 };

	if (audit_log_open(&rig->options, &rig->log, &rig->found, &err) < 0)
		fail_msg("%s", err.text);
}

static inline struct audit_record rig_record(uint64_t i)
{
	struct audit_record record;

	memset(&record, 0, sizeof record); /* what is between the fields is compared, too */
	record.time_ns = 1790000000000000000u + i;
	record.unique = i;
	record.version = i % 5;
	record.kind = (uint32_t)(1 + i % (AUDIT_KINDS - 1));
	record.pid = (uint32_t)i;
	record.uid = 1000;
	record.operator_uid = AUDIT_NOBODY;
	record.count = (uint32_t)(i % 3);
	memset(record.secret_id, (int)i, sizeof record.secret_id);
	memset(record.container, 'a', CONTAINER_ID_LENGTH);
	strcpy(record.comm, "nginx");
	strcpy(record.act, "open");
	strcpy(record.rule, "consumer");
	strcpy(record.outcome, "ok");
	strcpy(record.consumer, "compose/shop/web");
	snprintf(record.secret, sizeof record.secret, "db/password-%llu", (unsigned long long)i);
	return record;
}

/* One group of records, from `first` on. */
static inline void rig_write(struct rig *rig, uint64_t first, uint64_t count)
{
	struct err err = { 0 };

	for (uint64_t i = first; i < first + count; i++) {
		struct audit_record record = rig_record(i);

		struct audit_source source = { 3, i };

		assert_int_equal(audit_log_append(rig->log, &record, &source, &err), 0);
	}
	if (audit_log_commit(rig->log, &err) < 0)
		fail_msg("%s", err.text);
}

/* Open, write `groups` of `count` each, close. */
static inline void rig_fill(struct rig *rig, uint64_t groups, uint64_t count)
{
	rig_open(rig);
	for (uint64_t i = 0; i < groups; i++)
		rig_write(rig, 1 + i * count, count);
	rig_close(rig);
}

static inline int rig_verify(const struct rig *rig, struct audit_verdict *verdict)
{
	struct err err = { 0 };
	int result = audit_verify(&rig->options, NULL, verdict, &err);

	if (result < 0 && !err.text[0])
		fail_msg("an error without a text");
	return result;
}

/* Records 1 to `count`, and no others, all of them sound. */
static inline void rig_expect(const struct rig *rig, uint64_t count)
{
	struct audit_reader *reader;
	struct audit_record record;
	struct audit_verdict verdict;
	struct err err = { 0 };
	uint64_t number;

	assert_int_equal(audit_reader_open(&rig->options, 0, &reader, NULL), 0);
	for (uint64_t i = 1; i <= count; i++) {
		struct audit_record expected = rig_record(i);

		if (audit_reader_next(reader, &record, &number, &err) != 1)
			fail_msg("record %d: %s", (int)i, err.text);
		assert_int_equal(number, i);
		assert_memory_equal(&record, &expected, sizeof record);
	}
	assert_int_equal(audit_reader_next(reader, &record, &number, &err), 0);
	audit_reader_close(reader);
	if (audit_verify(&rig->options, NULL, &verdict, &err) < 0)
		fail_msg("%s", err.text);
	assert_int_equal(verdict.records, count);
}

struct rig_bytes {
	uint8_t *bytes;
	size_t length;
};

static inline struct rig_bytes rig_load(const struct rig *rig, const char *name)
{
	struct rig_bytes file = { malloc(RIG_FILE_MAX), 0 };
	char path[128];
	int fd;
	ssize_t got;

	rig_path(rig, name, path);
	fd = open(path, O_RDONLY);
	assert_true(fd >= 0);
	got = pread(fd, file.bytes, RIG_FILE_MAX, 0);
	assert_true(got >= 0);
	file.length = (size_t)got;
	close(fd);
	return file;
}

static inline void rig_store(
	const struct rig *rig, const char *name, const uint8_t *bytes, size_t length)
{
	char path[128];
	int fd;

	rig_path(rig, name, path);
	fd = open(path, O_WRONLY | O_CREAT, 0600);
	assert_true(fd >= 0);
	/* Not O_TRUNC, after which closing waits for the disk. */
	assert_int_equal(pwrite(fd, bytes, length, 0), length);
	assert_int_equal(ftruncate(fd, (off_t)length), 0);
	close(fd);
}

#endif
