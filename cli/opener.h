/* SPDX-License-Identifier: Apache-2.0 */
/* What opens the store - the key of a file, a passphrase, a recovery key - from the command line to
 * core. Like a value it MUST NOT come from argv or the environment, MUST lie in seal_alloc() memory
 * alone, and no error text may hold any of it.
 *
 * A passphrase or a recovery key that is known is asked for once; a new passphrase twice; each is a
 * line of standard input where the command line has '-'. A new recovery key and a new key file are
 * made here, from random bytes. */
#ifndef TACIT_CLI_OPENER_H
#define TACIT_CLI_OPENER_H

#include <stddef.h>
#include <stdint.h>

#include "cli/session.h"

struct opener {
	const char *kind; /* as the API says it: "passphrase"; NULL: nothing was said */
	uint8_t *bytes;   /* seal_alloc(); NULL of a credential, a command, and no kind */
	size_t length;
	const char *program; /* of a command; borrowed */
	const char *made;    /* the key file that was made, for opener_unmake(); borrowed */
};

/* Of a new slot, as the command line says it: exactly one must be said. `word` is the argument that
 * may be '-', or NULL. Nothing is left in `opener` on failure. */
int opener_new(
	const struct session *session, const char *word, struct opener *opener, struct err *err);

/* Of a slot that is there: at most one is said. */
int opener_known(
	const struct session *session, const char *word, struct opener *opener, struct err *err);

/* A passphrase that is known, asked for on the terminal. */
int opener_ask_passphrase(struct opener *opener, struct err *err);

/* A new recovery key. */
int opener_make_recovery(struct opener *opener, struct err *err);

/* POST it to `path` with its kind, its program and, when not NULL, `label` in the query, the bytes
 * sealed to core for `context`. An opener of no kind is a request without a body. */
int opener_send(struct session *session, const char *path, const char *context,
	const struct opener *opener, const char *label, json_t **json, struct err *err);

/* Take a key file that was made away again, unless `code` leaves open whether core took it. */
void opener_unmake(
	const struct session *session, const struct opener *opener, enum tacit_code code);
void opener_free(struct opener *opener);

#endif
