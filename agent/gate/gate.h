/* SPDX-License-Identifier: Apache-2.0 */
/* gate: the process between engine, which reads what strangers wrote, and the sockets of container
 * engines, which are root in disguise.
 *
 * It builds every request itself, out of fixed frames, and moves the answer on without looking at
 * it. It opens no file (its connections come from holder), parses nothing, and must never send an
 * engine a byte that it was given. One thread, which never waits for engine or for an API. */
#ifndef TACIT_GATE_GATE_H
#define TACIT_GATE_GATE_H

#include "base/err.h"

#define GATE_ASKS_MAX 64 /* under way at once; one more is answered TACIT_LIMIT */

/* Serve until both holder and engine are gone (0), or one of them says what it may not say. */
int gate_run(int holder, struct err *err);

#endif
