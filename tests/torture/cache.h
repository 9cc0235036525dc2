/* SPDX-License-Identifier: Apache-2.0 */
/* What of a directory a machine has when its power comes back: the strictest reading of POSIX.
 *
 * A file has what it had when it was last synced, a directory the names it had then. A block (512
 * bytes) that was written since, and the new length, may be there as well or not: each by lot, of
 * some files few and of some all. New names, renames and removals that were not synced are there up
 * to one of them, in their order. A block whose sync failed is clean afterwards and never written,
 * as Linux does it: a later sync that succeeds says nothing of it.
 *
 * Memory mappings are not seen: SQLite's index of the log, which nobody believes after a restart,
 * is left as it is. One process, one thread, files of a few MiB. disk.c calls this. */
#ifndef TACIT_TORTURE_CACHE_H
#define TACIT_TORTURE_CACHE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What is there now is durable. `attic`: a directory of the same file system, empty, where files
 * that are removed or renamed over are kept. Kept, not copied. */
void cache_start(const char *attic);

/* Before the file of `fd` changes for the first time. */
void cache_know(int fd);
void cache_wrote(int fd, uint64_t offset, size_t length);
void cache_resized(int fd);
/* It was synced, or that failed. `fd` may be a directory's. */
void cache_synced(int fd, bool done);

/* Names, as absolute paths: before a removal or a rename, and after a file was made. */
void cache_made(const char *path);
void cache_renames(const char *from, const char *to);
void cache_removes(const char *path);

/* Lose what is not durable; all of it where `lot` is 0, else what the lot says. */
void cache_lose(uint64_t lot);

#endif
