/* SPDX-License-Identifier: Apache-2.0 */
#include "core/control/metrics/counts.h"

#include <stdlib.h>

#include "core/control/agenda/hooks.h"
#include "core/rotation/rotation.h"

static uint64_t count_consumers(const struct model *model)
{
	uint64_t count = 0;

	for (const struct node *node = model->nodes; node; node = node->hh.next) {
		struct grant_place place = { 0 };

		count += node_level(node->id) == LEVEL_CONSUMER &&
			 node_next_grant(node, &place) != NULL;
	}
	return count;
}

void counts_take(const struct core *core, struct counts *counts)
{
	const struct model *model = core->model;
	uint64_t now = model_now_ns(model);
	struct schedule *schedule, *after;
	struct grant *grant, *next;

	*counts = (struct counts){ .secrets = HASH_CNT(by_id, model->secrets_by_id),
		.consumers = count_consumers(model),
		.scheduled = HASH_CNT(hh, model->schedules) };
	HASH_ITER (hh, model->grants, grant, next) {
		enum hook_due_state state = hook_state(core, grant);

		counts->grants += grant_lives(grant);
		counts->hooks_pending += state == HOOK_PENDING;
		counts->hooks_failing += state == HOOK_FAILING || state == HOOK_GAVE_UP;
	}
	HASH_ITER (hh, model->schedules, schedule, after) {
		if (!model_secret_by_id(model, schedule->record.secret_id))
			continue;
		counts->overdue += rotation_is_overdue(&schedule->record, now);
		counts->failing += rotation_is_failing(&schedule->record);
	}
}

/* By secret; of one, who read it last comes first. */
static int compare(const void *a, const void *b)
{
	const struct counts_reader *left = a, *right = b;

	if (left->secret != right->secret)
		return left->secret < right->secret ? -1 : 1;
	return left->when_ns > right->when_ns ? -1 : left->when_ns < right->when_ns;
}

int counts_take_readers(const struct core *core, const struct secret *only,
	struct counts_readers *readers, struct err *err)
{
	struct model *model = core->model;
	size_t most = only ? only->grants : HASH_CNT(hh, model->grants);
	struct grant *grant, *next;

	readers->count = 0;
	readers->list = calloc(most + 1, sizeof *readers->list);
	if (!readers->list)
		return err_set(err, TACIT_LIMIT, "out of memory");
	HASH_ITER (hh, model->grants, grant, next) {
		struct counts_reader *reader = &readers->list[readers->count];
		char user[VAULT_USER_MAX + 1];

		if (!grant_lives(grant) || (only && grant->secret != only))
			continue;
		reader->secret = grant->secret;
		reader->grant = grant;
		grant_last_read(model, grant, &reader->when_ns, &reader->version, user);
		readers->count += reader->when_ns != 0;
	}
	qsort(readers->list, readers->count, sizeof *readers->list, compare);
	return 0;
}

const struct counts_reader *counts_last_reader(
	const struct counts_readers *readers, const struct secret *secret)
{
	size_t low = 0, high = readers->count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (readers->list[middle].secret < secret)
			low = middle + 1;
		else
			high = middle;
	}
	return low < readers->count && readers->list[low].secret == secret ? &readers->list[low]
									   : NULL;
}

void counts_free_readers(struct counts_readers *readers)
{
	free(readers->list);
	*readers = (struct counts_readers){ 0 };
}
