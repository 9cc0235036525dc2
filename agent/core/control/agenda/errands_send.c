/* SPDX-License-Identifier: Apache-2.0 */
/* Errands on their way, in main: to holder and gate, and what is said of them. */
#include <poll.h>
#include <stdio.h>
#include <sys/eventfd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "core/control/agenda/errands_state.h"

#define SECOND_NS UINT64_C(1000000000)
#define ACTS_AT_ONCE 16                  /* restarts of containers are work for their engine */
#define ACT_PATIENCE_NS (60 * SECOND_NS) /* a restart gives a container 10 s to end */
#define RUN_PATIENCE_NS (30 * SECOND_NS) /* beyond the run's own time, at which holder ends it */

static const uint32_t stream_index[ERRAND_STREAMS] = { [STREAM_OUTPUT] = STDOUT_FILENO,
	[STREAM_OLD] = RUN_OLD_FD,
	[STREAM_NEW] = RUN_NEW_FD,
	[STREAM_INPUT] = STDIN_FILENO };

int errands_send_fd(const struct core *core)
{
	return core->errands->send_fd;
}

short errands_events(const struct core *core, enum role whose)
{
	hold_mutex(&core->errands->mutex);

	return core->errands->blocked[whose] ? POLLIN | POLLOUT : POLLIN;
}

/* How many of its kind are being done. */
static unsigned int count_sent(const struct errands *errands, const struct errand *like)
{
	unsigned int count = 0;

	for (int i = 0; i < ERRANDS_MAX; i++) {
		const struct errand *errand = &errands->errand[i];

		count += errand->stage == ERRAND_SENT && errand->whose == like->whose &&
			 (like->whose == ROLE_GATE ||
				 errand->frame.run.lane == like->frame.run.lane);
	}
	return count;
}

static bool may_be_sent(const struct errands *errands, const struct errand *errand, enum role whose)
{
	return errand->stage == ERRAND_WAITING && errand->whose == whose &&
	       count_sent(errands, errand) < (whose == ROLE_GATE ? ACTS_AT_ONCE : 1);
}

/* What has been begun goes on, so that no other run gets its streams. */
static struct errand *next_to_send(struct errands *errands, enum role whose)
{
	struct errand *next = whose == ROLE_HOLDER ? errand_first(errands, ERRAND_BEGUN) : NULL;

	if (next)
		return next;
	for (int i = 0; i < ERRANDS_MAX; i++) {
		struct errand *errand = &errands->errand[i];

		if (may_be_sent(errands, errand, whose) && (!next || errand->place < next->place))
			next = errand;
	}
	return next;
}

static int send_run(int holder, struct errand *errand)
{
	struct frame_give give = { .what = GIVE_STREAM };
	int status = 0;

	for (int i = 0; i < ERRAND_STREAMS && status == 0; i++) {
		if (errand->stream[i] < 0)
			continue;
		give.index = stream_index[i];
		status = frame_send_now(
			holder, FRAME_GIVE, &give, sizeof give, errand->stream[i], NULL);
		if (status < 0)
			break;
		errand->stage = ERRAND_BEGUN;
		close(take_fd(&errand->stream[i]));
	}
	if (status == 0)
		status = frame_send_now(
			holder, FRAME_RUN, &errand->frame.run, sizeof errand->frame.run, -1, NULL);
	return status;
}

static int send_errand(const struct core *core, struct errand *errand)
{
	const struct frame_act *act = &errand->frame.act;
	uint64_t patience = ACT_PATIENCE_NS;
	int status;

	if (errand->whose == ROLE_GATE) {
		status = frame_send_now(core->gate, FRAME_ACT, act, sizeof *act, -1, NULL);
	} else {
		patience = errand->frame.run.timeout_ms * 1000000ull + RUN_PATIENCE_NS;
		status = send_run(core->holder, errand);
	}
	if (status < 0)
		return status;
	errand->stage = ERRAND_SENT;
	errand->deadline_ns = clock_monotonic_ns() + patience;
	return 0;
}

static void send_all(struct core *core, enum role whose)
{
	struct errands *errands = core->errands;
	struct errand *errand;
	int status = 0;

	while (status == 0 && (errand = next_to_send(errands, whose)))
		status = send_errand(core, errand);
	errands->blocked[whose] = status == -TACIT_BUSY;
}

void errands_send(struct core *core)
{
	eventfd_t ignored;
	hold_mutex(&core->errands->mutex);

	eventfd_read(core->errands->send_fd, &ignored);
	if (core->holder >= 0)
		send_all(core, ROLE_HOLDER);
	if (core->gate >= 0)
		send_all(core, ROLE_GATE);
}

/* What somebody speaks of: it has been sent, and to them. NULL: nothing is under way. */
static struct errand *spoken_of(struct errands *errands, uint32_t number, enum role whose)
{
	struct errand *errand = errand_by_number(errands, number);

	return errand && errand->stage == ERRAND_SENT && errand->whose == whose ? errand : NULL;
}

void errands_ran(struct core *core, const struct frame_ran *ran)
{
	struct errands *errands = core->errands;
	char reason[VAULT_REASON_MAX + 1];
	struct errand *errand;
	hold_mutex(&errands->mutex);

	errand = spoken_of(errands, ran->number, ROLE_HOLDER);
	if (!errand)
		return;
	switch (ran->end) {
	case RUN_EXITED:
		snprintf(reason, sizeof reason, "it ended with exit status %d", ran->status);
		errand_finish(errands, errand, ran->status ? reason : NULL);
		break;
	case RUN_KILLED:
		snprintf(reason, sizeof reason, "it was ended by signal %d", ran->status);
		errand_finish(errands, errand, reason);
		break;
	case RUN_TIMED_OUT:
		snprintf(reason, sizeof reason, "it had not ended after %u s, and was killed",
			errand->frame.run.timeout_ms / 1000);
		errand_finish(errands, errand, reason);
		break;
	case RUN_BUSY:
		errand_finish_busy(errands, errand, "another program is being run");
		break;
	default:
		errand_finish(
			errands, errand, "there is no such program that root alone can have made");
	}
}

/* A container that is gone, or has ended, needs nothing any more. */
static bool is_settled(uint32_t http)
{
	return (http >= 200 && http <= 299) || http == 304 || http == 404 || http == 409;
}

void errands_acted(struct core *core, const struct frame_acted *acted)
{
	struct errands *errands = core->errands;
	char reason[VAULT_REASON_MAX + 1];
	struct errand *errand;
	hold_mutex(&errands->mutex);

	errand = spoken_of(errands, acted->number, ROLE_GATE);
	if (!errand)
		return;
	if (acted->code == -TACIT_BUSY || acted->code == -TACIT_LIMIT) {
		errand_finish_busy(errands, errand, "gate is at too many acts");
		return;
	}
	if (acted->code)
		snprintf(reason, sizeof reason, "its engine could not be asked (%s)",
			code_word((enum tacit_code) - acted->code));
	else
		snprintf(reason, sizeof reason, "its engine answered %u", acted->status);
	errand_finish(errands, errand, !acted->code && is_settled(acted->status) ? NULL : reason);
}

void errands_lost(struct core *core, enum role whose)
{
	struct errands *errands = core->errands;
	/* What engines answered to an act is told by engine. */
	enum role does = whose == ROLE_ENGINE ? ROLE_GATE : whose;
	char reason[VAULT_REASON_MAX + 1];
	hold_mutex(&errands->mutex);

	errands->blocked[whose] = false;
	snprintf(reason, sizeof reason, "%s was lost meanwhile", role_name(whose));
	for (int i = 0; i < ERRANDS_MAX; i++) {
		struct errand *errand = &errands->errand[i];

		if (errand->whose != does)
			continue;
		if (errand->stage == ERRAND_BEGUN)
			errand_finish_busy(errands, errand, reason);
		else if (errand->stage == ERRAND_SENT)
			errand_finish(errands, errand, reason);
	}
}
