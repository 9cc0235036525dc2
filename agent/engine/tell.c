/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/tell.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct told {
	struct told *next;
	enum frame_type type;
	size_t length;
	char body[];
};

static void forget_oldest(struct tell *tell)
{
	struct told *told = tell->oldest;

	tell->oldest = told->next;
	if (!tell->oldest)
		tell->newest = NULL;
	tell->bytes -= sizeof *told + told->length;
	free(told);
}

void tell_connect(struct tell *tell, int channel)
{
	while (tell->oldest)
		forget_oldest(tell);
	if (tell->channel >= 0)
		close(tell->channel);
	*tell = (struct tell){ .channel = channel };
}

static void keep(struct tell *tell, enum frame_type type, const void *body, size_t length)
{
	size_t size = sizeof(struct told) + length;
	struct told *told = tell->bytes + size > TELL_MOST_BYTES ? NULL : malloc(size);

	if (!told) {
		tell->overrun = true;
		return;
	}
	*told = (struct told){ .type = type, .length = length };
	memcpy(told->body, body, length);
	if (tell->newest)
		tell->newest->next = told;
	else
		tell->oldest = told;
	tell->newest = told;
	tell->bytes += size;
}

/* A core that is gone is noticed where its channel is read. */
static void tell_frame(struct tell *tell, enum frame_type type, const void *body, size_t length)
{
	if (tell->channel < 0)
		return;
	if (tell->oldest ||
		frame_send_now(tell->channel, type, body, length, -1, NULL) == -TACIT_BUSY)
		keep(tell, type, body, length);
}

void tell_flush(struct tell *tell)
{
	while (tell->oldest) {
		const struct told *told = tell->oldest;

		if (frame_send_now(tell->channel, told->type, told->body, told->length, -1, NULL) ==
			-TACIT_BUSY)
			return;
		forget_oldest(tell);
	}
}

void tell_came(struct tell *tell, const struct frame_came *came)
{
	tell_frame(tell, FRAME_CAME, came, sizeof *came);
}

void tell_went(struct tell *tell, const char *id, bool removed)
{
	struct frame_went went = { .removed = removed };

	memcpy(went.id, id, sizeof went.id);
	tell_frame(tell, FRAME_WENT, &went, sizeof went);
}

void tell_unknown(struct tell *tell, const char *id)
{
	struct frame_container_id unknown;

	memcpy(unknown.id, id, sizeof unknown.id);
	tell_frame(tell, FRAME_UNKNOWN, &unknown, sizeof unknown);
}

void tell_state(struct tell *tell, uint32_t engine, enum engine_state state)
{
	struct frame_engine_state told = { .engine = engine, .state = state };

	tell_frame(tell, FRAME_ENGINE_STATE, &told, sizeof told);
}

void tell_acted(struct tell *tell, uint32_t number, int code, int status)
{
	struct frame_acted acted = { .number = number, .code = code, .status = (uint32_t)status };

	tell_frame(tell, FRAME_ACTED, &acted, sizeof acted);
}

bool tell_is_behind(const struct tell *tell)
{
	return tell->bytes > TELL_PATIENT_BYTES;
}
