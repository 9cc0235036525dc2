/* SPDX-License-Identifier: Apache-2.0 */
/* What the command table says, as text on standard output. */
#ifndef TACIT_CLI_HELP_H
#define TACIT_CLI_HELP_H

#include "cli/command.h"

/* Explain `command`, or when it is NULL what `count` words name: a command, a noun, or everything.
 * TACIT_INVALID for words that name nothing. */
int help_words(
	const struct command *command, const char *const *words, size_t count, struct err *err);

/* All commands, or those of one noun. */
void help_list(const char *noun);

#endif
