/* SPDX-License-Identifier: Apache-2.0 */
/* The next file: made whole before the state names it, so that one which a crash leaves is known by
 * being behind the state and having no record. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "core/audit/internal.h"

int log_write_state(struct audit_log *log, struct err *err)
{
	int result = state_write(log->state_file, log->options.id, &log->keys->durable, err);

	if (!result)
		log->state_owed = false;
	return result;
}

int log_write_next_state(struct audit_log *log, struct err *err)
{
	log->keys->durable.generation++;
	log->state_owed = true;
	return log_write_state(log, err);
}

static int read_origin(const struct audit_log *log, uint64_t file, struct header *header)
{
	uint8_t bytes[HEADER_HEAD];
	char name[FILE_NAME_MAX];
	_close_ int fd = -1;
	uint64_t size;

	file_name(file, name);
	if (file_open(log->dir, name, O_RDONLY, &fd, &size, NULL) < 0 ||
		file_get(fd, bytes, sizeof bytes, 0, NULL) != sizeof bytes)
		return -TACIT_CORRUPT;
	return header_unpack(bytes, log->options.id, file, header, NULL);
}

/* The oldest file that is kept beside the new file `file`. A file whose key was carried on cannot
 * be read without those before it, back to one whose key the chain key gives: these are kept, too.
 */
static uint64_t oldest_kept(const struct audit_log *log, uint64_t file)
{
	uint64_t before = log->keys->durable.oldest, oldest = before;
	struct header header = { .origin = ORIGIN_KEY };

	if (!log->options.keep || !log->options.key || file <= log->options.keep)
		return before;
	if (file - log->options.keep + 1 > oldest)
		oldest = file - log->options.keep + 1;
	while (oldest > before && oldest < file && !read_origin(log, oldest, &header) &&
		header.origin == ORIGIN_CARRIED)
		oldest--;
	return oldest;
}

/* What is left when it cannot be removed is removed when the next file is begun. One file after the
 * other that is there, and not one number after the other: a state may say any number. */
static void drop_old(const struct audit_log *log)
{
	uint64_t lowest, highest;
	char name[FILE_NAME_MAX];

	while (!files_span(log->dir, &lowest, &highest, NULL) && lowest &&
		lowest < log->keys->durable.oldest) {
		file_name(lowest, name);
		if (unlinkat(log->dir, name, 0))
			return;
	}
}

/* A new file with its header, durable, and its name too. */
static int write_file(struct audit_log *log, const char *name, const uint8_t header[HEADER_BYTES],
	int *fd, struct err *err)
{
	_close_ int file = -1;
	uint64_t size;
	int result;

	result = file_open(log->dir, name, O_RDWR | O_CREAT | O_EXCL, &file, &size, err);
	if (!result)
		result = file_put(file, header, HEADER_BYTES, 0, err);
	if (!result && fsync(file))
		result = err_errno(err, errno, TACIT_IO, "sync");
	if (!result && fsync(log->dir))
		result = err_errno(err, errno, TACIT_IO, "sync its directory");
	if (result < 0)
		return result;
	*fd = take_fd(&file);
	return 0;
}

/* A file behind the state, which has no record: a crash, or a failure, left it. */
static int remove_unfinished(const struct audit_log *log, const char *name, struct err *err)
{
	struct err why = { 0 };
	_close_ int fd = -1;
	uint64_t size;
	int result = file_open(log->dir, name, O_RDONLY, &fd, &size, &why);

	if (result == -TACIT_NOT_FOUND)
		return 0;
	if (result < 0)
		return err_set(err, why.code, "%s", why.text);
	if (size > HEADER_BYTES)
		return err_set(err, TACIT_EXISTS, "%s is there already", name);
	if (unlinkat(log->dir, name, 0))
		return err_errno(err, errno, TACIT_IO, "remove %s", name);
	return 0;
}

static void seal_header(struct audit_log *log, struct header *header, struct chain *chain,
	uint8_t bytes[HEADER_BYTES])
{
	memcpy(header->link, chain->link, CHAIN_LINK_BYTES);
	if (header->origin == ORIGIN_CARRIED)
		chain_carry_on(chain);
	else
		chain_begin(chain, log->options.key, log->options.id, header->file);
	header_pack(header, log->options.id, bytes);
	chain_seal(chain, bytes, HEADER_HEAD, NULL, 0, bytes + HEADER_HEAD);
}

int log_begin_file(struct audit_log *log, uint64_t file, enum header_origin origin, struct err *err)
{
	struct state *state = &log->keys->durable;
	struct header header = {
		.origin = origin,
		.file = file,
		.next = state->number + 1,
		.created_ns = clock_realtime_ns(),
		.oldest = oldest_kept(log, file),
	};
	uint8_t bytes[HEADER_BYTES];
	char name[FILE_NAME_MAX];
	_close_ int fd = -1;
	int result;

	file_name(file, name);
	log->keys->chain = state->chain;
	seal_header(log, &header, &log->keys->chain, bytes);
	result = remove_unfinished(log, name, err);
	if (!result)
		result = write_file(log, name, bytes, &fd, err);
	if (result < 0) {
		log->keys->chain = state->chain;
		return err_wrap(err, "begin %s", name);
	}
	cleanup_close(&log->file);
	log->file = take_fd(&fd);
	state->file = file;
	state->offset = HEADER_BYTES;
	state->oldest = header.oldest;
	state->chain = log->keys->chain;
	result = log_write_next_state(log, err);
	if (!result)
		drop_old(log);
	return result;
}
