/* SPDX-License-Identifier: Apache-2.0 */
/* An audit log whose record number n is known beforehand, and the ring that its records come from.
 */
#ifndef TACIT_TORTURE_LEDGER_H
#define TACIT_TORTURE_LEDGER_H

#include "core/audit/pump.h"
#include "core/audit/reader.h"
#include "scene.h"

#define LEDGER_FILE_BYTES 4096 /* a dozen records to a file */

struct ledger {
	struct audit_options options;
	uint8_t key[SEAL_KEY_BYTES];
	struct audit_ring *ring; /* shared with every child, as core's is with the core after it */
	struct audit_log *log;
	struct audit_pump *pump;
	struct audit_found found;     /* of the last opening */
	audit_durable_fn *on_durable; /* may be NULL */
	void *with;
	uint64_t put; /* records ever put into a ring */
};

/* `keep` as of struct audit_options. */
void ledger_start(struct ledger *ledger, const struct scene *scene, uint64_t keep);
/* The ring of a machine that was started anew. */
void ledger_new_ring(struct ledger *ledger);

/* Open the log; `locked`: without its key. On failure it is closed. */
int ledger_open(struct ledger *ledger, bool locked, struct err *err);
void ledger_close(struct ledger *ledger);

/* Put the next `count` records into the ring, in several lanes. */
void ledger_put(struct ledger *ledger, uint64_t count);
/* Write whatever is in the ring. */
int ledger_pump(struct ledger *ledger, struct err *err);

/* Record number `number`. */
void ledger_record(uint64_t number, struct audit_record *record);

/* Read everything that is kept: each record in its place and as it was put, each once. *last: the
 * number of the last one. */
int ledger_read(const struct ledger *ledger, uint64_t *last, struct err *err);
/* audit_verify() finds nothing; `since`: a position it once had, or NULL. */
int ledger_verify(const struct ledger *ledger, const struct audit_position *since, struct err *err);

#endif
