/* SPDX-License-Identifier: Apache-2.0 */
#include <ctype.h>
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <tacit/api.h>

#include "base/cleanup.h"
#include "core/control/core.h"

/* One line of a mountinfo: "36 35 0:57 /compose/shop/web /run/secrets ro - fuse.tacit SOURCE …". */
static bool parse_line(
	const struct core *core, const char *line, const char *source, struct mount_user *user)
{
	char device[32], below[TACIT_CONSUMER_NAME_MAX + 1], kind[32], from[PATH_FULL_MAX];
	const char *tail = strstr(line, " - ");

	if (!tail || sscanf(tail, " - %31s %255s", kind, from) != 2 || strcmp(kind, "fuse.tacit") ||
		strcmp(from, source) || sscanf(line, "%*u %*u %31s /%255s", device, below) != 2)
		return false;
	user->stale = strcmp(device, core->handover->mount_device) != 0;
	snprintf(user->below, sizeof user->below, "%s", below);
	return true;
}

/* What is mounted at "/": a container that is just being made still has the host's there, with a
 * copy of every mount; it holds none of them. */
struct root {
	char device[32], below[PATH_FULL_MAX];
};

static bool parse_root(const char *line, struct root *root)
{
	char point[8];

	return sscanf(line, "%*u %*u %31s %255s %7s", root->device, root->below, point) == 3 &&
	       !strcmp(point, "/");
}

static bool same_root(const struct root *a, const struct root *b)
{
	return !strcmp(a->device, b->device) && !strcmp(a->below, b->below);
}

static void host_root(struct root *root)
{
	_fclose_ FILE *list = fopen("/proc/self/mountinfo", "re");
	char line[4096];

	*root = (struct root){ .device = "" };
	while (list && fgets(line, sizeof line, list))
		if (parse_root(line, root))
			return;
}

struct users {
	struct mount_user *at;
	size_t count, room;
};

/* The mounts of one process; none of them counts while its root is the host's, as that of a run
 * always is: `host` is NULL then. */
static void add_users_of(struct core *core, pid_t pid, const char *container,
	const struct root *host, struct users *users)
{
	char path[64], source[PATH_FULL_MAX], line[4096];
	size_t before = users->count;
	_fclose_ FILE *list = NULL;
	struct mount_user user;
	struct root root;

	snprintf(path, sizeof path, "/proc/%d/mountinfo", pid);
	path_below(core->root, TACIT_MOUNT_DIR, source);
	list = fopen(path, "re");
	while (list && fgets(line, sizeof line, list)) {
		if (host && parse_root(line, &root) && same_root(&root, host)) {
			users->count = before;
			return;
		}
		if (!parse_line(core, line, source, &user))
			continue;
		snprintf(user.container, sizeof user.container, "%s", container);
		if (users->count < users->room)
			users->at[users->count] = user;
		users->count++;
	}
}

#define LOOKED_AT_MAX 4096 /* containers that run on one host at once */

size_t mount_users(struct core *core, struct mount_user *users, size_t room)
{
	_free_ char(*seen)[CONTAINER_ID_LENGTH + 1] = malloc(LOOKED_AT_MAX * sizeof *seen);
	struct users found = { users, 0, room };
	DIR *proc = opendir("/proc");
	size_t containers = 0;
	struct root host;

	host_root(&host);

	/* One process tells for its container: its others share the mounts, or hide them. */
	for (struct dirent *entry; seen && proc && (entry = readdir(proc));) {
		struct reader reader;
		size_t i = 0;

		if (!isdigit((unsigned char)entry->d_name[0]))
			continue;
		identity_find(core->identity, atoi(entry->d_name), &reader);
		if (reader.kind != READER_CONTAINER)
			continue;
		while (i < containers && strcmp(seen[i], reader.id))
			i++;
		if (i < containers || containers == LOOKED_AT_MAX)
			continue;
		memcpy(seen[containers++], reader.id, sizeof seen[0]);
		add_users_of(
			core, atoi(entry->d_name), reader.id, reader.run ? NULL : &host, &found);
	}
	if (proc)
		closedir(proc);
	return found.count;
}
