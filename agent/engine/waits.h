/* SPDX-License-Identifier: Apache-2.0 */
/* Ids that core waits to hear of: for each, the engines that have not answered yet. It is told
 * exactly one thing of each: FRAME_CAME, by whoever tells of a container, or FRAME_UNKNOWN from
 * here. */
#ifndef TACIT_ENGINE_WAITS_H
#define TACIT_ENGINE_WAITS_H

#include <stdbool.h>
#include <stdint.h>

#include "engine/tell.h"

#define WAITS_MAX 1024 /* core has places for 256 OPENs that wait */

struct waits {
	struct wait *wait; /* by id */
	struct tell *tell;
};

/* Core waits for `id`; the engines of the set `engines` (1 << index) are asked. With none, or when
 * WAITS_MAX ids are waited for, it is told at once that the id is unknown, and false is returned.
 */
bool waits_add(struct waits *waits, const char *id, uint32_t engines);

/* Core was told of the container. */
void waits_told(struct waits *waits, const char *id);

/* An engine does not have it, or does not say. */
void waits_failed(struct waits *waits, const char *id, uint32_t engine);

#endif
