/* SPDX-License-Identifier: Apache-2.0 */
/* The thread that writes the log. It alone touches it, and may wait for a disk.
 *
 * Producers wake it by an eventfd, and only when it rests: a flood of records is one wake-up, an
 * idle agent none. With `audit best-effort` what comes within LINGER_NS of a sync is written
 * together, unless a lane fills meanwhile. */
#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/eventfd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/log.h"
#include "core/control/audit/auditor_parts.h"

#define MS_NS 1000000ull
#define LINGER_NS (20 * MS_NS)
#define BACKOFF_FIRST_NS (20 * MS_NS)
#define BACKOFF_LAST_NS (1000 * MS_NS)
/* All that the ring can hold: what came later is not waited for by whoever wants it empty. */
#define GROUPS_MAX (AUDIT_LANES * AUDIT_LANE_RECORDS / AUDIT_BATCH_RECORDS + 1)
#define DENIALS_MS 1000 /* between looks at what is counted until a second has passed */

static void say(struct auditor *auditor, bool open, const char *reason)
{
	hold_mutex(&auditor->mutex);

	auditor->open = open;
	if (auditor->log)
		audit_log_position(auditor->log, &auditor->position);
	snprintf(auditor->reason, sizeof auditor->reason, "%.*s", VAULT_REASON_MAX, reason);
}

static void begin_disk(struct auditor *auditor)
{
	atomic_store(&auditor->busy_since_ns, clock_monotonic_ns());
}

static void fail(struct auditor *auditor, const struct err *why)
{
	uint64_t now = clock_monotonic_ns();

	atomic_store(&auditor->busy_since_ns, 0);
	if (!atomic_load(&auditor->failing_since_ns)) {
		log_error("%s", why->text);
		atomic_store(&auditor->failing_since_ns, now);
		auditor->backoff_ns = BACKOFF_FIRST_NS;
	}
	auditor->retry_ns = now + auditor->backoff_ns;
	auditor->backoff_ns *= 2;
	if (auditor->backoff_ns > BACKOFF_LAST_NS)
		auditor->backoff_ns = BACKOFF_LAST_NS;
	say(auditor, auditor->log != NULL, why->text);
}

static void succeed(struct auditor *auditor)
{
	atomic_store(&auditor->busy_since_ns, 0);
	if (atomic_exchange(&auditor->failing_since_ns, 0))
		log_info("the audit log is written again");
	auditor->retry_ns = 0;
	say(auditor, auditor->log != NULL, "");
}

/* What opening the log has found is a record of it, and the operator's to know. */
static void record_found(struct auditor *auditor, const char *what, uint64_t number)
{
	struct audit_source source = { AUDIT_LANE_NONE, audit_log_marks(auditor->log)->lost };
	struct audit_record record = {
		.time_ns = clock_realtime_ns(),
		.kind = AUDIT_AGENT,
		.uid = AUDIT_NOBODY,
		.operator_uid = AUDIT_NOBODY,
		.act = "open-log",
	};

	snprintf(record.rule, sizeof record.rule, "%s", what);
	snprintf(record.outcome, sizeof record.outcome, "%" PRIu64, number);
	/* On failure the log is blocked, which the next group finds out. */
	audit_log_append(auditor->log, &record, &source, NULL);
}

static void tell_found(struct auditor *auditor, const struct audit_found *found)
{
	const struct {
		const char *word;
		uint64_t number;
		const char *text; /* for whoever has to do something about it */
	} findings[] = {
		{ "created", found->created, NULL },
		/* What a crash leaves. */
		{ "adopted", found->adopted, NULL },
		{ "torn", found->torn, NULL },
		{ "state-lost", found->state_lost,
			"what says where the audit log ends was lost: a new file of it was begun; "
			"'tacit audit verify' says where the old ones end" },
		{ "broken", found->broken,
			"the audit log does not end where it did: a new file of it was begun; "
			"'tacit audit verify' says where the old one ends" },
	};

	for (size_t i = 0; i < sizeof findings / sizeof *findings; i++) {
		if (!findings[i].number)
			continue;
		record_found(auditor, findings[i].word, findings[i].number);
		if (findings[i].text)
			log_warning("%s", findings[i].text);
	}
	audit_log_commit(auditor->log, NULL);
}

static void close_log(struct auditor *auditor)
{
	audit_pump_use(auditor->pump, NULL);
	audit_log_close(auditor->log);
	auditor->log = NULL;
}

/* Without a key there may be no log yet, and that is no failure: it waits for the first unlocking.
 */
static int open_log(struct auditor *auditor, struct err *err)
{
	const struct config *config = &auditor->core->config;
	struct audit_options options = { .dir = auditor->dir,
		.key = auditor->used.keyed ? auditor->keys->used : NULL,
		.file_bytes = (uint64_t)config->audit_file_size << 10,
		.keep = config->audit_keep };
	struct audit_found found;
	int status = 0;

	memcpy(options.id, auditor->used.id, sizeof options.id);
	begin_disk(auditor);
	if (!auditor->used.named)
		status = audit_log_find_id(auditor->dir, options.id, err);
	if (status == 0)
		status = audit_log_open(&options, &auditor->log, &found, err);
	if (!auditor->used.keyed && (status == -TACIT_NOT_FOUND || status == -TACIT_LOCKED)) {
		succeed(auditor);
		auditor->retry_ns = UINT64_MAX;
		return 0;
	}
	if (status < 0) {
		fail(auditor, err);
		return status;
	}
	audit_pump_use(auditor->pump, auditor->log);
	tell_found(auditor, &found);
	succeed(auditor);
	return 0;
}

/* 1: there may be more; 0; or the error. */
static int write_group(struct auditor *auditor, struct err *err)
{
	int status;

	begin_disk(auditor);
	status = audit_pump_run(auditor->pump, err);
	auditor->wrote_ns = clock_monotonic_ns();
	if (status < 0)
		fail(auditor, err);
	else
		succeed(auditor);
	if (auditor->core->config.audit_required)
		server_wake_parked(auditor->core->server);
	return status;
}

/* All that there is; of what comes without end, so much that there is time for wishes. */
static int write_all(struct auditor *auditor, struct err *err)
{
	int status = 1;

	for (unsigned int i = 0; status > 0 && i < GROUPS_MAX; i++)
		status = write_group(auditor, err);
	return status < 0 ? status : 0;
}

/* Under the mutex. */
static bool uses_other(const struct auditor *auditor)
{
	const struct auditor_wish *wish = &auditor->wish, *used = &auditor->used;

	return wish->keyed != used->keyed || wish->named != used->named ||
	       memcmp(wish->id, used->id, sizeof wish->id) ||
	       memcmp(auditor->keys->wished, auditor->keys->used, SEAL_KEY_BYTES);
}

/* Whether there is a wish; `other`: for another log, or key, than that in use. */
static bool find_wish(struct auditor *auditor, uint64_t *number, bool *other)
{
	hold_mutex(&auditor->mutex);

	*number = auditor->wishes;
	*other = uses_other(auditor);
	return auditor->wishes != auditor->granted;
}

/* The log is closed: nothing has the key of before. */
static uint64_t take_wish(struct auditor *auditor)
{
	hold_mutex(&auditor->mutex);

	auditor->used = auditor->wish;
	memcpy(auditor->keys->used, auditor->keys->wished, SEAL_KEY_BYTES);
	return auditor->wishes;
}

static void see_to_wish(struct auditor *auditor)
{
	struct err err = { 0 };
	uint64_t number;
	bool other;

	if (!find_wish(auditor, &number, &other))
		return;
	if (auditor->log)
		write_all(auditor, &err);
	if (other) {
		err = (struct err){ 0 };
		close_log(auditor);
		number = take_wish(auditor);
		if (open_log(auditor, &err) == 0 && auditor->log)
			write_all(auditor, &err);
	}
	hold_mutex(&auditor->mutex);
	auditor->granted = number;
	auditor->answer = err;
	pthread_cond_broadcast(&auditor->answered);
}

/* When there is something to do, if nobody says so before: CLOCK_MONOTONIC. */
static uint64_t due_at(const struct auditor *auditor, uint64_t now)
{
	if (!auditor->log || atomic_load(&auditor->failing_since_ns))
		return auditor->retry_ns;
	if (!audit_ring_queue(auditor->ring))
		return UINT64_MAX;
	return auditor->core->config.audit_required ? now : auditor->wrote_ns + LINGER_NS;
}

static void work(struct auditor *auditor, bool urgent)
{
	uint64_t now = clock_monotonic_ns();
	struct err err;

	if (!urgent && due_at(auditor, now) > now)
		return;
	if (auditor->log)
		write_all(auditor, &err);
	else
		open_log(auditor, &err);
}

static int sooner(int a, int b)
{
	return a < 0 || (b >= 0 && b < a) ? b : a;
}

/* Until it is time, or somebody asks for it. True: a lane is about to be full. */
static bool rest(struct auditor *auditor, int longest)
{
	uint64_t now = clock_monotonic_ns(), at = due_at(auditor, now);
	bool works = auditor->log && !atomic_load(&auditor->failing_since_ns);
	unsigned int as = !works ? REST_AWAKE : at == UINT64_MAX ? REST_ASLEEP : REST_LINGERING;
	struct pollfd wake = { .fd = auditor->wake, .events = POLLIN };
	eventfd_t ignored;

	if (at <= now)
		return false;
	if (at != UINT64_MAX)
		longest = sooner(longest, (int)((at - now) / MS_NS) + 1);
	atomic_exchange(&auditor->rest, as);
	/* Whoever put something in before this did not see that it rests. */
	if (as != REST_ASLEEP || !audit_ring_queue(auditor->ring))
		poll(&wake, 1, longest);
	eventfd_read(auditor->wake, &ignored);
	return atomic_exchange(&auditor->rest, REST_AWAKE) == REST_AWAKE && as == REST_LINGERING;
}

void *auditor_run(void *arg)
{
	struct auditor *auditor = arg;
	bool urgent = false;

	while (!atomic_load(&auditor->ends)) {
		int longest;

		see_to_wish(auditor);
		work(auditor, urgent);
		longest = auditor_look_after_copy(auditor, clock_monotonic_ns());
		if (server_settle_denials(auditor->core->server))
			longest = sooner(longest, DENIALS_MS);
		urgent = rest(auditor, longest);
	}
	close_log(auditor);
	return NULL;
}
