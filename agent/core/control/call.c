/* SPDX-License-Identifier: Apache-2.0 */
#include "core/control/call.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/control/audit/record.h"
#include "seal/transit.h"

/* Fields of the request, and the store unlocked. */
enum needs {
	SECRET = 1,
	CONSUMER = 2,
	OPEN = 4,
	BUNDLE = 8,   /* in place of a secret */
	MEMBERS = 16, /* the secret may be "tls/", all of a bundle's; the file is then a folder */
	ALWAYS = 32,  /* not refused while the audit log cannot be written: it locks, or it opens
			 the log */
	DRY = 64,     /* with REQUEST_DRY_RUN it only looks */
};

static const struct {
	call_fn *run;
	unsigned int needs;
	const char *act; /* what the audit calls it; NULL: it only looks */
} verbs[VERBS] = {
	[VERB_STATUS] = { call_status, 0, NULL },
	[VERB_SECRET_LIST] = { call_secret_list, OPEN, NULL },
	[VERB_SECRET_CREATE] = { call_secret_create, SECRET | OPEN, "create" },
	[VERB_SECRET_INSPECT] = { call_secret_inspect, SECRET | OPEN, NULL },
	[VERB_SECRET_ROTATE] = { call_secret_rotate, SECRET | OPEN, "rotate" },
	[VERB_SECRET_STAGE] = { call_secret_stage, SECRET | OPEN, "stage" },
	[VERB_SECRET_PROMOTE] = { call_secret_promote, SECRET | OPEN, "promote" },
	[VERB_SECRET_RETIRE] = { call_secret_retire, SECRET | OPEN, "retire" },
	[VERB_SECRET_ROLLBACK] = { call_secret_rollback, SECRET | OPEN, "rollback" },
	[VERB_SECRET_HISTORY] = { call_secret_history, SECRET | OPEN, NULL },
	[VERB_SECRET_READERS] = { call_secret_readers, SECRET | OPEN, NULL },
	[VERB_SECRET_REVEAL] = { call_secret_reveal, SECRET | OPEN, "reveal" },
	[VERB_SECRET_HASHES] = { call_secret_hashes, OPEN, "secret-hashes" },
	[VERB_SECRET_REMOVE] = { call_secret_remove, SECRET | OPEN, "remove" },
	[VERB_SECRET_SCHEDULE] = { call_secret_schedule, SECRET | OPEN, "schedule" },
	[VERB_BUNDLE_LIST] = { call_bundle_list, OPEN, NULL },
	[VERB_BUNDLE_CREATE] = { call_bundle_create, BUNDLE | OPEN, "create" },
	[VERB_BUNDLE_INSPECT] = { call_bundle_inspect, BUNDLE | OPEN, NULL },
	[VERB_BUNDLE_ROTATE] = { call_bundle_rotate, BUNDLE | OPEN, "rotate" },
	[VERB_BUNDLE_REMOVE] = { call_bundle_remove, BUNDLE | OPEN, "remove" },
	[VERB_GRANT_ADD] = { call_grant_add, SECRET | MEMBERS | CONSUMER | OPEN, "grant-add" },
	[VERB_GRANT_LIST] = { call_grant_list, MEMBERS | OPEN, NULL },
	[VERB_GRANT_REMOVE] = { call_grant_remove, SECRET | MEMBERS | CONSUMER | OPEN,
		"grant-remove" },
	[VERB_GRANT_CHECK] = { call_grant_check, SECRET | CONSUMER | OPEN, NULL },
	[VERB_CONSUMER_LIST] = { call_consumer_list, OPEN, NULL },
	[VERB_CONSUMER_INSPECT] = { call_consumer_inspect, CONSUMER | OPEN, NULL },
	[VERB_CONSUMER_BIND] = { call_consumer_bind, CONSUMER | OPEN, "consumer-bind" },
	[VERB_CONSUMER_UNBIND] = { call_consumer_unbind, CONSUMER | OPEN, "consumer-unbind" },
	[VERB_CONSUMER_FREEZE] = { call_consumer_freeze, CONSUMER | OPEN, "consumer-freeze" },
	[VERB_CONSUMER_THAW] = { call_consumer_thaw, CONSUMER | OPEN, "consumer-thaw" },
	[VERB_CONSUMER_REMOVE] = { call_consumer_remove, CONSUMER | OPEN, "consumer-remove" },
	[VERB_RUN_BEGIN] = { call_run_begin, CONSUMER | OPEN, "run" },
	[VERB_RUN_END] = { call_run_end, 0, "run-end" },
	[VERB_ACCESS_EXPORT] = { call_access_export, OPEN, NULL },
	[VERB_ACCESS_APPLY] = { call_access_apply, OPEN | DRY, "apply" },
	[VERB_AUDIT_READ] = { call_audit_read, OPEN, NULL },
	[VERB_AUDIT_VERIFY] = { call_audit_verify, OPEN, NULL },
	[VERB_AUDIT_HASH] = { call_audit_hash, OPEN, "hash" },
	[VERB_METRICS] = { call_metrics, 0, NULL },
	[VERB_KEY_LIST] = { call_key_list, 0, NULL },
	[VERB_KEY_ADD] = { call_key_add, OPEN, "key-add" },
	[VERB_KEY_REMOVE] = { call_key_remove, OPEN, "key-remove" },
	[VERB_KEY_ROTATE] = { call_key_rotate, OPEN, "key-rotate" },
	[VERB_STORE_CREATE] = { call_store_create, 0, "store-create" },
	[VERB_STORE_VERIFY] = { call_store_verify, OPEN, NULL },
	[VERB_STORE_ACCEPT] = { call_store_accept, 0, "store-accept" },
	[VERB_STORE_BACKUP] = { call_store_backup, OPEN, "store-backup" },
	[VERB_STORE_BACKUP_STEP] = { call_store_backup_step, OPEN, NULL },
	[VERB_STORE_BACKUP_READ] = { call_store_backup_read, 0, NULL },
	[VERB_STORE_BACKUP_END] = { call_store_backup_end, 0, NULL },
	[VERB_STORE_RESTORE] = { call_store_restore, 0, NULL },
	[VERB_STORE_RESTORE_WRITE] = { call_store_restore_write, 0, NULL },
	[VERB_STORE_RESTORE_END] = { call_store_restore_end, 0, "store-restore" },
	[VERB_STORE_RESTORE_DROP] = { call_store_restore_drop, 0, NULL },
	[VERB_LOCK] = { call_lock, ALWAYS, "lock" },
	[VERB_UNLOCK] = { call_unlock, ALWAYS, "unlock" },
	[VERB_UPGRADE] = { call_upgrade, 0, "upgrade" },
	[VERB_STOP] = { call_stop, 0, "stop" },
};

static bool is_text(const char *field, size_t room)
{
	return memchr(field, '\0', room) != NULL;
}

static bool is_well_formed(const struct frame_request *request)
{
	bool good = request->verb < VERBS && verbs[request->verb].run &&
		    is_text(request->secret, sizeof request->secret) &&
		    is_text(request->consumer, sizeof request->consumer) &&
		    is_text(request->file, sizeof request->file) &&
		    is_text(request->container, sizeof request->container) &&
		    is_text(request->rotator, sizeof request->rotator) &&
		    is_text(request->on_rotate, sizeof request->on_rotate) &&
		    is_text(request->label, sizeof request->label) &&
		    is_text(request->program, sizeof request->program) &&
		    request->rule_count <= BINDING_RULES_MAX;

	for (uint32_t i = 0; good && i < request->rule_count; i++)
		good = is_text(request->rules[i], sizeof request->rules[i]);
	return good;
}

bool call_is_of_bundle(const struct call *call, char bundle[TACIT_SECRET_NAME_MAX + 1])
{
	size_t length = strlen(call->request->secret);

	if (!length || call->request->secret[length - 1] != '/')
		return false;
	snprintf(bundle, TACIT_SECRET_NAME_MAX + 1, "%.*s", (int)length - 1, call->request->secret);
	return true;
}

static int check_names(const struct call *call, unsigned int needs, struct err *err)
{
	const struct frame_request *request = call->request;
	char bundle[TACIT_SECRET_NAME_MAX + 1];
	int status = 0;

	if (needs & MEMBERS && call_is_of_bundle(call, bundle)) {
		status = name_check_bundle(bundle, err);
		if (status == 0 && request->file[0])
			status = name_check_file(request->file, err);
	} else if (needs & BUNDLE) {
		status = name_check_bundle(request->secret, err);
	} else if (needs & SECRET || request->secret[0]) {
		status = name_check_secret(request->secret, err);
	}
	if (status == 0 && (needs & CONSUMER || request->consumer[0]))
		status = name_check_consumer(request->consumer, err);
	if (status == 0 && request->file[0])
		status = name_check_granted(request->file, err);
	return status;
}

const char *call_act(enum verb verb)
{
	return verbs[verb].act;
}

static int run(struct call *call, unsigned int needs, struct err *err)
{
	const struct frame_request *request = call->request;

	if (needs & OPEN && call->core->model->locked)
		return err_set(err, TACIT_LOCKED, "the agent is locked%s%s",
			call->core->failure.code ? ": " : "", call->core->failure.text);
	return verbs[request->verb].run(call, err);
}

int call_dispatch(struct call *call, struct err *err)
{
	const struct frame_request *request = call->request;
	struct record record;
	struct err why;
	unsigned int needs;
	int status;

	if (!is_well_formed(request))
		return err_set(err, TACIT_INVALID, "no such request");
	needs = verbs[request->verb].needs;
	if (check_names(call, needs, err) < 0)
		return -TACIT_INVALID;
	if (!call_act(request->verb) || (needs & DRY && request->flags & REQUEST_DRY_RUN))
		return run(call, needs, err);
	status = record_begin(&record, call, call_act(request->verb), needs & BUNDLE, &why);
	if (status < 0 && !(needs & ALWAYS))
		return err_set(err, why.code, "%s", why.text);
	status = run(call, needs, err);
	record_end(&record, call, status);
	free(call->parts);
	return status;
}

int call_open_value(
	struct call *call, const char *verb, uint8_t **value, size_t *length, struct err *err)
{
	const struct handover_keys *keys = call->core->keys;
	char context[TACIT_TRANSIT_CONTEXT_MAX];
	int status;

	snprintf(context, sizeof context, "%s:%s%s", verb, call->request->secret,
		verbs[call->request->verb].needs & BUNDLE ? "/" : "");
	status = transit_open(keys->transit_public, keys->transit_secret, context, call->body,
		call->request->body_length, value, length, err);
	if (status < 0)
		return status;
	if (*length && *length <= TACIT_VALUE_MAX)
		return 0;
	seal_free(*value);
	*value = NULL;
	return *length ? err_set(err, TACIT_TOO_LARGE, "a value has at most %u bytes",
				 TACIT_VALUE_MAX)
		       : err_set(err, TACIT_INVALID, "a value has at least one byte");
}
