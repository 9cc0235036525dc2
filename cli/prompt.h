/* SPDX-License-Identifier: Apache-2.0 */
/* Asking a person for a value on the terminal, without showing it. */
#ifndef TACIT_CLI_PROMPT_H
#define TACIT_CLI_PROMPT_H

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

/* The longest line a terminal takes; one as long as that may have been cut by the kernel. */
#define PROMPT_LINE_MAX 4095

/* Ask for `what` on /dev/tty, twice, into `bytes` (of locked memory, `room` at least
 * PROMPT_LINE_MAX + 1); the newline is not part of it. TACIT_INVALID when the two differ or nothing
 * was typed. A signal that ends or stops the process is let through only after the terminal has
 * been restored; after a stop the question is asked again. */
int prompt_twice(const char *what, uint8_t *bytes, size_t room, size_t *length, struct err *err);

/* Likewise once: for what is known already. */
int prompt_once(const char *what, uint8_t *bytes, size_t room, size_t *length, struct err *err);

#endif
