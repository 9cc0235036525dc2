/* SPDX-License-Identifier: Apache-2.0 */
/* A rotator at one of its steps: what it is given, and what it writes. One at a time, as holder
 * runs them. The worker's; nothing here waits. Values go through pipes and lie in locked memory. */
#ifndef TACIT_CONTROL_ROTATOR_H
#define TACIT_CONTROL_ROTATOR_H

#include "core/control/agenda/errands.h"

#define ROTATOR_TIMEOUT_MS 120000u

struct rotator {
	uint32_t errand;               /* number of the one that is under way; 0: none is */
	struct schedule_record record; /* as it was when the step began */
	uint64_t current;              /* version of the secret that was current then */
	uint8_t *random;               /* of `make`: a value, generate_length bytes; or NULL */
	uint8_t *written;              /* and as much of its output as has been read; or NULL */
	size_t written_length;
	bool unreadable;        /* its output could not be read to its end */
	int output;             /* where that comes from, or -1 */
	uint64_t not_before_ns; /* CLOCK_MONOTONIC: nothing is begun until then */
};

/* NULL: no memory. */
struct rotator *rotator_new(void);

/* Have the record's step of the secret run. On failure nothing is under way; TACIT_BUSY: it was not
 * to be had now. */
int rotator_begin(struct core *core, struct secret *secret, const struct schedule_record *record,
	struct err *err);
/* Read what there is. */
void rotator_read(struct rotator *rotator);
/* The value that `make` gave, which lives until rotator_end(). What it wrote, or, if that is
 * nothing, the random one. TACIT_TOO_LARGE; TACIT_IO. */
int rotator_value(
	const struct rotator *rotator, const uint8_t **value, size_t *length, struct err *err);
/* Wipe the values of a step that goes on: its end will mean nothing. */
void rotator_forget(struct rotator *rotator);
/* It has ended: another one may begin. */
void rotator_end(struct rotator *rotator);
/* Whether it is at work on this secret. */
bool rotator_is_at(const struct rotator *rotator, const struct secret *secret);

#endif
