/* SPDX-License-Identifier: Apache-2.0 */
/* The holder's loop: children that end, hang or ask; signals. */
#ifndef TACIT_HOLDER_WATCH_H
#define TACIT_HOLDER_WATCH_H

#include "holder/holder.h"

/* Runs until the agent may stop (0) or the loop itself fails. */
int watch_run(struct holder *holder, struct err *err);

#endif
