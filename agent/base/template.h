/* SPDX-License-Identifier: Apache-2.0 */
/* Templates: one text made from several secrets.
 *
 *     postgres://app:{{ db_password | urlencode }}@db/app
 *
 * `{{ NAME }}` is a secret's current value, `{{ NAME | FILTER }}` that value for a place of another
 * syntax: url (RFC 3986 percent-encoding of all but unreserved; also `urlencode`), json (what
 * stands between the quotes of an RFC 8259 string; the value must be UTF-8), shell (one word of sh,
 * in quotes that systemd's files of variables understand, too; the value has no NUL), base64 (RFC
 * 4648, with padding). Filters follow each other with `|`. `{{ "{{" }}` is two braces. Blanks
 * within the braces, but no newline, may stand between words. Everything else is kept byte for
 * byte. Strict: an unknown filter, what cannot be a secret's name, a `{{` without its end on the
 * same line, a NUL are errors that name the line and never show a value. Pure functions. */
#ifndef TACIT_BASE_TEMPLATE_H
#define TACIT_BASE_TEMPLATE_H

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/names.h"

#define TEMPLATE_TEXT_MAX 4096 /* bytes of a template */
#define TEMPLATE_NAMES_MAX 8   /* different secrets in one */
#define TEMPLATE_FILTERS_MAX                                                                       \
	4 /* one after the other of one value: each can make it three times as long */

struct template_names {
	unsigned int count;
	char names[TEMPLATE_NAMES_MAX]
		  [TACIT_SECRET_NAME_MAX + 1];  /* each once, as they first come */
	unsigned int lines[TEMPLATE_NAMES_MAX]; /* where each first comes, from 1 */
};

struct template_value {
	const uint8_t *bytes;
	size_t length;
};

/* Judge a template and say which secrets it needs, at least one. TACIT_INVALID with the line, when
 * it has one; TACIT_TOO_LARGE over TEMPLATE_TEXT_MAX. */
int template_read(const char *text, size_t length, struct template_names *names, struct err *err);

/* Make the text; `values` are in the order of template_read()'s names. *size is what it takes, also
 * when it fails for `room` alone. `out` may be NULL: it is only measured. TACIT_INVALID when a
 * filter cannot take a value, with the line; TACIT_TOO_LARGE over TACIT_VALUE_MAX, at which it
 * stops; TACIT_LIMIT over `room`. Nothing of a value is left in memory but in `out`, and not there
 * when it fails. */
int template_render(const char *text, size_t length, const struct template_value *values,
	uint8_t *out, size_t room, size_t *size, struct err *err);

#endif
