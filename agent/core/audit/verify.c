/* SPDX-License-Identifier: Apache-2.0 */
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "core/audit/walk.h"

/* A commit rewrites a copy in far less. */
#define STATE_LOOKS 50
#define STATE_LOOK_US 1000

static void close_reader(struct audit_reader **reader)
{
	audit_reader_close(*reader);
}

void audit_place_format(const struct audit_place *place, char text[AUDIT_PLACE_MAX])
{
	static const char *const words[AUDIT_FAULTS] = {
		[AUDIT_SOUND] = "sound",
		[AUDIT_CHANGED] = "it was changed",
		[AUDIT_MISSING] = "a file is missing",
		[AUDIT_BROKEN] = "its state was lost, and it was begun anew behind this",
		[AUDIT_SHORTENED] = "what was behind this is missing",
		[AUDIT_BEHIND] = "there is more than its state knows: that is an older one",
		[AUDIT_NO_STATE] =
			"nothing says that it ends here: its state is missing or damaged",
		[AUDIT_STATE] = "its state was not written with its last record",
		[AUDIT_STATE_DAMAGED] = "one of the two copies of its state is damaged",
		[AUDIT_ROLLED_BACK] = "it is older than it was, or has another past",
	};

	snprintf(text, AUDIT_PLACE_MAX,
		"file %" PRIu64 ", byte %" PRIu64 ", record %" PRIu64 ": %s", place->file,
		place->offset, place->number, words[place->fault]);
}

static enum audit_fault behind_the_end(
	const struct audit_reader *reader, struct audit_verdict *verdict)
{
	const struct state *end = &reader->keys->end;
	char name[FILE_NAME_MAX];
	_close_ int fd = -1;
	uint64_t size;

	file_name(end->file + 1, name);
	if (reader->highest > end->file + 1)
		return AUDIT_BEHIND;
	if (reader->highest > end->file &&
		!file_open(reader->dir, name, O_RDONLY, &fd, &size, NULL) && size > HEADER_BYTES)
		return AUDIT_BEHIND;
	cleanup_close(&fd);
	fd = -1;
	file_name(end->file, name);
	if (file_open(reader->dir, name, O_RDONLY, &fd, &size, NULL) < 0 || size < end->offset)
		return AUDIT_SHORTENED;
	verdict->unfinished = size - end->offset;
	return verdict->unfinished > BATCH_BYTES ? AUDIT_BEHIND : AUDIT_SOUND;
}

/* A copy that is being written looks damaged for a moment. */
static bool state_stays_damaged(struct audit_reader *reader)
{
	bool moved;

	for (int i = 0; reader->end_damaged && i < STATE_LOOKS; i++) {
		usleep(STATE_LOOK_US);
		if (walk_find_end(reader, &moved, NULL) < 0)
			break;
	}
	return reader->end_damaged;
}

/* Every record is what it was. Is it all of them? */
static enum audit_fault judge_end(struct audit_reader *reader, struct audit_verdict *verdict)
{
	const struct state *end = &reader->keys->end;
	const struct chain *chain = &reader->keys->chain;
	enum audit_fault fault;
	bool within = reader->since && reader->since->number + 1 >= reader->first;

	if (reader->first_file > reader->oldest)
		return AUDIT_MISSING;
	if (within && !reader->since_seen)
		return AUDIT_ROLLED_BACK;
	if (!reader->end_known)
		return AUDIT_NO_STATE;
	if (end->file != verdict->end.file || end->number != reader->number ||
		memcmp(end->chain.step, chain->step, sizeof chain->step) ||
		memcmp(end->chain.link, chain->link, sizeof chain->link))
		return AUDIT_STATE;
	fault = behind_the_end(reader, verdict);
	return fault == AUDIT_SOUND && state_stays_damaged(reader) ? AUDIT_STATE_DAMAGED : fault;
}

static void fill(struct audit_verdict *verdict, const struct audit_reader *reader)
{
	verdict->first = reader->first;
	verdict->files = reader->file - reader->first_file + (reader->fd >= 0);
	verdict->end.file = reader->fd >= 0 ? reader->file : reader->file - 1;
	verdict->end.number = reader->number;
	memcpy(verdict->end.link, reader->keys->chain.link, CHAIN_LINK_BYTES);
}

static int finish(struct audit_reader *reader, struct audit_verdict *verdict, struct err *err)
{
	enum audit_fault fault;
	char text[AUDIT_PLACE_MAX];

	fill(verdict, reader);
	fault = judge_end(reader, verdict);
	if (fault == AUDIT_SOUND)
		return 0;
	verdict->bad = (struct audit_place){ fault, verdict->end.file, reader->offset,
		reader->number + 1 };
	if (fault == AUDIT_MISSING)
		verdict->bad = (struct audit_place){ fault, reader->oldest, 0, 0 };
	audit_place_format(&verdict->bad, text);
	return err_set(err, TACIT_CORRUPT, "audit log: %s", text);
}

/* 1: the next record is sound. */
static int look_on(struct audit_reader *reader, struct audit_watch *watch,
	struct audit_verdict *verdict, struct err *err)
{
	struct audit_record record;
	uint64_t number;
	int result;

	if (atomic_load(&watch->stop))
		return err_set(err, TACIT_UNAVAILABLE, "it was ended before it was through");
	result = audit_reader_next(reader, &record, &number, err);
	if (result == 1)
		atomic_store(&watch->records, ++verdict->records);
	return result;
}

int audit_verify(const struct audit_options *options, const struct audit_position *since,
	struct audit_verdict *verdict, struct err *err)
{
	struct audit_watch nobody = { 0 };

	return audit_verify_watched(options, since, &nobody, verdict, err);
}

int audit_verify_watched(const struct audit_options *options, const struct audit_position *since,
	struct audit_watch *watch, struct audit_verdict *verdict, struct err *err)
{
	struct audit_reader *reader __attribute__((cleanup(close_reader))) = NULL;
	int result = audit_reader_open(options, 0, &reader, err);

	memset(verdict, 0, sizeof *verdict);
	if (result < 0)
		return result;
	reader->since = since;
	reader->since_seen = since && !since->number;
	while ((result = look_on(reader, watch, verdict, err)) == 1)
		;
	if (!result)
		return finish(reader, verdict, err);
	fill(verdict, reader);
	verdict->bad = reader->place;
	return result;
}
