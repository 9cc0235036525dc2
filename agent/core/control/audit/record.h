/* SPDX-License-Identifier: Apache-2.0 */
/* What an operator asks, as the audit's record of it. In the worker.
 *
 * Whether a verb is recorded, and as what, is a column of call.c's table. Written before anything
 * is done; ended with what came of it, also when it was refused or failed. A change of many things
 * is followed by a record of each. */
#ifndef TACIT_CONTROL_RECORD_H
#define TACIT_CONTROL_RECORD_H

#include "core/control/audit/auditor.h"
#include "core/control/call.h"

struct record {
	struct audit_record change;
	bool begun; /* the audit has it */
};

/* Begin the record of a call, as `act`; `of_bundle`: what its field `secret` names is a bundle.
 * TACIT_UNAVAILABLE: the audit takes nothing. Of what is done nevertheless record_end() lets the
 * ring have the record, for when the log can be written again. */
int record_begin(struct record *record, const struct call *call, const char *act, bool of_bundle,
	struct err *err);
/* How it ended: 0 or -enum tacit_code. */
void record_end(struct record *record, const struct call *call, int status);

/* Among what a call changes: this statement of who may read what, which comes or, `goes`, is taken
 * back. Before it is done: TACIT_LIMIT, no memory for its record. */
int record_part(
	struct call *call, const struct access_statement *statement, bool goes, struct err *err);

#endif
