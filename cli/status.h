/* SPDX-License-Identifier: Apache-2.0 */
/* The document of GET /v1/status, as people read it. */
#ifndef TACIT_CLI_STATUS_H
#define TACIT_CLI_STATUS_H

#include <jansson.h>

#include <tacit/code.h>

/* On standard output: the state and why, what the agent has, and what needs somebody's hand. What
 * the document does not say (the agent is locked, or older) has no line. */
void status_print(const json_t *status);

/* Of the same document: what the agent rotates by itself, and which rotations and hooks need
 * somebody's hand; first as lines, then as tables. */
void status_print_itself(const json_t *status);
void status_print_failing(const json_t *status);
/* "  label     text", cleaned; nothing for an empty text. */
void status_line(const char *label, const char *text);

/* What `tacit status` exits with: TACIT_OK while the agent serves. */
enum tacit_code status_code(const json_t *status);

#endif
