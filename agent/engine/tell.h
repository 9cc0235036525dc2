/* SPDX-License-Identifier: Apache-2.0 */
/* What core is told, in order, without ever waiting for it: what its channel does not take is kept.
 */
#ifndef TACIT_ENGINE_TELL_H
#define TACIT_ENGINE_TELL_H

#include <stdbool.h>
#include <stddef.h>

#include "wire/frame.h"

/* Above this many bytes kept, nothing is asked that nobody waits for: core is told only of what it
 * cannot be spared, for a frame that tells of a container has 11 KiB. */
#define TELL_PATIENT_BYTES (1u << 20)
/* At this many, core reads nothing any more. */
#define TELL_MOST_BYTES (32u << 20)

struct tell {
	int channel;         /* to core, or -1: what is told is lost */
	struct told *oldest; /* kept, in order */
	struct told *newest;
	size_t bytes;
	bool overrun; /* TELL_MOST_BYTES are kept: start again with another core */
};

/* Another channel, or -1: what was kept is forgotten. Owns it. */
void tell_connect(struct tell *tell, int channel);

void tell_came(struct tell *tell, const struct frame_came *came);
void tell_went(struct tell *tell, const char *id, bool removed);
void tell_unknown(struct tell *tell, const char *id);
void tell_state(struct tell *tell, uint32_t engine, enum engine_state state);
/* How an act went: 0 and the status of HTTP, or -enum tacit_code. */
void tell_acted(struct tell *tell, uint32_t number, int code, int status);

/* Send what is kept, as far as the channel takes it. */
void tell_flush(struct tell *tell);

/* Whether core is behind, so that what can wait should. */
bool tell_is_behind(const struct tell *tell);

#endif
