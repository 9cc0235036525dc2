/* SPDX-License-Identifier: Apache-2.0 */
/* Which container a cgroup path belongs to. Pure functions over text.
 *
 * A name inside a cgroup proves nothing: whoever owns a subtree can make "docker-<64 hex>.scope" in
 * it. So a path is matched from the root outward against the places where engines put containers,
 * and the outermost container is the one that counts. */
#ifndef TACIT_IDENTITY_CGROUP_H
#define TACIT_IDENTITY_CGROUP_H

#include <stdbool.h>
#include <stddef.h>

#include "base/config.h"
#include "base/container.h"
#include "base/names.h"

#define CGROUP_PATH_MAX 1024

/* Where `tacit run` puts the processes of a run, whatever the configuration says of engines. */
#define CGROUP_RUN_ROOT TACIT_RUN_CGROUP "/ID"

struct cgroup_match {
	char id[CONTAINER_ID_LENGTH + 1]; /* of the container, lowercase hexadecimal */
	char path[CGROUP_PATH_MAX]; /* of the container's own cgroup, without what is below it */
	bool run;                   /* it is in TACIT_RUN_CGROUP: no engine's */
	bool unified;               /* path is in the cgroup v2 hierarchy */
	char controller[64];        /* of a v1 path: "name=systemd" is "systemd" */
};

/* Match one path against CGROUP_RUN_ROOT and the configured roots. False: no container of theirs.
 */
bool cgroup_match_path(
	const struct config *config, const char *path, size_t length, struct cgroup_match *match);

/* The container of a /proc/PID/cgroup. Every hierarchy that knows a container must name the same
 * one, and a v2 path other than "/" must name one: anything else is no container. */
bool cgroup_match_text(
	const struct config *config, const char *text, size_t length, struct cgroup_match *match);

/* Whether any hierarchy of a /proc/PID/cgroup knows a container. Where cgroup_match_text() found
 * none, the others say otherwise. */
bool cgroup_mentions(const struct config *config, const char *text, size_t length);

/* The systemd unit of a /proc/PID/cgroup: below slices from the root, the first component that is
 * none. `unit` holds NAME_SEGMENT_MAX + 1; *match is filled but for the id, its path that of the
 * unit's cgroup. False: it is in none. */
bool cgroup_unit(const char *text, size_t length, char *unit, struct cgroup_match *match);

#endif
