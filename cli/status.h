/* SPDX-License-Identifier: Apache-2.0 */
/* The document of GET /v1/status, and with it that of GET /v1/secrets, as people read them. */
#ifndef TACIT_CLI_STATUS_H
#define TACIT_CLI_STATUS_H

#include <jansson.h>
#include <stdbool.h>

#include <tacit/code.h>

/* On standard output: the state and why, what the agent has, what needs somebody's hand, a line of
 * each secret, and what should be done. What the documents do not say (the agent is locked, or
 * older) has no line. `secrets` may be NULL: the lines of secrets are left out. On a terminal there
 * are as many of them as it has room for, unless `all`. */
void status_print(const json_t *status, const json_t *secrets, bool all);

/* Of the same document: what the agent rotates by itself, and which rotations and hooks need
 * somebody's hand; first as lines, then as tables. */
void status_print_itself(const json_t *status);
void status_print_failing(const json_t *status);
/* The store, what opens it and the audit, as lines; and what is to be done about them. */
void status_print_store(const json_t *status);
void status_print_advice(const json_t *status);
/* A table of the secrets, below what else `status` has said. */
void status_print_secrets(const json_t *list, const json_t *status, bool all);
/* "  label     text", cleaned; nothing for an empty text. */
void status_line(const char *label, const char *text);

/* What `tacit status` exits with: TACIT_OK while the agent serves. */
enum tacit_code status_code(const json_t *status);

#endif
