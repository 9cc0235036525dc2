/* SPDX-License-Identifier: Apache-2.0 */
/* What the agent does by itself, and how far it is. */
#include <stdlib.h>

#include "core/model/blob.h"

static struct schedule *find(const struct model *model, const uint8_t secret_id[SEAL_ID_BYTES])
{
	struct schedule *schedule;

	HASH_FIND(hh, model->schedules, secret_id, SEAL_ID_BYTES, schedule);
	return schedule;
}

int model_put_schedule(struct model *model, const struct schedule_record *record, struct err *err)
{
	struct schedule *schedule = find(model, record->secret_id);

	if (schedule) {
		schedule->record = *record;
		return 0;
	}
	schedule = calloc(1, sizeof *schedule);
	if (!schedule)
		return err_set(err, TACIT_LIMIT, "out of memory");
	schedule->record = *record;
	HASH_ADD(hh, model->schedules, record.secret_id, SEAL_ID_BYTES, schedule);
	return 0;
}

void model_remove_schedule(struct model *model, struct schedule *schedule)
{
	HASH_DELETE(hh, model->schedules, schedule);
	seal_wipe(schedule, sizeof *schedule);
	free(schedule);
}

struct schedule *model_schedule(const struct model *model, const struct secret *secret)
{
	return find(model, secret->record.id);
}

int model_put_hook(struct model *model, const struct hook_record *record, struct err *err)
{
	struct grant *grant = model_grant_by_id(model, record->grant_id);

	(void)err;
	if (!grant)
		return 0;
	grant->hook = *record;
	grant->hook_kept = true;
	return 0;
}
