/* SPDX-License-Identifier: Apache-2.0 */
/* The audit log for operators: read page by page (audit_call.c), and verified (audit_check.c). The
 * worker's, as long as the store is unlocked.
 *
 * Readers stay open between requests, so that whoever follows the log does not have it read again
 * from the beginning of a file. They, and the thread that verifies, have the log's keys: all of it
 * ends before those are forgotten. */
#ifndef TACIT_CONTROL_AUDIT_CALL_H
#define TACIT_CONTROL_AUDIT_CALL_H

#include "core/audit/reader.h"
#include "core/control/core.h"

#define AUDIT_PAGE_RECORDS 10000u
#define AUDIT_PAGE_BYTES (1u << 20)
/* How long a page may keep the worker. A page that is not full for that is no end: only an empty
 * one is. */
#define AUDIT_PAGE_NS UINT64_C(30000000)

/* End the readers, and the thread: within the time that one record takes. In the worker; for
 * auditor.c, before it forgets the key. */
void audit_call_forget(struct core *core);

/* audit_check.c: the thread that verifies, and what it found. */
struct audit_check;
void audit_check_free(struct audit_check *check); /* ends it; NULL does nothing */
/* The call VERB_AUDIT_VERIFY; *check is NULL, or what an earlier one left. */
struct call;
int audit_check_ask(struct audit_check **check, struct call *call, struct err *err);

#endif
