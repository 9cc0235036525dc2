/* SPDX-License-Identifier: Apache-2.0 */
#include "core/audit/log.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "core/audit/internal.h"

#define FILE_BYTES_MIN 4096u

void log_drop_batch(struct audit_log *log)
{
	log->marks = log->keys->durable.marks;
	log->batch_length = 0;
	log->batch_records = 0;
	log->number = log->keys->durable.number;
	log->keys->chain = log->keys->durable.chain;
}

static void close_files(struct audit_log *log)
{
	cleanup_close(&log->file);
	cleanup_close(&log->state_file);
	log->file = log->state_file = -1;
}

int audit_log_append(struct audit_log *log, const struct audit_record *record,
	const struct audit_source *source, struct err *err)
{
	struct frame_head head = { .number = log->number + 1 };
	uint8_t body[AUDIT_BODY_MAX], *at = log->batch + log->batch_length;

	if (log->blocked)
		return err_set(err, TACIT_UNAVAILABLE, "the audit log cannot be written");
	if (log->batch_records == AUDIT_BATCH_RECORDS)
		return err_set(
			err, TACIT_LIMIT, "a group has at most %u records", AUDIT_BATCH_RECORDS);
	head.body = (uint32_t)audit_pack(record, source, body);
	if (!head.body)
		return err_set(err, TACIT_LIMIT, "no memory for an audit record");
	memcpy(head.link, log->keys->chain.link, CHAIN_LINK_BYTES);
	frame_pack(&head, at);
	chain_seal(&log->keys->chain, at, FRAME_HEAD, body, head.body, at + FRAME_HEAD);
	log->batch_length += FRAME_HEAD + head.body + CHAIN_OVERHEAD;
	log->batch_records++;
	log->number++;
	marks_add(&log->marks, source);
	return 0;
}

/* Nothing of the batch is durable: what the disk has of it, if anything, is cut off. */
static int give_up(struct audit_log *log, struct err *err)
{
	log->blocked = true;
	log_drop_batch(log);
	/* Now, for the space; whoever heals or opens the log does it again, and looks whether it
	 * was done. */
	if (ftruncate(log->file, (off_t)log->keys->durable.offset))
		return err_wrap(err, "audit log (and it cannot be cut off)");
	return err_wrap(err, "audit log");
}

int audit_log_commit(struct audit_log *log, struct err *err)
{
	struct state *state = &log->keys->durable;
	struct err why = { 0 };

	if (log->blocked)
		return err_set(err, TACIT_UNAVAILABLE, "the audit log cannot be written");
	if (!log->batch_records)
		return 0;
	if (file_put(log->file, log->batch, log->batch_length, state->offset, &why) < 0 ||
		(fdatasync(log->file) && err_errno(&why, errno, TACIT_IO, "sync"))) {
		give_up(log, &why);
		return err_set(err, why.code, "%s", why.text);
	}
	state->offset += log->batch_length;
	state->number = log->number;
	state->chain = log->keys->chain;
	state->marks = log->marks;
	log_drop_batch(log);
	if (log_write_next_state(log, &why) < 0 ||
		(state->offset >= log->options.file_bytes &&
			log_begin_file(log, state->file + 1,
				log->options.key ? ORIGIN_KEY : ORIGIN_CARRIED, &why) < 0)) {
		log->blocked = true;
		return err_set(err, why.code, "audit log: %s", why.text);
	}
	return 0;
}

static int lock_state(struct audit_log *log, struct err *err)
{
	if (!flock(log->state_file, LOCK_EX | LOCK_NB))
		return 0;
	return errno == EWOULDBLOCK
		       ? err_set(err, TACIT_BUSY, "another process writes the audit log")
		       : err_errno(err, errno, TACIT_IO, "lock " STATE_NAME);
}

int audit_log_use_ring(
	struct audit_log *log, const uint8_t ring[AUDIT_RING_ID_BYTES], struct err *err)
{
	struct audit_marks *marks = &log->keys->durable.marks;

	if (!memcmp(marks->ring, ring, sizeof marks->ring))
		return 0;
	if (log->blocked)
		return err_set(err, TACIT_UNAVAILABLE, "the audit log cannot be written");
	memset(marks, 0, sizeof *marks);
	memcpy(marks->ring, ring, sizeof marks->ring);
	log_drop_batch(log);
	if (!log_write_next_state(log, err))
		return 0;
	log->blocked = true;
	return err_wrap(err, "audit log");
}

int audit_log_heal(struct audit_log *log, struct err *err)
{
	struct audit_found found = { 0 };
	struct err why = { 0 };
	uint64_t size;

	if (!log->blocked)
		return 0;
	close_files(log);
	if (file_open(log->dir, STATE_NAME, O_RDWR, &log->state_file, &size, &why) < 0 ||
		lock_state(log, &why) < 0 || (log->state_owed && log_write_state(log, &why) < 0) ||
		log_attach(log, &found, &why) < 0) {
		close_files(log);
		return err_set(err, why.code, "audit log: %s", why.text);
	}
	log->blocked = false;
	return 0;
}

/* A state of its own file, twice, so that it never has to grow. */
static int make_state(struct audit_log *log, struct err *err)
{
	uint64_t size;

	if (log->state_file < 0 &&
		file_open(log->dir, STATE_NAME, O_RDWR | O_CREAT, &log->state_file, &size, err) < 0)
		return err_wrap(err, "make");
	if (lock_state(log, err) < 0)
		return err_wrap(err, "make " STATE_NAME);
	if (posix_fallocate(log->state_file, 0, STATE_FILE_BYTES))
		return err_set(err, TACIT_IO, "no room for " STATE_NAME);
	return 0;
}

/* The number behind whatever the last file can have had: numbers are never given twice. */
static int number_behind(struct audit_log *log, uint64_t file, struct err *err)
{
	uint8_t bytes[HEADER_HEAD];
	struct header header;
	char name[FILE_NAME_MAX];
	_close_ int fd = -1;
	uint64_t size;
	int result;

	file_name(file, name);
	result = file_open(log->dir, name, O_RDONLY, &fd, &size, err);
	if (result < 0)
		return result;
	if (file_get(fd, bytes, sizeof bytes, 0, NULL) == sizeof bytes &&
		!header_unpack(bytes, log->options.id, file, &header, NULL) &&
		header.next < INT64_MAX)
		log->keys->durable.number = header.next - 1 + size / FRAME_MIN + 1;
	return 0;
}

/* There is no state: no log either, or one of which nobody knows where it ended. */
static int begin_anew(struct audit_log *log, struct audit_found *found, struct err *err)
{
	struct state *state = &log->keys->durable;
	uint64_t lowest, highest, size = 0;
	char name[FILE_NAME_MAX];
	_close_ int fd = -1;
	int result = files_span(log->dir, &lowest, &highest, err);

	if (result < 0)
		return result;
	file_name(1, name);
	if (highest == 1 && (result = file_open(log->dir, name, O_RDONLY, &fd, &size, err)) < 0)
		return result;
	found->created = !highest || (highest == 1 && size <= HEADER_BYTES);
	found->state_lost = !found->created;
	if (!log->options.key)
		return err_set(err, TACIT_LOCKED,
			found->created ? "there is no audit log yet"
				       : "the state of the audit log is lost");
	memset(state, 0, sizeof *state);
	state->oldest = found->created ? 1 : lowest;
	if (found->state_lost && (result = number_behind(log, highest, err)) < 0)
		return result;
	result = make_state(log, err);
	if (!result)
		result = log_begin_file(log, found->created ? 1 : highest + 1,
			found->created ? ORIGIN_KEY : ORIGIN_ANEW, err);
	if (!result && fsync(log->dir))
		result = err_errno(err, errno, TACIT_IO, "sync the directory of the audit log");
	log_drop_batch(log);
	return result;
}

/* What is between and behind the two copies is nothing. */
static int repair_state(struct audit_log *log, struct err *err)
{
	static const uint8_t zeros[STATE_APART - STATE_BYTES];
	int result = log_write_next_state(log, err);

	if (!result)
		result = file_put(log->state_file, zeros, sizeof zeros, STATE_BYTES, err);
	if (!result && ftruncate(log->state_file, STATE_FILE_BYTES))
		result = err_errno(err, errno, TACIT_IO, STATE_NAME);
	return result < 0 ? result : log_write_next_state(log, err);
}

static int start(struct audit_log *log, struct audit_found *found, struct err *err)
{
	struct err why = { 0 };
	uint64_t size;
	bool damaged = false;
	int result;

	log->dir = open(log->options.dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
	if (log->dir < 0)
		return err_errno(err, errno, TACIT_IO, "the directory of the audit log");
	result = file_open(log->dir, STATE_NAME, O_RDWR, &log->state_file, &size, &why);
	if (!result)
		result = lock_state(log, &why);
	if (!result)
		result = state_read(
			log->state_file, log->options.id, &log->keys->durable, &damaged, &why);
	if (!result) {
		result = log_attach(log, found, err);
		/* Twice: both copies are whole again. */
		return !result && damaged ? repair_state(log, err) : result;
	}
	if (why.code == TACIT_NOT_FOUND || why.code == TACIT_CORRUPT)
		return begin_anew(log, found, err);
	return err_set(err, why.code, "%s", why.text);
}

int audit_log_open(const struct audit_options *options, struct audit_log **log,
	struct audit_found *found, struct err *err)
{
	struct audit_log *one = calloc(1, sizeof *one);
	struct err why = { 0 };

	memset(found, 0, sizeof *found);
	if (!one)
		return err_set(err, TACIT_LIMIT, "no memory for the audit log");
	one->options = *options;
	one->dir = one->file = one->state_file = -1;
	one->keys = seal_alloc(sizeof *one->keys);
	one->batch = malloc(BATCH_BYTES);
	if (!one->keys || !one->batch)
		err_set(&why, TACIT_LIMIT, "no memory can be locked");
	else if (options->file_bytes < FILE_BYTES_MIN)
		err_set(&why, TACIT_INVALID, "a file has at least %u bytes", FILE_BYTES_MIN);
	else
		start(one, found, &why);
	if (why.code) {
		audit_log_close(one);
		return err_set(err, why.code, "audit log: %s", why.text);
	}
	*log = one;
	return 0;
}

void audit_log_close(struct audit_log *log)
{
	if (!log)
		return;
	close_files(log);
	cleanup_close(&log->dir);
	seal_free(log->keys);
	free(log->batch);
	free(log);
}

bool audit_log_is_blocked(const struct audit_log *log)
{
	return log->blocked;
}

const struct audit_marks *audit_log_marks(const struct audit_log *log)
{
	return &log->keys->durable.marks;
}

void audit_log_position(const struct audit_log *log, struct audit_position *position)
{
	const struct state *state = &log->keys->durable;

	position->file = state->file;
	position->number = state->number;
	memcpy(position->link, state->chain.link, sizeof position->link);
}
