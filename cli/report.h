/* SPDX-License-Identifier: Apache-2.0 */
/* Errors as people read them: "tacit: what failed: why; what to do". */
#ifndef TACIT_CLI_REPORT_H
#define TACIT_CLI_REPORT_H

#include <stdio.h>

#include "base/err.h"

/* What to do about a code, where the text does not say it. Total over enum tacit_code. */
const char *report_advice(enum tacit_code code);

/* Add "; hint" to the text of `err` when its code is `code` and no advice is in it yet. */
void report_hint(struct err *err, enum tacit_code code, const char *hint);

/* One line on `to`. `what` may be "". Bytes that are not printable ASCII become '?': neither a
 * wrong word nor the agent may speak to the terminal. */
void report_error(FILE *to, const char *what, const struct err *err);

/* The same for text that is printed: `text` in place. */
void report_clean(char *text);

#endif
