/* SPDX-License-Identifier: Apache-2.0 */
/* What a plan changes, as `diff -u` shows it, without the values. */
#ifndef TACIT_IMPORT_DIFF_H
#define TACIT_IMPORT_DIFF_H

#include <stdio.h>

#include "cli/import/plan.h"

/* Bytes of a file that are not shown. */
struct diff_mask {
	size_t from, to;
};

struct diff_text {
	const char *text;
	size_t length;
	const struct diff_mask *masks; /* of the old text, sorted */
	size_t mask_count;
};

/* Unified, with three lines around what differs. Masked bytes are shown as asterisks, of which
 * there are as many whatever stands there; so are those of `values`, anywhere. Control characters
 * but tabs are '?': a file may not speak to the terminal. Nothing when both are the same. */
int diff_print(const char *path, const struct diff_text *old, const struct diff_text *made,
	const struct import_plan *values, bool colour, FILE *to, struct err *err);

/* Every file of the plan. */
int diff_plan(const struct import_plan *plan, const struct import_request *request, bool colour,
	FILE *to, struct err *err);

#endif
