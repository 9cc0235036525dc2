/* SPDX-License-Identifier: Apache-2.0 */
/* What a granter tells readers through a file that both have mapped: one number that counts up. */
#ifndef PROBE_GATE_H
#define PROBE_GATE_H

#include <stdint.h>

/* The number modulo GATE_STEPS. "Acknowledged" is when the agent has answered. */
enum gate_step {
	GATE_GRANTED,  /* acknowledged: every read must succeed */
	GATE_REVOKING, /* asked for: either */
	GATE_REVOKED,  /* acknowledged: no read may succeed */
	GATE_GRANTING, /* asked for: either */
	GATE_STEPS
};

struct gate {
	uint64_t count;
};

/* The file `path` of sizeof(struct gate) bytes, mapped; NULL when it cannot be. */
struct gate *gate_map(const char *path, int writable);

#endif
