/* SPDX-License-Identifier: Apache-2.0 */
/* Files that appear whole or not at all: written beside their name, as NAME.part, and given it when
 * they are on the disk. What is there already is never replaced. */
#ifndef TACIT_CLI_OUTPUT_H
#define TACIT_CLI_OUTPUT_H

#include <stddef.h>
#include <sys/types.h>

#include "base/err.h"
#include "base/paths.h"
#include "cli/interrupt.h"

struct output {
	const char *path; /* borrowed; NULL: standard output */
	char part[PATH_FULL_MAX];
	int fd;
};

/* Begin `path`, or standard output when it is "-", which is refused when it is a terminal.
 * TACIT_EXISTS when the file or its part is there. */
int output_open(struct output *output, const char *path, mode_t mode, struct err *err);
/* The next bytes. TACIT_UNAVAILABLE when a signal of `interrupt` came first. */
int output_write(struct output *output, const void *bytes, size_t length,
	const struct interrupt *interrupt, struct err *err);
/* It is whole: put it on the disk and give it its name. */
int output_commit(struct output *output, struct err *err);
/* Take away what is not whole; after output_commit() nothing. */
void output_drop(struct output *output);

/* All of a small file. */
int output_whole(const char *path, mode_t mode, const void *bytes, size_t length, struct err *err);

#endif
