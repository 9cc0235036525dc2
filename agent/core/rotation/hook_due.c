/* SPDX-License-Identifier: Apache-2.0 */
#include "core/rotation/hook_due.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum hook_due_state hook_due_state(const struct hook_record *record, uint64_t since_ns)
{
	if (record->done_ns == since_ns)
		return HOOK_IDLE;
	if (record->tried_ns != since_ns || !record->attempts)
		return HOOK_PENDING;
	return record->attempts < HOOK_ATTEMPTS_MAX ? HOOK_FAILING : HOOK_GAVE_UP;
}

static int compare(const void *a, const void *b)
{
	const struct hook_due_item *first = a, *second = b;
	int order = strcmp(first->consumer, second->consumer);

	return order ? order : strcmp(first->on_rotate, second->on_rotate);
}

void hook_due_sort(struct hook_due_item *items, size_t count)
{
	if (count)
		qsort(items, count, sizeof *items, compare);
}

size_t hook_due_group(const struct hook_due_item *items, size_t count)
{
	size_t length = count ? 1 : 0;

	while (length < count && !compare(&items[0], &items[length]))
		length++;
	return length;
}

/* A change, or a time before which nothing is to be done. When it lies further ahead than any can,
 * the clock was set back. */
static uint64_t changed_ns(const struct hook_due_item *item, uint64_t debounce_ns, uint64_t now_ns)
{
	return item->since_ns <= now_ns ? item->since_ns : now_ns - debounce_ns;
}

static uint64_t not_before_ns(const struct hook_due_item *item, uint64_t now_ns)
{
	uint64_t time_ns = item->record->not_before_ns;

	return time_ns <= now_ns + HOOK_BACKOFF_MAX_NS ? time_ns : now_ns;
}

static bool will_run(const struct hook_due_item *item)
{
	enum hook_due_state state = hook_due_state(item->record, item->since_ns);

	return state == HOOK_PENDING || state == HOOK_FAILING;
}

static uint64_t earlier(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

static uint64_t later(uint64_t a, uint64_t b)
{
	return a < b ? b : a;
}

uint64_t hook_due_at(
	const struct hook_due_item *group, size_t count, uint64_t debounce_ns, uint64_t now_ns)
{
	uint64_t not_before = 0, first = HOOK_NEVER, last = 0;

	for (size_t i = 0; i < count; i++) {
		if (!will_run(&group[i]))
			continue;
		not_before = later(not_before, not_before_ns(&group[i], now_ns));
		first = earlier(first,
			earlier(group[i].wanted_ns, changed_ns(&group[i], debounce_ns, now_ns)));
		last = later(last, changed_ns(&group[i], debounce_ns, now_ns));
	}
	if (first == HOOK_NEVER)
		return HOOK_NEVER;
	return later(
		not_before, earlier(last + debounce_ns, first + HOOK_DEBOUNCES_MAX * debounce_ns));
}

void hook_due_done(struct hook_record *record, uint64_t since_ns, uint64_t now_ns)
{
	record->done_ns = record->tried_ns = since_ns;
	record->last_ns = now_ns;
	record->not_before_ns = 0;
	record->attempts = 0;
	record->reason[0] = '\0';
}

static uint64_t backoff(uint32_t attempts)
{
	uint64_t wait_ns = HOOK_BACKOFF_FIRST_NS;

	while (--attempts && wait_ns < HOOK_BACKOFF_MAX_NS)
		wait_ns *= 2;
	return earlier(wait_ns, HOOK_BACKOFF_MAX_NS);
}

void hook_due_failed(struct hook_record *record, uint64_t since_ns, uint64_t now_ns,
	const char *reason, bool endless)
{
	uint32_t limit = endless ? HOOK_ATTEMPTS_ENDLESS : HOOK_ATTEMPTS_MAX;

	if (record->tried_ns != since_ns)
		record->attempts = 0;
	if (record->attempts < limit)
		record->attempts++;
	record->tried_ns = since_ns;
	record->last_ns = now_ns;
	record->not_before_ns =
		record->attempts < HOOK_ATTEMPTS_MAX ? now_ns + backoff(record->attempts) : 0;
	snprintf(record->reason, sizeof record->reason, "%s", reason);
}
