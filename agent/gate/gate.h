/* SPDX-License-Identifier: Apache-2.0 */
/* gate: the process between those who want something of container engines and the engines' sockets,
 * which are root in disguise: engine, which reads what strangers wrote, asks; core acts.
 *
 * It builds every request itself, out of fixed frames, and moves the answer on to engine without
 * looking at it. It opens no file (its connections come from holder), parses nothing, and must
 * never send an engine a byte that it was given. Only core may have it act. One thread, which never
 * waits for core, engine or an API. */
#ifndef TACIT_GATE_GATE_H
#define TACIT_GATE_GATE_H

#include "base/err.h"

#define GATE_ASKS_MAX 64 /* under way at once; one more is answered TACIT_LIMIT */
#define GATE_ACTS_MAX 64 /* likewise: a hook of a service with many containers */

/* Serve until both holder and engine are gone (0), or one of them or core says what it may not say.
 */
int gate_run(int holder, struct err *err);

#endif
