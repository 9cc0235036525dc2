/* SPDX-License-Identifier: Apache-2.0 */
/* Where the log goes on: the file that the state names, its end, and what is behind it. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "core/audit/internal.h"

/* A file of more than that behind its end was not left by a crash; no memory is tried for it. */
#define ADOPT_BYTES_MAX (64u << 20)

/* The record at `at` follows the end: it is the log's. Its bytes; 0: it is not one. */
static size_t adopt_one(struct state *state, const uint8_t *at, size_t length)
{
	struct audit_record record;
	struct audit_source source;
	uint8_t body[AUDIT_BODY_MAX];
	struct frame_head head;
	struct chain *next = seal_alloc(sizeof *next);
	size_t size = 0;

	if (next && length >= FRAME_MIN && frame_unpack(at, &head) &&
		length >= FRAME_HEAD + head.body + CHAIN_OVERHEAD &&
		head.number == state->number + 1 &&
		!memcmp(head.link, state->chain.link, CHAIN_LINK_BYTES)) {
		*next = state->chain;
		if (!chain_open(next, at, FRAME_HEAD, at + FRAME_HEAD, head.body + CHAIN_OVERHEAD,
			    body, NULL) &&
			!audit_unpack(body, head.body, &record, &source, NULL)) {
			size = FRAME_HEAD + head.body + CHAIN_OVERHEAD;
			state->chain = *next;
			state->number++;
			state->offset += size;
			marks_add(&state->marks, &source);
		}
	}
	seal_free(next);
	return size;
}

/* The whole records behind the end are the log's. They are written again: when an earlier sync of
 * them failed, they may be in memory alone, and look as if they were not. */
static int adopt(struct audit_log *log, uint64_t size, struct audit_found *found, struct err *err)
{
	struct state *state = &log->keys->adopting;
	uint64_t from = log->keys->durable.offset;
	_free_ uint8_t *tail = size - from > ADOPT_BYTES_MAX ? NULL : malloc(size - from + 1);
	ssize_t got;
	size_t used = 0, one;

	if (!tail)
		return 1;
	got = file_get(log->file, tail, size - from, from, err);
	if (got < 0)
		return (int)got;
	*state = log->keys->durable;
	while ((one = adopt_one(state, tail + used, (size_t)got - used))) {
		used += one;
		found->adopted++;
	}
	found->torn = size - state->offset;
	/* More than a crash in a commit leaves was acknowledged once: it is evidence. */
	if (found->torn > BATCH_BYTES)
		return 1;
	if (used && file_put(log->file, tail, used, from, err) < 0)
		return -TACIT_IO;
	if (ftruncate(log->file, (off_t)state->offset) || fdatasync(log->file))
		return err_errno(err, errno, TACIT_IO, "cut off the end");
	if (!used)
		return 0;
	log->keys->durable = *state;
	return log_write_next_state(log, err);
}

/* Open the file that the state names, and settle what is behind its end. 1: it is not the file that
 * was written, or it is not what a crash leaves: another must be begun. */
static int attach_file(struct audit_log *log, struct audit_found *found, struct err *err)
{
	const struct state *state = &log->keys->durable;
	struct err why = { 0 };
	char name[FILE_NAME_MAX];
	uint64_t size;
	int result = 0;

	file_name(state->file, name);
	if (file_open(log->dir, name, O_RDWR, &log->file, &size, &why) < 0)
		return why.code == TACIT_NOT_FOUND ? 1 : err_set(err, why.code, "%s", why.text);
	if (size < state->offset)
		return 1;
	if (size > state->offset)
		result = adopt(log, size, found, err);
	return result < 0 ? err_wrap(err, "%s", name) : result;
}

/* What is behind the last file that the state knows: the next one without a record, or nothing. */
static int find_unfinished(struct audit_log *log, uint64_t *highest, bool *more, struct err *err)
{
	uint64_t lowest, size, next = log->keys->durable.file + 1;
	char name[FILE_NAME_MAX];
	_close_ int fd = -1;
	int result = files_span(log->dir, &lowest, highest, err);

	*more = *highest > next;
	if (result < 0 || *highest != next)
		return result;
	file_name(next, name);
	result = file_open(log->dir, name, O_RDONLY, &fd, &size, err);
	if (result < 0)
		return result;
	*more = size > HEADER_BYTES;
	if (!*more && unlinkat(log->dir, name, 0))
		return err_errno(err, errno, TACIT_IO, "remove %s", name);
	return 0;
}

int log_attach(struct audit_log *log, struct audit_found *found, struct err *err)
{
	uint64_t highest;
	bool more;
	int result = find_unfinished(log, &highest, &more, err);

	/* Whose state is older than the log gets nothing cut off. */
	if (!result)
		result = more ? 1 : attach_file(log, found, err);
	if (result < 0)
		return result;
	if (result) {
		found->broken = true;
		if (highest < log->keys->durable.file)
			highest = log->keys->durable.file;
		result = log_begin_file(
			log, highest + 1, log->options.key ? ORIGIN_KEY : ORIGIN_CARRIED, err);
	}
	log_drop_batch(log);
	return result < 0 ? result : 0;
}
