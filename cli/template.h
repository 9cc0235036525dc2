/* SPDX-License-Identifier: Apache-2.0 */
/* Secrets that are made of others: --template. The secret's name is the first word. */
#ifndef TACIT_CLI_TEMPLATE_H
#define TACIT_CLI_TEMPLATE_H

#include "cli/session.h"

/* Whether --template was given; and, before anything is done, TACIT_INVALID when it is given
 * together with what makes a value otherwise. */
bool template_is_meant(const struct session *session);
int template_check(const struct session *session, struct err *err);

/* Send the text, sealed for "VERB-template:NAME", to the secret's path, or to `segment` below it,
 * with
 * --overlap. The caller owns *secret. TACIT_EXISTS: it is made by this very text. */
int template_send(struct session *session, const char *verb, const char *segment, json_t **secret,
	struct err *err);

/* Have such a secret: create it, or give it this text when its own differs. Nothing without
 * --template. */
int template_ensure(struct session *session, struct err *err);

/* "template of db_user, db_password", cut short where it does not fit; an empty text when the
 * secret is none. */
#define TEMPLATE_LINE_MAX 160
void template_line(const json_t *secret, char text[TEMPLATE_LINE_MAX]);

#endif
