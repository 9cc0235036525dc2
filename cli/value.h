/* SPDX-License-Identifier: Apache-2.0 */
/* Where a value comes from: a prompt, standard input, a file or the random generator. It MUST NOT
 * come from argv or the environment, MUST lie in seal_alloc() memory alone, and no error text may
 * hold any of it: not even the word that was meant as a file's name. */
#ifndef TACIT_CLI_VALUE_H
#define TACIT_CLI_VALUE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <tacit/api.h>

#include "base/err.h"
#include "seal/generate.h"

struct value {
	uint8_t *bytes; /* seal_alloc(); value_free() */
	size_t length;
	size_t trimmed; /* bytes of the newline that was taken off: 0, 1 or 2 */
};

struct value_source {
	const char *file;            /* a path, "-" for standard input, or NULL */
	size_t generate;             /* characters, when not 0 */
	enum seal_alphabet alphabet; /* of them */
	bool keep_newline;           /* of a file or standard input */
	const char *prompted;        /* what to ask for, "value of db_password" */
};

/* Take the value: 1 to TACIT_VALUE_MAX bytes. Nothing is left in `value` on failure. */
int value_take(const struct value_source *source, struct value *value, struct err *err);
void value_free(struct value *value);

/* The newline rule. When the bytes are one line of text (UTF-8, no control character but tab) with
 * "\n" or "\r\n" at the end, the length of that newline; else 0. Pure. */
size_t value_newline(const uint8_t *bytes, size_t length);

#endif
