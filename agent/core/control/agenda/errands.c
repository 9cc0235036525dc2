/* SPDX-License-Identifier: Apache-2.0 */
#include "core/control/agenda/errands_state.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/eventfd.h>

#include "base/cleanup.h"
#include "base/clock.h"

/* Behind others, or while nobody is there to do it. */
#define QUEUE_PATIENCE_NS UINT64_C(300000000000)

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

static void close_streams(int stream[ERRAND_STREAMS])
{
	for (int i = 0; i < ERRAND_STREAMS; i++)
		if (stream[i] >= 0)
			close(take_fd(&stream[i]));
}

struct errand *errand_by_number(struct errands *errands, uint32_t number)
{
	for (int i = 0; i < ERRANDS_MAX; i++)
		if (errands->errand[i].stage != ERRAND_FREE &&
			errands->errand[i].end.number == number)
			return &errands->errand[i];
	return NULL;
}

/* Of those in a stage, the one that came first. */
struct errand *errand_first(struct errands *errands, enum errand_stage stage)
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
	while (!number || errand_by_number(errands, number));
	return number;
}

static struct errand *add(struct errands *errands, enum role whose)
{
	struct errand *errand = errand_first(errands, ERRAND_FREE);

	if (!errand)
		return NULL;
	*errand = (struct errand){ .stage = ERRAND_WAITING,
		.whose = whose,
		.place = ++errands->places,
		.deadline_ns = clock_monotonic_ns() + QUEUE_PATIENCE_NS,
		.stream = { -1, -1, -1, -1 },
		.end = { .number = fresh_number(errands) } };
	eventfd_write(errands->send_fd, 1);
	return errand;
}

static int no_room(struct err *err)
{
	return err_set(err, TACIT_BUSY, "%d programs and acts are under way", ERRANDS_MAX);
}

int errands_run(
	struct core *core, struct frame_run *run, int stream[ERRAND_STREAMS], struct err *err)
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
	for (int i = 0; i < ERRAND_STREAMS; i++)
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
void errand_finish(struct errands *errands, struct errand *errand, const char *reason)
{
	errand->end.done = !reason;
	snprintf(errand->end.reason, sizeof errand->end.reason, "%s", reason ? reason : "");
	close_streams(errand->stream);
	errand->stage = ERRAND_ENDED;
	errand->place = ++errands->places;
	eventfd_write(errands->end_fd, 1);
	eventfd_write(errands->send_fd, 1);
}

/* It was not begun, and may be asked for again. */
void errand_finish_busy(struct errands *errands, struct errand *errand, const char *reason)
{
	errand->end.busy = true;
	errand_finish(errands, errand, reason);
}

static void end_overdue(struct errands *errands)
{
	uint64_t now = clock_monotonic_ns();

	for (int i = 0; i < ERRANDS_MAX; i++) {
		struct errand *errand = &errands->errand[i];

		if (errand->deadline_ns > now)
			continue;
		if (errand->stage == ERRAND_WAITING)
			errand_finish_busy(errands, errand, "nobody was there to do it");
		else if (errand->stage == ERRAND_SENT)
			errand_finish(errands, errand, "nothing was heard of it in time");
	}
}

bool errands_next_end(struct core *core, struct errand_end *end)
{
	struct errands *errands = core->errands;
	struct errand *errand;
	eventfd_t ignored;
	hold_mutex(&errands->mutex);

	end_overdue(errands);
	errand = errand_first(errands, ERRAND_ENDED);
	if (!errand) {
		eventfd_read(errands->end_fd, &ignored);
		return false;
	}
	*end = errand->end;
	errand->stage = ERRAND_FREE;
	return true;
}

bool errands_take_end(struct core *core, uint32_t number, struct errand_end *end)
{
	struct errands *errands = core->errands;
	struct errand *errand;
	eventfd_t ignored;
	hold_mutex(&errands->mutex);

	end_overdue(errands);
	errand = errand_by_number(errands, number);
	if (!errand || errand->stage != ERRAND_ENDED) {
		eventfd_read(errands->end_fd, &ignored);
		return false;
	}
	*end = errand->end;
	errand->stage = ERRAND_FREE;
	return true;
}

void errands_drop(struct core *core, uint32_t number)
{
	struct errands *errands = core->errands;
	struct errand *errand;
	hold_mutex(&errands->mutex);

	eventfd_write(errands->end_fd, 1);
	errand = errand_by_number(errands, number);
	if (!errand || errand->stage != ERRAND_WAITING)
		return;
	close_streams(errand->stream);
	errand->stage = ERRAND_FREE;
}

int errands_make_stream(const uint8_t *bytes, size_t length, int *stream, struct err *err)
{
	int ends[2];

	if (pipe2(ends, O_CLOEXEC) < 0)
		return err_errno(err, errno, TACIT_LIMIT, "make a pipe");
	*stream = ends[0];
	_close_ int to = ends[1];
	if (fcntl(to, F_SETPIPE_SZ, (int)length) < 0 || fcntl(to, F_SETFL, O_NONBLOCK) < 0)
		return err_errno(err, errno, TACIT_LIMIT, "make room in a pipe");
	if (write(to, bytes, length) != (ssize_t)length)
		return err_set(err, TACIT_LIMIT, "a value does not fit into a pipe");
	return 0;
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

		if ((errand->stage == ERRAND_WAITING || errand->stage == ERRAND_SENT) &&
			errand->deadline_ns < first)
			first = errand->deadline_ns;
	}
	if (first == UINT64_MAX)
		return -1;
	return first <= now ? 0 : (int)((first - now) / 1000000 + 1);
}
