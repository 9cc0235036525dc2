/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/waits.h"

#include <stdlib.h>
#include <string.h>

/* Its default falls through cases, which compilers warn of where it is used; keys here are short.
 */
#define HASH_FUNCTION HASH_FNV
#include <uthash.h>

struct wait {
	char id[CONTAINER_ID_LENGTH + 1];
	uint32_t engines; /* that have not answered */
	UT_hash_handle hh;
};

static struct wait *find(const struct waits *waits, const char *id)
{
	struct wait *wait;

	HASH_FIND_STR(waits->wait, id, wait);
	return wait;
}

static void drop(struct waits *waits, struct wait *wait)
{
	HASH_DEL(waits->wait, wait);
	free(wait);
}

bool waits_add(struct waits *waits, const char *id, uint32_t engines)
{
	struct wait *wait = find(waits, id);

	if (!wait && engines && HASH_COUNT(waits->wait) < WAITS_MAX) {
		wait = calloc(1, sizeof *wait);
		if (wait) {
			memcpy(wait->id, id, sizeof wait->id);
			HASH_ADD_STR(waits->wait, id, wait);
		}
	}
	if (!wait) {
		tell_unknown(waits->tell, id);
		return false;
	}
	wait->engines |= engines;
	return true;
}

void waits_told(struct waits *waits, const char *id)
{
	struct wait *wait = find(waits, id);

	if (wait)
		drop(waits, wait);
}

void waits_failed(struct waits *waits, const char *id, uint32_t engine)
{
	struct wait *wait = find(waits, id);

	if (!wait)
		return;
	wait->engines &= ~(1u << engine);
	if (wait->engines)
		return;
	tell_unknown(waits->tell, id);
	drop(waits, wait);
}
