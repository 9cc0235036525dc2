/* SPDX-License-Identifier: Apache-2.0 */
#include "core/control/agenda/rotator.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "core/rotation/rotation.h"
#include "seal/generate.h"

/* One byte more than a value can have shows that it is larger. */
#define WRITTEN_ROOM (TACIT_VALUE_MAX + 1)

struct rotator *rotator_new(void)
{
	struct rotator *rotator = calloc(1, sizeof *rotator);

	if (rotator)
		rotator->output = -1;
	return rotator;
}

static int give_version(
	struct core *core, struct secret *secret, uint64_t number, int *stream, struct err *err)
{
	int status = core_load_version(core, secret, number, err);
	const struct blob *blob;
	uint8_t *plain;
	size_t room, length;

	if (status < 0)
		return status;
	blob = secret_blob(secret, number);
	room = vault_plain_room(blob->sealed_length);
	plain = seal_alloc(room);
	if (!plain)
		return err_set(err, TACIT_LIMIT, "no locked memory left");
	status = vault_open_value(core->vault, blob->version.value_id, blob->sealed,
		blob->sealed_length, plain, room, &length, err);
	if (status == 0)
		status = errands_make_stream(plain, length, stream, err);
	seal_free(plain);
	return status;
}

/* A random value, and where the one that is made of it comes from. */
static int prepare_make(struct rotator *rotator, int stream[ERRAND_STREAMS], struct err *err)
{
	const struct schedule_record *record = &rotator->record;
	int ends[2];

	rotator->random = seal_alloc(record->generate_length);
	rotator->written = seal_alloc(WRITTEN_ROOM);
	if (!rotator->random || !rotator->written)
		return err_set(err, TACIT_LIMIT, "no locked memory left");
	seal_generate(record->alphabet, rotator->random, record->generate_length);
	if (pipe2(ends, O_CLOEXEC) < 0)
		return err_errno(err, errno, TACIT_LIMIT, "make a pipe");
	rotator->output = ends[0];
	stream[STREAM_OUTPUT] = ends[1];
	if (fcntl(rotator->output, F_SETFL, O_NONBLOCK) < 0)
		return err_errno(err, errno, TACIT_LIMIT, "make a pipe");
	return errands_make_stream(
		rotator->random, record->generate_length, &stream[STREAM_NEW], err);
}

static int prepare(
	struct core *core, struct secret *secret, int stream[ERRAND_STREAMS], struct err *err)
{
	struct rotator *rotator = core->rotator;
	int status = give_version(core, secret, rotator->current, &stream[STREAM_OLD], err);

	if (status < 0)
		return status;
	if (rotator->record.step == ROTATION_IDLE)
		return prepare_make(rotator, stream, err);
	return give_version(core, secret, rotator->record.version, &stream[STREAM_NEW], err);
}

int rotator_begin(struct core *core, struct secret *secret, const struct schedule_record *record,
	struct err *err)
{
	struct rotator *rotator = core->rotator;
	int stream[ERRAND_STREAMS] = { -1, -1, -1, -1 }, status;
	struct frame_run run = { .lane = RUN_ROTATOR,
		.timeout_ms = ROTATOR_TIMEOUT_MS,
		.version = record->step == ROTATION_IDLE ? secret->record.last_number + 1
							 : record->version };

	snprintf(run.program, sizeof run.program, "%s", record->rotator);
	snprintf(run.argument, sizeof run.argument, "%s", rotation_argument(record));
	snprintf(run.secret, sizeof run.secret, "%s", secret->record.name);
	rotator->record = *record;
	rotator->current = secret->record.current;
	status = prepare(core, secret, stream, err);
	if (status == 0)
		status = errands_run(core, &run, stream, err);
	for (int i = 0; i < ERRAND_STREAMS; i++)
		if (stream[i] >= 0)
			close(take_fd(&stream[i]));
	if (status == 0)
		rotator->errand = run.number;
	else
		rotator_end(rotator);
	return status;
}

static void close_output(struct rotator *rotator)
{
	if (rotator->output >= 0)
		close(take_fd(&rotator->output));
}

void rotator_read(struct rotator *rotator)
{
	while (rotator->output >= 0) {
		ssize_t got = read(rotator->output, rotator->written + rotator->written_length,
			WRITTEN_ROOM - rotator->written_length);

		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0 && errno == EAGAIN)
			return;
		rotator->unreadable = got < 0;
		rotator->written_length += got > 0 ? (size_t)got : 0;
		if (got <= 0 || rotator->written_length == WRITTEN_ROOM)
			close_output(rotator);
	}
}

int rotator_value(
	const struct rotator *rotator, const uint8_t **value, size_t *length, struct err *err)
{
	if (rotator->unreadable)
		return err_set(err, TACIT_IO, "what it wrote cannot be read");
	if (rotator->written_length > TACIT_VALUE_MAX)
		return err_set(err, TACIT_TOO_LARGE, "it wrote more than the %u bytes of a value",
			TACIT_VALUE_MAX);
	*value = rotator->written_length ? rotator->written : rotator->random;
	*length =
		rotator->written_length ? rotator->written_length : rotator->record.generate_length;
	return 0;
}

void rotator_forget(struct rotator *rotator)
{
	close_output(rotator);
	seal_free(rotator->random);
	seal_free(rotator->written);
	rotator->random = rotator->written = NULL;
	rotator->written_length = 0;
	rotator->unreadable = false;
	seal_wipe(&rotator->record, sizeof rotator->record);
}

void rotator_end(struct rotator *rotator)
{
	rotator_forget(rotator);
	rotator->errand = 0;
}

bool rotator_is_at(const struct rotator *rotator, const struct secret *secret)
{
	return rotator && rotator->errand &&
	       !memcmp(rotator->record.secret_id, secret->record.id, SEAL_ID_BYTES);
}
