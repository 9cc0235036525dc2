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
	/* Of a change of many things: what each of them is to the audit (record.h). */
	struct audit_record *parts;
	size_t part_count;
};

typedef int call_fn(struct call *call, struct err *err);

call_fn call_secret_list, call_secret_create, call_secret_inspect, call_secret_rotate,
	call_secret_stage, call_secret_promote, call_secret_retire, call_secret_rollback,
	call_secret_history, call_secret_readers, call_secret_reveal, call_secret_remove;
call_fn call_secret_schedule;
call_fn call_secret_hashes; /* hashes.c */
call_fn call_bundle_list, call_bundle_create, call_bundle_inspect, call_bundle_rotate,
	call_bundle_remove;
call_fn call_grant_add, call_grant_list, call_grant_remove, call_grant_check;
call_fn call_consumer_list, call_consumer_inspect, call_consumer_bind, call_consumer_unbind,
	call_consumer_freeze, call_consumer_thaw, call_consumer_remove;
call_fn call_run_begin, call_run_end; /* runs.c */
call_fn call_access_export, call_access_apply;
call_fn call_audit_read, call_audit_verify; /* audit_call.c */
call_fn call_audit_hash;                    /* reveal.c */
call_fn call_metrics;
call_fn call_store_verify, call_store_accept; /* store_call.c */
call_fn call_store_backup, call_store_backup_step, call_store_backup_read,
	call_store_backup_end; /* backup_call.c */
call_fn call_store_restore, call_store_restore_write, call_store_restore_end,
	call_store_restore_drop; /* restore.c */
call_fn call_status, call_upgrade, call_stop;
call_fn call_lock, call_unlock, call_store_create, call_key_list, call_key_add, call_key_remove,
	call_key_rotate; /* keys_call.c */

/* Run the verb of a request by the table: checks its texts and whether the store must be open. */
int call_dispatch(struct call *call, struct err *err);
/* What the audit calls a verb that changes or reveals something, of those below VERBS; NULL: it
 * only looks. */
const char *call_act(enum verb verb);

/* "serving", "locked" (which `tacit unlock` can cure) or "failed". */
const char *agent_state(const struct core *core);

/* Answer with {"state": STATE}. */
int call_answer_state(struct call *call, const char *state);

/* The body's value, sealed by the client for "VERB:SECRET", or "VERB:BUNDLE/". *value is
 * seal_alloc'd, the caller's. */
int call_open_value(
	struct call *call, const char *verb, uint8_t **value, size_t *length, struct err *err);

/* Whether a request names "BUNDLE/", all secrets of one; and the name without the '/'. */
bool call_is_of_bundle(const struct call *call, char bundle[TACIT_SECRET_NAME_MAX + 1]);

/* The secret that a request names; NULL: TACIT_NOT_FOUND. */
struct secret *secret_find(const struct call *call, struct err *err);
/* Likewise the bundle. */
struct bundle *bundle_find(const struct call *call, struct err *err);
/* A kept version of a secret by its number, or NULL. */
const struct version_record *secret_version(const struct secret *secret, uint64_t number);
/* A value of any kept version, opened from the store. *plain is seal_alloc'd, the caller's. */
int secret_open_version(struct call *call, const struct version_record *version, uint8_t **plain,
	size_t *length, struct err *err); /* reveal.c */

/* The grant that is, or was, at a path of a consumer; NULL: there was none. */
struct grant *grant_at(const struct core *core, const char *consumer, const char *file);
/* The one living grant that the request's secret, consumer and file mean. TACIT_NOT_FOUND, or
 * TACIT_INVALID when there are more. */
int grant_find(const struct call *call, struct grant **found, struct err *err);
/* The record of a statement that has been checked; the version it is of, if it is of one, is in
 * memory afterwards. TACIT_NOT_FOUND: no such secret or version. */
int grant_fill(struct core *core, const struct access_statement *statement,
	struct grant_record *record, struct err *err);
/* Whether records that are filled may be put in: their names, bundles, and folders. */
int grants_check(
	struct core *core, const struct grant_record *records, size_t count, struct err *err);
/* A record into the store, within a change; what was counted of an earlier grant of its path goes.
 * Of one with on_rotate *hook is filled: a new hook, as done; or how far the same one is. */
int grant_put(struct core *core, const struct grant_record *record, struct hook_record *hook,
	struct err *err);
/* Several of them as a change. */
int grants_commit(struct core *core, const struct grant_record *records, struct hook_record *hooks,
	size_t count, struct err *err);
/* A record that has been committed, into memory, under the write lock; what must not be read any
 * further is ended. */
int grant_publish(struct core *core, const struct grant_record *record,
	const struct hook_record *hook, struct err *err);

/* What is said of a consumer now, for changing: a record of its own, or a new one that says
 * nothing. */
struct consumer_record consumer_now(const struct core *core, const char *consumer);
int consumer_add_rule(struct consumer_record *record, const char *rule, struct err *err);
void consumer_drop_rule(struct consumer_record *record, uint32_t at);
/* Into the store, within a change; and, when it has been committed, into memory, under the write
 * lock. */
int consumer_put(struct core *core, const struct consumer_record *record, struct err *err);
int consumer_publish(struct core *core, const struct consumer_record *record, struct err *err);

/* The statement that a living grant is. */
void access_of_grant(const struct grant *grant, struct access_statement *statement);

/* What a grant is when it is no more; and the change to that in memory, under the write lock. */
struct grant_record grant_tombstone(const struct grant *grant);
void grant_revoke(struct core *core, struct grant *grant);

/* Documents that more than one verb answers with. */
void doc_put_id(struct pack *doc, const char *name, const uint8_t id[SEAL_ID_BYTES]);
void doc_put_secret(struct pack *doc, const struct core *core, const struct secret *secret);
/* What the agent does to the secret by itself, as the object "schedule", or null; of a living
 * grant, how far its hook is, as "on_rotate" and "hook". And for status: what is overdue or
 * failing. */
void doc_put_schedule(struct pack *doc, const struct core *core, const struct secret *secret);
void doc_put_hook(struct pack *doc, const struct core *core, const struct grant *grant);
void doc_put_rotations(struct pack *doc, const struct core *core); /* "rotations": of status */
void doc_put_hooks(struct pack *doc, const struct core *core);     /* "hooks": of status */
/* "integrity": of status: {"generation","damages","anchor":"ok|behind|none","read_only":TEXT|null}.
 */
void doc_put_integrity(struct pack *doc, const struct core *core);
void doc_put_keys(struct pack *doc, struct core *core); /* "keys": of status */
void doc_put_grant(struct pack *doc, const struct core *core, const struct grant *grant);
/* "path": where the directory of a consumer is on the host. */
void doc_put_path(struct pack *doc, const struct core *core, const char *consumer);

#endif
