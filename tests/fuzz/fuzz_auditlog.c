/* SPDX-License-Identifier: Apache-2.0 */
/* The directory of an audit log that somebody was at: three files, one of which was carried on
 * while the agent was locked, and their state, changed as the input says. Whatever was done to it,
 * a record that is read is the one that was written; and the log can be opened again and added to,
 * or says why not.
 *
 * Byte 0: 1 open it without the key, 2 make the sums of the state good. Then steps of four bytes:
 * what, which file (3: the state), and a place or a length of 16 bits. */
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/audit/internal.h"
#include "core/audit/reader.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length);

#define FILES 4 /* the last one is the state */
#define STATE_FILE 3
#define FILE_BYTES 4096
#define ROOM (4 * FILE_BYTES)
#define RECORDS 50
#define OLD_STATES 4

struct blob {
	size_t length; /* SIZE_MAX: there is none */
	uint8_t bytes[ROOM];
};

/* What was written, and where. */
struct base {
	const char *dir;
	struct blob files[FILES];
	struct blob states[OLD_STATES]; /* of earlier */
	struct audit_record records[RECORDS];
	struct audit_options options;
};

static const uint8_t chain_key[SEAL_KEY_BYTES] = "thirty-two bytes of a chain key";

static void must(int result)
{
	if (result < 0)
		abort();
}

/* The name of a directory in memory, where there is such a place. It is made for each input, and
 * removed: libFuzzer ends without a word. */
static const char *scratch(void)
{
	static char dir[64];

	if (!dir[0])
		snprintf(dir, sizeof dir, "%s/tacit-fuzz-%d",
			access("/dev/shm", W_OK) ? "/tmp" : "/dev/shm", (int)getpid());
	return dir;
}

static void path_of(const struct base *base, int file, char path[96])
{
	char name[FILE_NAME_MAX] = STATE_NAME;

	if (file != STATE_FILE)
		file_name((uint64_t)file + 1, name);
	snprintf(path, 96, "%s/%s", base->dir, name);
}

static void load(const struct base *base, int file, struct blob *blob)
{
	char path[96];
	ssize_t got;
	int fd;

	path_of(base, file, path);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	must(fd);
	got = read(fd, blob->bytes, sizeof blob->bytes);
	must((int)got);
	blob->length = (size_t)got;
	close(fd);
}

static void store(const struct base *base, int file, const struct blob *blob)
{
	char path[96];
	int fd;

	path_of(base, file, path);
	unlink(path);
	if (blob->length == SIZE_MAX)
		return;
	fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	must(fd);
	if (write(fd, blob->bytes, blob->length) != (ssize_t)blob->length)
		abort();
	close(fd);
}

/* Of whatever number. */
static void remove_files(const char *from)
{
	uint64_t lowest, highest;
	char name[FILE_NAME_MAX];
	int dir = open(from, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	must(dir);
	while (!files_span(dir, &lowest, &highest, NULL) && highest) {
		file_name(highest, name);
		must(unlinkat(dir, name, 0));
	}
	close(dir);
}

static void remove_scratch(void)
{
	char path[96];

	remove_files(scratch());
	snprintf(path, sizeof path, "%s/" STATE_NAME, scratch());
	unlink(path);
	rmdir(scratch());
}

static struct audit_record record_of(uint64_t i)
{
	struct audit_record record;

	memset(&record, 0, sizeof record);
	record.time_ns = 1000 + i;
	record.kind = (uint32_t)(1 + i % (AUDIT_KINDS - 1));
	record.uid = record.operator_uid = AUDIT_NOBODY;
	strcpy(record.act, "open");
	strcpy(record.consumer, "compose/shop/web");
	snprintf(record.secret, sizeof record.secret, "password-%u", (unsigned int)i);
	return record;
}

/* Open the log, add records up to number `until`, and close it. */
static void extend(struct base *base, uint64_t from, uint64_t until, const uint8_t *key)
{
	struct audit_found found;
	struct audit_log *log;

	base->options.key = key;
	must(audit_log_open(&base->options, &log, &found, NULL));
	for (uint64_t i = from; i <= until; i++) {
		struct audit_source source = { .lane = 3, .taken = i };

		base->records[i - 1] = record_of(i);
		must(audit_log_append(log, &base->records[i - 1], &source, NULL));
		must(audit_log_commit(log, NULL));
	}
	audit_log_close(log);
}

static struct base *make_base(void)
{
	static const uint64_t until[OLD_STATES] = { 8, 18, 30, 44 };
	struct base *base = calloc(1, sizeof *base);
	uint64_t from = 1;

	if (!base)
		abort();
	base->dir = scratch();
	must(mkdir(base->dir, 0700));
	base->options = (struct audit_options){
		.dir = base->dir, .id = "the id of a log", .file_bytes = FILE_BYTES
	};
	for (int i = 0; i < OLD_STATES; i++) {
		extend(base, from, until[i], i == 1 || i == 2 ? NULL : chain_key);
		load(base, STATE_FILE, &base->states[i]);
		from = until[i] + 1;
	}
	extend(base, from, RECORDS, chain_key);
	for (int i = 0; i < FILES; i++)
		load(base, i, &base->files[i]);
	if (base->files[2].length <= HEADER_BYTES)
		abort();
	return base;
}

/* One thing that is done to a file. */
static void change(const struct base *base, struct blob files[FILES], const uint8_t step[4])
{
	struct blob *file = &files[step[1] % FILES];
	const struct blob *other = &base->files[(step[1] >> 2) % FILES];
	size_t at = (size_t)(step[2] | step[3] << 8);
	size_t length = file->length == SIZE_MAX ? 0 : file->length;

	switch (step[0] % 8) {
	case 0:
		if (length)
			file->bytes[at % length] ^= (uint8_t)(1u << (step[0] >> 5));
		break;
	case 1:
		file->length = at % (length + 1);
		break;
	case 2:
		file->length = SIZE_MAX;
		break;
	case 3: /* the state of earlier */
		files[STATE_FILE] = base->states[at % OLD_STATES];
		break;
	case 4: /* a copy of another file */
		*file = *other;
		break;
	case 5: /* what another file has at the same place */
		if (at < length && at < other->length && other->length != SIZE_MAX)
			memcpy(file->bytes + at, other->bytes + at,
				(length < other->length ? length : other->length) - at);
		break;
	case 6: /* its beginning once more, at its end */
		at %= length + 1;
		if (file->length != SIZE_MAX && length + at <= ROOM) {
			memcpy(file->bytes + length, file->bytes + length - at, at);
			file->length += at;
		}
		break;
	default: /* something taken out: 16 bytes times the first step */
		at %= length + 1;
		length -= at;
		if (length > 16u * (step[0] >> 3)) {
			memmove(file->bytes + at, file->bytes + at + 16u * (step[0] >> 3),
				length - 16u * (step[0] >> 3));
			file->length -= 16u * (step[0] >> 3);
		}
	}
}

static void make_sums_good(struct blob *state)
{
	for (size_t at = 0; state->length == STATE_APART + STATE_BYTES && at <= STATE_APART;
		at += STATE_APART)
		chain_check(state->bytes + at, STATE_BYTES - CHAIN_CHECK_BYTES,
			state->bytes + at + STATE_BYTES - CHAIN_CHECK_BYTES);
}

/* Every record that is given is one that was written, and in its place. */
static uint64_t read_all(const struct base *base, bool compare)
{
	struct audit_reader *reader;
	struct audit_record record;
	uint64_t number = 0, last = 0;
	int result, faults = 0;

	if (audit_reader_open(&base->options, 0, &reader, NULL) < 0)
		return 0;
	while ((result = audit_reader_next(reader, &record, &number, NULL)) == 1 ||
		(result < 0 && ++faults < 100)) {
		if (result < 0)
			continue;
		if (compare && (!number || number > RECORDS ||
				       memcmp(&record, &base->records[number - 1], sizeof record)))
			abort();
		last = number;
	}
	audit_reader_close(reader);
	return last;
}

static bool is_sound(const struct base *base)
{
	struct audit_verdict verdict;

	return audit_verify(&base->options, NULL, &verdict, NULL) == 0;
}

/* Open it for writing, and add one record. Of a log that was sound it is there then, and the log is
 * sound as it was. */
static void go_on(struct base *base, const uint8_t *key, bool sound)
{
	const struct audit_record record = record_of(RECORDS + 1);
	const struct audit_source source = { .lane = 3, .taken = RECORDS + 1 };
	struct audit_position end = { 0 };
	struct audit_found found;
	struct audit_log *log;

	base->options.key = key;
	if (audit_log_open(&base->options, &log, &found, NULL) < 0)
		return;
	if (!audit_log_append(log, &record, &source, NULL) && !audit_log_commit(log, NULL))
		audit_log_position(log, &end);
	audit_log_close(log);
	base->options.key = chain_key;
	if (sound && (!end.number || read_all(base, false) < end.number || !is_sound(base)))
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length)
{
	static struct base *base;
	static struct blob files[FILES];
	bool sound;

	if (seal_start(NULL) < 0)
		abort();
	if (!base)
		base = make_base();
	else
		must(mkdir(base->dir, 0700));
	memcpy(files, base->files, sizeof files);
	for (size_t i = 1; i + 4 <= length && i < 65; i += 4)
		change(base, files, bytes + i);
	if (length && bytes[0] & 2)
		make_sums_good(&files[STATE_FILE]);
	for (int i = 0; i < FILES; i++)
		store(base, i, &files[i]);
	base->options.key = chain_key;
	sound = is_sound(base);
	read_all(base, true);
	go_on(base, length && bytes[0] & 1 ? NULL : chain_key, sound);
	remove_scratch();
	return 0;
}
