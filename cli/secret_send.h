/* SPDX-License-Identifier: Apache-2.0 */
/* What the commands share that make versions of a secret; the name is the first word. */
#ifndef TACIT_CLI_SECRET_SEND_H
#define TACIT_CLI_SECRET_SEND_H

#include "cli/session.h"

/* Take a value from where the command line says and POST it, sealed for "VERB:NAME", to the
 * secret's path, or to `segment` below it. The caller owns *secret. */
int secret_send_value(struct session *session, const char *verb, const char *segment,
	json_t **secret, struct err *err);

/* --overlap, how long the previous version is read, into the query of `path`. */
int secret_add_overlap(const struct session *session, char path[CLIENT_PATH_MAX], struct err *err);

#endif
