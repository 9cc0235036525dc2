/* SPDX-License-Identifier: Apache-2.0 */
/* Records of the audit log as rows for people. */
#ifndef TACIT_CLI_AUDIT_ROW_H
#define TACIT_CLI_AUDIT_ROW_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#define AUDIT_ROW_DATE_MAX 16

/* How rows look, and what the last one was. */
struct audit_view {
	size_t width; /* of the terminal: fields are cut to fit. 0: it is none, they are not */
	bool colour;  /* denials, changes, and what the agent did by itself are told apart */
	bool utf8;    /* what was cut ends in an ellipsis of one character */
	bool begun;   /* the head has been written */
	char date[AUDIT_ROW_DATE_MAX]; /* of the last row */
};

/* Whatever terminal standard output is. */
void audit_view_start(struct audit_view *view);

/* A line of GET /v1/audit, parsed: a record, or what is wrong with the log in its place. Before the
 * first one the head, and a line with the date when that is another; in local time. Nothing of it
 * is believed to be printable. */
void audit_row_print(struct audit_view *view, const json_t *record, FILE *to);

#endif
