/* SPDX-License-Identifier: Apache-2.0 */
/* What the files of the auditor share: auditor.c is the worker's part, auditor_thread.c the
 * thread's, auditor_copy.c tells the records to syslog or journald.
 *
 * The worker never touches the log. It wishes: for the key to be used, for it to be forgotten, for
 * the ring to be empty; and waits for the thread to have done so, but not for a disk that hangs. */
#ifndef TACIT_CONTROL_AUDITOR_PARTS_H
#define TACIT_CONTROL_AUDITOR_PARTS_H

#include "core/control/audit/auditor.h"

#define AUDITOR_DIR_MAX (PATH_ROOT_MAX + CONFIG_PATH_MAX + 1)

/* What the thread is at, for those who would wake it. */
enum auditor_rest {
	REST_AWAKE,
	REST_ASLEEP,    /* nothing waits in the ring */
	REST_LINGERING, /* something does, and what comes soon is to be synced with it */
};

/* seal_alloc() memory. */
struct auditor_keys {
	uint8_t wished[SEAL_KEY_BYTES];  /* under mutex */
	uint8_t used[SEAL_KEY_BYTES];    /* the thread's: what the log was opened with */
	uint8_t reading[SEAL_KEY_BYTES]; /* the worker's */
};

struct auditor_wish {
	bool keyed; /* with `keys->wished`; else without a key */
	bool named; /* `id` is the log's; else whatever the log says */
	uint8_t id[SEAL_ID_BYTES];
};

struct auditor {
	struct core *core;
	struct audit_ring *ring;
	struct audit_pump *pump;
	char dir[AUDITOR_DIR_MAX];
	struct auditor_keys *keys;
	int wake;                  /* eventfd */
	_Atomic unsigned int rest; /* enum auditor_rest */
	pthread_t thread;
	bool started;
	_Atomic bool ends; /* the thread is to end */

	pthread_mutex_t mutex; /* of what follows; never held across I/O */
	pthread_cond_t answered;
	struct auditor_wish wish;
	uint64_t wishes, granted; /* how many there were; the thread has seen to them up to here */
	struct err answer;        /* to the last one that was granted; code 0: it went well */
	struct audit_position position;
	bool open;
	char reason[VAULT_REASON_MAX + 1];

	_Atomic uint64_t failing_since_ns; /* CLOCK_MONOTONIC; 0: the last attempt went well */
	_Atomic uint64_t busy_since_ns;    /* the thread is at a disk since then; 0: it is not */

	/* The worker's. */
	struct audit_options reading;
	struct vault_log_place kept; /* where the log was, by the store */
	bool readable, changing;

	/* The thread's. */
	struct audit_log *log;
	struct auditor_wish used;
	uint64_t retry_ns, backoff_ns, wrote_ns;

	_Atomic int copy_given; /* by main; -1: nothing new */
	_Atomic bool copying;
	_Atomic uint64_t copies_lost;
	int copy; /* the thread's; -1: none */
	uint64_t copy_ask_ns;
};

/* auditor_thread.c */
void *auditor_run(void *auditor);

/* auditor_copy.c, in the thread: tell a record (an audit_durable_fn); take what holder gave, ask it
 * for what is not there. How long until that is due, in ms; -1: it is not. */
void auditor_tell(void *auditor, const struct audit_record *record, uint64_t number);
int auditor_look_after_copy(struct auditor *auditor, uint64_t now);

#endif
