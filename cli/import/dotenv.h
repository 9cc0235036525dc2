/* SPDX-License-Identifier: Apache-2.0 */
/* .env and the files of compose's env_file: what they set, where that stands, and without which
 * lines they would be.
 *
 *   NAME=value          up to the line's end or a '#' after a blank, without blanks at its ends
 *   export NAME=value   likewise; NAME: value, too
 *   NAME='value'        as it is, over several lines if need be
 *   NAME="value"        with \n \r \t \" \\ \$, over several lines if need be
 *
 * ${OTHER} is replaced in all but single quotes, by what stands before it in the file. A line that
 * is none of these is kept and means nothing. Pure functions. */
#ifndef TACIT_IMPORT_DOTENV_H
#define TACIT_IMPORT_DOTENV_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"

struct dotenv_entry {
	char *name, *value; /* value: quotes taken off, nothing replaced; NULL: a name alone */
	bool literal;       /* nothing is to be replaced in it */
	bool ambiguous;     /* versions of compose read it differently */
	size_t offset, end; /* of its lines, with the newline of the last one */
	size_t from, to;    /* of the value in the text, quotes included */
	unsigned int line;  /* from 1 */
};

struct dotenv {
	struct dotenv_entry *entries; /* in the order of the file; the last of a name counts */
	size_t count;
};

/* TACIT_INVALID with "line N" when a quote is not closed or there is a NUL. */
int dotenv_parse(const char *text, size_t length, struct dotenv *dotenv, struct err *err);
void dotenv_free(struct dotenv *dotenv); /* wipes the values */

/* The entry that counts, or NULL. */
const struct dotenv_entry *dotenv_find(const struct dotenv *dotenv, const char *name);

/* The text without every line of the names for which `gone` says so: malloc'd, NUL-terminated. */
typedef bool dotenv_gone_fn(void *arg, const char *name);
int dotenv_without(const struct dotenv *dotenv, const char *text, size_t length,
	dotenv_gone_fn *gone, void *arg, char **result, size_t *result_length, struct err *err);

#endif
