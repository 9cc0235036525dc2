/* SPDX-License-Identifier: Apache-2.0 */
/* Where the torture takes place: directories in memory, put back before each point; a page that
 * parent and child share; and what is drawn by lot. */
#ifndef TACIT_TORTURE_SCENE_H
#define TACIT_TORTURE_SCENE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

#define SCENE_PATH_MAX 160

struct scene {
	char base[SCENE_PATH_MAX];
	char live[SCENE_PATH_MAX]; /* with store/, anchor/, audit/, backup/ */
	char start[SCENE_PATH_MAX];
	char attic[SCENE_PATH_MAX];
	char store[SCENE_PATH_MAX], anchor_dir[SCENE_PATH_MAX], audit[SCENE_PATH_MAX],
		backup_dir[SCENE_PATH_MAX]; /* of `live` */
	char database[SCENE_PATH_MAX], anchor[SCENE_PATH_MAX], backup[SCENE_PATH_MAX]; /* files */
};

/* New, empty directories: in /dev/shm, which SIGKILL does not empty, or in $TMPDIR. The process
 * ends when that cannot be done. */
void scene_make(struct scene *scene);
void scene_remove(const struct scene *scene);

/* What is in `live` is what each point begins with; and put it back, with an empty attic. */
void scene_keep(const struct scene *scene);
void scene_put_back(const struct scene *scene);
void scene_empty(const struct scene *scene); /* `live` and `start` have no files */

/* Zeros, shared with every child that is forked from now on. */
void *scene_share(size_t length);

/* All of a file, malloc'd; NULL when it is not there. And write one, whole. */
uint8_t *scene_read(const char *path, size_t *length);
void scene_write(const char *path, const void *bytes, size_t length);

/* What comes next by lot; the same for the same `lot`. */
uint64_t scene_draw(uint64_t *lot);

/* Say why, and end the process with status 1. */
__attribute__((noreturn, format(printf, 1, 2))) void scene_fail(const char *format, ...);
__attribute__((format(printf, 1, 2))) void scene_complain(const char *format, ...);
/* From now on what is logged goes nowhere: a disk that refuses is told of each time. */
void scene_hush(void);
/* End likewise unless `call` is 0. */
#define scene_must(call)                                                                           \
	do {                                                                                       \
		struct err err = { 0 };                                                            \
		if (call)                                                                          \
			scene_fail("%s: %s", #call, err.text);                                     \
	} while (0)

#endif
