/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "core/store/records_parts.h"
#include "seal/generate.h"

#define LAYOUT 1

static int check_texts(const struct schedule_record *schedule, struct err *err)
{
	if (!memchr(schedule->rotator, '\0', sizeof schedule->rotator))
		return err_set(err, TACIT_INVALID, "a rotator's name has at most %d bytes",
			HOOK_PROGRAM_MAX);
	if (!memchr(schedule->reason, '\0', sizeof schedule->reason))
		return err_set(
			err, TACIT_INVALID, "a reason has at most %d bytes", VAULT_REASON_MAX);
	return schedule->rotator[0] ? hook_check_program(schedule->rotator, err) : 0;
}

static int check_schedule(const struct schedule_record *schedule, struct err *err)
{
	int result = check_texts(schedule, err);

	if (result < 0)
		return result;
	if (schedule->generate_length < 1 || schedule->generate_length > SCHEDULE_LENGTH_MAX)
		return err_set(err, TACIT_INVALID, "a generated value has 1 to %u characters",
			SCHEDULE_LENGTH_MAX);
	if (schedule->alphabet >= SEAL_ALPHABETS)
		return err_set(
			err, TACIT_INVALID, "a schedule has an alphabet that does not exist");
	if (schedule->step >= ROTATION_STEPS)
		return err_set(err, TACIT_INVALID, "a schedule has a step that does not exist");
	if ((schedule->step != ROTATION_IDLE) != (schedule->version != 0))
		return err_set(
			err, TACIT_INVALID, "a version is staged while a step is under way, only");
	if (schedule->step != ROTATION_IDLE && !schedule->rotator[0])
		return err_set(err, TACIT_INVALID, "a step is a rotator's, and there is none");
	return 0;
}

int records_pack_schedule(const struct schedule_record *schedule, struct pack *to, struct err *err)
{
	int result = check_schedule(schedule, err);

	if (result < 0)
		return result;
	records_start(to, RECORD_SCHEDULE, LAYOUT);
	pack_bytes(to, schedule->secret_id, SEAL_ID_BYTES);
	pack_u64(to, schedule->every_ns);
	pack_u64(to, schedule->overlap_ns);
	pack_u32(to, schedule->generate_length);
	pack_u8(to, (uint8_t)schedule->alphabet);
	pack_text(to, schedule->rotator);
	pack_u64(to, schedule->next_ns);
	pack_u8(to, (uint8_t)schedule->step);
	pack_u32(to, schedule->attempts);
	pack_u64(to, schedule->version);
	pack_u64(to, schedule->not_before_ns);
	pack_u64(to, schedule->last_ns);
	pack_text(to, schedule->reason);
	return records_packed(to, err);
}

int records_unpack_schedule(const uint8_t id[SEAL_ID_BYTES], const uint8_t *bytes, size_t length,
	struct schedule_record *schedule, struct err *err)
{
	struct unpack from = { .at = bytes, .left = length };
	uint8_t layout;
	int result = records_begin(&from, RECORD_SCHEDULE, LAYOUT, &layout, err);

	if (result < 0)
		return result;
	memset(schedule, 0, sizeof *schedule);
	memcpy(schedule->id, id, SEAL_ID_BYTES);
	unpack_bytes(&from, schedule->secret_id, SEAL_ID_BYTES);
	schedule->every_ns = unpack_u64(&from);
	schedule->overlap_ns = unpack_u64(&from);
	schedule->generate_length = unpack_u32(&from);
	schedule->alphabet = unpack_u8(&from);
	unpack_text(&from, schedule->rotator, sizeof schedule->rotator);
	schedule->next_ns = unpack_u64(&from);
	schedule->step = unpack_u8(&from);
	schedule->attempts = unpack_u32(&from);
	schedule->version = unpack_u64(&from);
	schedule->not_before_ns = unpack_u64(&from);
	schedule->last_ns = unpack_u64(&from);
	unpack_text(&from, schedule->reason, sizeof schedule->reason);
	return records_end(&from, check_schedule(schedule, NULL), err);
}
