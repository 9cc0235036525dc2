/* SPDX-License-Identifier: Apache-2.0 */
/* toucher: writes into the mount, so that watchers in containers wake after a rotation.
 *
 * It is the only process of the agent that opens a file of the agent's own mount, and a process of
 * its own because of that: a thread waiting in its own file system cannot die. It holds an O_PATH
 * descriptor of the mount and nothing else; what it writes is thrown away by core. */
#ifndef TACIT_TOUCHER_TOUCHER_H
#define TACIT_TOUCHER_TOUCHER_H

#include "base/err.h"

/* Serve until both holder and core are gone (0), or one of them says what it may not say. */
int toucher_run(int holder, struct err *err);

#endif
