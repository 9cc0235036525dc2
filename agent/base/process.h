/* SPDX-License-Identifier: Apache-2.0 */
/* The first line of every process but holder's main: what it must not be able to do any more. */
#ifndef TACIT_BASE_PROCESS_H
#define TACIT_BASE_PROCESS_H

#include "base/err.h"

/* Name the process, forbid core files, being traced by its own user, new privileges, memory that is
 * made executable (Linux 6.3 and later), and files that others can read. TACIT_INTERNAL when the
 * kernel refuses one that every supported kernel has. */
int process_harden(const char *name, struct err *err);

#endif
