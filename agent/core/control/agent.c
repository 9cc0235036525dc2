/* SPDX-License-Identifier: Apache-2.0 */
/* Verbs about the agent itself. */
#include <stdio.h>
#include <string.h>

#include "core/control/audit/auditor.h"
#include "core/control/call.h"
#include "core/control/metrics/counts.h"

#define USERS_MAX 256

static void put_path(struct pack *doc, const char *name, const char *root, const char *path)
{
	char full[PATH_FULL_MAX + CONFIG_PATH_MAX];

	snprintf(full, sizeof full, "%s%s", root, path);
	doc_text(doc, name, full);
}

static void put_users(struct pack *doc, struct core *core)
{
	static struct mount_user users[USERS_MAX]; /* the worker is the only one who comes here */
	size_t count = mount_users(core, users, USERS_MAX);

	doc_open(doc, "containers", DOC_LIST);
	for (size_t i = 0; i < count && i < USERS_MAX; i++) {
		doc_open(doc, NULL, DOC_OBJECT);
		doc_text(doc, "container", users[i].container);
		doc_text(doc, "consumer", users[i].below);
		doc_text(doc, "mount", users[i].stale ? "stale" : "live");
		doc_close(doc);
	}
	doc_close(doc);
}

static void put_counts(struct pack *doc, const struct core *core)
{
	struct counts counts;

	counts_take(core, &counts);
	doc_number(doc, "secrets", counts.secrets);
	doc_number(doc, "templates", HASH_CNT(hh, core->model->templates));
	doc_number(doc, "grants", counts.grants);
	doc_number(doc, "consumers", counts.consumers);
}

/* Of the audit, which goes on while the store is locked. */
static void put_audit(struct pack *doc, const struct core *core)
{
	struct auditor_state state;

	if (!core->auditor)
		return;
	auditor_state(core, &state);
	doc_open(doc, "audit", DOC_OBJECT);
	doc_text(doc, "mode", core->config.audit_required ? "required" : "best-effort");
	doc_bool(doc, "open", state.open);
	doc_bool(doc, "blocked", state.blocked);
	if (state.reason[0])
		doc_text(doc, "reason", state.reason);
	else
		doc_none(doc, "reason");
	doc_number(doc, "written", state.pump.written);
	doc_number(doc, "queue", state.pump.queue);
	doc_number(doc, "lost", state.pump.lost);
	doc_number(doc, "failures", state.pump.failures);
	doc_bool(doc, "copying", state.copying);
	doc_number(doc, "copies_lost", state.copies_lost);
	doc_close(doc);
}

/* What `tacit unlock` can cure is locked; what it cannot, a damaged or newer store, is failed. */
const char *agent_state(const struct core *core)
{
	if (!core->model->locked)
		return "serving";
	switch (core->failure.code) {
	case TACIT_CORRUPT:
	case TACIT_STALE:
	case TACIT_NEWER:
	case TACIT_IO:
	case TACIT_INTERNAL:
	case TACIT_LIMIT:
		return "failed";
	default:
		return "locked";
	}
}

static void put_engines(struct pack *doc, struct core *core)
{
	static const char *const states[] = { "down", "listing", "synced" };

	doc_text(doc, "identity", core->config.engine_count ? "engines" : "path-only");
	doc_open(doc, "engines", DOC_LIST);
	for (unsigned int i = 0; i < core->config.engine_count; i++) {
		doc_open(doc, NULL, DOC_OBJECT);
		doc_text(doc, "socket", core->config.engines[i]);
		doc_text(doc, "state", states[containers_engine_state(core->containers, i)]);
		doc_close(doc);
	}
	doc_close(doc);
	doc_number(doc, "known_containers", containers_count(core->containers));
}

static void put_parked(struct pack *doc, const struct core *core)
{
	const struct handover *handover = core->handover;
	uint64_t now = server_parked(core->server), count = atomic_load(&handover->parked_count);
	uint64_t answered = count > now ? count - now : 0;

	doc_open(doc, "parked", DOC_OBJECT);
	doc_number(doc, "now", now);
	doc_number(doc, "total", count);
	doc_number(doc, "mean_us",
		answered ? atomic_load(&handover->parked_total_ns) / answered / 1000 : 0);
	doc_number(doc, "longest_us", atomic_load(&handover->parked_longest_ns) / 1000);
	doc_number(doc, "refused", atomic_load(&handover->parked_refused));
	doc_close(doc);
}

int call_status(struct call *call, struct err *err)
{
	struct core *core = call->core;
	struct pack *doc = &call->reply;
	bool locked = core->model->locked;

	(void)err;
	doc_open(doc, NULL, DOC_OBJECT);
	doc_text(doc, "state", agent_state(core));
	if (locked)
		doc_text(doc, "reason", core->failure.text);
	else
		doc_none(doc, "reason");
	doc_text(doc, "version", TACIT_VERSION);
	put_path(doc, "mount", core->root, TACIT_MOUNT_DIR);
	put_path(doc, "store", core->root, TACIT_STORE_DIR "/store.db");
	put_path(doc, "key_file", core->root, core->config.key_file);
	doc_time(doc, "serving_since", locked ? 0 : core->handover->mounted_ns);
	if (!locked) {
		put_counts(doc, core);
		doc_put_rotations(doc, core);
		doc_put_hooks(doc, core);
	}
	doc_number(doc, "threads", core->handover->threads);
	doc_number(doc, "open_handles", server_open_handles(core->server));
	doc_number(doc, "core_starts", atomic_load(&core->handover->core_starts));
	doc_number(doc, "requests_resumed", atomic_load(&core->handover->resumed));
	doc_number(doc, "requests_resent", atomic_load(&core->handover->resent));
	doc_bool(doc, "memory_locked", !core->swaps);
	doc_bool(doc, "key_page_secret", handover_keys_are_secret(core->keys_fd));
	doc_put_keys(doc, core);
	doc_put_integrity(doc, core);
	put_audit(doc, core);
	put_engines(doc, core);
	put_parked(doc, core);
	put_users(doc, core);
	doc_close(doc);
	return 0;
}

int call_answer_state(struct call *call, const char *state)
{
	doc_open(&call->reply, NULL, DOC_OBJECT);
	doc_text(&call->reply, "state", state);
	doc_close(&call->reply);
	return 0;
}

int call_upgrade(struct call *call, struct err *err)
{
	(void)err;
	call->upgrade = true;
	return call_answer_state(call, "upgrading");
}

int call_stop(struct call *call, struct err *err)
{
	struct mount_user users[USERS_MAX];
	size_t count = 0, live = 0;

	if (!(call->request->flags & REQUEST_FORCE))
		count = mount_users(call->core, users, USERS_MAX);
	for (size_t i = 0; i < count && i < USERS_MAX; i++)
		live += !users[i].stale;
	if (live)
		return err_set(err, TACIT_BUSY, "containers hold the mount, in %zu places", live);
	call->stop = true;
	return call_answer_state(call, "stopping");
}
