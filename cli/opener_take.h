/* SPDX-License-Identifier: Apache-2.0 */
/* Where the bytes of an opener come from: one function for each that is known, and for each that is
 * made new. `opener` has OPENER_ROOM bytes and no length; `word` is the '-' of the command line, or
 * NULL. */
#ifndef TACIT_CLI_OPENER_TAKE_H
#define TACIT_CLI_OPENER_TAKE_H

#include "cli/opener.h"
#include "cli/prompt.h"

#define OPENER_ROOM (PROMPT_LINE_MAX + 1) /* all others are shorter than what a terminal takes */

typedef int opener_take_fn(
	const struct session *session, const char *word, struct opener *opener, struct err *err);

opener_take_fn opener_take_passphrase, opener_take_recovery, opener_take_key_file;
opener_take_fn opener_new_passphrase, opener_new_recovery, opener_new_key_file;

#endif
