/* SPDX-License-Identifier: Apache-2.0 */
/* Words of a query that say how a store is opened and kept: decoded, checked, into the request.
 * TACIT_INVALID when one is not what it may be. Pure. */
#ifndef TACIT_API_WORDS_H
#define TACIT_API_WORDS_H

#include "api/target.h"
#include "wire/frame.h"

/* kind=key_file, passphrase, credential, command or recovery. */
int words_take_kind(struct frame_request *request, struct piece value, struct err *err);
/* label=TEXT of printable ASCII, at most TACIT_LABEL_MAX; an empty one is none. */
int words_take_label(struct frame_request *request, struct piece value, struct err *err);
/* program=NAME, of keys.d. */
int words_take_program(struct frame_request *request, struct piece value, struct err *err);
/* how=drop, adopt or rollback. */
int words_take_how(struct frame_request *request, struct piece value, struct err *err);

/* When the query is whole: a command has a program, and nothing else has one. */
int words_check(const struct frame_request *request, struct err *err);

#endif
