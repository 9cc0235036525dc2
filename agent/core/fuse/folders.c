/* SPDX-License-Identifier: Apache-2.0 */
/* Which names are folders: a file's and a folder's path have one shape, and a name that the kernel
 * has been told of stays what it was, while the agent is locked, too.
 *
 * The writer of the model adds to the list, before anybody can be answered by the new folder; it is
 * read without a lock. It outlives core, and nothing in it ends before the mount does. */
#include "core/fuse/internal.h"

bool folder_is_known(const struct server *server, uint64_t folder)
{
	const struct handover *handover = server->parts.handover;
	uint32_t count = atomic_load(&handover->folder_count);

	for (uint32_t i = 0; i < count; i++)
		if (handover->folders[i] == folder)
			return true;
	return false;
}

bool folder_add(void *arg, uint64_t folder)
{
	struct server *server = arg;
	struct handover *handover = server->parts.handover;
	uint32_t count = atomic_load(&handover->folder_count);

	if (folder_is_known(server, folder))
		return true;
	if (count == HANDOVER_FOLDERS)
		return false;
	handover->folders[count] = folder;
	atomic_store(&handover->folder_count, count + 1);
	return true;
}

size_t server_folder_room(const struct server *server)
{
	return HANDOVER_FOLDERS - atomic_load(&server->parts.handover->folder_count);
}
