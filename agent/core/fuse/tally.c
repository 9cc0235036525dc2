/* SPDX-License-Identifier: Apache-2.0 */
#include "core/fuse/tally.h"

#include <errno.h>

#include "base/clock.h"
#include "core/fuse/internal.h"

#define US 1000ull
#define MS (1000 * US)

static const uint64_t bounds[TALLY_BOUNDS] = { 10 * US, 25 * US, 50 * US, 100 * US, 250 * US,
	500 * US, 1 * MS, 2500 * US, 5 * MS, 10 * MS, 25 * MS, 50 * MS, 100 * MS, 250 * MS,
	500 * MS, 1000 * MS };

static const char *const words[TALLY_OUTCOMES] = {
	[TALLY_OK] = "ok",
	[TALLY_UNRECORDED] = "unrecorded",
	[TALLY_LIMIT] = "limit",
	[TALLY_GONE] = "gone",
	[TALLY_INTERRUPTED] = "interrupted",
	[TALLY_ERROR] = "error",
};

/* The rules that deny an OPEN. */
static const enum policy_rule rules[TALLY_OUTCOMES] = {
	[TALLY_LOCKED] = RULE_LOCKED,
	[TALLY_NOT_GRANTED] = RULE_NOT_GRANTED,
	[TALLY_HOST_PROCESS] = RULE_NOT_CONTAINER,
	[TALLY_OTHER_CONSUMER] = RULE_OTHER_CONSUMER,
	[TALLY_UNIDENTIFIED] = RULE_UNIDENTIFIED,
	[TALLY_EXPIRED] = RULE_EXPIRED,
	[TALLY_USED_UP] = RULE_USED_UP,
	[TALLY_FROZEN] = RULE_FROZEN,
	[TALLY_NOT_MAIN_PROCESS] = RULE_NOT_MAIN,
	[TALLY_UNKNOWN_READER] = RULE_UNKNOWN,
	[TALLY_READ_ONLY] = RULE_READ_ONLY,
	[TALLY_MODE] = RULE_MODE,
};

const char *tally_outcome_word(enum tally_outcome outcome)
{
	return words[outcome] ? words[outcome] : policy_rule_word(rules[outcome]);
}

const uint64_t *tally_bound_ns(size_t bucket)
{
	return bucket < TALLY_BOUNDS ? &bounds[bucket] : NULL;
}

static enum tally_outcome outcome_of_errno(int errnum)
{
	switch (errnum) {
	case EACCES:
		return TALLY_UNRECORDED;
	case EAGAIN:
	case EMFILE:
	case ENFILE:
		return TALLY_LIMIT;
	case ENOENT:
	case ESTALE:
	case ENOKEY:
		return TALLY_GONE;
	case EINTR:
		return TALLY_INTERRUPTED;
	default:
		return TALLY_ERROR;
	}
}

enum tally_outcome tally_outcome_of(enum policy_rule rule, int errnum)
{
	if (!errnum)
		return TALLY_OK;
	/* Who is to wait for an engine's word, and finds no room for it, is denied by that alone.
	 */
	for (int i = TALLY_LOCKED; errnum != EAGAIN && i <= TALLY_MODE; i++)
		if (rules[i] == rule)
			return (enum tally_outcome)i;
	return outcome_of_errno(errnum);
}

/* One writer: no two additions can meet, so the processor need not see to it. */
static void add(_Atomic uint64_t *counter, uint64_t more)
{
	atomic_store_explicit(counter, atomic_load_explicit(counter, memory_order_relaxed) + more,
		memory_order_relaxed);
}

void tally_open(struct tally *tally, enum tally_outcome outcome, bool parked, uint64_t took_ns)
{
	size_t bucket = 0;

	while (bucket < TALLY_BOUNDS && took_ns > bounds[bucket])
		bucket++;
	add(&tally->opens[outcome], 1);
	add(&tally->took_ns[parked], took_ns);
	add(&tally->took[parked][bucket], 1);
}

void tally_read(struct tally *tally, int errnum, uint64_t bytes)
{
	add(errnum ? &tally->reads_refused : &tally->reads, 1);
	add(&tally->read_bytes, bytes);
}

static void answered_open(struct worker *worker, int errnum)
{
	const struct handover_parked *parked = worker->parked;
	uint64_t since = parked ? parked->since_ns : atomic_load(&worker->slot->since_ns);

	/* The agent's own touch, not a reader's. */
	if (worker->rule == RULE_TOUCHER && !errnum)
		return;
	tally_open(&worker->tally, tally_outcome_of(worker->rule, errnum), parked != NULL,
		clock_monotonic_ns() - since);
}

void tally_answered(struct worker *worker, const struct fuse_out_header *answer)
{
	const struct fuse_in_header *request = (const void *)worker->slot->request;

	/* What is no secret is nobody's read of one. */
	if (node_level(request->nodeid) == LEVEL_PROGRAM)
		return;
	if (request->opcode == FUSE_OPEN)
		answered_open(worker, -answer->error);
	else if (request->opcode == FUSE_READ)
		tally_read(&worker->tally, -answer->error, answer->len - sizeof *answer);
}

static uint64_t now(const _Atomic uint64_t *counter)
{
	return atomic_load_explicit(counter, memory_order_relaxed);
}

void tally_add(const struct tally *tally, struct tally_sums *sums)
{
	for (size_t i = 0; i < TALLY_OUTCOMES; i++)
		sums->opens[i] += now(&tally->opens[i]);
	for (size_t parked = 0; parked < 2; parked++) {
		for (size_t i = 0; i < TALLY_BUCKETS; i++)
			sums->took[parked][i] += now(&tally->took[parked][i]);
		sums->took_ns[parked] += now(&tally->took_ns[parked]);
	}
	sums->reads += now(&tally->reads);
	sums->reads_refused += now(&tally->reads_refused);
	sums->read_bytes += now(&tally->read_bytes);
}
