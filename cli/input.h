/* SPDX-License-Identifier: Apache-2.0 */
/* Files that are read whole and may be standard input, a pipe or a file. */
#ifndef TACIT_CLI_INPUT_H
#define TACIT_CLI_INPUT_H

#include <stddef.h>

#include "base/err.h"

/* Read `path`, or standard input when it is "-", to its end into `bytes`. `what` names it in errors
 * ("key file"), beside the path. More than `room` bytes are TACIT_TOO_LARGE; a file that cannot be
 * opened keeps the system's reason (NOT_FOUND, DENIED, else INVALID). */
int input_read(const char *what, const char *path, void *bytes, size_t room, size_t *length,
	struct err *err);

#endif
