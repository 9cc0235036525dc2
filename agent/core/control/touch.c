/* SPDX-License-Identifier: Apache-2.0 */
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>

#include "base/cleanup.h"
#include "core/control/audit/auditor.h"

#define RECENT_NS (60 * 1000000000ull) /* an overlap whose end the last core may not have told */
#define NEVER UINT64_MAX

struct touch {
	UT_hash_handle hh; /* by the path: a hash keeps the order in which they came */
	struct frame_touch frame;
};

/* A flood of rotations is one touch per path: what is waiting covers what comes. */
static void add_path(struct touches *touches, const char *directory, const char *file)
{
	struct touch *touch = calloc(1, sizeof *touch), *waiting;

	if (!touch)
		return;
	snprintf(touch->frame.path, sizeof touch->frame.path, "%s/%s", directory, file);
	HASH_FIND_STR(touches->waiting, touch->frame.path, waiting);
	if (waiting)
		free(touch);
	else
		HASH_ADD_STR(touches->waiting, frame.path, touch);
}

/* Its own path, and the name that it may be read by through `self`. */
static void add_file(struct touches *touches, const char *consumer, const char *file)
{
	add_path(touches, consumer, file);
	add_path(touches, consumer_kind_word(CONSUMER_SELF), file);
}

static void add_previous(struct touches *touches, const struct grant *grant)
{
	char name[sizeof grant->record.file + sizeof GRANT_PREVIOUS_SUFFIX];

	if (!(grant->record.flags & GRANT_WITH_PREVIOUS))
		return;
	snprintf(name, sizeof name, "%s%s", grant->record.file, GRANT_PREVIOUS_SUFFIX);
	add_file(touches, grant->record.consumer, name);
}

static bool is_among(const struct secret *secret, const struct secret *const *secrets, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (secrets[i] == secret)
			return true;
	return false;
}

void touches_add(struct core *core, const struct secret *const *changed, size_t changed_count,
	const struct secret *const *retired, size_t retired_count)
{
	struct grant *grant, *next;
	hold_mutex(&core->touches.mutex);

	HASH_ITER (hh, core->model->grants, grant, next) {
		bool changes = is_among(grant->secret, changed, changed_count);

		if (!grant_lives(grant) || grant->record.version)
			continue;
		if (changes)
			add_file(&core->touches, grant->record.consumer, grant->record.file);
		if (changes || is_among(grant->secret, retired, retired_count))
			add_previous(&core->touches, grant);
	}
	/* Of an overlap that begins: its end may be the next one. */
	for (size_t i = 0; i < changed_count; i++)
		if (changed[i]->record.previous_until_ns &&
			changed[i]->record.previous_until_ns < core->touches.overlaps_end_ns)
			core->touches.overlaps_end_ns = changed[i]->record.previous_until_ns;
	eventfd_write(core->touch_wake, 1);
}

void touches_add_secret(struct core *core, const struct secret *secret)
{
	touches_add(core, &secret, 1, NULL, 0);
}

void touches_add_since(struct core *core, uint64_t since_ns)
{
	struct secret *secret, *next;

	HASH_ITER (by_name, core->model->secrets_by_name, secret, next)
		if (secret_since_ns(secret) >= since_ns)
			touches_add_secret(core, secret);
}

/* When an overlap ends; NEVER: there is none, or it has no end. */
static uint64_t end_of(const struct secret *secret)
{
	return secret->record.previous && secret->record.previous_until_ns
		       ? secret->record.previous_until_ns
		       : NEVER;
}

/* `recent`: it ended before this core looked, and the one before has recorded that. */
static void end_overlap(struct core *core, const struct secret *secret, bool recent)
{
	touches_add(core, NULL, 0, &secret, 1);
	if (!recent)
		auditor_note(core, "overlap-end", secret->record.name, secret->record.previous,
			NULL, code_word(TACIT_OK));
}

void touches_overlaps_ended(struct core *core)
{
	struct touches *touches = &core->touches;
	struct secret *secret, *next;
	uint64_t now;
	bool recent;

	if (core->model->locked)
		return;
	now = model_now_ns(core->model);
	/* The clock was set back: what is over is not what it was. */
	if (touches->overlaps_seen_ns > now) {
		touches->overlaps_seen_ns = now;
		touches->overlaps_end_ns = 0;
	}
	if (touches->overlaps_end_ns > now)
		return;
	recent = !touches->overlaps_seen_ns;
	if (recent)
		touches->overlaps_seen_ns = now - RECENT_NS;
	touches->overlaps_end_ns = NEVER;
	HASH_ITER (by_name, core->model->secrets_by_name, secret, next) {
		uint64_t end = end_of(secret);

		if (end > touches->overlaps_seen_ns && end <= now)
			end_overlap(core, secret, recent);
		else if (end > now && end < touches->overlaps_end_ns)
			touches->overlaps_end_ns = end;
	}
	touches->overlaps_seen_ns = now;
}

int touches_patience(const struct core *core)
{
	uint64_t now, end = core->touches.overlaps_end_ns;

	if (core->model->locked || end == NEVER)
		return -1;
	now = model_now_ns(core->model);
	return end <= now                                   ? 0
	       : (end - now) / 1000000 >= (uint64_t)INT_MAX ? INT_MAX
							    : (int)((end - now) / 1000000) + 1;
}

void touches_next(struct core *core)
{
	struct touches *touches = &core->touches;
	struct touch *first;
	hold_mutex(&touches->mutex);

	first = touches->waiting;
	if (core->toucher < 0 || core->touching || !first)
		return;
	if (frame_send_now(
		    core->toucher, FRAME_TOUCH, &first->frame, sizeof first->frame, -1, NULL) < 0)
		return;
	core->touching = true;
	HASH_DEL(touches->waiting, first);
	free(first);
}
