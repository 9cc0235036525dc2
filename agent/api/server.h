/* SPDX-License-Identifier: Apache-2.0 */
/* The api process: HTTP for operators on one side, frames to core on the other, one thread and one
 * loop. It parses what strangers to core's memory write, so it holds nothing: values pass sealed,
 * decisions are core's, descriptors are holder's gifts. It must never open a file of the store,
 * keep a body longer than its request, or decide by anything a request says who is asking. */
#ifndef TACIT_API_SERVER_H
#define TACIT_API_SERVER_H

#include <sys/types.h>

#include "base/err.h"

/* Serve until both holder's and core's channels have ended: 0. `holder` is the channel holder gives
 * everything through; `operators` the group that may ask besides root, or PEER_NO_GROUP. */
int server_run(int holder, gid_t operators, struct err *err);

#endif
