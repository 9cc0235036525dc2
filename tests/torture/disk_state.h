/* SPDX-License-Identifier: Apache-2.0 */
/* Private to disk*.c, which stand in for the C library: what they share. */
#ifndef TACIT_TORTURE_DISK_STATE_H
#define TACIT_TORTURE_DISK_STATE_H

#include "disk.h"

#define DISK_PATH_ROOM 512

/* The absolute path of a name, or of a descriptor where `name` is NULL; whether it is ours. */
bool disk_is_ours(int dir, const char *name, char path[DISK_PATH_ROOM]);

/* A call of the kind `is`. True: it fails, and `errno` says why. May not return at all. */
bool disk_fails(const char *path, enum disk_calls is);

/* Whether the plan is about calls of this kind. */
bool disk_counts(enum disk_calls is);

#endif
