/* SPDX-License-Identifier: Apache-2.0 */
/* Bundles on the command line: a name with a '/' at its end is all secrets of the bundle. */
#ifndef TACIT_CLI_BUNDLE_H
#define TACIT_CLI_BUNDLE_H

#include "cli/session.h"
#include "cli/value.h"

/* "tls/", right or wrong. */
bool bundle_is_meant(const char *word);

/* 0, or TACIT_INVALID: `word` is a secret's name, or a bundle's with the '/'; or the first alone,
 * where one secret is needed. */
int bundle_check_secrets(const char *word, struct err *err);
int bundle_check_one(const char *word, struct err *err);

/* The path of a secret or of a bundle, "/v1/bundles/tls", with `segment` (or NULL) below it. Checks
 * the name. */
int bundle_path(char path[CLIENT_PATH_MAX], const char *word, const char *segment, struct err *err);

/* The values of the command line's MEMBER=FILE, MEMBER=- and MEMBER=, one after the other, packed
 * as agent/PROTOCOL.md says. Nothing is read before every word is right. value_free(). */
int bundle_take(struct session *session, struct value *packed, struct err *err);

/* `secret create`, `secret rotate` and `secret ls` of what bundle_is_meant(). */
int bundle_create(struct session *session, struct err *err);
int bundle_rotate(struct session *session, struct err *err);
int bundle_ls(struct session *session, struct err *err);
/* `secret ls --bundles`. */
int bundle_list(struct session *session, struct err *err);

#endif
