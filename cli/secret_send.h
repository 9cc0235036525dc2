/* SPDX-License-Identifier: Apache-2.0 */
/* What the commands share that make versions of a secret; the name is the first word. */
#ifndef TACIT_CLI_SECRET_SEND_H
#define TACIT_CLI_SECRET_SEND_H

#include "cli/session.h"
#include "cli/value.h"

/* --generate, --alphabet and --keep-newline; no file and nothing to ask by. */
int secret_source(const struct session *session, struct value_source *source, struct err *err);
/* Say that a newline was taken off. */
void secret_note_newline(const struct session *session);

/* Take a value from where the command line says and POST it, sealed for "VERB:NAME", to the
 * secret's path, or to `segment` below it. The caller owns *secret. */
int secret_send_value(struct session *session, const char *verb, const char *segment,
	json_t **secret, struct err *err);

/* --overlap, how long the previous version is read, into the query of `path`. */
int secret_add_overlap(const struct session *session, char path[CLIENT_PATH_MAX], struct err *err);

/* What became of the secret: JSON, its name, or for people a line that begins with `done`. */
void secret_print_changed(struct session *session, const json_t *secret, const char *done);

/* The table of `secret ls`. */
void secret_print_list(const json_t *list);

#endif
