/* SPDX-License-Identifier: Apache-2.0 */
#include "core/control/audit/auditor.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <time.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "core/control/audit/audit_call.h"
#include "core/control/audit/auditor_parts.h"

/* Places of the worker's lane that changes leave to what the agent does by itself meanwhile. */
#define NOTES_ROOM 64

static int prepare(struct auditor *auditor, struct core *core, struct err *err)
{
	pthread_condattr_t attributes;
	int status = audit_ring_map(core->audit_fd, &auditor->ring, err);

	if (status < 0)
		return status;
	auditor->keys = seal_alloc(sizeof *auditor->keys);
	auditor->pump = audit_pump_new(auditor->ring, NULL);
	auditor->wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (!auditor->keys || !auditor->pump || auditor->wake < 0)
		return err_set(err, TACIT_LIMIT, "out of memory");
	pthread_mutex_init(&auditor->mutex, NULL);
	pthread_condattr_init(&attributes);
	pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
	pthread_cond_init(&auditor->answered, &attributes);
	audit_pump_on_durable(auditor->pump, auditor_tell, auditor);
	return 0;
}

int auditor_new(struct core *core, struct err *err)
{
	struct auditor *auditor = calloc(1, sizeof *auditor);
	int status;

	if (!auditor)
		return err_set(err, TACIT_LIMIT, "out of memory");
	*auditor = (struct auditor){ .core = core, .copy = -1 };
	atomic_store(&auditor->copy_given, -1);
	snprintf(auditor->dir, sizeof auditor->dir, "%s%s", core->root, core->config.audit_dir);
	status = prepare(auditor, core, err);
	if (status < 0)
		return err_wrap(err, "audit");
	audit_ring_recover(auditor->ring, clock_realtime_ns());
	core->auditor = auditor;
	return 0;
}

int auditor_start(struct core *core, struct err *err)
{
	struct auditor *auditor = core->auditor;

	if (pthread_create(&auditor->thread, NULL, auditor_run, auditor))
		return err_set(err, TACIT_LIMIT, "no thread to be had");
	auditor->started = true;
	return 0;
}

void auditor_free(struct core *core)
{
	struct auditor *auditor = core->auditor;

	if (!auditor)
		return;
	audit_call_forget(core);
	atomic_store(&auditor->ends, true);
	eventfd_write(auditor->wake, 1);
	if (auditor->started)
		pthread_join(auditor->thread, NULL);
	cleanup_close(&auditor->copy);
	close(auditor->wake);
	audit_pump_free(auditor->pump);
	audit_ring_unmap(auditor->ring);
	seal_free(auditor->keys);
	free(auditor);
	core->auditor = NULL;
}

struct audit_ring *auditor_ring(const struct core *core)
{
	return core->auditor->ring;
}

void auditor_wake(void *arg, bool urgent)
{
	struct auditor *auditor = ((struct core *)arg)->auditor;
	unsigned int rest;

	/* Either the thread sees what was put before this, or this sees that it rests: both of them
	 * write the same place, one after the other. */
	rest = atomic_fetch_or(&auditor->rest, 0);
	if (rest == REST_AWAKE || (rest == REST_LINGERING && !urgent))
		return;
	if (atomic_exchange(&auditor->rest, REST_AWAKE) != REST_AWAKE)
		eventfd_write(auditor->wake, 1);
}

/* Let the thread see to a wish. Before there is a thread nobody waits. */
static int wait_for(struct auditor *auditor, uint64_t wish, struct err *err)
{
	struct timespec deadline;

	clock_gettime(CLOCK_MONOTONIC, &deadline);
	deadline.tv_sec += AUDITOR_PATIENCE_NS / 1000000000u;
	while (auditor->started && auditor->granted < wish)
		if (pthread_cond_timedwait(&auditor->answered, &auditor->mutex, &deadline))
			return err_set(err, TACIT_UNAVAILABLE,
				"the disk of the audit log does not answer");
	return 0;
}

/* `wish` and its key are one: a thread that comes back from a disk meanwhile has both or neither.
 */
static int ask(struct auditor *auditor, const struct auditor_wish *wish, struct err *err)
{
	int status;
	hold_mutex(&auditor->mutex);

	if (wish) {
		auditor->wish = *wish;
		memcpy(auditor->keys->wished, auditor->keys->reading, SEAL_KEY_BYTES);
	}
	auditor->wishes++;
	eventfd_write(auditor->wake, 1);
	status = wait_for(auditor, auditor->wishes, err);
	if (status == 0 && auditor->started && auditor->answer.code)
		return err_set(err, auditor->answer.code, "%s", auditor->answer.text);
	return status;
}

/* By the link alone, when it is the same record. */
static bool is_behind(const struct audit_position *position, const struct vault_log_place *kept)
{
	return position->number < kept->number ||
	       (position->number == kept->number &&
		       memcmp(position->link, kept->link, sizeof kept->link) != 0);
}

/* What the log had when the store was last written, it has, unless somebody put an older one in
 * its place. */
static void compare(struct core *core)
{
	struct auditor *auditor = core->auditor;
	struct auditor_state state;

	auditor_state(core, &state);
	if (!auditor->started || !state.open || !is_behind(&state.position, &auditor->kept))
		return;
	log_error("the audit log ends with record %" PRIu64 ", and had record %" PRIu64
		  " before: an older one was put in its place",
		state.position.number, auditor->kept.number);
	auditor_note(core, "open-log", NULL, auditor->kept.number, NULL, "older");
}

int auditor_unlocked(struct core *core, struct err *err)
{
	struct auditor *auditor = core->auditor;
	struct auditor_wish wish = { .keyed = true, .named = true };
	struct vault_log_place *kept = &auditor->kept;
	int status = vault_audit_key(core->vault, auditor->keys->reading, kept, err);

	if (status < 0)
		return status;
	vault_store_id(core->vault, wish.id);
	auditor->reading = (struct audit_options){ .dir = auditor->dir,
		.key = auditor->keys->reading,
		.file_bytes = (uint64_t)core->config.audit_file_size << 10,
		.keep = core->config.audit_keep };
	memcpy(auditor->reading.id, wish.id, sizeof wish.id);
	auditor->readable = true;
	status = ask(auditor, &wish, err);
	if (status == 0)
		compare(core);
	return status;
}

bool auditor_has_moved(const struct core *core)
{
	struct auditor_state state;

	auditor_state(core, &state);
	return core->auditor->readable && state.open &&
	       state.position.number > core->auditor->kept.number;
}

int auditor_put_place(struct core *core, struct err *err)
{
	struct vault_log_place *kept = &core->auditor->kept;
	struct auditor_state state;

	if (!auditor_has_moved(core))
		return 0;
	auditor_state(core, &state);
	*kept = (struct vault_log_place){ .file = state.position.file,
		.number = state.position.number };
	memcpy(kept->link, state.position.link, sizeof kept->link);
	return vault_put_log_place(core->vault, kept, err);
}

void auditor_since(const struct core *core, struct audit_position *since)
{
	const struct vault_log_place *kept = &core->auditor->kept;
	struct auditor_state state;

	auditor_state(core, &state);
	*since = state.position;
	if (!is_behind(&state.position, kept))
		return;
	*since = (struct audit_position){ .file = kept->file, .number = kept->number };
	memcpy(since->link, kept->link, sizeof since->link);
}

void auditor_lock(struct core *core)
{
	struct auditor *auditor = core->auditor;
	struct auditor_wish wish = { .named = auditor->readable };

	memcpy(wish.id, auditor->reading.id, sizeof wish.id);
	audit_call_forget(core);
	auditor->readable = false;
	seal_wipe(auditor->keys->reading, SEAL_KEY_BYTES);
	ask(auditor, &wish, NULL);
}

void auditor_flush(struct core *core)
{
	ask(core->auditor, NULL, NULL);
}

/* Since when the log has not been written, although it should have been: 0: it has. */
static uint64_t stuck_since(const struct auditor *auditor)
{
	uint64_t failing = atomic_load(&auditor->failing_since_ns);
	uint64_t busy = atomic_load(&auditor->busy_since_ns);

	return failing ? failing : busy;
}

static bool is_blocked(const struct auditor *auditor)
{
	uint64_t since = stuck_since(auditor), now = clock_monotonic_ns();

	return since && now > since && now - since >= AUDITOR_PATIENCE_NS;
}

/* VAULT_REASON_MAX and a NUL. */
static void get_reason(struct auditor *auditor, char *reason)
{
	hold_mutex(&auditor->mutex);

	snprintf(reason, VAULT_REASON_MAX + 1, "%s",
		auditor->reason[0]    ? auditor->reason
		: is_blocked(auditor) ? "the disk of the audit log does not answer"
				      : "");
}

int auditor_begin(struct core *core, const struct audit_record *change, struct err *err)
{
	struct auditor *auditor = core->auditor;
	struct audit_record record = *change;
	char reason[VAULT_REASON_MAX + 1];

	if (is_blocked(auditor)) {
		get_reason(auditor, reason);
		return err_set(err, TACIT_UNAVAILABLE,
			"nothing is changed while the audit log cannot be written: %s; see to the "
			"disk of %s",
			reason, auditor->dir);
	}
	if (audit_ring_waiting(auditor->ring, AUDIT_LANE_WORKER) + NOTES_ROOM >= AUDIT_LANE_RECORDS)
		return err_set(err, TACIT_UNAVAILABLE,
			"the audit log is behind with what has been changed; try again");
	record.kind = AUDIT_CHANGE;
	record.time_ns = clock_realtime_ns();
	audit_ring_begin(auditor->ring, &record);
	auditor->changing = true;
	return 0;
}

void auditor_end(struct core *core, const char *outcome)
{
	struct auditor *auditor = core->auditor;

	if (!auditor->changing)
		return;
	auditor->changing = false;
	audit_ring_end(auditor->ring, clock_realtime_ns(), outcome);
	auditor_wake(core, false);
}

void auditor_note(struct core *core, const char *act, const char *secret, uint64_t version,
	const char *consumer, const char *outcome)
{
	struct audit_record record = {
		.time_ns = clock_realtime_ns(),
		.version = version,
		.kind = AUDIT_AGENT,
		.uid = AUDIT_NOBODY,
		.operator_uid = AUDIT_NOBODY,
	};
	const struct secret *named = secret ? model_secret(core->model, secret) : NULL;

	snprintf(record.act, sizeof record.act, "%s", act);
	snprintf(record.outcome, sizeof record.outcome, "%s", outcome);
	snprintf(record.secret, sizeof record.secret, "%s", secret ? secret : "");
	snprintf(record.consumer, sizeof record.consumer, "%s", consumer ? consumer : "");
	if (named)
		memcpy(record.secret_id, named->record.id, sizeof record.secret_id);
	audit_ring_put(core->auditor->ring, AUDIT_LANE_WORKER, &record);
	auditor_wake(core, false);
}

void auditor_state(const struct core *core, struct auditor_state *state)
{
	struct auditor *auditor = core->auditor;

	*state = (struct auditor_state){ .blocked = is_blocked(auditor),
		.copying = atomic_load(&auditor->copying),
		.copies_lost = atomic_load(&auditor->copies_lost) };
	audit_pump_state(auditor->pump, &state->pump);
	get_reason(auditor, state->reason);
	pthread_mutex_lock(&auditor->mutex);
	state->position = auditor->position;
	state->open = auditor->open;
	pthread_mutex_unlock(&auditor->mutex);
}

const struct audit_options *auditor_options(const struct core *core)
{
	return core->auditor->readable ? &core->auditor->reading : NULL;
}

void auditor_take_copy(struct core *core, int fd)
{
	struct auditor *auditor = core->auditor;
	int unused = fd >= 0 && auditor ? atomic_exchange(&auditor->copy_given, fd) : fd;

	if (unused >= 0)
		close(unused);
	if (auditor)
		eventfd_write(auditor->wake, 1);
}
