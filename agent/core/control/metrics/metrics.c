/* SPDX-License-Identifier: Apache-2.0 */
/* What the agent says to a program that watches it. Numbers, no names: only who asks for names is
 * given them. */
#include "core/control/metrics/metrics.h"

#include <stddef.h>
#include <string.h>

#include "base/clock.h"
#include "core/control/audit/auditor.h"
#include "core/control/call.h"
#include "core/control/metrics/counts.h"
#include "core/store/integrity.h"
#include "core/store/vault_slots.h"

/* What is known: always, while the store is unlocked, of its key slots, of the audit. */
enum known { KNOWN = 1, KNOWN_UNLOCKED = 2, KNOWN_SLOTS = 4, KNOWN_AGE = 8, KNOWN_AUDIT = 16 };

struct facts {
	unsigned int known; /* of enum known */
	uint64_t up, open_handles, core_starts, resumed, resent;
	uint64_t parked, parked_total, parked_ns, parked_longest_ns, parked_refused;
	struct counts counts;
	uint64_t rotation_failures;
	struct vault_standing standing;
	uint64_t generation, damages, anchor_behind;
	uint64_t slots, oldest_slot_ns, key_age_ns;
	struct auditor_state audit;
	uint64_t audit_blocked;
};

#define AT(member) offsetof(struct facts, member)

/* One value each. */
static const struct {
	const char *name, *type, *help;
	size_t at; /* of a uint64_t in the facts */
	enum known known;
	bool is_time; /* in nanoseconds */
} families[] = {
	{ "tacit_up", "gauge", "Whether the agent serves.", AT(up), KNOWN, false },
	{ "tacit_open_handles", "gauge", "Files that readers have open.", AT(open_handles), KNOWN,
		false },
	{ "tacit_core_starts_total", "counter", "Cores that were started for this mount.",
		AT(core_starts), KNOWN, false },
	{ "tacit_requests_resumed_total", "counter",
		"Requests that a core took over from the one before it.", AT(resumed), KNOWN,
		false },
	{ "tacit_requests_resent_total", "counter", "Requests that the kernel sent again.",
		AT(resent), KNOWN, false },
	{ "tacit_parked", "gauge", "Opens that wait now.", AT(parked), KNOWN, false },
	{ "tacit_parked_total", "counter", "Opens that had to wait.", AT(parked_total), KNOWN,
		false },
	{ "tacit_parked_seconds_total", "counter", "How long they waited, all together.",
		AT(parked_ns), KNOWN, true },
	{ "tacit_parked_longest_seconds", "gauge", "How long the longest of them waited.",
		AT(parked_longest_ns), KNOWN, true },
	{ "tacit_parked_refused_total", "counter",
		"Those that were denied because no engine said in time who it was.",
		AT(parked_refused), KNOWN, false },
	{ "tacit_secrets", "gauge", "Secrets.", AT(counts.secrets), KNOWN_UNLOCKED, false },
	{ "tacit_grants", "gauge", "Grants that live.", AT(counts.grants), KNOWN_UNLOCKED, false },
	{ "tacit_consumers", "gauge", "Consumers that have a grant.", AT(counts.consumers),
		KNOWN_UNLOCKED, false },
	{ "tacit_rotations_scheduled", "gauge", "Secrets that the agent rotates by itself.",
		AT(counts.scheduled), KNOWN_UNLOCKED, false },
	{ "tacit_rotations_overdue", "gauge", "Those of them that have been due for too long.",
		AT(counts.overdue), KNOWN_UNLOCKED, false },
	{ "tacit_rotations_failing", "gauge", "Those of them whose last attempt failed.",
		AT(counts.failing), KNOWN_UNLOCKED, false },
	{ "tacit_rotation_failures_total", "counter", "Attempts of the agent's that failed.",
		AT(rotation_failures), KNOWN, false },
	{ "tacit_hooks_pending", "gauge", "Hooks that are to be run.", AT(counts.hooks_pending),
		KNOWN_UNLOCKED, false },
	{ "tacit_hooks_failing", "gauge", "Hooks that failed for the last change.",
		AT(counts.hooks_failing), KNOWN_UNLOCKED, false },
	{ "tacit_store_generation", "gauge", "Commits of the store.", AT(generation),
		KNOWN_UNLOCKED, false },
	{ "tacit_store_damaged_records", "gauge", "Records that are not as they should be.",
		AT(damages), KNOWN_UNLOCKED, false },
	{ "tacit_store_anchor_behind", "gauge",
		"Whether the anchor could not be written after the last commit.", AT(anchor_behind),
		KNOWN_UNLOCKED, false },
	{ "tacit_key_slots", "gauge", "Key slots of the store.", AT(slots), KNOWN_SLOTS, false },
	{ "tacit_key_age_seconds", "gauge", "How long ago the oldest key slot was made.",
		AT(key_age_ns), KNOWN_AGE, true },
	{ "tacit_audit_queue_records", "gauge", "Records that are not on the disk yet.",
		AT(audit.pump.queue), KNOWN_AUDIT, false },
	{ "tacit_audit_records_total", "counter", "Records that were written.",
		AT(audit.pump.written), KNOWN_AUDIT, false },
	{ "tacit_audit_lost_total", "counter", "Records that there was no room for.",
		AT(audit.pump.lost), KNOWN_AUDIT, false },
	{ "tacit_audit_failures_total", "counter", "Attempts to write them that failed.",
		AT(audit.pump.failures), KNOWN_AUDIT, false },
	{ "tacit_audit_blocked", "gauge", "Whether changes are refused for it cannot be written.",
		AT(audit_blocked), KNOWN_AUDIT, false },
	{ "tacit_audit_copies_lost_total", "counter",
		"Records that syslog or journald were not told.", AT(audit.copies_lost),
		KNOWN_AUDIT, false },
};

static void learn_server(const struct core *core, struct facts *facts)
{
	const struct handover *handover = core->handover;

	facts->up = !core->model->locked;
	facts->open_handles = server_open_handles(core->server);
	facts->core_starts = atomic_load(&handover->core_starts);
	facts->resumed = atomic_load(&handover->resumed);
	facts->resent = atomic_load(&handover->resent);
	facts->parked = server_parked(core->server);
	facts->parked_total = atomic_load(&handover->parked_count);
	facts->parked_ns = atomic_load(&handover->parked_total_ns);
	facts->parked_longest_ns = atomic_load(&handover->parked_longest_ns);
	facts->parked_refused = atomic_load(&handover->parked_refused);
	facts->rotation_failures = core->rotations.failures;
	facts->known |= KNOWN;
}

static int learn_slot(void *arg, const struct vault_slot *slot, struct err *err)
{
	struct facts *facts = arg;
	uint64_t made_ns = slot->status == 0 ? slot->about.created_ns : 0;

	(void)err;
	facts->slots++;
	if (made_ns && (!facts->oldest_slot_ns || made_ns < facts->oldest_slot_ns))
		facts->oldest_slot_ns = made_ns;
	return 0;
}

/* The root key has no age of its own: it is made anew with each slot that is removed. What should
 * be renewed in time is what people and programs keep. */
static void learn_slots(const struct core *core, struct facts *facts)
{
	uint64_t now = clock_realtime_ns();

	if (!core->vault || vault_each_slot(core->vault, NULL, learn_slot, facts, NULL) < 0)
		return;
	facts->known |= KNOWN_SLOTS;
	if (!facts->oldest_slot_ns)
		return;
	facts->key_age_ns = now > facts->oldest_slot_ns ? now - facts->oldest_slot_ns : 0;
	facts->known |= KNOWN_AGE;
}

static void learn_store(const struct core *core, struct facts *facts)
{
	if (core->model->locked)
		return;
	counts_take(core, &facts->counts);
	vault_get_standing(core->vault, &facts->standing);
	facts->generation = facts->standing.generation;
	facts->damages = facts->standing.damages;
	facts->anchor_behind = facts->standing.anchor_behind;
	facts->known |= KNOWN_UNLOCKED;
}

static void learn_audit(const struct core *core, struct facts *facts)
{
	if (!core->auditor)
		return;
	auditor_state(core, &facts->audit);
	facts->audit_blocked = facts->audit.blocked;
	facts->known |= KNOWN_AUDIT;
}

static void put_facts(struct pack *text, const struct facts *facts)
{
	for (size_t i = 0; i < sizeof families / sizeof *families; i++) {
		const uint64_t *value = (const void *)((const char *)facts + families[i].at);

		if (!(facts->known & families[i].known))
			continue;
		metrics_family(text, families[i].name, families[i].type, families[i].help);
		(families[i].is_time ? metrics_seconds : metrics_number)(
			text, &(struct metrics_sample){ .name = families[i].name }, *value);
	}
}

/* One of several words is 1, the others are 0. */
static void put_state(struct pack *text, const struct core *core)
{
	static const char *const states[] = { "serving", "locked", "failed" };
	const char *state = agent_state(core);

	metrics_family(text, "tacit_state", "gauge", "The state the agent is in is 1.");
	for (size_t i = 0; i < sizeof states / sizeof *states; i++)
		metrics_number(text,
			&(struct metrics_sample){ "tacit_state", NULL, { { "state", states[i] } } },
			!strcmp(state, states[i]));
}

static void put_rotations(struct pack *text, const struct core *core)
{
	static const char name[] = "tacit_rotations_total";

	metrics_family(text, name, "counter", "New current versions of secrets, by who made them.");
	metrics_number(text, &(struct metrics_sample){ name, NULL, { { "by", "operator" } } },
		core->rotations.by_operators);
	metrics_number(text, &(struct metrics_sample){ name, NULL, { { "by", "agent" } } },
		core->rotations.by_agent);
}

static void put_build(struct pack *text)
{
	static const char name[] = "tacit_build_info";

	metrics_family(text, name, "gauge", "Which tacit this is; always 1.");
	metrics_number(
		text, &(struct metrics_sample){ name, NULL, { { "version", TACIT_VERSION } } }, 1);
}

int call_metrics(struct call *call, struct err *err)
{
	const struct core *core = call->core;
	struct facts facts = { 0 };

	learn_server(core, &facts);
	learn_slots(core, &facts);
	learn_store(core, &facts);
	learn_audit(core, &facts);
	put_build(&call->reply);
	put_state(&call->reply, core);
	put_facts(&call->reply, &facts);
	put_rotations(&call->reply, core);
	metrics_put_answers(&call->reply, core);
	if (!(call->request->flags & REQUEST_NAMES) || core->model->locked)
		return 0;
	return metrics_put_secrets(&call->reply, core, err);
}
