/* SPDX-License-Identifier: Apache-2.0 */
/* One request of an operator, in the worker. */
#ifndef TACIT_CONTROL_CALL_H
#define TACIT_CONTROL_CALL_H

#include "base/pack.h"
#include "core/control/core.h"
#include "wire/doc.h"

struct call {
	struct core *core;
	const struct frame_request *request;
	const uint8_t *body; /* request->body_length octets */
	struct pack reply;   /* a document, or octets */
	bool stop;           /* after the reply: let the agent end */
	bool upgrade;        /* after the reply: ask holder to re-execute */
};

typedef int call_fn(struct call *call, struct err *err);

call_fn call_secret_list, call_secret_create, call_secret_inspect, call_secret_rotate,
	call_secret_history, call_secret_reveal, call_secret_remove;
call_fn call_grant_add, call_grant_list, call_grant_remove, call_consumer_list;
call_fn call_status, call_lock, call_unlock, call_upgrade, call_stop;

/* Run the verb of a request by the table: checks its texts and whether the store must be open. */
int call_dispatch(struct call *call, struct err *err);

/* The body's value, sealed by the client for "VERB:SECRET". *value is seal_alloc'd, the caller's.
 */
int call_open_value(
	struct call *call, const char *verb, uint8_t **value, size_t *length, struct err *err);

/* What a grant is when it is no more; and the change to that in memory, under the write lock. */
struct grant_record grant_tombstone(const struct grant *grant);
void grant_revoke(struct core *core, struct grant *grant);

/* Documents that more than one verb answers with. */
void doc_put_grant(struct pack *doc, const struct core *core, const struct grant *grant);

#endif
