/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "base/cleanup.h"
#include "core/fuse/internal.h"

void handles_open_table(struct handles *handles, struct handover_handle *table)
{
	pthread_mutex_init(&handles->mutex, NULL);
	handles->table = table;
	/* Downwards, so that the low places are used first and the memory behind the rest is never
	 * touched. */
	for (unsigned int i = HANDOVER_HANDLES; i--;)
		if (atomic_load(&table[i].state) == HANDLE_FREE)
			handles->free[handles->free_count++] = (uint16_t)i;
}

uint64_t handle_number(const struct handles *handles, const struct handover_handle *handle)
{
	return (uint64_t)handle->generation << 32 | (uint64_t)(handle - handles->table);
}

static struct handover_handle *find_unique(struct handles *handles, uint64_t unique)
{
	for (unsigned int i = 0; i < HANDOVER_HANDLES; i++)
		if (atomic_load(&handles->table[i].state) != HANDLE_FREE &&
			handles->table[i].unique == unique)
			return &handles->table[i];
	return NULL;
}

struct handover_handle *handle_make(
	struct handles *handles, struct node *consumer, const struct handover_handle *contents)
{
	struct handover_handle *handle, fresh = *contents;
	hold_mutex(&handles->mutex);

	if (!handles->free_count || consumer->open_handles >= HANDLES_PER_CONSUMER)
		return NULL;
	handle = &handles->table[handles->free[--handles->free_count]];
	consumer->open_handles++;
	fresh.generation = handle->generation + 1;
	*handle = fresh;
	/* Last: a core that dies before this line has made nothing. */
	atomic_store(&handle->state, HANDLE_OPEN);
	return handle;
}

struct handover_handle *handle_find(struct handles *handles, uint64_t number)
{
	uint32_t place = (uint32_t)number;
	struct handover_handle *handle;

	if (place >= HANDOVER_HANDLES)
		return NULL;
	handle = &handles->table[place];
	return atomic_load(&handle->state) != HANDLE_FREE && handle->generation == number >> 32
		       ? handle
		       : NULL;
}

void handle_free(struct handles *handles, struct node *consumer, struct handover_handle *handle)
{
	hold_mutex(&handles->mutex);

	/* One that was ended has been taken off its consumer's share already. */
	if (atomic_load(&handle->state) == HANDLE_OPEN && consumer)
		consumer->open_handles--;
	atomic_store(&handle->state, HANDLE_FREE);
	handles->free[handles->free_count++] = (uint16_t)(handle - handles->table);
}

void handle_end(struct handles *handles, struct node *consumer, struct handover_handle *handle)
{
	hold_mutex(&handles->mutex);

	atomic_store(&handle->state, HANDLE_ENDED);
	if (consumer)
		consumer->open_handles--;
}

unsigned int handles_open_count(struct handles *handles)
{
	hold_mutex(&handles->mutex);

	return HANDOVER_HANDLES - handles->free_count;
}

bool handles_version_is_open(
	struct handles *handles, const uint8_t secret_id[SEAL_ID_BYTES], uint64_t number)
{
	hold_mutex(&handles->mutex);

	for (unsigned int i = 0; i < HANDOVER_HANDLES; i++) {
		const struct handover_handle *handle = &handles->table[i];

		if (atomic_load(&handle->state) == HANDLE_OPEN && handle->version == number &&
			!memcmp(handle->secret_id, secret_id, sizeof handle->secret_id))
			return true;
	}
	return false;
}

static bool is_member(const struct bundle_record *bundle, const uint8_t secret_id[SEAL_ID_BYTES])
{
	for (uint32_t i = 0; i < bundle->member_count; i++)
		if (!memcmp(bundle->members[i], secret_id, sizeof bundle->members[i]))
			return true;
	return false;
}

bool handles_generation_is_open(
	struct handles *handles, const struct bundle_record *bundle, uint64_t generation)
{
	hold_mutex(&handles->mutex);

	for (unsigned int i = 0; i < HANDOVER_HANDLES; i++) {
		const struct handover_handle *handle = &handles->table[i];

		if (atomic_load(&handle->state) == HANDLE_OPEN &&
			handle->generation_opened == generation &&
			is_member(bundle, handle->secret_id))
			return true;
	}
	return false;
}

bool handles_grant_is_open(
	struct handles *handles, const uint8_t grant_id[SEAL_ID_BYTES], uint64_t reader)
{
	hold_mutex(&handles->mutex);

	for (unsigned int i = 0; i < HANDOVER_HANDLES; i++)
		if (atomic_load(&handles->table[i].state) == HANDLE_OPEN &&
			handles->table[i].reader == reader &&
			!memcmp(handles->table[i].grant_id, grant_id, SEAL_ID_BYTES))
			return true;
	return false;
}

struct handover_handle *handle_of_request(struct handles *handles, uint64_t unique)
{
	hold_mutex(&handles->mutex);

	return find_unique(handles, unique);
}
