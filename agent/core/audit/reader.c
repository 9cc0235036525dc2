/* SPDX-License-Identifier: Apache-2.0 */
#include "core/audit/reader.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "core/audit/walk.h"

/* What a step of the walk comes to, beside an error. */
enum { WALK_END, WALK_RECORD, WALK_ON };

static int fault_at(struct audit_reader *reader, enum audit_fault what, uint64_t file,
	uint64_t offset, struct err *err)
{
	char text[AUDIT_PLACE_MAX];

	reader->place = (struct audit_place){ what, file, offset, reader->number + 1 };
	audit_place_format(&reader->place, text);
	return err_set(err, TACIT_CORRUPT, "audit log: %s", text);
}

static int fault(struct audit_reader *reader, enum audit_fault what, struct err *err)
{
	return fault_at(reader, what, reader->file, reader->offset, err);
}

static void leave_file(struct audit_reader *reader)
{
	cleanup_close(&reader->fd);
	reader->fd = -1;
	reader->left_file = reader->file++;
	reader->left_at = reader->offset;
	reader->offset = 0;
}

/* Behind it nothing can be made out but the next file, which says where it goes on. */
static int fault_of_file(struct audit_reader *reader, enum audit_fault what, struct err *err)
{
	int result = fault(reader, what, err);

	leave_file(reader);
	reader->linked = reader->keyed = false;
	return result;
}

/* It is the last file that there is, and nothing says how long it should be. */
static bool at_open_end(const struct audit_reader *reader)
{
	return !reader->end_known && reader->file >= reader->highest;
}

int walk_find_end(struct audit_reader *reader, bool *moved, struct err *err)
{
	struct state *end = &reader->keys->end;
	uint64_t file = end->file, offset = end->offset, size;
	struct err why = { 0 };
	_close_ int fd = -1;
	int result = file_open(reader->dir, STATE_NAME, O_RDONLY, &fd, &size, &why);

	if (!result)
		result = state_read(fd, reader->options.id, end, &reader->end_damaged, &why);
	reader->end_known = !result;
	if (result && why.code != TACIT_NOT_FOUND && why.code != TACIT_CORRUPT)
		return err_set(err, why.code, "audit log: %s", why.text);
	result = files_span(reader->dir, &reader->lowest, &reader->highest, err);
	if (!reader->end_known) {
		memset(end, 0, sizeof *end);
		end->file = reader->highest;
		end->offset = UINT64_MAX;
	}
	*moved = end->file != file || end->offset != offset;
	return result;
}

static void note_link(struct audit_reader *reader)
{
	if (reader->since && reader->since->number == reader->number &&
		!memcmp(reader->since->link, reader->keys->chain.link, CHAIN_LINK_BYTES))
		reader->since_seen = true;
}

/* The header is the file's own. Does it follow what was read before? */
static int follow(
	struct audit_reader *reader, const struct header *header, bool same_link, struct err *err)
{
	bool first = reader->file == reader->first_file;
	bool linked = reader->linked;
	uint64_t expected = reader->number + 1;
	int result = 0;

	if (!first && linked && header->next > expected && header->origin != ORIGIN_ANEW)
		result = fault_at(reader, AUDIT_SHORTENED, reader->left_file, reader->left_at, err);
	else if (!first && header->origin == ORIGIN_ANEW)
		result = fault_at(reader, AUDIT_BROKEN, reader->left_file, reader->left_at, err);
	else if (!first && linked && (header->next != expected || !same_link))
		result = fault_at(reader, AUDIT_CHANGED, reader->file, 0, err);
	reader->number = header->next - 1;
	reader->offset = HEADER_BYTES;
	reader->oldest = header->oldest;
	reader->linked = reader->keyed = true;
	if (first)
		reader->first = header->next;
	note_link(reader);
	return result < 0 ? result : WALK_ON;
}

static int read_header(struct audit_reader *reader, struct err *err)
{
	struct chain *chain = &reader->keys->chain;
	uint8_t bytes[HEADER_BYTES], nothing[1];
	struct err why = { 0 };
	struct header header;
	bool same_link;
	ssize_t got = file_get(reader->fd, bytes, sizeof bytes, 0, err);

	if (got < 0)
		return (int)got;
	if (got < HEADER_BYTES) {
		if (at_open_end(reader)) {
			cleanup_close(&reader->fd);
			reader->fd = -1;
			return WALK_END;
		}
		return fault_of_file(reader, AUDIT_SHORTENED, err);
	}
	if (header_unpack(bytes, reader->options.id, reader->file, &header, &why) < 0)
		return why.code == TACIT_NEWER ? err_set(err, TACIT_NEWER, "%s", why.text)
					       : fault_of_file(reader, AUDIT_CHANGED, err);
	if (header.origin == ORIGIN_CARRIED && !reader->keyed)
		return fault_of_file(reader, AUDIT_MISSING, err);
	same_link = !memcmp(header.link, chain->link, CHAIN_LINK_BYTES);
	if (header.origin == ORIGIN_CARRIED)
		chain_carry_on(chain);
	else
		chain_begin(chain, reader->options.key, reader->options.id, reader->file);
	if (chain_open(chain, bytes, HEADER_HEAD, bytes + HEADER_HEAD, CHAIN_OVERHEAD, nothing,
		    NULL) < 0)
		return fault_of_file(reader, AUDIT_CHANGED, err);
	return follow(reader, &header, same_link, err);
}

/* It is not there. The log may have moved on, and no longer keep it. */
static int pass_missing(struct audit_reader *reader, struct err *err)
{
	bool moved;
	int result = walk_find_end(reader, &moved, err);

	if (result < 0)
		return result;
	if (reader->end_known && reader->file < reader->keys->end.oldest) {
		reader->file = reader->first_file = reader->keys->end.oldest;
		reader->linked = reader->keyed = false;
		return WALK_ON;
	}
	result = fault_of_file(reader, AUDIT_MISSING, err);
	if (reader->file > reader->highest)
		reader->file = reader->keys->end.file + 1;
	return result;
}

static int enter_file(struct audit_reader *reader, struct err *err)
{
	struct err why = { 0 };
	char name[FILE_NAME_MAX];
	uint64_t size;

	file_name(reader->file, name);
	if (!file_open(reader->dir, name, O_RDONLY, &reader->fd, &size, &why))
		return read_header(reader, err);
	if (why.code == TACIT_NOT_FOUND)
		return pass_missing(reader, err);
	return err_set(err, why.code, "audit log: %s", why.text);
}

static int open_body(struct audit_reader *reader, const uint8_t frame[FRAME_MAX],
	const struct frame_head *head, struct audit_record *record, struct err *err)
{
	struct chain *chain = &reader->keys->chain;
	bool follows = !reader->linked || !memcmp(head->link, chain->link, CHAIN_LINK_BYTES);
	uint8_t body[AUDIT_BODY_MAX];
	struct audit_source source;
	struct err why = { 0 };
	int result = 0;

	reader->linked = !chain_open(chain, frame, FRAME_HEAD, frame + FRAME_HEAD,
		head->body + CHAIN_OVERHEAD, body, NULL);
	if (!reader->linked || !follows)
		result = fault(reader, AUDIT_CHANGED, err);
	else if (audit_unpack(body, head->body, record, &source, &why) < 0)
		result = why.code == TACIT_NEWER ? err_set(err, TACIT_NEWER, "%s", why.text)
						 : fault(reader, AUDIT_CHANGED, err);
	reader->number++;
	reader->offset += FRAME_HEAD + head->body + CHAIN_OVERHEAD;
	note_link(reader);
	return result < 0 ? result : WALK_RECORD;
}

/* The bytes of the file that are the log's, from here; at most a frame. */
static ssize_t read_frame(struct audit_reader *reader, uint8_t frame[FRAME_MAX], struct err *err)
{
	size_t room = FRAME_MAX;

	if (reader->file == reader->keys->end.file &&
		reader->keys->end.offset - reader->offset < room)
		room = reader->keys->end.offset - reader->offset;
	return file_get(reader->fd, frame, room, reader->offset, err);
}

static int read_record(struct audit_reader *reader, struct audit_record *record, struct err *err)
{
	uint8_t frame[FRAME_MAX];
	struct frame_head head;
	ssize_t got = read_frame(reader, frame, err);

	if (got < 0)
		return (int)got;
	if (!got && reader->file < reader->keys->end.file) {
		leave_file(reader);
		return WALK_ON;
	}
	if (got >= FRAME_HEAD && !frame_unpack(frame, &head))
		return fault_of_file(reader, AUDIT_CHANGED, err);
	if (got < FRAME_HEAD || (size_t)got < FRAME_HEAD + head.body + CHAIN_OVERHEAD)
		return at_open_end(reader) ? WALK_END : fault_of_file(reader, AUDIT_SHORTENED, err);
	if (head.number != reader->number + 1)
		return fault_of_file(reader, AUDIT_CHANGED, err);
	return open_body(reader, frame, &head, record, err);
}

/* Nothing is left of what was the log when it was last looked at. */
static bool is_at_end(const struct audit_reader *reader)
{
	const struct state *end = &reader->keys->end;

	return reader->file > end->file ||
	       (reader->file == end->file && reader->offset >= end->offset);
}

static int step(struct audit_reader *reader, struct audit_record *record, struct err *err)
{
	bool moved;
	int result;

	if (is_at_end(reader)) {
		result = walk_find_end(reader, &moved, err);
		if (result < 0 || !moved || is_at_end(reader))
			return result;
	}
	if (reader->fd < 0)
		return enter_file(reader, err);
	return read_record(reader, record, err);
}

int audit_reader_next(
	struct audit_reader *reader, struct audit_record *record, uint64_t *number, struct err *err)
{
	int result;

	do
		result = step(reader, record, err);
	while (result == WALK_ON || (result == WALK_RECORD && reader->number < reader->from));
	if (result == WALK_END && !reader->end_known) {
		/* A file that was begun since is behind the one that was the last. */
		bool moved;

		result = walk_find_end(reader, &moved, err);
		if (!result && reader->file < reader->highest)
			return audit_reader_next(reader, record, number, err);
	}
	if (result == WALK_RECORD)
		*number = reader->number;
	return result;
}

int audit_reader_pass(struct audit_reader *reader, uint64_t most, struct err *err)
{
	struct audit_record record;
	int result = WALK_ON;

	while (result > WALK_END && reader->number + 1 < reader->from && most--)
		result = step(reader, &record, err);
	return result < 0 ? result : result == WALK_END || reader->number + 1 >= reader->from;
}

const struct audit_place *audit_reader_place(const struct audit_reader *reader)
{
	return &reader->place;
}

/* The file before `file` that there is, or the lowest: a name may say any number. */
static uint64_t file_before(const struct audit_reader *reader, uint64_t file)
{
	uint64_t lowest, highest;

	return files_span_below(reader->dir, file, &lowest, &highest, NULL) == 0 && highest
		       ? highest
		       : reader->lowest;
}

/* The last file that begins at `from` or before and needs none before it. What headers say is not
 * authenticated yet: whoever changed one has the reader begin at a fault. */
static void find_start(struct audit_reader *reader)
{
	uint8_t bytes[HEADER_HEAD];
	char name[FILE_NAME_MAX];
	struct header header;
	uint64_t size;

	for (uint64_t file = reader->highest; reader->from > 1 && file > reader->lowest;) {
		_close_ int fd = -1;

		file_name(file, name);
		if (!file_open(reader->dir, name, O_RDONLY, &fd, &size, NULL) &&
			file_get(fd, bytes, sizeof bytes, 0, NULL) == sizeof bytes &&
			!header_unpack(bytes, reader->options.id, file, &header, NULL) &&
			header.next <= reader->from && header.origin != ORIGIN_CARRIED) {
			reader->file = file;
			return;
		}
		file_name(file - 1, name);
		file = faccessat(reader->dir, name, F_OK, AT_SYMLINK_NOFOLLOW)
			       ? file_before(reader, file)
			       : file - 1;
	}
	reader->file = reader->lowest ? reader->lowest : reader->keys->end.oldest;
}

static int start(struct audit_reader *reader, struct err *err)
{
	bool moved;
	int result;

	reader->dir = open(reader->options.dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
	if (reader->dir < 0)
		return err_errno(err, errno, TACIT_IO, "the directory of the audit log");
	result = walk_find_end(reader, &moved, err);
	if (result < 0)
		return result;
	if (!reader->end_known && !reader->highest)
		return err_set(err, TACIT_NOT_FOUND, "there is no audit log yet");
	find_start(reader);
	reader->first_file = reader->file;
	return 0;
}

int audit_reader_open(const struct audit_options *options, uint64_t from,
	struct audit_reader **reader, struct err *err)
{
	struct audit_reader *one = calloc(1, sizeof *one);
	struct err why = { 0 };

	if (!one)
		return err_set(err, TACIT_LIMIT, "no memory for a reader of the audit log");
	one->options = *options;
	one->from = from;
	one->dir = one->fd = -1;
	one->keys = seal_alloc(sizeof *one->keys);
	if (!one->keys)
		err_set(&why, TACIT_LIMIT, "no memory can be locked");
	else if (!options->key)
		err_set(&why, TACIT_LOCKED, "the audit log is read with its key alone");
	else
		start(one, &why);
	if (why.code) {
		audit_reader_close(one);
		return err_set(err, why.code, "%s", why.text);
	}
	*reader = one;
	return 0;
}

void audit_reader_close(struct audit_reader *reader)
{
	if (!reader)
		return;
	cleanup_close(&reader->fd);
	cleanup_close(&reader->dir);
	seal_free(reader->keys);
	free(reader);
}
