/* SPDX-License-Identifier: Apache-2.0 */
/* Small whole files. */
#ifndef TACIT_BASE_FILES_H
#define TACIT_BASE_FILES_H

#include <stddef.h>

#include "base/err.h"

/* Read all of `path` (no symlink at its end) or all of `fd` from its start into `bytes`. A file of
 * more than `room` bytes is TACIT_TOO_LARGE; a missing one TACIT_NOT_FOUND. */
int file_read(const char *path, void *bytes, size_t room, size_t *length, struct err *err);
int file_read_fd(int fd, void *bytes, size_t room, size_t *length, struct err *err);

/* Write all of `bytes` to `fd`. */
int file_write_fd(int fd, const void *bytes, size_t length, struct err *err);

#endif
