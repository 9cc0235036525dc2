/* SPDX-License-Identifier: Apache-2.0 */
/* The audit log: who got which secret, who did not, who changed what. This room writes it, reads it
 * and verifies it; what happened comes to it as records of wire/audit_ring.h.
 *
 *   FUSE threads, worker --put--> ring --pump--> log, a file after the other --reader--> lines
 *
 * It MUST NOT be given a value, or anything derived from one: a record is this struct's fields and
 * no others. It MUST NOT be called from a FUSE thread, but for audit_ring_put(): all else here
 * waits for a disk. The log's files are written by one thread of one process.
 *
 * The records' bodies are sealed: they name secrets and consumers, and the store, beside which they
 * lie, hides both.
 *
 * record.h: a record as bytes, and as a line of text. log.h: the files that grow. reader.h: what is
 * in them, and whether all of it is. pump.h: from the ring into the log. Pure functions here. */
#ifndef TACIT_AUDIT_RECORD_H
#define TACIT_AUDIT_RECORD_H

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "wire/audit_ring.h"

/* The body of a record in the log (FORMAT.md, "Audit log"), zeros at its end included: a multiple
 * of AUDIT_PAD bytes. Its length is returned, or 0 when there is no memory. */
#define AUDIT_PAD 128
#define AUDIT_BODY_MAX 768
struct audit_source {   /* where in the ring it was */
	uint8_t lane;   /* AUDIT_LANE_NONE: in none */
	uint64_t taken; /* records of that lane up to this one; of none: records lost by then */
};
#define AUDIT_LANE_NONE 255
size_t audit_pack(const struct audit_record *record, const struct audit_source *source,
	uint8_t body[AUDIT_BODY_MAX]);

/* TACIT_CORRUPT when it is none, TACIT_NEWER. `record` is zeros on failure. */
int audit_unpack(const uint8_t *body, size_t length, struct audit_record *record,
	struct audit_source *source, struct err *err);

/* "read"; "?" for a kind that there is none of. */
const char *audit_kind_word(uint32_t kind);

/* One line, its newline included, NUL at its end. Of at most AUDIT_LINE_MAX bytes with the NUL; its
 * length is returned. `number`: the record's in the log; 0: it is not known.
 *
 * JSON: an object, printable ASCII alone. What does not apply is absent. Bytes of `comm` above 126
 * or below 32 are \u00XX, for nobody says what they encode. */
#define AUDIT_LINE_MAX 6144
size_t audit_format_json(
	const struct audit_record *record, uint64_t number, char line[AUDIT_LINE_MAX]);

#endif
