/* SPDX-License-Identifier: Apache-2.0 */
/* What other processes do for the worker: holder runs programs, gate has engines act on containers.
 * The worker asks and goes on. main, which has the channels, sends what was asked, hears how it
 * ended, and wakes the worker. An errand that is lost with a process ends as one that failed; one
 * that nobody speaks of any more, at its deadline. Bounded: ERRANDS_MAX at once. */
#ifndef TACIT_CONTROL_ERRANDS_H
#define TACIT_CONTROL_ERRANDS_H

#include "core/control/core.h"

#define ERRANDS_MAX 256

/* What a program has besides: its standard output, RUN_OLD_FD, RUN_NEW_FD, its standard input. */
enum errand_stream { STREAM_OUTPUT, STREAM_OLD, STREAM_NEW, STREAM_INPUT, ERRAND_STREAMS };

struct errand_end {
	uint32_t number;
	bool done;                         /* with success */
	bool busy;                         /* not begun: to be asked for again */
	char reason[VAULT_REASON_MAX + 1]; /* of what was not done */
};

struct errands;
struct errands *errands_new(void); /* NULL: no memory */

/* The worker. Ask; the number is never 0. TACIT_BUSY: ERRANDS_MAX are under way. `stream` (each a
 * descriptor or -1, taken whether it succeeds or not) is what enum errand_stream says;
 * `run->number` is filled in. */
int errands_run(
	struct core *core, struct frame_run *run, int stream[ERRAND_STREAMS], struct err *err);
int errands_act(struct core *core, struct frame_act *act, struct err *err);
/* The next errand that has ended. Never the same twice. */
bool errands_next_end(struct core *core, struct errand_end *end);
/* How this one has ended, for who does nothing else until then: false, and errands_end_fd() is
 * silent until another one has, when it has not. So wait for it to the end, or drop it: the others,
 * which are left to errands_next_end(), are told then. */
bool errands_take_end(struct core *core, uint32_t number, struct errand_end *end);
/* It is not to be begun any more; what has been begun ends as it does. */
void errands_drop(struct core *core, uint32_t number);
/* A pipe that has all of these bytes in it and then ends: whoever gets *stream, which is the
 * caller's, reads when it likes. TACIT_LIMIT. */
int errands_make_stream(const uint8_t *bytes, size_t length, int *stream, struct err *err);
/* Readable when one has ended (the worker); and how long until the next deadline, in ms, or -1. */
int errands_end_fd(const struct core *core);
int errands_patience(const struct core *core);

/* main. Readable when there is something to send; send it. One program of each lane is sent at a
 * time, and a few acts: the others wait here. */
int errands_send_fd(const struct core *core);
void errands_send(struct core *core);
/* What to poll the channel to holder or gate for: to be written to, too, when it took not all. */
short errands_events(const struct core *core, enum role whose);
/* Somebody has said how one ended; or can say nothing any more: holder (programs), gate (acts), or
 * engine, which reads what was answered to acts. What nobody waits for is ignored. */
void errands_ran(struct core *core, const struct frame_ran *ran);
void errands_acted(struct core *core, const struct frame_acted *acted);
void errands_lost(struct core *core, enum role whose);

#endif
