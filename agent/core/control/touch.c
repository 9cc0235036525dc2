/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>

#include "base/cleanup.h"
#include "core/control/core.h"

/* A flood of rotations is one touch per path: what is waiting covers what comes. */
static bool is_waiting(const struct touches *touches, const char *path)
{
	for (size_t i = 0; i < touches->count; i++)
		if (!strcmp(touches->path[i].path, path))
			return true;
	return false;
}

static void add_path(struct touches *touches, const struct frame_touch *touch)
{
	if (is_waiting(touches, touch->path))
		return;
	if (touches->count == touches->room) {
		size_t room = touches->room ? touches->room * 2 : 16;
		struct frame_touch *path = realloc(touches->path, room * sizeof *path);

		if (!path)
			return;
		touches->path = path;
		touches->room = room;
	}
	touches->path[touches->count++] = *touch;
}

/* Its own path, and the name that it may be read by through `self`. */
static void add_file(struct core *core, const char *consumer, const char *file)
{
	const char *const directories[] = { consumer, consumer_kind_word(CONSUMER_SELF) };
	struct frame_touch touch = { 0 };
	hold_mutex(&core->touches.mutex);

	for (int i = 0; i < 2; i++) {
		snprintf(touch.path, sizeof touch.path, "%s/%s", directories[i], file);
		add_path(&core->touches, &touch);
	}
	eventfd_write(core->touch_wake, 1);
}

void touches_add_secret(struct core *core, const struct secret *secret)
{
	struct grant *grant, *next;

	HASH_ITER (hh, core->model->grants, grant, next) {
		if (grant->secret != secret || !grant_lives(grant) || grant->record.version)
			continue;
		add_file(core, grant->record.consumer, grant->record.file);
		if (grant->record.flags & GRANT_WITH_PREVIOUS)
			add_file(core, grant->record.consumer, grant->previous->name);
	}
}

void touches_next(struct core *core)
{
	struct touches *touches = &core->touches;
	hold_mutex(&touches->mutex);

	if (core->toucher < 0 || core->touching || !touches->count)
		return;
	if (frame_send_now(core->toucher, FRAME_TOUCH, &touches->path[0], sizeof touches->path[0],
		    -1, NULL) < 0)
		return;
	core->touching = true;
	memmove(touches->path, touches->path + 1, --touches->count * sizeof touches->path[0]);
}
