/* SPDX-License-Identifier: Apache-2.0 */
#include "core/control/errands.h"

#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/eventfd.h>

#include "base/cleanup.h"
#include "base/clock.h"

#define SECOND_NS 1000000000ull
/* gate has room for 64 questions, which are engine's, too. */
#define ACTS_AT_ONCE 16
#define ACT_PATIENCE_NS (60 * SECOND_NS)    /* a restart gives a container 10 s to end */
#define RUN_PATIENCE_NS (30 * SECOND_NS)    /* beyond the run's own time, at which holder ends it */
#define QUEUE_PATIENCE_NS (300 * SECOND_NS) /* behind others, or while nobody is there to do it */

enum stage {
	FREE,
	WAITING, /* to be sent */
	BEGUN,   /* a stream has been sent: the next run that is sent is this one */
	SENT,
	ENDED, /* the worker has not been told */
};

struct errand {
	enum stage stage;
	enum role whose; /* ROLE_HOLDER: a program; ROLE_GATE: an act */
	uint64_t place;  /* in the order in which they were asked for, then ended */
	uint64_t deadline_ns;
	int stream[3]; /* not sent yet; each -1: none */
	union {
		struct frame_run run;
		struct frame_act act;
	} frame;
	struct errand_end end; /* its number from the beginning */
};

struct errands {
	pthread_mutex_t mutex; /* all below; nothing waits while it is held */
	struct errand errand[ERRANDS_MAX];
	uint64_t places;
	bool blocked[ROLES]; /* the channel took no more */
	int send_fd, end_fd;
};

static const uint32_t stream_index[3] = { 1, RUN_OLD_FD, RUN_NEW_FD };

struct errands *errands_new(void)
{
	struct errands *errands = calloc(1, sizeof *errands);

	if (!errands)
		return NULL;
	pthread_mutex_init(&errands->mutex, NULL);
	errands->send_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	errands->end_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	return errands;
}

static void close_streams(int stream[3])
{
	for (int i = 0; i < 3; i++)
		if (stream[i] >= 0)
			close(take_fd(&stream[i]));
}

static struct errand *by_number(struct errands *errands, uint32_t number)
{
	for (int i = 0; i < ERRANDS_MAX; i++)
		if (errands->errand[i].stage != FREE && errands->errand[i].end.number == number)
			return &errands->errand[i];
	return NULL;
}

/* Of those in a stage, the one that came first. */
static struct errand *first_in(struct errands *errands, enum stage stage)
{
	struct errand *first = NULL;

	for (int i = 0; i < ERRANDS_MAX; i++) {
		struct errand *errand = &errands->errand[i];

		if (errand->stage == stage && (!first || errand->place < first->place))
			first = errand;
	}
	return first;
}

/* Not one that another core has used: whoever was asked by it may speak of that one yet. */
static uint32_t fresh_number(struct errands *errands)
{
	uint32_t number;

	do
		seal_random(&number, sizeof number);
	while (!number || by_number(errands, number));
	return number;
}

static struct errand *add(struct errands *errands, enum role whose)
{
	struct errand *errand = first_in(errands, FREE);

	if (!errand)
		return NULL;
	*errand = (struct errand){ .stage = WAITING,
		.whose = whose,
		.place = ++errands->places,
		.deadline_ns = clock_monotonic_ns() + QUEUE_PATIENCE_NS,
		.stream = { -1, -1, -1 },
		.end = { .number = fresh_number(errands) } };
	eventfd_write(errands->send_fd, 1);
	return errand;
}

static int no_room(struct err *err)
{
	return err_set(err, TACIT_BUSY, "%d programs and acts are under way", ERRANDS_MAX);
}

int errands_run(struct core *core, struct frame_run *run, int stream[3], struct err *err)
{
	struct errand *errand;
	hold_mutex(&core->errands->mutex);

	errand = add(core->errands, ROLE_HOLDER);
	if (!errand) {
		close_streams(stream);
		return no_room(err);
	}
	run->number = errand->end.number;
	errand->frame.run = *run;
	for (int i = 0; i < 3; i++)
		errand->stream[i] = take_fd(&stream[i]);
	return 0;
}

int errands_act(struct core *core, struct frame_act *act, struct err *err)
{
	struct errand *errand;
	hold_mutex(&core->errands->mutex);

	errand = add(core->errands, ROLE_GATE);
	if (!errand)
		return no_room(err);
	act->number = errand->end.number;
	errand->frame.act = *act;
	return 0;
}

/* It is over. There may be room for another one now. */
static void finish(struct errands *errands, struct errand *errand, const char *reason)
{
	errand->end.done = !reason;
	snprintf(errand->end.reason, sizeof errand->end.reason, "%s", reason ? reason : "");
	close_streams(errand->stream);
	errand->stage = ENDED;
	errand->place = ++errands->places;
	eventfd_write(errands->end_fd, 1);
	eventfd_write(errands->send_fd, 1);
}

/* It was not begun, and may be asked for again. */
static void finish_busy(struct errands *errands, struct errand *errand, const char *reason)
{
	errand->end.busy = true;
	finish(errands, errand, reason);
}

static void end_overdue(struct errands *errands)
{
	uint64_t now = clock_monotonic_ns();

	for (int i = 0; i < ERRANDS_MAX; i++) {
		struct errand *errand = &errands->errand[i];

		if (errand->deadline_ns > now)
			continue;
		if (errand->stage == WAITING)
			finish_busy(errands, errand, "nobody was there to do it");
		else if (errand->stage == SENT)
			finish(errands, errand, "nothing was heard of it in time");
	}
}

bool errands_next_end(struct core *core, struct errand_end *end)
{
	struct errands *errands = core->errands;
	struct errand *errand;
	eventfd_t ignored;
	hold_mutex(&errands->mutex);

	end_overdue(errands);
	errand = first_in(errands, ENDED);
	if (!errand) {
		eventfd_read(errands->end_fd, &ignored);
		return false;
	}
	*end = errand->end;
	errand->stage = FREE;
	return true;
}

int errands_end_fd(const struct core *core)
{
	return core->errands->end_fd;
}

int errands_patience(const struct core *core)
{
	struct errands *errands = core->errands;
	uint64_t now = clock_monotonic_ns(), first = UINT64_MAX;
	hold_mutex(&errands->mutex);

	for (int i = 0; i < ERRANDS_MAX; i++) {
		const struct errand *errand = &errands->errand[i];

		if ((errand->stage == WAITING || errand->stage == SENT) &&
			errand->deadline_ns < first)
			first = errand->deadline_ns;
	}
	if (first == UINT64_MAX)
		return -1;
	return first <= now ? 0 : (int)((first - now) / 1000000 + 1);
}

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

		count += errand->stage == SENT && errand->whose == like->whose &&
			 (like->whose == ROLE_GATE ||
				 errand->frame.run.lane == like->frame.run.lane);
	}
	return count;
}

static bool may_be_sent(const struct errands *errands, const struct errand *errand, enum role whose)
{
	return errand->stage == WAITING && errand->whose == whose &&
	       count_sent(errands, errand) < (whose == ROLE_GATE ? ACTS_AT_ONCE : 1);
}

/* What has been begun goes on, so that no other run gets its streams. */
static struct errand *next_to_send(struct errands *errands, enum role whose)
{
	struct errand *next = whose == ROLE_HOLDER ? first_in(errands, BEGUN) : NULL;

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

	for (int i = 0; i < 3 && status == 0; i++) {
		if (errand->stream[i] < 0)
			continue;
		give.index = stream_index[i];
		status = frame_send_now(
			holder, FRAME_GIVE, &give, sizeof give, errand->stream[i], NULL);
		if (status < 0)
			break;
		errand->stage = BEGUN;
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
	errand->stage = SENT;
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
	struct errand *errand = by_number(errands, number);

	return errand && errand->stage == SENT && errand->whose == whose ? errand : NULL;
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
		finish(errands, errand, ran->status ? reason : NULL);
		break;
	case RUN_KILLED:
		snprintf(reason, sizeof reason, "it was ended by signal %d", ran->status);
		finish(errands, errand, reason);
		break;
	case RUN_TIMED_OUT:
		snprintf(reason, sizeof reason, "it had not ended after %u s, and was killed",
			errand->frame.run.timeout_ms / 1000);
		finish(errands, errand, reason);
		break;
	case RUN_BUSY:
		finish_busy(errands, errand, "another program is being run");
		break;
	default:
		finish(errands, errand, "there is no such program that root alone can have made");
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
		finish_busy(errands, errand, "gate is at too many acts");
		return;
	}
	if (acted->code)
		snprintf(reason, sizeof reason, "its engine could not be asked (%s)",
			code_word((enum tacit_code) - acted->code));
	else
		snprintf(reason, sizeof reason, "its engine answered %u", acted->status);
	finish(errands, errand, !acted->code && is_settled(acted->status) ? NULL : reason);
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
		if (errand->stage == BEGUN)
			finish_busy(errands, errand, reason);
		else if (errand->stage == SENT)
			finish(errands, errand, reason);
	}
}
