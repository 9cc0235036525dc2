/* SPDX-License-Identifier: Apache-2.0 */
/* Verifying the audit log reads all of it: in a thread of its own, which an operator asks now and
 * then. What it finds is told once; whoever asks after that has it begin anew. */
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "core/control/audit/audit_call.h"
#include "core/control/audit/auditor.h"
#include "core/control/call.h"

/* A result that nobody has asked for in that time is no answer to whoever asks next. */
#define KEPT_NS UINT64_C(10000000000)

/* The thread's, until `over`; but for `watch` and `over`. */
struct audit_check {
	pthread_t thread;
	struct audit_options options; /* whose dir and key are below */
	char dir[AUDIT_DIR_MAX];
	uint8_t *key; /* seal_alloc() */
	struct audit_position since;
	struct audit_verdict verdict;
	struct err err;
	int status;
	uint64_t ended_ns; /* CLOCK_MONOTONIC */
	struct audit_watch watch;
	_Atomic bool over; /* set after all else */
};

static void *verify(void *with)
{
	struct audit_check *check = with;

	check->status = audit_verify_watched(
		&check->options, &check->since, &check->watch, &check->verdict, &check->err);
	check->ended_ns = clock_monotonic_ns();
	atomic_store(&check->over, true);
	return NULL;
}

void audit_check_free(struct audit_check *check)
{
	if (!check)
		return;
	atomic_store(&check->watch.stop, true);
	pthread_join(check->thread, NULL);
	seal_free(check->key);
	free(check);
}

/* What the log has now, by what core knows, it must have then. */
static int prepare(
	const struct core *core, struct audit_check *check, const struct audit_options *options)
{
	size_t length = strlen(options->dir);

	auditor_since(core, &check->since);
	check->options = *options;
	check->key = seal_alloc(SEAL_KEY_BYTES);
	if (!check->key || length >= sizeof check->dir)
		return -TACIT_LIMIT;
	memcpy(check->dir, options->dir, length + 1);
	memcpy(check->key, options->key, SEAL_KEY_BYTES);
	check->options.dir = check->dir;
	check->options.key = check->key;
	return 0;
}

static int begin(const struct core *core, struct audit_check **begun, struct err *err)
{
	const struct audit_options *options = auditor_options(core);
	struct audit_check *check;

	if (!options)
		return err_set(err, TACIT_UNAVAILABLE,
			"there is no audit log to verify; 'tacit status' says why");
	check = calloc(1, sizeof *check);
	if (check && prepare(core, check, options) == 0 &&
		!pthread_create(&check->thread, NULL, verify, check)) {
		*begun = check;
		return 0;
	}
	if (check)
		seal_free(check->key);
	free(check);
	return err_set(err, TACIT_LIMIT, "no memory or thread to verify it with");
}

static void put(struct pack *doc, const struct audit_check *check, bool over)
{
	static const struct audit_verdict none;
	const struct audit_verdict *verdict = over ? &check->verdict : &none;

	doc_open(doc, NULL, DOC_OBJECT);
	doc_text(doc, "state", !over ? "running" : check->status < 0 ? "broken" : "sound");
	doc_number(doc, "files", verdict->files);
	doc_number(doc, "records", atomic_load(&check->watch.records));
	doc_number(doc, "first", verdict->first);
	doc_number(doc, "last", verdict->end.number);
	if (over && check->status < 0)
		doc_text(doc, "trouble", check->err.text);
	else
		doc_none(doc, "trouble");
	doc_close(doc);
}

static void drop(struct audit_check **check)
{
	audit_check_free(*check);
	*check = NULL;
}

int audit_check_ask(struct audit_check **check, struct call *call, struct err *err)
{
	int status = 0;
	bool over;

	if (*check && atomic_load(&(*check)->over) &&
		clock_monotonic_ns() - (*check)->ended_ns > KEPT_NS)
		drop(check);
	if (!*check)
		status = begin(call->core, check, err);
	if (status < 0)
		return status;
	over = atomic_load(&(*check)->over);
	/* Damage is an answer; a disk that cannot be read is none. */
	if (over && (*check)->status < 0 && (*check)->status != -TACIT_CORRUPT)
		status = err_set(err, (*check)->err.code, "%s", (*check)->err.text);
	else
		put(&call->reply, *check, over);
	if (over)
		drop(check);
	return status;
}
