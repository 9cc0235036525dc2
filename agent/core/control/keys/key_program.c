/* SPDX-License-Identifier: Apache-2.0 */
/* Programs of keys.d. Their bytes go through pipes that the worker made: holder, which runs them,
 * passes descriptors on and reads nothing. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "core/control/agenda/errands.h"
#include "core/control/keys/key_source.h"
#include "seal/keyfile.h"

/* One byte more than may be printed shows that it was more. A pipe has room for it. */
#define PRINTED_ROOM (SLOT_WRAPPED_MAX + 1)
#define BUSY_PAUSE_US 20000 /* what another core's program has left is being ended */

/* One run; `printed` is locked memory of PRINTED_ROOM bytes. */
struct run {
	struct core *core;
	const char *program, *argument;
	const uint8_t *input;
	size_t input_length;
	uint8_t *printed;
	size_t printed_length;
	uint64_t deadline_ns;
};

/* What was printed: all of it is in the pipe when the program has ended. */
static int read_printed(struct run *run, int output, struct err *err)
{
	for (;;) {
		ssize_t got = read(output, run->printed + run->printed_length,
			PRINTED_ROOM - run->printed_length);

		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return err_errno(err, errno, TACIT_IO, "read what it printed");
		run->printed_length += (size_t)got;
		if (run->printed_length == PRINTED_ROOM)
			return err_set(err, TACIT_UNAVAILABLE, "it printed more than %d bytes",
				SLOT_WRAPPED_MAX);
		if (!got)
			return 0;
	}
}

static int await(struct run *run, uint32_t number, struct errand_end *end, struct err *err)
{
	while (!errands_take_end(run->core, number, end)) {
		if (clock_monotonic_ns() < run->deadline_ns) {
			core_wait(run->core, errands_end_fd(run->core), run->deadline_ns);
			continue;
		}
		errands_drop(run->core, number);
		return err_set(err, TACIT_UNAVAILABLE, "it had not ended in time");
	}
	return end->done || end->busy ? 0 : err_set(err, TACIT_UNAVAILABLE, "%s", end->reason);
}

static int run_once(struct run *run, struct errand_end *end, struct err *err)
{
	uint64_t now = clock_monotonic_ns();
	struct frame_run frame = { .lane = RUN_KEY };
	int stream[ERRAND_STREAMS] = { -1, -1, -1, -1 }, ends[2];
	int status = errands_make_stream(run->input, run->input_length, &stream[STREAM_INPUT], err);
	_close_ int output = -1;

	if (status == 0 && pipe2(ends, O_CLOEXEC | O_NONBLOCK))
		status = err_errno(err, errno, TACIT_LIMIT, "make a pipe");
	if (status < 0) {
		if (stream[STREAM_INPUT] >= 0)
			close(stream[STREAM_INPUT]);
		return status;
	}
	output = ends[0];
	stream[STREAM_OUTPUT] = ends[1];
	fcntl(ends[1], F_SETFL, 0); /* the program's end waits as any other */
	snprintf(frame.program, sizeof frame.program, "%s", run->program);
	snprintf(frame.argument, sizeof frame.argument, "%s", run->argument);
	frame.timeout_ms =
		now < run->deadline_ns ? (uint32_t)((run->deadline_ns - now) / 1000000) : 0;
	status = errands_run(run->core, &frame, stream, err);
	if (status == 0)
		status = await(run, frame.number, end, err);
	return status < 0 || end->busy ? status : read_printed(run, output, err);
}

static int run_program(struct run *run, struct err *err)
{
	struct errand_end end;
	int status;

	run->printed = seal_alloc(PRINTED_ROOM);
	if (!run->printed)
		return err_set(err, TACIT_LIMIT, "no locked memory left");
	do {
		end = (struct errand_end){ 0 };
		status = run_once(run, &end, err);
		if (status == 0 && end.busy)
			usleep(BUSY_PAUSE_US);
	} while (status == 0 && end.busy && clock_monotonic_ns() < run->deadline_ns);
	return status == 0 && end.busy ? err_set(err, TACIT_UNAVAILABLE, "%s", end.reason) : status;
}

int key_program_unwrap(struct core *core, const struct slot_about *about,
	uint8_t key[SEAL_KEY_BYTES], uint64_t deadline_ns, struct err *err)
{
	struct run run = { .core = core,
		.program = about->program,
		.argument = "unwrap",
		.input = about->wrapped,
		.input_length = about->wrapped_length,
		.deadline_ns = deadline_ns };
	int status = run_program(&run, err);

	if (status == 0 && keyfile_parse_credential(run.printed, run.printed_length, key, NULL) < 0)
		status = err_set(err, TACIT_UNAVAILABLE, "what it printed is no key");
	seal_free(run.printed);
	return status;
}

static int wrap(struct core *core, const uint8_t *key, struct slot_about *about,
	uint64_t deadline_ns, struct err *err)
{
	struct run run = { .core = core,
		.program = about->program,
		.argument = "wrap",
		.input = key,
		.input_length = SEAL_KEY_BYTES,
		.deadline_ns = deadline_ns };
	int status = run_program(&run, err);

	if (status == 0 && !run.printed_length)
		status = err_set(err, TACIT_UNAVAILABLE, "it printed nothing");
	if (status == 0) {
		about->wrapped_length = (uint16_t)run.printed_length;
		memcpy(about->wrapped, run.printed, run.printed_length);
	}
	seal_free(run.printed);
	return status;
}

/* A program that cannot give the key back is found out now, and not after a power cut. */
static int check_wrapped(struct core *core, const uint8_t *key, const struct slot_about *about,
	uint64_t deadline_ns, struct err *err)
{
	uint8_t *again = seal_alloc(SEAL_KEY_BYTES);
	int status = again ? key_program_unwrap(core, about, again, deadline_ns, err)
			   : err_set(err, TACIT_LIMIT, "no locked memory left");

	if (status == 0 && memcmp(again, key, SEAL_KEY_BYTES))
		status = err_set(err, TACIT_UNAVAILABLE, "it gives another key back than it got");
	seal_free(again);
	return status;
}

int key_program_wrap(struct core *core, const uint8_t key[SEAL_KEY_BYTES], struct slot_about *about,
	uint64_t deadline_ns, struct err *err)
{
	int status = wrap(core, key, about, deadline_ns, err);

	if (status < 0)
		return err_wrap(err, "the program did not wrap the key");
	if (!memcmp(about->wrapped, key, SEAL_KEY_BYTES) && about->wrapped_length >= SEAL_KEY_BYTES)
		return err_set(err, TACIT_INVALID,
			"what the program printed is the key itself, and would lie in the store");
	status = check_wrapped(core, key, about, deadline_ns, err);
	return status < 0 ? err_wrap(err, "the program did not unwrap the key") : 0;
}
