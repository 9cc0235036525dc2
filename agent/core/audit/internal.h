/* SPDX-License-Identifier: Apache-2.0 */
/* What the files of this room share: the bytes of the log (FORMAT.md, "Audit log"). */
#ifndef TACIT_AUDIT_INTERNAL_H
#define TACIT_AUDIT_INTERNAL_H

#include <sys/types.h>

#include "core/audit/log.h"
#include "core/audit/reader.h"
#include "seal/chain.h"

#define AUDIT_VERSION 1
#define AUDIT_ALGORITHM 1 /* XChaCha20-Poly1305-IETF and BLAKE2b */
#define STATE_NAME "audit.state"
#define FILE_NAME_MAX 32

/* How the key of a file came to be. */
enum header_origin {
	ORIGIN_KEY = 1, /* from the chain key */
	ORIGIN_CARRIED, /* from the last key of the file before: the log was locked */
	ORIGIN_ANEW,    /* from the chain key, and what was before is not known */
	ORIGINS
};

struct header {
	enum header_origin origin;
	uint64_t file;
	uint64_t next; /* number of the first record in it */
	uint64_t created_ns;
	uint64_t oldest; /* number of the oldest file that was kept when this one was begun */
	uint8_t link[CHAIN_LINK_BYTES]; /* of what was before */
};
#define HEADER_HEAD 88
#define HEADER_BYTES (HEADER_HEAD + CHAIN_OVERHEAD)

/* A record: this, and the sealed body. */
struct frame_head {
	uint32_t body; /* bytes of it, before it was sealed */
	uint64_t number;
	uint8_t link[CHAIN_LINK_BYTES];
};
#define FRAME_HEAD 44
#define FRAME_MIN (FRAME_HEAD + AUDIT_PAD + CHAIN_OVERHEAD)
#define FRAME_MAX (FRAME_HEAD + AUDIT_BODY_MAX + CHAIN_OVERHEAD)
/* More than this behind the end is not what a crash in a commit leaves. */
#define BATCH_BYTES ((size_t)AUDIT_BATCH_RECORDS * FRAME_MAX)

/* Where the log ends. Belongs in seal_alloc() memory, for the key that is in it. */
struct state {
	uint64_t generation; /* of two states the higher one counts */
	uint64_t file, offset;
	uint64_t number; /* of the last record */
	uint64_t oldest; /* file kept */
	struct chain chain;
	struct audit_marks marks;
};
#define STATE_BYTES 512   /* a sector */
#define STATE_APART 4096u /* the two states lie in two pages: no write touches both */
#define STATE_FILE_BYTES (STATE_APART + STATE_BYTES)

/* format.c: pure. */
void header_pack(
	const struct header *header, const uint8_t id[SEAL_ID_BYTES], uint8_t bytes[HEADER_HEAD]);
/* Nothing is authenticated yet. TACIT_CORRUPT: not a header of file `file` of the log `id`;
 * TACIT_NEWER. */
int header_unpack(const uint8_t bytes[HEADER_HEAD], const uint8_t id[SEAL_ID_BYTES], uint64_t file,
	struct header *header, struct err *err);
void frame_pack(const struct frame_head *head, uint8_t bytes[FRAME_HEAD]);
/* False: no record has such a size. */
bool frame_unpack(const uint8_t bytes[FRAME_HEAD], struct frame_head *head);
void state_pack(
	const struct state *state, const uint8_t id[SEAL_ID_BYTES], uint8_t bytes[STATE_BYTES]);
int state_unpack(const uint8_t bytes[STATE_BYTES], const uint8_t id[SEAL_ID_BYTES],
	struct state *state, struct err *err);
/* The id of whichever log a whole state is of. False: it is none. */
bool state_find_id(const uint8_t bytes[STATE_BYTES], uint8_t id[SEAL_ID_BYTES]);

/* files.c */
void file_name(uint64_t file, char name[FILE_NAME_MAX]);
/* The numbers of the lowest and of the highest file; 0 and 0: there is none. */
int files_span(int dir, uint64_t *lowest, uint64_t *highest, struct err *err);
/* The same, of those that are lower than `below`. */
int files_span_below(
	int dir, uint64_t below, uint64_t *lowest, uint64_t *highest, struct err *err);
/* A file of the directory, regular and by no link. TACIT_NOT_FOUND. */
int file_open(int dir, const char *name, int flags, int *fd, uint64_t *size, struct err *err);
/* All of `length` bytes at `offset`. */
int file_put(int fd, const void *bytes, size_t length, uint64_t offset, struct err *err);
/* Up to `length` bytes, fewer at the end; how many, or an error. */
ssize_t file_get(int fd, void *bytes, size_t length, uint64_t offset, struct err *err);
/* The newer one of the two that is whole; `damaged`: the other is neither that nor empty, or there
 * is more or less than two. TACIT_CORRUPT: neither is; TACIT_NEWER. */
int state_read(int fd, const uint8_t id[SEAL_ID_BYTES], struct state *state, bool *damaged,
	struct err *err);
/* Into the place that the one of the generation before is not in, and synced. */
int state_write(
	int fd, const uint8_t id[SEAL_ID_BYTES], const struct state *state, struct err *err);

/* Where a lane of the ring is, with this record. */
void marks_add(struct audit_marks *marks, const struct audit_source *source);

/* log.c, attach.c and roll.c */
struct audit_log {
	struct audit_options options;
	int dir, file, state_file; /* -1: not open */
	/* One seal_alloc(): their keys. `durable` is what the disk has, or (`state_owed`) what it
	 * has but for the state itself; `chain` is behind the batch. */
	struct audit_log_keys {
		struct state durable, adopting;
		struct chain chain;
	} * keys;
	struct audit_marks marks; /* with the batch */
	uint64_t number;          /* of its last record */
	uint8_t *batch;           /* BATCH_BYTES */
	size_t batch_length;
	unsigned int batch_records;
	bool blocked;
	bool state_owed; /* the log's bytes are durable, and the state does not say so yet */
};

/* Begin file `file`, and say so in the state. On failure nothing has changed, or (`state_owed`) all
 * but the state. Then files that are not kept any longer are removed. */
int log_begin_file(
	struct audit_log *log, uint64_t file, enum header_origin origin, struct err *err);
/* attach.c: go on where `durable` says, with the files that there are. */
int log_attach(struct audit_log *log, struct audit_found *found, struct err *err);
/* Forget the batch. */
void log_drop_batch(struct audit_log *log);
/* Write `durable` as the state of a generation of its own. */
int log_write_next_state(struct audit_log *log, struct err *err);
/* Write the state that is owed. */
int log_write_state(struct audit_log *log, struct err *err);

#endif
