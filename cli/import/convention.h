/* SPDX-License-Identifier: Apache-2.0 */
/* Which images read a variable's value from a file, and by what name they are told the file.
 *
 * A table of what each image's own documentation or entrypoint says (convention_table.c); every row
 * names it. An image or a variable that is not there has no convention: it is given by the wrapper,
 * tacit-exec, which needs to know what the image runs by itself. Pure functions. */
#ifndef TACIT_IMPORT_CONVENTION_H
#define TACIT_IMPORT_CONVENTION_H

#include <stdbool.h>
#include <stddef.h>

#define CONVENTION_NAME_MAX 255 /* bytes of a variable's name; longer ones are left alone */

enum convention_form {
	CONVENTION_NONE,   /* the image reads variables alone */
	CONVENTION_SUFFIX, /* NAME_FILE */
	CONVENTION_DOUBLE, /* NAME__FILE */
	CONVENTION_PREFIX, /* FILE__NAME */
	CONVENTION_FORMS
};

/* What `image` (with or without registry, tag and digest) does with a variable. *source says where
 * that is written; NULL for CONVENTION_NONE. */
enum convention_form convention_of(const char *image, const char *variable, const char **source);

/* The variable that names the file: TACIT_INVALID would be the only error, so false when it is
 * longer than CONVENTION_NAME_MAX. CONVENTION_NONE has NAME_FILE, which is what tacit-exec reads.
 */
bool convention_variable(
	enum convention_form form, const char *variable, char name[CONVENTION_NAME_MAX + 1]);

/* What a well-known image runs: lists that end with NULL. NULL: it is not known. */
struct convention_start {
	const char *image;
	const char *const *entrypoint, *const *command;
	const char *source;
};
const struct convention_start *convention_start_of(const char *image);

/* "postgres" of "docker.io/library/postgres:16-alpine@sha256:...": false when it does not fit. */
bool convention_repository(const char *image, char *repository, size_t room);

/* For the test of the table. A row of CONVENTION_NONE is an exception to the ones after it. */
struct convention_row {
	const char *images;    /* patterns of fnmatch(3), divided by blanks */
	const char *variables; /* likewise */
	enum convention_form form;
	const char *source; /* a public repository and a path in it */
};
extern const struct convention_row convention_table[];
extern const size_t convention_count;

#endif
